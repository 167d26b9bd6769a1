/** A mask's grid as pixels for a canvas. Pure. */
import type { MaskGrid } from "./mask-grid.ts";

const WHITE = 0xffffff;

/** RGBA, rows from the top: `colour` (#rrggbb), as opaque as the cell is covered. */
export function gridPixels({ coverage }: MaskGrid, colour: string): Uint8ClampedArray<ArrayBuffer> {
  const rgb = /^#[0-9a-f]{6}$/i.test(colour) ? Number.parseInt(colour.slice(1), 16) : WHITE;
  const bytesReversed = ((rgb & 0xff) << 16) | (rgb & 0xff00) | (rgb >> 16);
  const pixels = new Uint32Array(coverage.length);
  for (let at = 0; at < coverage.length; at++)
    pixels[at] = (coverage[at]! === 0 ? 0 : bytesReversed | (coverage[at]! << 24)) >>> 0;
  return new Uint8ClampedArray(pixels.buffer);
}
