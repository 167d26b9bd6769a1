/** A mask as pixels for a canvas, cut to the box that it fills. Pure. */

import { maskBox } from "../../worker/mask-rle.ts";
import type { Mask } from "../../worker/protocol.ts";
import { forEachSpan } from "./mask-spans.ts";

export interface MaskPixels {
  /** Pixels of the source frame: where the box lies. */
  x: number;
  y: number;
  width: number;
  height: number;
  /** RGBA, rows from the top: opaque white inside, transparent outside. */
  data: Uint8ClampedArray<ArrayBuffer>;
}

const OPAQUE_WHITE = 0xffffffff;

/** Null for an empty mask. */
export function maskPixels(mask: Mask): MaskPixels | null {
  const box = maskBox(mask);
  if (!box) return null;
  const width = box.x1 - box.x0;
  const height = box.y1 - box.y0;
  const pixels = new Uint32Array(width * height);
  forEachSpan(mask, (column, from, to) => {
    const start = (from - box.y0) * width + column - box.x0;
    const end = (to - box.y0) * width;
    for (let at = start; at < end; at += width) pixels[at] = OPAQUE_WHITE;
  });
  return { x: box.x0, y: box.y0, width, height, data: new Uint8ClampedArray(pixels.buffer) };
}
