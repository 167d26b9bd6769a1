/**
 * Pure: decoded video planes become RGBA.
 *
 * Ours, and not the decoder's, so that Node and every browser hand the model the same pixels, with the
 * matrix and range that the clip declares. Chroma is repeated, as FFmpeg does by default.
 */

/** One plane: samples of 1 or 2 bytes (little endian, low bits), rows `stride` bytes apart. */
export interface Plane {
  data: Uint8Array;
  offset: number;
  stride: number;
}

export interface YuvLayout {
  /** Bits of a sample: 8, 10 or 12. */
  depth: number;
  /** Luma pixels for one chroma pixel: 1 or 2. */
  chromaX: 1 | 2;
  chromaY: 1 | 2;
  /** Cb and Cr alternate in the second plane. */
  interleaved: boolean;
  alpha: boolean;
}

export interface YuvColour {
  /** Weights of red and blue in luma; green has the rest. */
  matrix: readonly [red: number, blue: number];
  fullRange: boolean;
}

const BT709: YuvColour["matrix"] = [0.2126, 0.0722];
const BT601: YuvColour["matrix"] = [0.299, 0.114];
const BT2020: YuvColour["matrix"] = [0.2627, 0.0593];

const MATRICES: Record<string, YuvColour["matrix"]> = {
  bt709: BT709,
  bt470bg: BT601,
  smpte170m: BT601,
  "bt2020-ncl": BT2020,
};

/** Lines from which a clip that declares no matrix is taken for BT.709, as players do. */
const HIGH_DEFINITION_LINES = 720;

/** What the clip declares, completed by what players assume. */
export function yuvColour(
  declared: { matrix?: string | null; fullRange?: boolean | null },
  codedHeight: number,
): YuvColour {
  const assumed = codedHeight >= HIGH_DEFINITION_LINES ? BT709 : BT601;
  return { matrix: MATRICES[declared.matrix ?? ""] ?? assumed, fullRange: declared.fullRange ?? false };
}

/** By WebCodecs' names of pixel formats; null for what is not luma and chroma. */
export function yuvLayout(format: string): YuvLayout | null {
  if (format === "NV12") return { depth: 8, chromaX: 2, chromaY: 2, interleaved: true, alpha: false };
  const match = /^I(420|422|444)(A?)(?:P(10|12))?$/.exec(format);
  if (!match) return null;
  return {
    depth: Number(match[3] ?? 8),
    chromaX: match[1] === "444" ? 1 : 2,
    chromaY: match[1] === "420" ? 2 : 1,
    interleaved: false,
    alpha: match[2] === "A",
  };
}

/** What each sample value adds to a colour, in units of an 8-bit channel. */
interface Contributions {
  luma: Float32Array;
  crToRed: Float32Array;
  crToGreen: Float32Array;
  cbToGreen: Float32Array;
  cbToBlue: Float32Array;
  alpha: Float32Array;
}

function contributions(depth: number, { matrix, fullRange }: YuvColour): Contributions {
  const [red, blue] = matrix;
  const green = 1 - red - blue;
  const unit = 2 ** (depth - 8);
  const peak = 2 ** depth - 1;
  const black = fullRange ? 0 : 16 * unit;
  const lumaScale = 255 / (fullRange ? peak : 219 * unit);
  const chromaScale = 255 / (fullRange ? peak : 224 * unit);
  const table = (value: (sample: number) => number) =>
    Float32Array.from({ length: peak + 1 }, (_, s) => value(s));
  const chroma = (weight: number) => table((sample) => (sample - 128 * unit) * chromaScale * weight);
  return {
    luma: table((sample) => (sample - black) * lumaScale),
    crToRed: chroma(2 * (1 - red)),
    crToGreen: chroma((-2 * (1 - red) * red) / green),
    cbToGreen: chroma((-2 * (1 - blue) * blue) / green),
    cbToBlue: chroma(2 * (1 - blue)),
    alpha: table((sample) => (sample * 255) / peak),
  };
}

const cachedContributions = new Map<string, Contributions>();

function contributionsOf(depth: number, colour: YuvColour): Contributions {
  const key = `${depth} ${colour.matrix} ${colour.fullRange}`;
  const cached = cachedContributions.get(key) ?? contributions(depth, colour);
  cachedContributions.set(key, cached);
  return cached;
}

/** `planes`: Y, then Cb and Cr (or one interleaved plane), then alpha. Result: width * height * 4 bytes. */
export function yuvToRgba(
  planes: readonly Plane[],
  layout: YuvLayout,
  colour: YuvColour,
  width: number,
  height: number,
): Uint8ClampedArray {
  const rgba = new Uint8ClampedArray(width * height * 4);
  const table = contributionsOf(layout.depth, colour);
  const wide = layout.depth > 8;
  const mask = 2 ** layout.depth - 1; // a damaged stream must not reach beyond the tables
  const rasters = planes.map((plane) => rasterOf(plane, wide));
  const luma = rasters[0]!;
  const cb = rasters[1]!;
  const cr = layout.interleaved ? cb : rasters[2]!;
  const step = layout.interleaved ? 2 : 1;
  const crShift = layout.interleaved ? 1 : 0;
  const xShift = layout.chromaX - 1;
  const yShift = layout.chromaY - 1;
  const { luma: lumaOf, crToRed, crToGreen, cbToGreen, cbToBlue } = table;
  let out = 0;
  for (let y = 0; y < height; y++) {
    const lumaRow = y * luma.stride;
    const cbRow = (y >> yShift) * cb.stride;
    const crRow = (y >> yShift) * cr.stride + crShift;
    for (let x = 0; x < width; x++) {
      const base = lumaOf[luma.samples[lumaRow + x]! & mask]!;
      const chroma = (x >> xShift) * step;
      const cbSample = cb.samples[cbRow + chroma]! & mask;
      const crSample = cr.samples[crRow + chroma]! & mask;
      rgba[out] = base + crToRed[crSample]!;
      rgba[out + 1] = base + crToGreen[crSample]! + cbToGreen[cbSample]!;
      rgba[out + 2] = base + cbToBlue[cbSample]!;
      rgba[out + 3] = 255;
      out += 4;
    }
  }
  if (layout.alpha) writeAlpha(rgba, rasters[3]!, table.alpha, mask, width);
  return rgba;
}

function writeAlpha(
  rgba: Uint8ClampedArray,
  { samples, stride }: Raster,
  alphaOf: Float32Array,
  mask: number,
  width: number,
): void {
  const height = rgba.length / (width * 4);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      rgba[(y * width + x) * 4 + 3] = alphaOf[samples[y * stride + x]! & mask]!;
    }
  }
}

/** Rows `stride` samples apart. */
interface Raster {
  samples: Uint8Array | Uint16Array;
  stride: number;
}

function rasterOf({ data, offset, stride }: Plane, wide: boolean): Raster {
  const bytes = data.subarray(offset);
  if (!wide) return { samples: bytes, stride };
  const aligned = bytes.byteOffset % 2 === 0 ? bytes : bytes.slice();
  return {
    samples: new Uint16Array(aligned.buffer, aligned.byteOffset, aligned.byteLength >> 1),
    stride: stride / 2,
  };
}
