/** Brush and lasso: strokes become a mask prompt. In the page. */

import { encodeMask } from "../../worker/mask-rle.ts";
import type { Mask } from "../../worker/protocol.ts";
import { maskCanvas } from "../masks/mask-canvases.ts";
import type { Point, Size } from "./view-transform.ts";

export interface Stroke {
  kind: "brush" | "lasso";
  /** Pixels of the source frame. */
  points: Point[];
  /** Diameter in pixels of the source frame; the lasso has none. */
  size: number;
  erases: boolean;
}

/** Alpha from which a painted pixel belongs to the mask: the middle of an anti-aliased edge. */
const INSIDE = 128;

/** `before`: the mask to paint on; null starts with an empty one. */
export function paintedMask(source: Size, before: Mask | null, stroke: Stroke): Mask {
  const canvas = new OffscreenCanvas(source.width, source.height);
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  const whole = { x0: 0, y0: 0, x1: source.width, y1: source.height };
  const white = before && maskCanvas(before, { cell: 1, window: whole }, "#ffffff");
  if (white) context.drawImage(white.canvas, white.x, white.y);
  context.globalCompositeOperation = stroke.erases ? "destination-out" : "source-over";
  drawStroke(context, stroke, "#fff");
  const { data } = context.getImageData(0, 0, source.width, source.height);
  const inside = new Uint8Array(source.width * source.height);
  for (let at = 0; at < inside.length; at++) inside[at] = data[at * 4 + 3]! >= INSIDE ? 1 : 0;
  return encodeMask(inside, source.width, source.height);
}

/** Draws a stroke in source units; also the preview while the pointer is down. */
export function drawStroke(
  context: CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D,
  stroke: Stroke,
  colour: string,
): void {
  const [first, ...rest] = stroke.points;
  if (!first) return;
  context.beginPath();
  context.moveTo(first.x, first.y);
  for (const point of rest.length > 0 ? rest : [first]) context.lineTo(point.x, point.y);
  context.fillStyle = colour;
  context.strokeStyle = colour;
  if (stroke.kind === "lasso") {
    context.closePath();
    context.fill();
    return;
  }
  context.lineCap = "round";
  context.lineJoin = "round";
  context.lineWidth = stroke.size;
  context.stroke();
}
