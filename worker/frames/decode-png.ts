/** Pure: PNG files of every kind become pictures or prompt masks. */
import { type DecodedPng, decode } from "fast-png";
import type { Picture } from "./frame-source.ts";
import { assertPictureSize } from "./picture-limits.ts";

/**
 * Samples as in the file's header: grey, RGB, palette, with or without alpha, 1 to 16 bits; 16-bit samples
 * keep their high byte, as Pillow does.
 *
 * @throws Error in words where the bytes are no PNG, or a damaged one.
 */
export function decodePng(bytes: Uint8Array): Picture {
  const png = readPng(bytes);
  const { width, height } = png;
  if (png.depth === 8 && png.channels >= 3 && !png.palette) return colourPicture(png);
  const data = new Uint8ClampedArray(width * height * 4);
  const colourOf = pixelReader(png);
  for (let y = 0, out = 0; y < height; y++) {
    for (let x = 0; x < width; x++, out += 4) colourOf(x, y, data, out);
  }
  return { width, height, data };
}

/** Where a PNG's header has width and height, four bytes each. */
const SIZE_AT = 16;

function readPng(bytes: Uint8Array): DecodedPng {
  if (bytes.length >= SIZE_AT + 8) {
    const header = new DataView(bytes.buffer, bytes.byteOffset + SIZE_AT, 8);
    assertPictureSize("The picture", header.getUint32(0), header.getUint32(4));
  }
  return decode(bytes, { checkCrc: true });
}

/** Most frames are of this kind: 8 bits, RGB or RGBA. */
function colourPicture({ width, height, channels, data: samples }: DecodedPng): Picture {
  const data = new Uint8ClampedArray(width * height * 4);
  if (channels === 4) data.set(samples);
  else {
    for (let at = 0, out = 0; at < samples.length; at += 3, out += 4) {
      data[out] = samples[at]!;
      data[out + 1] = samples[at + 1]!;
      data[out + 2] = samples[at + 2]!;
      data[out + 3] = 255;
    }
  }
  return { width, height, data };
}

type PixelReader = (x: number, y: number, rgba: Uint8ClampedArray, out: number) => void;

function pixelReader(png: DecodedPng): PixelReader {
  const sample = sampleReader(png);
  if (png.palette) return paletteReader(png.palette, sample);
  const to8Bits = png.depth === 16 ? 1 / 256 : 255 / (2 ** png.depth - 1);
  const hasAlpha = png.channels === 2 || png.channels === 4;
  const isGrey = png.channels < 3;
  return (x, y, rgba, out) => {
    for (let channel = 0; channel < 3; channel++) {
      rgba[out + channel] = Math.floor(sample(x, y, isGrey ? 0 : channel) * to8Bits);
    }
    rgba[out + 3] = hasAlpha ? Math.floor(sample(x, y, png.channels - 1) * to8Bits) : 255;
  };
}

function paletteReader(palette: readonly number[][], sample: SampleReader): PixelReader {
  return (x, y, rgba, out) => {
    const colour = palette[sample(x, y, 0)] ?? [0, 0, 0];
    for (let channel = 0; channel < 4; channel++) rgba[out + channel] = colour[channel] ?? 255;
  };
}

type SampleReader = (x: number, y: number, channel: number) => number;

/** Below 8 bits, samples of a row are packed from the high bits down, each row from a new byte. */
function sampleReader({ data, width, depth, channels }: DecodedPng): SampleReader {
  if (depth >= 8) return (x, y, channel) => data[(y * width + x) * channels + channel]!;
  const rowBytes = Math.ceil((width * depth) / 8);
  const mask = 2 ** depth - 1;
  return (x, y) => {
    const bit = x * depth;
    return (data[y * rowBytes + (bit >> 3)]! >> (8 - depth - (bit & 7))) & mask;
  };
}

export interface PngMask {
  width: number;
  height: number;
  /** width * height bytes: 1 inside, 0 outside. */
  pixels: Uint8Array;
}

/** Half of full white: where an anti-aliased matte is divided. */
const HALF = 128;

/**
 * A mask as people save them: a palette's index other than 0, alpha where the file is not opaque, else
 * brightness from one half up; in a file that is dark all over (0 and 1, or object numbers) anything but 0.
 *
 * @throws Error in words where the bytes are no PNG, or a damaged one.
 */
export function decodePngMask(bytes: Uint8Array): PngMask {
  const png = readPng(bytes);
  const { width, height } = png;
  const values = png.palette ? paletteIndices(png) : maskValues(decodePng(bytes));
  const threshold = png.palette || peak(values) < HALF ? 1 : HALF;
  return { width, height, pixels: values.map((value) => (value >= threshold ? 1 : 0)) };
}

function paletteIndices(png: DecodedPng): Uint8Array {
  const sample = sampleReader(png);
  return Uint8Array.from({ length: png.width * png.height }, (_, pixel) =>
    sample(pixel % png.width, Math.floor(pixel / png.width), 0),
  );
}

function maskValues({ data }: Picture): Uint8Array {
  const values = new Uint8Array(data.length / 4);
  const isOpaque = data.every((value, at) => at % 4 !== 3 || value === 255);
  for (let pixel = 0; pixel < values.length; pixel++) {
    const at = pixel * 4;
    values[pixel] = isOpaque ? Math.max(data[at]!, data[at + 1]!, data[at + 2]!) : data[at + 3]!;
  }
  return values;
}

function peak(values: Uint8Array): number {
  let highest = 0;
  for (const value of values) if (value > highest) highest = value;
  return highest;
}
