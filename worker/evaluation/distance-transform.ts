/** Runs anywhere: exact Euclidean distances, in two passes (Felzenszwalb and Huttenlocher, 2012). */
import type { BinaryMask } from "./binary-mask.ts";

/** Larger than any squared distance in a picture, small enough to be added to without overflow. */
const FAR = 1e12;

/**
 * Squared distance in pixels from every pixel to the nearest one outside the mask; 0 outside.
 * `paddedWithOutside` counts the frame's surroundings as outside, as upstream's click sampling does.
 */
export function squaredDistanceInside(mask: BinaryMask, paddedWithOutside: boolean): Float64Array {
  const { width, height, data } = mask;
  const squared = Float64Array.from(data, (inside) => (inside ? FAR : 0));
  const scratch = new LineScratch(Math.max(width, height) + 2);
  for (let x = 0; x < width; x++) scratch.transform(squared, x, width, height, paddedWithOutside);
  for (let y = 0; y < height; y++) scratch.transform(squared, y * width, 1, width, paddedWithOutside);
  return squared;
}

/** Lower envelope of parabolas along one row or column; buffers are reused from line to line. */
class LineScratch {
  readonly #values: Float64Array;
  readonly #apex: Int32Array;
  readonly #start: Float64Array;

  constructor(length: number) {
    this.#values = new Float64Array(length);
    this.#apex = new Int32Array(length);
    this.#start = new Float64Array(length + 1);
  }

  transform(squared: Float64Array, offset: number, stride: number, length: number, padded: boolean): void {
    // A padded line has an outside pixel before its first and after its last one.
    const pad = padded ? 1 : 0;
    const total = length + 2 * pad;
    const values = this.#values;
    values[0] = 0;
    values[total - 1] = 0;
    for (let i = 0; i < length; i++) values[i + pad] = squared[offset + i * stride]!;
    const last = this.#envelope(total);
    for (let i = 0, k = 0; i < length; i++) {
      const q = i + pad;
      while (k < last && this.#start[k + 1]! < q) k++;
      const apex = this.#apex[k]!;
      squared[offset + i * stride] = (q - apex) * (q - apex) + values[apex]!;
    }
  }

  /** Index of the last parabola of the lower envelope of the first `total` values. */
  #envelope(total: number): number {
    let last = 0;
    this.#apex[0] = 0;
    this.#start[0] = Number.NEGATIVE_INFINITY;
    for (let q = 1; q < total; q++) {
      let crossing = this.#crossing(q, this.#apex[last]!);
      while (crossing <= this.#start[last]!) crossing = this.#crossing(q, this.#apex[--last]!);
      this.#apex[++last] = q;
      this.#start[last] = crossing;
    }
    return last;
  }

  #crossing(q: number, p: number): number {
    const values = this.#values;
    return (values[q]! + q * q - (values[p]! + p * p)) / (2 * q - 2 * p);
  }
}
