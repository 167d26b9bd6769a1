/** Pure: the position encodings of SAM 2 as tables of numbers. */
import { range } from "../layers/matrix.ts";
import type { SinePositionConfig } from "./config.ts";

/** [height * width, channels]: sines and cosines of y in the first half, of x in the second, interleaved. */
export function sinePositions(
  height: number,
  width: number,
  channels: number,
  config: SinePositionConfig,
): Float32Array {
  const half = channels / 2;
  const periods = range(0, half).map((i) => config.temperature ** ((2 * Math.floor(i / 2)) / half));
  const table = new Float32Array(height * width * channels);
  const write = (at: number, place: number) => {
    periods.forEach((period, i) => {
      table[at + i] = i % 2 === 0 ? Math.sin(place / period) : Math.cos(place / period);
    });
  };
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * channels;
      write(at, normalised(y + 1, height, config));
      write(at + half, normalised(x + 1, width, config));
    }
  }
  return table;
}

function normalised(place: number, size: number, config: SinePositionConfig): number {
  return config.normalize ? (place / (size + 1e-6)) * config.scale : place;
}

/** [channels / 2]: the periods by which a pointer's distance in time is divided. */
export function timePeriods(channels: number): Float32Array {
  const half = channels / 2;
  return Float32Array.from(range(0, half), (i) => 10000 ** ((2 * Math.floor(i / 2)) / half));
}

/**
 * Rotary encoding over a side x side map, [side * side, channels] each: the first quarter of the channel
 * pairs turns with x, the second with y. For channels ordered as in `rotaryOrder`: x * cos + swap(x) * sin.
 */
export function rotaryTables(
  side: number,
  channels: number,
  theta: number,
): { cos: Float32Array; sin: Float32Array } {
  const quarter = channels / 4;
  const half = channels / 2;
  const frequencies = rotaryFrequencies(channels, theta);
  const cos = new Float32Array(side * side * channels);
  const sin = new Float32Array(cos.length);
  for (let token = 0; token < side * side; token++) {
    for (let pair = 0; pair < half; pair++) {
      const place = pair < quarter ? token % side : Math.floor(token / side);
      const angle = Math.fround(place * frequencies[pair % quarter]!);
      const at = token * channels + pair;
      cos[at] = cos[at + half] = Math.cos(angle);
      sin[at + half] = Math.sin(angle);
      sin[at] = -sin[at + half]!;
    }
  }
  return { cos, sin };
}

/** Rounded to float32 at each step, as torch does: 63 turns of the angle would show the difference. */
function rotaryFrequencies(channels: number, theta: number): number[] {
  return range(0, channels / 4).map((i) => {
    const exponent = Math.fround((4 * i) / channels);
    return Math.fround(1 / Math.fround(theta ** exponent));
  });
}

/**
 * The order of channels in which the two of a pair are half the width apart instead of neighbours: all
 * first ones, then all second ones. Queries and keys in the same order have the same products.
 */
export function rotaryOrder(channels: number): number[] {
  return [...range(0, channels, 2), ...range(1, channels, 2)];
}

/** [C, size, size] from [C, h, w] as torch's bicubic interpolation (a = -0.75, align_corners=False). */
export function bicubic(
  values: Float32Array,
  channels: number,
  [height, width]: readonly [number, number],
  size: number,
): Float32Array {
  const rows = cubicTaps(height, size);
  const columns = cubicTaps(width, size);
  const result = new Float32Array(channels * size * size);
  for (let channel = 0; channel < channels; channel++) {
    const plane = values.subarray(channel * height * width, (channel + 1) * height * width);
    const lines = resampleColumns(plane, height, width, columns);
    for (let y = 0; y < size; y++) {
      const { index, weight } = rows[y]!;
      for (let x = 0; x < size; x++) {
        let value = 0;
        for (let tap = 0; tap < 4; tap++) value += weight[tap]! * lines[index[tap]! * size + x]!;
        result[(channel * size + y) * size + x] = value;
      }
    }
  }
  return result;
}

function resampleColumns(
  plane: Float32Array,
  height: number,
  width: number,
  columns: CubicTaps[],
): Float64Array {
  const lines = new Float64Array(height * columns.length);
  for (let y = 0; y < height; y++) {
    columns.forEach(({ index, weight }, x) => {
      let value = 0;
      for (let tap = 0; tap < 4; tap++) value += weight[tap]! * plane[y * width + index[tap]!]!;
      lines[y * columns.length + x] = value;
    });
  }
  return lines;
}

interface CubicTaps {
  index: number[];
  weight: number[];
}

function cubicTaps(from: number, to: number): CubicTaps[] {
  return range(0, to).map((i) => {
    const place = ((i + 0.5) * from) / to - 0.5;
    const start = Math.floor(place);
    const t = place - start;
    const index = [-1, 0, 1, 2].map((step) => Math.min(Math.max(start + step, 0), from - 1));
    return { index, weight: [cubicFar(t + 1), cubicNear(t), cubicNear(1 - t), cubicFar(2 - t)] };
  });
}

const CUBIC_A = -0.75;

function cubicNear(t: number): number {
  return ((CUBIC_A + 2) * t - (CUBIC_A + 3)) * t * t + 1;
}

function cubicFar(t: number): number {
  return ((CUBIC_A * t - 5 * CUBIC_A) * t + 8 * CUBIC_A) * t - 4 * CUBIC_A;
}
