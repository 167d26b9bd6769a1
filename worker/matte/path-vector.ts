/** Runs anywhere: paths as rows of numbers, because between keys every number is linear in time. */
import type { BezierPath } from "./path-types.ts";

/** x, y, inX, inY, outX, outY of each vertex; pixels. */
export type PathVector = Float64Array;

export const NUMBERS_PER_VERTEX = 6;

export function toVector(path: BezierPath): PathVector {
  return Float64Array.from(path.flatMap(({ x, y, inX, inY, outX, outY }) => [x, y, inX, inY, outX, outY]));
}

export function toPath(vector: PathVector): BezierPath {
  return Array.from({ length: vector.length / NUMBERS_PER_VERTEX }, (_, i) => {
    const at = i * NUMBERS_PER_VERTEX;
    return {
      x: vector[at]!,
      y: vector[at + 1]!,
      inX: vector[at + 2]!,
      inY: vector[at + 3]!,
      outX: vector[at + 4]!,
      outY: vector[at + 5]!,
    };
  });
}

/** After which key a frame lies, and how far on the way to the next one, 0 to 1. */
export interface KeyPlace {
  key: number;
  share: number;
}

/** `keys`: frame numbers, ascending. Before the first and after the last one a host holds their values. */
export function placeOf(keys: readonly number[], frame: number): KeyPlace {
  const after = keys.findIndex((key) => key > frame);
  if (after === 0) return { key: 0, share: 0 };
  if (after < 0) return { key: keys.length - 1, share: 0 };
  const from = keys[after - 1]!;
  return { key: after - 1, share: (frame - from) / (keys[after]! - from) };
}

/** Writes into `target` what keys in a row, `target.length` numbers each, give at `place`. */
export function mixKeys(keys: Float64Array, { key, share }: KeyPlace, target: PathVector): void {
  const width = target.length;
  const from = key * width;
  const to = share === 0 ? from : from + width;
  for (let i = 0; i < width; i++) target[i] = keys[from + i]! + (keys[to + i]! - keys[from + i]!) * share;
}

export function mixVectors(values: readonly PathVector[], { key, share }: KeyPlace): PathVector {
  const [from, to] = [values[key]!, values[share === 0 ? key : key + 1]!];
  return from.map((value, i) => value + (to[i]! - value) * share);
}
