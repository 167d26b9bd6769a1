/**
 * Pure: pictures become the planes that video encoders take.
 *
 * Players that read no tags assume BT.709 from 720 lines up and BT.601 below, limited range; so do we, and
 * tag the files with it all the same. ProRes is BT.709 always.
 */
import type { Picture } from "../frames/frame-source.ts";
import { yuvColour } from "../frames/yuv.ts";

/** `limited`: 8-bit luma from 16 to 235; `full`: from 0 to 255. */
export type VideoRange = "limited" | "full";

/** What a file is tagged with; by WebCodecs' names. */
export type ColourName = "bt709" | "smpte170m";

/** Weights of red, green and blue in luma. */
type Weights = readonly [red: number, green: number, blue: number];

/** Whatever the size: the lines of a clip that is taken for BT.709. */
const PRORES_LINES = 1080;

function weightsFor(height: number): Weights {
  const [red, blue] = yuvColour({}, height).matrix;
  return [red, 1 - red - blue, blue];
}

/** Of the planes made here for a picture of this height. */
export function colourFor(height: number): ColourName {
  const [red] = weightsFor(height);
  const [red709] = weightsFor(PRORES_LINES);
  return red === red709 ? "bt709" : "smpte170m";
}

/** Where samples of 8 bits lie: `black + share * luma`, and chroma `share * chroma` around 128. */
const LEVELS: Record<VideoRange, { black: number; luma: number; chroma: number }> = {
  limited: { black: 16, luma: 219, chroma: 224 },
  full: { black: 0, luma: 255, chroma: 255 },
};

/** Planes Y, Cb, Cr one after the other; `width` and `height` even. Chroma is the mean of four pixels. */
export function rgbaToI420(picture: Picture, range: VideoRange = "limited"): Uint8Array {
  const planes = new Uint8Array((picture.width * picture.height * 3) / 2);
  writeI420(picture, range, planes);
  return planes;
}

/** As `rgbaToI420`, and alpha in full range as the fourth plane. */
export function rgbaToI420A(picture: Picture, range: VideoRange = "limited"): Uint8Array {
  const pixels = picture.width * picture.height;
  const planes = new Uint8Array((pixels * 5) / 2);
  writeI420(picture, range, planes);
  const alpha = planes.subarray((pixels * 3) / 2);
  for (let pixel = 0; pixel < pixels; pixel++) alpha[pixel] = picture.data[pixel * 4 + 3]!;
  return planes;
}

function writeI420({ width, height, data }: Picture, range: VideoRange, planes: Uint8Array): void {
  const weights = weightsFor(height);
  const pixels = width * height;
  writeLuma(data, weights, range, planes.subarray(0, pixels));
  const cb = planes.subarray(pixels, (pixels * 5) / 4);
  writeChroma({ width, height, data }, weights, range, cb, planes.subarray((pixels * 5) / 4));
}

/** Luma of a grey picture and neutral chroma at half the width, which is even. 10 bits in two bytes each. */
export function greyToI422P10({ width, height, data }: Picture): Uint8Array {
  const pixels = width * height;
  const planes = new Uint16Array(2 * pixels).fill(512);
  for (let pixel = 0; pixel < pixels; pixel++) planes[pixel] = tenBitLuma(data[pixel * 4]!);
  return new Uint8Array(planes.buffer);
}

/** `value`: 0 to 255. Limited range. */
const tenBitLuma = (value: number) => Math.round(64 + ((219 * 4) / 255) * value);

/** BT.709 always, which is how ProRes files are tagged here. 10 bits in two bytes each, little endian. */
export function rgbaToI444A10({ width, height, data }: Picture): Uint8Array {
  const pixels = width * height;
  const planes = new Uint16Array(pixels * 4);
  const [red, green, blue] = weightsFor(PRORES_LINES);
  const chromaScale = (224 * 4) / 255;
  const blueScale = chromaScale / (2 * (1 - blue));
  const redScale = chromaScale / (2 * (1 - red));
  for (let pixel = 0, at = 0; pixel < pixels; pixel++, at += 4) {
    const luma = red * data[at]! + green * data[at + 1]! + blue * data[at + 2]!;
    planes[pixel] = tenBitLuma(luma);
    planes[pixels + pixel] = Math.round(512 + blueScale * (data[at + 2]! - luma));
    planes[2 * pixels + pixel] = Math.round(512 + redScale * (data[at]! - luma));
    planes[3 * pixels + pixel] = Math.round((data[at + 3]! * 1023) / 255);
  }
  return new Uint8Array(planes.buffer);
}

function writeLuma(
  rgba: Uint8ClampedArray,
  [red, green, blue]: Weights,
  range: VideoRange,
  luma: Uint8Array,
): void {
  const { black, luma: steps } = LEVELS[range];
  const scale = steps / 255;
  for (let pixel = 0; pixel < luma.length; pixel++) {
    const at = pixel * 4;
    const value = red * rgba[at]! + green * rgba[at + 1]! + blue * rgba[at + 2]!;
    luma[pixel] = Math.round(black + scale * value);
  }
}

function writeChroma(
  { width, height, data: rgba }: Picture,
  [red, green, blue]: Weights,
  range: VideoRange,
  cb: Uint8Array,
  cr: Uint8Array,
): void {
  const scale = LEVELS[range].chroma / 255 / 4; // of the sum of four
  const blueScale = scale / (2 * (1 - blue));
  const redScale = scale / (2 * (1 - red));
  for (let y = 0, out = 0; y < height; y += 2) {
    for (let x = 0; x < width; x += 2, out++) {
      const top = (y * width + x) * 4;
      const sum = (channel: number) => sumOfFour(rgba, top + channel, width * 4);
      const luma = red * sum(0) + green * sum(1) + blue * sum(2);
      cb[out] = Math.round(128 + blueScale * (sum(2) - luma));
      cr[out] = Math.round(128 + redScale * (sum(0) - luma));
    }
  }
}

function sumOfFour(rgba: Uint8ClampedArray, at: number, stride: number): number {
  return rgba[at]! + rgba[at + 4]! + rgba[at + stride]! + rgba[at + stride + 4]!;
}
