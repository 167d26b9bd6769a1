/** Runs anywhere: annotation PNGs, one number per pixel. Palette indices stay indices. */
import { decode, encode } from "fast-png";
import type { BinaryMask } from "./binary-mask.ts";

/** Value of each pixel as stored: palette index, or grey level. */
export interface IndexPicture {
  width: number;
  height: number;
  data: Uint8Array;
  /** Colours of the palette; null for a grey picture. */
  paletteSize: number | null;
}

/** @throws Error when the file is no PNG, or has colours instead of indices. */
export function decodeAnnotation(bytes: Uint8Array): IndexPicture {
  const png = decode(bytes);
  if (png.channels !== 1) {
    throw new Error(
      `an annotation must have one value per pixel (palette or grey), got ${png.channels} channels`,
    );
  }
  const { width, height } = png;
  const data = png.depth < 8 ? unpackBits(png.data, width, height, png.depth) : narrow(png.data);
  return { width, height, data, paletteSize: png.palette?.length ?? null };
}

/** Rows of 1, 2 or 4 bits a pixel start on whole bytes; fast-png leaves them packed. */
function unpackBits(packed: ArrayLike<number>, width: number, height: number, depth: number): Uint8Array {
  const rowBytes = Math.ceil((width * depth) / 8);
  const pixels = new Uint8Array(width * height);
  for (let i = 0; i < pixels.length; i++) {
    const x = i % width;
    const byte = packed[Math.floor(i / width) * rowBytes + Math.floor((x * depth) / 8)]!;
    pixels[i] = (byte >> (8 - depth - ((x * depth) % 8))) & ((1 << depth) - 1);
  }
  return pixels;
}

/** 16-bit masks exist (0 and 65535); their upper byte says the same. */
function narrow(values: ArrayLike<number>): Uint8Array {
  if (values instanceof Uint8Array) return values;
  return Uint8Array.from(values, (value) => (value > 255 ? value >> 8 : value));
}

/** Values that occur, ascending. */
export function valuesOf({ data }: IndexPicture): number[] {
  const seen = new Uint8Array(256);
  for (let i = 0; i < data.length; i++) seen[data[i]!] = 1;
  return Array.from(seen, (found, value) => (found ? value : -1)).filter((value) => value >= 0);
}

/** The pixels for which `belongs` holds. */
export function pixelsWith(
  { width, height, data }: IndexPicture,
  belongs: (value: number) => boolean,
): BinaryMask {
  return { width, height, data: data.map((value) => Number(belongs(value))) };
}

/** 8-bit palette PNG in DAVIS' colours; `data` holds object numbers, 0 is background. */
export function encodeAnnotation(width: number, height: number, data: Uint8Array): Uint8Array {
  return encode({ width, height, data, channels: 1, depth: 8, palette: DAVIS_PALETTE });
}

/** PASCAL VOC's colour map, which DAVIS uses: the bits of the index, spread over the upper bits of r, g, b. */
const DAVIS_PALETTE: number[][] = Array.from({ length: 256 }, (_, index) =>
  [0, 1, 2].map((channel) => {
    let level = 0;
    for (let bit = 0; bit < 8; bit++) {
      if ((index >> (3 * bit + channel)) & 1) level |= 128 >> bit;
    }
    return level;
  }),
);
