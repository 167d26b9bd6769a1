/** Masks made ready for drawing: tinted canvases and outlines, the latest ones kept. In the page. */
import type { Mask } from "../../worker/protocol.ts";
import { maskPixels } from "./mask-image.ts";
import { maskOutline } from "./mask-outline.ts";

export interface MaskCanvas {
  canvas: OffscreenCanvas;
  x: number;
  y: number;
}

/** Several objects on a few frames. */
const MAX_KEPT = 24;

class Latest<V> {
  readonly #kept = new Map<Mask, V>();

  get(mask: Mask, make: () => V): V {
    const found = this.#kept.get(mask);
    const value = found ?? make();
    this.#kept.delete(mask);
    this.#kept.set(mask, value);
    if (this.#kept.size > MAX_KEPT) this.#kept.delete(this.#kept.keys().next().value as Mask);
    return value;
  }
}

const canvases = new Latest<MaskCanvas | null>();
const outlines = new Latest<Path2D>();

/** White where the mask is; null for an empty mask. */
export const maskCanvas = (mask: Mask): MaskCanvas | null => canvases.get(mask, () => makeCanvas(mask));

/** In pixels of the source frame. */
export const outlinePath = (mask: Mask): Path2D => outlines.get(mask, () => makePath(mask));

function makeCanvas(mask: Mask): MaskCanvas | null {
  const pixels = maskPixels(mask);
  if (!pixels) return null;
  const canvas = new OffscreenCanvas(pixels.width, pixels.height);
  canvas.getContext("2d")!.putImageData(new ImageData(pixels.data, pixels.width, pixels.height), 0, 0);
  return { canvas, x: pixels.x, y: pixels.y };
}

function makePath(mask: Mask): Path2D {
  const path = new Path2D();
  const segments = maskOutline(mask);
  for (let at = 0; at < segments.length; at += 4) {
    path.moveTo(segments[at]!, segments[at + 1]!);
    path.lineTo(segments[at + 2]!, segments[at + 3]!);
  }
  return path;
}

/** The canvas in one colour. */
export function tinted({ canvas, x, y }: MaskCanvas, colour: string): MaskCanvas {
  const copy = new OffscreenCanvas(canvas.width, canvas.height);
  const context = copy.getContext("2d")!;
  context.drawImage(canvas, 0, 0);
  context.globalCompositeOperation = "source-in";
  context.fillStyle = colour;
  context.fillRect(0, 0, copy.width, copy.height);
  return { canvas: copy, x, y };
}
