/** Test support: pictures that say a number, in blocks that outlive a codec, a matte and another size. */
import type { Picture } from "../../worker/frames/frame-source.ts";

const BITS = 12;
/** Blocks of 16 x 16 pixels, as codecs divide a picture. */
export const NUMBERED_SIZE = { width: 16 * BITS, height: 32 };

/** Bright: the number's bits from left to right, lowest first; below each its opposite. */
function isBright(number: number, bit: number, isLower: boolean): boolean {
  return ((number >> bit) & 1) === (isLower ? 0 : 1);
}

/** One byte a pixel, 255 is bright. Half of it always is, so a number is never an empty mask. */
export function numberedLevels(number: number, { width, height } = NUMBERED_SIZE): Uint8Array {
  return Uint8Array.from({ length: width * height }, (_, at) => {
    const bit = Math.floor(((at % width) * BITS) / width);
    return isBright(number, bit, at >= (width * height) / 2) ? 255 : 0;
  });
}

/** @throws Error where the picture says none, or an unclear one: a black frame is not frame 0. */
export function numberIn(picture: Picture): number {
  const bits = Array.from({ length: BITS }, (_, bit) => {
    const [upper, lower] = [levelAt(picture, bit, 0.25), levelAt(picture, bit, 0.75)];
    if (Math.abs(upper - lower) < 128) throw new Error(`bit ${bit} is unclear: ${upper} over ${lower}`);
    return upper > lower ? 1 << bit : 0;
  });
  return bits.reduce((sum, bit) => sum + bit, 0);
}

function levelAt({ width, height, data }: Picture, bit: number, down: number): number {
  const [x, y] = [Math.floor(((bit + 0.5) * width) / BITS), Math.floor(down * height)];
  return data[(y * width + x) * 4]!;
}
