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

/**
 * `levelAt`: 0 to 255, at shares of the width and of the height.
 * @throws Error where there is no number, or an unclear one: what is black all over is not frame 0.
 */
export function numberOf(levelAt: (across: number, down: number) => number): number {
  const bits = Array.from({ length: BITS }, (_, bit) => {
    const [upper, lower] = [0.25, 0.75].map((down) => levelAt((bit + 0.5) / BITS, down)) as [number, number];
    if (Math.abs(upper - lower) < 128) throw new Error(`bit ${bit} is unclear: ${upper} over ${lower}`);
    return upper > lower ? 1 << bit : 0;
  });
  return bits.reduce((sum, bit) => sum + bit, 0);
}

export function numberIn({ width, height, data }: Picture): number {
  const pixelAt = (across: number, down: number) =>
    Math.floor(down * height) * width + Math.floor(across * width);
  return numberOf((across, down) => data[pixelAt(across, down) * 4]!);
}
