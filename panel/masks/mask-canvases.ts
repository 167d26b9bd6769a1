/** Masks made ready for drawing: coloured canvases and outlines, the latest ones kept. In the page. */
import type { Mask } from "../../worker/protocol.ts";
import { type Detail, type MaskGrid, maskGrid } from "./mask-grid.ts";
import { gridPixels } from "./mask-image.ts";
import { maskOutline } from "./mask-outline.ts";

export interface MaskCanvas {
  canvas: OffscreenCanvas;
  /** Where it is drawn, pixels of the source frame. */
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Several objects on a few frames. */
const MAX_KEPT = 24;

/** What was made of a mask last; `key` says for which detail and colour. */
class Latest<V> {
  readonly #kept = new Map<Mask, { key: string; value: V }>();

  get(mask: Mask, key: string, make: () => V): V {
    const found = this.#kept.get(mask);
    const kept = found?.key === key ? found : { key, value: make() };
    this.#kept.delete(mask);
    this.#kept.set(mask, kept);
    if (this.#kept.size > MAX_KEPT) this.#kept.delete(this.#kept.keys().next().value as Mask);
    return kept.value;
  }
}

const grids = new Latest<MaskGrid | null>();
const canvases = new Latest<MaskCanvas | null>();
const outlines = new Latest<Path2D>();

/** `colour`: #rrggbb; null where nothing of the mask is in the detail's window. */
export function maskCanvas(mask: Mask, detail: Detail, colour: string): MaskCanvas | null {
  return canvases.get(mask, `${colour} ${keyOf(detail)}`, () => {
    const grid = gridOf(mask, detail);
    return grid && makeCanvas(grid, colour);
  });
}

/** In pixels of the source frame. */
export function outlinePath(mask: Mask, detail: Detail): Path2D {
  return outlines.get(mask, keyOf(detail), () => {
    const grid = gridOf(mask, detail);
    return makePath(grid ? maskOutline(grid) : []);
  });
}

const gridOf = (mask: Mask, detail: Detail) => grids.get(mask, keyOf(detail), () => maskGrid(mask, detail));

const keyOf = ({ cell, window: { x0, y0, x1, y1 } }: Detail) => [cell, x0, y0, x1, y1].join(" ");

function makeCanvas(grid: MaskGrid, colour: string): MaskCanvas {
  const { x, y, cell, width, height } = grid;
  const canvas = new OffscreenCanvas(width, height);
  const pixels = new ImageData(gridPixels(grid, colour), width, height);
  canvas.getContext("2d")!.putImageData(pixels, 0, 0);
  return { canvas, x, y, width: width * cell, height: height * cell };
}

function makePath(loops: readonly number[][]): Path2D {
  const path = new Path2D();
  for (const corners of loops) {
    path.moveTo(corners[0]!, corners[1]!);
    for (let at = 2; at < corners.length; at += 2) path.lineTo(corners[at]!, corners[at + 1]!);
    path.closePath();
  }
  return path;
}
