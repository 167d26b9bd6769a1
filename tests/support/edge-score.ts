/** Runs in Node: how close an edge lies to the true one, in pixels rather than in shares of the frame. */
import type { BinaryMask } from "../../worker/evaluation/binary-mask.ts";
import { squaredDistanceInside } from "../../worker/evaluation/distance-transform.ts";
import { boundaryPixels } from "../../worker/evaluation/jaccard-and-boundary.ts";

export interface EdgeScore {
  /** Boundary F, 0 to 1, with a tolerance of one pixel; the evaluators' is 0.8 % of the diagonal. */
  f1: number;
  /** The same with two pixels. */
  f2: number;
  /** Mean distance in pixels between the edges, both ways. */
  distance: number;
}

/** Null where either mask has no edge. */
export function edgeScore(mask: BinaryMask, truth: BinaryMask): EdgeScore | null {
  const [a, b] = [boundaryPixels(mask), boundaryPixels(truth)];
  if (a.length === 0 || b.length === 0) return null;
  const toTruth = distances(a, b, truth);
  const toMask = distances(b, a, mask);
  return {
    f1: boundaryFWithin(1, toTruth, toMask),
    f2: boundaryFWithin(2, toTruth, toMask),
    distance: (mean(toTruth) + mean(toMask)) / 2,
  };
}

function distances(from: Int32Array, to: Int32Array, { width, height }: BinaryMask): Float64Array {
  const data = new Uint8Array(width * height).fill(1);
  for (const pixel of to) data[pixel] = 0;
  const squared = squaredDistanceInside({ width, height, data }, false);
  return Float64Array.from(from, (pixel) => Math.sqrt(squared[pixel]!));
}

function boundaryFWithin(pixels: number, toTruth: Float64Array, toMask: Float64Array): number {
  const share = (values: Float64Array) => values.filter((value) => value <= pixels).length / values.length;
  const [precision, recall] = [share(toTruth), share(toMask)];
  return precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall);
}

export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / Math.max(1, values.length);
}
