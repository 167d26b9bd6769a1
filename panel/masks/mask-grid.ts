/** A mask as coarse as the screen shows it: what covers a cell of some source pixels, and how much. Pure. */

import { type MaskBox, maskBox } from "../../worker/mask-rle.ts";
import type { Mask } from "../../worker/protocol.ts";
import { forEachSpan } from "./mask-spans.ts";

/** How finely, and which part: what is drawn costs as the screen is large, not as the clip is. */
export interface Detail {
  /** Source pixels, the side of a cell: a power of two up to 64. */
  cell: number;
  /** Source pixels; what lies outside is left out. */
  window: MaskBox;
}

export interface MaskGrid {
  /** Source pixels, multiples of `cell`. */
  x: number;
  y: number;
  cell: number;
  /** Cells. */
  width: number;
  height: number;
  /** Rows from the top: 0 outside, 255 where every pixel of the cell is inside; at least 1 where any is. */
  coverage: Uint8Array;
}

const COARSEST = 64;
/** Cells; the window moves by so many at once, so that a small pan finds what was made before. */
const WINDOW_STEP = 256;

/** The coarsest cell that is no larger than a device pixel; `scale`: device pixels a source pixel. */
export function cellAt(scale: number): number {
  const cell = 2 ** Math.floor(Math.log2(1 / scale));
  return Math.min(COARSEST, Math.max(1, cell));
}

/** The part of the source that `visible` shows, and a margin. */
export function detailAt(scale: number, visible: MaskBox): Detail {
  const cell = cellAt(scale);
  const step = WINDOW_STEP * cell;
  const down = (value: number) => Math.floor(value / step) * step;
  const up = (value: number) => Math.ceil(value / step) * step;
  const { x0, y0, x1, y1 } = visible;
  return { cell, window: { x0: down(x0), y0: down(y0), x1: up(x1), y1: up(y1) } };
}

/** Null where the window shows nothing of the mask. */
export function maskGrid(mask: Mask, { cell, window }: Detail): MaskGrid | null {
  const box = within(maskBox(mask), window);
  if (!box) return null;
  const x = Math.floor(box.x0 / cell);
  const y = Math.floor(box.y0 / cell);
  const width = Math.ceil(box.x1 / cell) - x;
  const height = Math.ceil(box.y1 / cell) - y;
  const counts = new Uint16Array(width * height);
  forEachSpan(mask, (column, from, to) => {
    if (column < box.x0 || column >= box.x1) return;
    const at = Math.floor(column / cell) - x - y * width;
    countRows(counts, at, width, cell, Math.max(from, box.y0), Math.min(to, box.y1));
  });
  return { x: x * cell, y: y * cell, cell, width, height, coverage: shares(counts, cell * cell) };
}

function within(box: MaskBox | null, window: MaskBox): MaskBox | null {
  if (!box) return null;
  const [x0, y0] = [Math.max(box.x0, window.x0), Math.max(box.y0, window.y0)];
  const [x1, y1] = [Math.min(box.x1, window.x1), Math.min(box.y1, window.y1)];
  return x0 < x1 && y0 < y1 ? { x0, y0, x1, y1 } : null;
}

/** Adds the rows `from` to `to` of one column to the cells that they lie in. */
function countRows(
  counts: Uint16Array,
  at: number,
  width: number,
  cell: number,
  from: number,
  to: number,
): void {
  for (let row = from; row < to; ) {
    const inCell = Math.floor(row / cell);
    const stop = Math.min(to, (inCell + 1) * cell);
    counts[at + inCell * width]! += stop - row;
    row = stop;
  }
}

function shares(counts: Uint16Array, full: number): Uint8Array {
  return Uint8Array.from(counts, (count) => Math.ceil((count * 255) / full));
}
