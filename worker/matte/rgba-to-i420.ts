/** Pure: pictures become the planes that video encoders take, BT.709, limited range. */
import type { Picture } from "../frames/frame-source.ts";

const RED = 0.2126;
const BLUE = 0.0722;
const GREEN = 1 - RED - BLUE;

/** What `rgbaToI420` writes, in WebCodecs' words. */
export const I420_COLOUR = {
  primaries: "bt709",
  transfer: "bt709",
  matrix: "bt709",
  fullRange: false,
} as const;

/** Planes Y, Cb, Cr one after the other; `width` and `height` even. Chroma is the mean of four pixels. */
export function rgbaToI420({ width, height, data }: Picture): Uint8Array {
  const planes = new Uint8Array((width * height * 3) / 2);
  writeLuma(data, planes.subarray(0, width * height));
  const chroma = (width * height) / 4;
  const cb = planes.subarray(width * height, width * height + chroma);
  writeChroma(data, width, height, cb, planes.subarray(width * height + chroma));
  return planes;
}

function writeLuma(rgba: Uint8ClampedArray, luma: Uint8Array): void {
  const scale = 219 / 255;
  for (let pixel = 0; pixel < luma.length; pixel++) {
    const at = pixel * 4;
    const value = RED * rgba[at]! + GREEN * rgba[at + 1]! + BLUE * rgba[at + 2]!;
    luma[pixel] = Math.round(16 + scale * value);
  }
}

function writeChroma(
  rgba: Uint8ClampedArray,
  width: number,
  height: number,
  cb: Uint8Array,
  cr: Uint8Array,
): void {
  const scale = 224 / 255 / 4; // of the sum of four
  const blueScale = scale / (2 * (1 - BLUE));
  const redScale = scale / (2 * (1 - RED));
  for (let y = 0, out = 0; y < height; y += 2) {
    for (let x = 0; x < width; x += 2, out++) {
      const top = (y * width + x) * 4;
      const sum = (channel: number) => sumOfFour(rgba, top + channel, width * 4);
      const luma = RED * sum(0) + GREEN * sum(1) + BLUE * sum(2);
      cb[out] = Math.round(128 + blueScale * (sum(2) - luma));
      cr[out] = Math.round(128 + redScale * (sum(0) - luma));
    }
  }
}

function sumOfFour(rgba: Uint8ClampedArray, at: number, stride: number): number {
  return rgba[at]! + rgba[at + 4]! + rgba[at + stride]! + rgba[at + stride + 4]!;
}
