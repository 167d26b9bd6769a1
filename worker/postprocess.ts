/**
 * Runs in the tracking worker or in Node: what happens to masks outside of the graphs, as the official
 * predictor does it with torch: resizing, hole filling, stability, mask prompts, non-overlap.
 *
 * A logit is inside the object where it is above 0. Logit maps are square, [side, side], unless said
 * otherwise; arithmetic is rounded to float32 where a comparison with upstream could notice.
 */
import { maskFromRuns } from "./mask-rle.ts";
import type { Mask } from "./protocol.ts";

/** Logit of every pixel of a hidden object. */
export const NO_OBJECT_LOGIT = -1024;
/** A filled hole's pixels become faintly inside. */
const FILLED_LOGIT = Math.fround(0.1);
/** Logits of an object that loses a pixel to another one are at most this. */
const SUPPRESSED_LOGIT = -10;

const { fround } = Math;

// ---------------------------------------------------------------- bilinear, align_corners = false

/** Where one target position reads: `low` and `low + 1` (or the last one twice), the second by `weight`. */
interface Taps {
  low: Int32Array;
  high: Int32Array;
  weight: Float32Array;
}

function bilinearTaps(from: number, to: number): Taps {
  const scale = fround(from / to);
  const taps = { low: new Int32Array(to), high: new Int32Array(to), weight: new Float32Array(to) };
  for (let index = 0; index < to; index++) {
    // One rounding, not two: torch is compiled to fused multiply-add, which moves logits by up to 3e-5.
    const source = Math.max(fround(scale * (index + 0.5) - 0.5), 0);
    const low = Math.min(Math.floor(source), from - 1);
    taps.low[index] = low;
    taps.high[index] = Math.min(low + 1, from - 1);
    taps.weight[index] = Math.min(Math.max(source - low, 0), 1);
  }
  return taps;
}

/** [side, side] to [height, width], row by row. */
export function resizeLogits(
  logits: Float32Array,
  side: number,
  width: number,
  height: number,
): Float32Array {
  if (width === side && height === side) return logits.slice();
  const across = bilinearTaps(side, width);
  const down = bilinearTaps(side, height);
  const column = new Float32Array(side);
  const result = new Float32Array(width * height);
  for (let x = 0; x < width; x++) {
    readColumn(logits, side, across, x, column);
    for (let y = 0; y < height; y++) result[y * width + x] = interpolate(column, down, y);
  }
  return result;
}

/**
 * `resizeLogits(...) > 0` as run lengths, without making the large map: between two source rows of one
 * sign there is no crossing, so only the rows along the outline are interpolated.
 */
export function maskOfLogits(logits: Float32Array, side: number, width: number, height: number): Mask {
  const across = bilinearTaps(side, width);
  const down = bilinearTaps(side, height);
  const bands = bandsOfRows(down);
  const column = new Float32Array(side);
  const runs = new RunCollector();
  for (let x = 0; x < width; x++) {
    readColumn(logits, side, across, x, column);
    for (const { low, high, from, to } of bands) {
      const above = (column[low] as number) > 0;
      if (above === (column[high] as number) > 0) runs.add(above, to - from);
      else for (let y = from; y < to; y++) runs.add(interpolate(column, down, y) > 0, 1);
    }
  }
  return maskFromRuns(runs.finish(), width, height);
}

/** Target rows `from` to before `to` that lie between the source rows `low` and `high`. */
interface Band {
  low: number;
  high: number;
  from: number;
  to: number;
}

function bandsOfRows({ low, high }: Taps): Band[] {
  const bands: Band[] = [];
  for (let row = 0; row < low.length; row++) {
    const last = bands.at(-1);
    if (last && last.low === low[row]) last.to = row + 1;
    else bands.push({ low: low[row] as number, high: high[row] as number, from: row, to: row + 1 });
  }
  return bands;
}

function readColumn(
  logits: Float32Array,
  side: number,
  { low, high, weight }: Taps,
  x: number,
  column: Float32Array,
): void {
  const left = low[x] as number;
  const right = high[x] as number;
  const share = weight[x] as number;
  for (let row = 0, at = 0; row < side; row++, at += side) {
    column[row] = (logits[at + left] as number) * (1 - share) + (logits[at + right] as number) * share;
  }
}

function interpolate(values: Float32Array, { low, high, weight }: Taps, index: number): number {
  const share = weight[index] as number;
  return (
    (values[low[index] as number] as number) * (1 - share) + (values[high[index] as number] as number) * share
  );
}

class RunCollector {
  readonly #runs: number[] = [];
  #inside = false;
  #length = 0;

  add(inside: boolean, count: number): void {
    if (inside !== this.#inside) {
      this.#runs.push(this.#length);
      this.#length = 0;
      this.#inside = inside;
    }
    this.#length += count;
  }

  finish(): number[] {
    return [...this.#runs, this.#length];
  }
}

/** Logits of the clip's size, [height, width], as run lengths of what is above 0. */
export function maskOfVideoLogits(logits: Float32Array, width: number, height: number): Mask {
  const runs = new RunCollector();
  for (let x = 0; x < width; x++) {
    for (let at = x; at < width * height; at += width) runs.add((logits[at] as number) > 0, 1);
  }
  return maskFromRuns(runs.finish(), width, height);
}

// ---------------------------------------------------------------- bilinear with antialiasing

/** [height, width] to [toHeight, toWidth], as torch's `interpolate(mode="bilinear", antialias=True)`. */
export function resizeAntialiased(
  values: ArrayLike<number>,
  width: number,
  height: number,
  toWidth: number,
  toHeight: number,
): Float32Array {
  const rows = filterRows(values, width, height, toWidth);
  return transpose(
    filterRows(transpose(rows, toWidth, height), height, toWidth, toHeight),
    toHeight,
    toWidth,
  );
}

/** Filters along the rows: [height, width] to [height, toWidth]. */
function filterRows(values: ArrayLike<number>, width: number, height: number, toWidth: number): Float32Array {
  if (toWidth === width) return Float32Array.from(values);
  const result = new Float32Array(height * toWidth);
  for (let x = 0; x < toWidth; x++) {
    const { start, weights } = triangleWeights(width, toWidth, x);
    for (let row = 0; row < height; row++) {
      let sum = 0;
      for (const [tap, weight] of weights.entries()) {
        sum = fround(sum + fround((values[row * width + start + tap] as number) * weight));
      }
      result[row * toWidth + x] = sum;
    }
  }
  return result;
}

function triangleWeights(from: number, to: number, index: number): { start: number; weights: number[] } {
  const scale = fround(from / to);
  const reach = Math.max(scale, 1);
  const centre = fround(scale * fround(index + 0.5));
  const start = Math.max(Math.trunc(fround(fround(centre - reach) + 0.5)), 0);
  const end = Math.min(Math.trunc(fround(fround(centre + reach) + 0.5)), from);
  const inverse = scale >= 1 ? fround(1 / scale) : 1;
  const weights: number[] = [];
  let sum = 0;
  for (let position = start; position < end; position++) {
    const offset = fround(fround(fround(position - centre) + 0.5) * inverse);
    const weight = Math.max(fround(1 - Math.abs(offset)), 0);
    weights.push(weight);
    sum = fround(sum + weight);
  }
  return { start, weights: weights.map((weight) => fround(weight / sum)) };
}

function transpose(values: Float32Array, width: number, height: number): Float32Array {
  const result = new Float32Array(values.length);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++) result[x * height + y] = values[at++] as number;
  }
  return result;
}

// ---------------------------------------------------------------- mask prompts

/** A mask of any size as 0 or 1 at the model's input size, [side, side]. */
export function maskPromptToModelSize(
  mask: Uint8Array,
  width: number,
  height: number,
  side: number,
): Uint8Array {
  if (width === side && height === side) return Uint8Array.from(mask, (value) => (value ? 1 : 0));
  const resized = resizeAntialiased(mask, width, height, side, side);
  return Uint8Array.from(resized, (value) => (value >= 0.5 ? 1 : 0));
}

/** The mask prompt's own logits at a quarter of the model's size: +10 inside, -10 outside, blended between. */
export function maskPromptLogits(mask: Uint8Array, side: number): Float32Array {
  const logits = Float32Array.from(mask, (value) => value * 20 - 10);
  return resizeAntialiased(logits, side, side, side / 4, side / 4);
}

/** A 4x4 convolution with stride 4: [side, side] of 0 and 1 to [side / 4, side / 4]. */
export function downsampleMaskPrompt(
  mask: Uint8Array,
  side: number,
  { weight, bias }: { weight: Float32Array; bias: number },
): Float32Array {
  const small = side / 4;
  const result = new Float32Array(small * small);
  for (let index = 0; index < result.length; index++) {
    const corner = Math.floor(index / small) * 4 * side + (index % small) * 4;
    let sum = bias;
    for (let tap = 0; tap < 16; tap++) {
      const pixel = mask[corner + (tap >> 2) * side + (tap & 3)] as number;
      sum += pixel * (weight[tap] as number);
    }
    result[index] = sum;
  }
  return result;
}

// ---------------------------------------------------------------- decisions on logits

/** Area above `delta` over area above `-delta`; 1 for an empty mask. */
export function stabilityScore(logits: Float32Array, delta: number): number {
  let inner = 0;
  let outer = 0;
  for (const logit of logits) {
    if (logit > delta) inner++;
    if (logit > -delta) outer++;
  }
  return outer > 0 ? fround(inner / outer) : 1;
}

/**
 * Fills background regions of at most `maximumArea` pixels (8-connected), as the official CUDA extension
 * does; upstream on a CPU skips this silently. Returns `logits` itself where there is nothing to fill.
 */
export function fillHoles(logits: Float32Array, side: number, maximumArea: number): Float32Array {
  let filled: Float32Array | null = null;
  const seen = new Uint8Array(logits.length);
  const region = new Int32Array(logits.length);
  for (let start = 0; start < logits.length; start++) {
    if (seen[start] || !isOutside(logits, start)) continue;
    const area = floodOutside(logits, side, start, seen, region);
    if (area > maximumArea) continue;
    filled ??= logits.slice();
    for (let index = 0; index < area; index++) filled[region[index] as number] = FILLED_LOGIT;
  }
  return filled ?? logits;
}

/** Not-a-number counts as inside, because upstream asks for `mask <= 0`. */
function isOutside(logits: Float32Array, index: number): boolean {
  return (logits[index] as number) <= 0;
}

/** Lists the background region around `start` in `region`; returns its area. */
function floodOutside(
  logits: Float32Array,
  side: number,
  start: number,
  seen: Uint8Array,
  region: Int32Array,
): number {
  region[0] = start;
  seen[start] = 1;
  let area = 1;
  for (let next = 0; next < area; next++) {
    const at = region[next] as number;
    const x = at % side;
    const y = (at - x) / side;
    for (let row = Math.max(y - 1, 0); row <= Math.min(y + 1, side - 1); row++) {
      for (let column = Math.max(x - 1, 0); column <= Math.min(x + 1, side - 1); column++) {
        const neighbour = row * side + column;
        if (seen[neighbour] || !isOutside(logits, neighbour)) continue;
        seen[neighbour] = 1;
        region[area++] = neighbour;
      }
    }
  }
  return area;
}

/**
 * Leaves each pixel to the object with the highest logit (the first one on a tie); the others' logits there
 * become at most -10. Changes the maps, which all have one size.
 */
export function suppressOverlaps(maps: Float32Array[]): void {
  const [first] = maps;
  if (!first || maps.length === 1) return;
  for (let index = 0; index < first.length; index++) {
    let winner = first;
    for (const map of maps) if ((map[index] as number) > (winner[index] as number)) winner = map;
    for (const map of maps) {
      if (map !== winner) map[index] = Math.min(map[index] as number, SUPPRESSED_LOGIT);
    }
  }
}
