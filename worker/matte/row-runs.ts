/** Runs anywhere: hard shapes as runs of pixels per row, so that comparing two costs as much as their outlines. */
import type { AlphaRegion } from "./alpha-region.ts";

/** Pixels inside, row by row of the frame: first and one past the last of each run, ascending. */
export interface RowRuns {
  /** Row of the frame that `rows[0]` is. */
  top: number;
  rows: Int32Array[];
}

/** Where alpha is above one half. */
export function runsOfRegion({ x, y, width, height, alpha }: AlphaRegion): RowRuns {
  const rows = Array.from({ length: height }, (_, row) => {
    const runs: number[] = [];
    let inside = false;
    for (let column = 0; column < width; column++) {
      const here = alpha[row * width + column]! > 0.5;
      if (here !== inside) runs.push(x + column);
      inside = here;
    }
    if (inside) runs.push(x + width);
    return Int32Array.from(runs);
  });
  return { top: y, rows };
}

/** A closed outline as straight pieces (x, y, x, y …), added to a shape or cut out of it. */
export interface ShapePart {
  points: Float64Array;
  mode: "add" | "subtract";
}

interface Crossing {
  x: number;
  part: number;
  down: 1 | -1;
}

/** Pixels whose centre lies in any added part (non-zero winding) and in no subtracted one. */
export function runsOfParts(parts: readonly ShapePart[], width: number, height: number): RowRuns {
  const [top, bottom] = rowsOfParts(parts, height);
  const crossings: Crossing[][] = Array.from({ length: Math.max(0, bottom - top) }, () => []);
  for (const [part, { points }] of parts.entries()) collectCrossings(points, part, top, crossings);
  return { top, rows: crossings.map((line) => runsOfLine(line, parts, width)) };
}

function rowsOfParts(parts: readonly ShapePart[], height: number): [number, number] {
  let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { points } of parts)
    for (let i = 1; i < points.length; i += 2) {
      first = Math.min(first, points[i]!);
      last = Math.max(last, points[i]!);
    }
  return first > last ? [0, 0] : [Math.max(0, Math.floor(first)), Math.min(height, Math.ceil(last))];
}

/** Line k lies at the centres of row `top` + k. */
function collectCrossings(points: Float64Array, part: number, top: number, lines: Crossing[][]): void {
  for (let i = 0, j = points.length - 2; i < points.length; j = i, i += 2) {
    const [ax, ay, bx, by] = [points[j]!, points[j + 1]!, points[i]!, points[i + 1]!];
    if (ay === by) continue;
    const first = Math.max(0, Math.ceil(Math.min(ay, by) - top - 0.5));
    const last = Math.min(lines.length - 1, Math.ceil(Math.max(ay, by) - top - 0.5) - 1);
    const slope = (bx - ax) / (by - ay);
    for (let k = first; k <= last; k++)
      lines[k]!.push({ x: ax + slope * (top + k + 0.5 - ay), part, down: ay < by ? 1 : -1 });
  }
}

function runsOfLine(line: Crossing[], parts: readonly ShapePart[], width: number): Int32Array {
  line.sort((a, b) => a.x - b.x);
  const windings = new Int32Array(parts.length);
  const runs: number[] = [];
  let inside = false;
  for (const { x, part, down } of line) {
    windings[part]! += down;
    const here = isInside(windings, parts);
    if (here === inside) continue;
    inside = here;
    const column = Math.min(width, Math.max(0, Math.ceil(x - 0.5)));
    // A run without a pixel is none, and a gap without one is no gap.
    if (runs.at(-1) === column) runs.pop();
    else runs.push(column);
  }
  return Int32Array.from(runs);
}

function isInside(windings: Int32Array, parts: readonly ShapePart[]): boolean {
  let inside = false;
  for (let part = 0; part < windings.length; part++) {
    if (windings[part] === 0) continue;
    if (parts[part]!.mode === "subtract") return false;
    inside = true;
  }
  return inside;
}

/** Pixels in both shapes, and in either. */
export function overlapOf(a: RowRuns, b: RowRuns): { both: number; either: number } {
  let both = 0;
  const last = Math.min(a.top + a.rows.length, b.top + b.rows.length);
  for (let row = Math.max(a.top, b.top); row < last; row++)
    both += sharedPixels(a.rows[row - a.top]!, b.rows[row - b.top]!);
  return { both, either: pixelsOf(a) + pixelsOf(b) - both };
}

function sharedPixels(a: Int32Array, b: Int32Array): number {
  let shared = 0;
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    shared += Math.max(0, Math.min(a[i + 1]!, b[j + 1]!) - Math.max(a[i]!, b[j]!));
    if (a[i + 1]! < b[j + 1]!) i += 2;
    else j += 2;
  }
  return shared;
}

function pixelsOf({ rows }: RowRuns): number {
  let pixels = 0;
  for (const runs of rows) for (let i = 0; i < runs.length; i += 2) pixels += runs[i + 1]! - runs[i]!;
  return pixels;
}
