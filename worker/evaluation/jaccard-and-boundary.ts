/**
 * Runs anywhere: the two scores of video object segmentation, region J and boundary F, on one frame.
 *
 * Definitions: davis2017-evaluation, `davis2017/metrics.py`; SA-V's evaluator takes the same ones
 * (`sav_dataset/utils/sav_benchmark.py`). Equal to recorded results of the former to six decimals.
 */
import { type BinaryMask, requireSameSize } from "./binary-mask.ts";

/** Share of the frame's diagonal within which two boundary pixels match. */
const BOUNDARY_TOLERANCE = 0.008;

/** |A and B| / |A or B|, 0 to 1; two empty masks agree: 1. */
export function jaccard(a: BinaryMask, b: BinaryMask): number {
  requireSameSize(a, b);
  let both = 0;
  let either = 0;
  for (let i = 0; i < a.data.length; i++) {
    both += a.data[i]! & b.data[i]!;
    either += a.data[i]! | b.data[i]!;
  }
  return either === 0 ? 1 : both / either;
}

/** Harmonic mean of boundary precision and recall, 0 to 1. */
export function boundaryF(prediction: BinaryMask, truth: BinaryMask): number {
  requireSameSize(prediction, truth);
  const predicted = boundaryPixels(prediction);
  const wanted = boundaryPixels(truth);
  const { precision, recall } = boundaryAgreement(predicted, wanted, prediction);
  return precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall);
}

/** Distance in pixels, a whole number: the radius of the evaluators' disk. */
export function boundaryRadius(width: number, height: number): number {
  return Math.ceil(BOUNDARY_TOLERANCE * Math.sqrt(width * width + height * height));
}

/**
 * Indices of boundary pixels, ascending: a pixel that differs from its right, lower or lower right
 * neighbour. The last row looks right only, the last column down only, the last corner never counts.
 */
export function boundaryPixels({ width, height, data }: BinaryMask): Int32Array {
  const found: number[] = [];
  for (let y = 0, i = 0; y < height; y++) {
    const below = y + 1 < height ? width : 0;
    for (let x = 0; x < width; x++, i++) {
      const right = x + 1 < width ? 1 : 0;
      const here = data[i]!;
      // At an edge the missing neighbours fall on pixels that are looked at anyway, or on this one.
      if (
        here !== data[i + right]! ||
        here !== data[i + below]! ||
        differsDiagonally(data, i, right, below)
      ) {
        found.push(i);
      }
    }
  }
  return Int32Array.from(found);
}

function differsDiagonally(data: Uint8Array, i: number, right: number, below: number): boolean {
  return right !== 0 && below !== 0 && data[i] !== data[i + right + below];
}

/** What the evaluators do when one side has no boundary is a convention; it is kept as it is. */
function boundaryAgreement(predicted: Int32Array, wanted: Int32Array, { width, height }: BinaryMask) {
  if (predicted.length === 0 || wanted.length === 0) {
    return {
      precision: wanted.length === 0 && predicted.length > 0 ? 0 : 1,
      recall: predicted.length === 0 && wanted.length > 0 ? 0 : 1,
    };
  }
  const radius = boundaryRadius(width, height);
  return {
    precision: shareWithin(predicted, dilate(wanted, width, height, radius)),
    recall: shareWithin(wanted, dilate(predicted, width, height, radius)),
  };
}

function shareWithin(pixels: Int32Array, area: Uint8Array): number {
  let inside = 0;
  for (const pixel of pixels) inside += area[pixel]!;
  return inside / pixels.length;
}

/** The pixels with a disk (x² + y² <= radius²) around each. */
function dilate(pixels: Int32Array, width: number, height: number, radius: number): Uint8Array {
  const area = new Uint8Array(width * height);
  const halfWidths = Array.from({ length: radius + 1 }, (_, dy) =>
    Math.floor(Math.sqrt(radius * radius - dy * dy)),
  );
  for (const pixel of pixels) {
    const x = pixel % width;
    const y = (pixel - x) / width;
    const last = Math.min(height - 1, y + radius);
    for (let row = Math.max(0, y - radius); row <= last; row++) {
      const half = halfWidths[Math.abs(row - y)]!;
      area.fill(1, row * width + Math.max(0, x - half), row * width + Math.min(width, x + half + 1));
    }
  }
  return area;
}
