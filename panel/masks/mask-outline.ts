/** The outline of a mask along the edges of its pixels, exact at every zoom. Pure. */
import type { Mask } from "../../worker/protocol.ts";
import { forEachSpan } from "./mask-spans.ts";

/** Line segments x0, y0, x1, y1, … in pixels of the source frame; every edge pixel side once. */
export function maskOutline(mask: Mask): Float32Array {
  const columns: number[][] = Array.from({ length: mask.width + 2 }, () => []);
  forEachSpan(mask, (column, from, to) => columns[column + 1]!.push(from, to));
  const segments: number[] = [];
  for (let column = 0; column <= mask.width; column++) {
    const here = columns[column + 1]!;
    for (const y of here) segments.push(column, y, column + 1, y);
    pushDifferences(columns[column]!, here, column, segments);
  }
  return Float32Array.from(segments);
}

/** Vertical edges at `x`: rows that lie inside on exactly one side. */
function pushDifferences(left: number[], right: number[], x: number, segments: number[]): void {
  if (left.length === 0 && right.length === 0) return;
  // A boundary that both sides share opens and closes at once, and leaves nothing.
  const rows = [...left, ...right].sort((a, b) => a - b);
  for (let at = 0; at + 1 < rows.length; at += 2)
    if (rows[at] !== rows[at + 1]) segments.push(x, rows[at]!, x, rows[at + 1]!);
}
