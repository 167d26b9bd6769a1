/**
 * COCO run-length masks, pure: shared by the tracker, the panel and the command line.
 *
 * A mask is walked column by column from the top left; the lengths of its runs, background first, are
 * delta-coded and written as printable characters, byte for byte as pycocotools does.
 */
import type { Mask } from "./protocol.ts";

/** Pixels of the mask, origin top left; `x1` and `y1` lie one past the last covered pixel. */
export interface MaskBox {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

const FIRST_CHARACTER = 48; // "0"; six bits a character, so "0" to "o"
const CONTINUES = 0x20; // more groups of five bits follow
const NEGATIVE = 0x10; // sign bit of the last group

/** `pixels`: width * height values, row by row; anything but 0 belongs to the mask. */
export function encodeMask(pixels: ArrayLike<number>, width: number, height: number): Mask {
  if (pixels.length !== width * height) {
    throw new RangeError(`A ${width} x ${height} mask needs ${width * height} pixels, got ${pixels.length}.`);
  }
  return maskFromRuns(runsOfPixels(pixels, width, height), width, height);
}

/** width * height bytes, row by row: 1 inside, 0 outside. */
export function decodeMask(mask: Mask): Uint8Array {
  const { width, height } = mask;
  const pixels = new Uint8Array(width * height);
  forEachColumnSpan(mask, (column, from, to) => {
    for (let row = from; row < to; row++) pixels[row * width + column] = 1;
  });
  return pixels;
}

/** A mask without any pixel. */
export function emptyMask(width: number, height: number): Mask {
  return maskFromRuns([width * height], width, height);
}

/** Number of pixels inside. */
export function maskArea(mask: Mask): number {
  return runsOfMask(mask).reduce((sum, run, index) => (index % 2 === 1 ? sum + run : sum), 0);
}

/** The smallest box around all pixels; null for an empty mask. */
export function maskBox(mask: Mask): MaskBox | null {
  const box = { x0: mask.width, y0: mask.height, x1: 0, y1: 0 };
  forEachColumnSpan(mask, (column, from, to) => {
    box.x0 = Math.min(box.x0, column);
    box.x1 = Math.max(box.x1, column + 1);
    box.y0 = Math.min(box.y0, from);
    box.y1 = Math.max(box.y1, to);
  });
  return box.x1 === 0 ? null : box;
}

/** Pixels in either mask. */
export function unionMasks(a: Mask, b: Mask): Mask {
  return combineMasks(a, b, (inA, inB) => inA || inB);
}

/** Pixels in both masks. */
export function intersectMasks(a: Mask, b: Mask): Mask {
  return combineMasks(a, b, (inA, inB) => inA && inB);
}

/** Pixels of `a` that are not in `b`. */
export function subtractMasks(a: Mask, b: Mask): Mask {
  return combineMasks(a, b, (inA, inB) => inA && !inB);
}

/** Lengths of the runs, background first; they sum up to width * height. */
export function runsOfMask(mask: Mask): number[] {
  const runs = decodeRuns(mask.counts);
  const total = runs.reduce((sum, run) => sum + run, 0);
  const expected = mask.width * mask.height;
  if (total !== expected || runs.some((run) => run < 0)) {
    throw new RangeError(
      `The runs of a ${mask.width} x ${mask.height} mask must sum up to ${expected} pixels, got ${total}; the mask is damaged or of another size.`,
    );
  }
  return runs;
}

/** The inverse of `runsOfMask`. */
export function maskFromRuns(runs: readonly number[], width: number, height: number): Mask {
  return { width, height, counts: encodeRuns(runs) };
}

// ---------------------------------------------------------------- runs

function runsOfPixels(pixels: ArrayLike<number>, width: number, height: number): number[] {
  const runs: number[] = [];
  let inside = false;
  let length = 0;
  for (let column = 0; column < width; column++) {
    for (let index = column; index < width * height; index += width) {
      if ((pixels[index] !== 0) !== inside) {
        runs.push(length);
        length = 0;
        inside = !inside;
      }
      length++;
    }
  }
  runs.push(length);
  return runs;
}

/** Calls `visit` for every stretch of inside pixels, cut at column ends; `to` is one past the last row. */
function forEachColumnSpan(mask: Mask, visit: (column: number, from: number, to: number) => void): void {
  const { height } = mask;
  let position = 0;
  for (const [index, run] of runsOfMask(mask).entries()) {
    const end = position + run;
    while (index % 2 === 1 && position < end) {
      const column = Math.floor(position / height);
      const stop = Math.min(end, (column + 1) * height);
      visit(column, position - column * height, stop - column * height);
      position = stop;
    }
    position = end;
  }
}

/** Walks both masks' runs at once; never touches pixels. */
function combineMasks(a: Mask, b: Mask, keep: (inA: boolean, inB: boolean) => boolean): Mask {
  if (a.width !== b.width || a.height !== b.height) {
    throw new RangeError(
      `Masks must have one size to be combined, got ${a.width} x ${a.height} and ${b.width} x ${b.height}.`,
    );
  }
  const boundaries = mergeBoundaries(runsOfMask(a), runsOfMask(b));
  const runs: number[] = [];
  let inside = false;
  let start = 0;
  for (const { position, inA, inB } of boundaries) {
    if (keep(inA, inB) === inside) continue;
    runs.push(position - start);
    start = position;
    inside = !inside;
  }
  runs.push(a.width * a.height - start);
  return maskFromRuns(runs, a.width, a.height);
}

/** Every position where one of the two masks changes, with what holds from there on. */
function* mergeBoundaries(
  a: number[],
  b: number[],
): Generator<{ position: number; inA: boolean; inB: boolean }> {
  const ends = { a: a[0] ?? 0, b: b[0] ?? 0 };
  let [indexA, indexB] = [0, 0];
  while (indexA < a.length - 1 || indexB < b.length - 1) {
    const nextA = indexA < a.length - 1 ? ends.a : Number.POSITIVE_INFINITY;
    const nextB = indexB < b.length - 1 ? ends.b : Number.POSITIVE_INFINITY;
    const position = Math.min(nextA, nextB);
    if (nextA === position) ends.a += a[++indexA] ?? 0;
    if (nextB === position) ends.b += b[++indexB] ?? 0;
    yield { position, inA: indexA % 2 === 1, inB: indexB % 2 === 1 };
  }
}

// ---------------------------------------------------------------- characters

function encodeRuns(runs: readonly number[]): string {
  let text = "";
  for (const [index, run] of runs.entries()) {
    // From the fourth run on, the difference to the run of the same kind before it: small numbers.
    const value = index > 2 ? run - (runs[index - 2] ?? 0) : run;
    text += encodeNumber(value);
  }
  return text;
}

function encodeNumber(number: number): string {
  let text = "";
  let rest = number;
  for (;;) {
    const bits = rest & 0x1f;
    rest >>= 5;
    const isLast = bits & NEGATIVE ? rest === -1 : rest === 0;
    text += String.fromCharCode(FIRST_CHARACTER + (isLast ? bits : bits | CONTINUES));
    if (isLast) return text;
  }
}

function decodeRuns(text: string): number[] {
  const runs: number[] = [];
  for (let at = 0; at < text.length; ) {
    const { value, next } = decodeNumber(text, at);
    runs.push(runs.length > 2 ? value + (runs[runs.length - 2] ?? 0) : value);
    at = next;
  }
  return runs;
}

function decodeNumber(text: string, start: number): { value: number; next: number } {
  let value = 0;
  for (let at = start, shift = 0; at < text.length && shift <= 30; at++, shift += 5) {
    const bits = text.charCodeAt(at) - FIRST_CHARACTER;
    if (bits < 0 || bits > 0x3f) break;
    value |= (bits & 0x1f) << shift;
    if (bits & CONTINUES) continue;
    if (bits & NEGATIVE && shift + 5 < 32) value |= -1 << (shift + 5);
    return { value, next: at + 1 };
  }
  throw new RangeError(`Run lengths must be COCO's compressed characters; they break at character ${start}.`);
}
