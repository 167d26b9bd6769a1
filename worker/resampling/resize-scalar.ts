/** Pure: Pillow's two passes in plain JavaScript, for where WebAssembly has no vectors; `resize.wat` says the same. */
import type { Picture } from "../frames/frame-source.ts";
import { HALF, PRECISION_BITS, type Resampling } from "./resampling.ts";

/** [height, width, 4], 8 bits; the fourth of each pixel says nothing. */
export function resizeScalar(picture: Picture, across: Resampling, down: Resampling): Uint8Array {
  return resizeColumns(resizeRows(picture, across), across.starts.length, down);
}

function toByte(sum: number): number {
  const value = sum >> PRECISION_BITS;
  return Math.min(Math.max(value, 0), 255);
}

/** First pass: [h, w, 4] to [h, width, 4]. */
function resizeRows(picture: Picture, { taps, starts, coefficients }: Resampling): Uint8Array {
  const { data, height } = picture;
  const width = starts.length;
  const result = new Uint8Array(height * width * 4);
  for (let row = 0, out = 0; row < height; row++) {
    const rowStart = row * picture.width * 4;
    const rowEnd = rowStart + picture.width * 4;
    for (let column = 0; column < width; column++, out += 4) {
      // Pillow's precision keeps the sums within 32 bits; saying so makes this a quarter faster.
      let red = HALF;
      let green = HALF;
      let blue = HALF;
      let tap = column * taps;
      const first = rowStart + (starts[column] as number) * 4;
      const end = Math.min(first + taps * 4, rowEnd);
      for (let at = first; at < end; at += 4, tap++) {
        const coefficient = coefficients[tap] as number;
        red = (red + Math.imul(data[at] as number, coefficient)) | 0;
        green = (green + Math.imul(data[at + 1] as number, coefficient)) | 0;
        blue = (blue + Math.imul(data[at + 2] as number, coefficient)) | 0;
      }
      result[out] = toByte(red);
      result[out + 1] = toByte(green);
      result[out + 2] = toByte(blue);
    }
  }
  return result;
}

/** Second pass: [h, width, 4] to [height, width, 4]. */
function resizeColumns(
  source: Uint8Array,
  width: number,
  { taps, starts, coefficients }: Resampling,
): Uint8Array {
  const stride = width * 4;
  const sums = new Int32Array(stride);
  const result = new Uint8Array(starts.length * stride);
  for (const [row, start] of starts.entries()) {
    sums.fill(HALF);
    for (let tap = 0; tap < taps; tap++) {
      const coefficient = coefficients[row * taps + tap] as number;
      if (coefficient === 0) continue; // also what lies past the last source row
      const first = (start + tap) * stride;
      for (let at = 0; at < stride; at++) {
        sums[at] = (sums[at] as number) + Math.imul(source[first + at] as number, coefficient);
      }
    }
    for (let at = 0; at < stride; at++) result[row * stride + at] = toByte(sums[at] as number);
  }
  return result;
}
