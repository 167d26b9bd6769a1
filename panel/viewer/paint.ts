/** Draws the viewer: picture, masks, hover. In the page; knows canvases, no signals. */
import type { Mask } from "../../worker/protocol.ts";
import { maskCanvas, outlinePath, tinted } from "../masks/mask-canvases.ts";
import type { Backdrop, ViewMode } from "../ui/preferences.ts";
import type { Size, ViewTransform } from "./view-transform.ts";

export interface PaintLayer {
  mask: Mask;
  colour: string;
  operation: "add" | "subtract";
  selected: boolean;
}

export interface Scene {
  view: ViewTransform;
  /** CSS pixels. */
  viewer: Size;
  pixelRatio: number;
  source: Size;
  picture: ImageBitmap | null;
  layers: PaintLayer[];
  mode: ViewMode;
  backdrop: Backdrop;
  /** 0 to 1 */
  opacity: number;
  wipe: number;
  hover: { mask: Mask; colour: string } | null;
  /** The cut-out as it will be exported, size of the source; takes the place of the hard masks. */
  treated: ImageBitmap | null;
}

type Context = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

const CHECK = 8;

export function paint(context: CanvasRenderingContext2D, scene: Scene): void {
  const { viewer, pixelRatio } = scene;
  context.setTransform(pixelRatio, 0, 0, pixelRatio, 0, 0);
  context.clearRect(0, 0, viewer.width, viewer.height);
  if (scene.mode === "matte") paintMatte(context, scene);
  else if (scene.mode === "cutout") paintCutout(context, scene);
  else if (scene.mode === "wipe") paintWipe(context, scene);
  else paintOverlay(context, scene);
  if (scene.hover) paintHover(context, scene, scene.hover);
}

/** From here on one unit is one source pixel. */
function toSourceUnits(context: CanvasRenderingContext2D, { view, pixelRatio }: Scene): void {
  const scale = view.scale * pixelRatio;
  // Whole device pixels: otherwise a 1:1 picture is resampled.
  const offset = (value: number) => Math.round(value * pixelRatio);
  context.setTransform(scale, 0, 0, scale, offset(view.x), offset(view.y));
  context.imageSmoothingEnabled = scale < 2;
  context.imageSmoothingQuality = "high";
}

function paintPicture(context: CanvasRenderingContext2D, scene: Scene): void {
  toSourceUnits(context, scene);
  const { picture, source } = scene;
  if (picture) context.drawImage(picture, 0, 0, source.width, source.height);
}

function paintOverlay(context: CanvasRenderingContext2D, scene: Scene): void {
  paintPicture(context, scene);
  if (scene.treated) {
    paintTreated(context, scene);
    return;
  }
  for (const layer of scene.layers) {
    if (scene.mode === "overlay") fillMask(context, layer, scene.opacity);
    strokeMask(context, scene, layer);
  }
}

function fillMask(
  context: Context,
  { mask, colour }: Pick<PaintLayer, "mask" | "colour">,
  opacity: number,
): void {
  const white = maskCanvas(mask);
  if (!white) return;
  const { canvas, x, y } = tinted(white, colour);
  context.globalAlpha = opacity;
  context.drawImage(canvas, x, y);
  context.globalAlpha = 1;
}

function strokeMask(context: CanvasRenderingContext2D, scene: Scene, layer: PaintLayer): void {
  const path = outlinePath(layer.mask);
  const pixel = 1 / scene.view.scale;
  context.lineCap = "square";
  context.setLineDash(layer.operation === "subtract" ? [5 * pixel, 4 * pixel] : []);
  // A dark line under the coloured one keeps the outline legible on a picture of the same colour.
  context.strokeStyle = "rgba(0, 0, 0, 0.55)";
  context.lineWidth = (layer.selected ? 3.5 : 2.5) * pixel;
  context.stroke(path);
  context.strokeStyle = layer.colour;
  context.lineWidth = (layer.selected ? 1.75 : 1) * pixel;
  context.stroke(path);
  context.setLineDash([]);
}

function paintTreated(context: CanvasRenderingContext2D, scene: Scene): void {
  const colour = (scene.layers.find(({ selected }) => selected) ?? scene.layers[0])?.colour ?? "#fff";
  const { canvas } = tinted({ canvas: mergedMatte(scene), x: 0, y: 0 }, colour);
  context.globalAlpha = scene.opacity;
  context.drawImage(canvas, 0, 0);
  context.globalAlpha = 1;
}

/** White matte of all layers in order, transparent elsewhere; size of the source. */
function mergedMatte({ source, layers, treated }: Scene): OffscreenCanvas {
  const canvas = new OffscreenCanvas(source.width, source.height);
  const context = canvas.getContext("2d")!;
  if (treated) {
    context.drawImage(treated, 0, 0);
    context.globalCompositeOperation = "source-in";
    context.fillStyle = "#fff";
    context.fillRect(0, 0, source.width, source.height);
    return canvas;
  }
  for (const { mask, operation } of layers) {
    const white = maskCanvas(mask);
    if (!white) continue;
    context.globalCompositeOperation = operation === "add" ? "source-over" : "destination-out";
    context.drawImage(white.canvas, white.x, white.y);
  }
  return canvas;
}

function paintMatte(context: CanvasRenderingContext2D, scene: Scene): void {
  toSourceUnits(context, scene);
  context.fillStyle = "#000";
  context.fillRect(0, 0, scene.source.width, scene.source.height);
  context.drawImage(mergedMatte(scene), 0, 0);
}

function paintCutout(context: CanvasRenderingContext2D, scene: Scene): void {
  paintBackdrop(context, scene);
  toSourceUnits(context, scene);
  if (scene.treated) {
    context.drawImage(scene.treated, 0, 0);
    return;
  }
  const cut = mergedMatte(scene);
  if (!scene.picture) return;
  const inner = cut.getContext("2d")!;
  inner.globalCompositeOperation = "source-in";
  inner.drawImage(scene.picture, 0, 0, scene.source.width, scene.source.height);
  context.drawImage(cut, 0, 0);
}

function paintBackdrop(context: CanvasRenderingContext2D, scene: Scene): void {
  toSourceUnits(context, scene);
  const { width, height } = scene.source;
  const plain = { black: "#000", white: "#fff", green: "#00b140" } as const;
  context.fillStyle = scene.backdrop === "checker" ? checker(context, scene) : plain[scene.backdrop];
  context.fillRect(0, 0, width, height);
}

function checker(context: CanvasRenderingContext2D, { view }: Scene): CanvasPattern | string {
  const tile = new OffscreenCanvas(2 * CHECK, 2 * CHECK);
  const inner = tile.getContext("2d")!;
  inner.fillStyle = "#8a8a8a";
  inner.fillRect(0, 0, 2 * CHECK, 2 * CHECK);
  inner.fillStyle = "#bdbdbd";
  inner.fillRect(0, 0, CHECK, CHECK);
  inner.fillRect(CHECK, CHECK, CHECK, CHECK);
  const pattern = context.createPattern(tile, "repeat");
  pattern?.setTransform(new DOMMatrix().scale(1 / view.scale));
  return pattern ?? "#999";
}

/** Left of the line the picture as it came, right of it what will be cut out. */
function paintWipe(context: CanvasRenderingContext2D, scene: Scene): void {
  const { width, height } = scene.source;
  const at = width * scene.wipe;
  paintCutout(context, scene);
  toSourceUnits(context, scene);
  context.save();
  context.beginPath();
  context.rect(0, 0, at, height);
  context.clip();
  paintPicture(context, scene);
  context.restore();
  context.fillStyle = "#fff";
  context.fillRect(at - 0.5 / scene.view.scale, 0, 1 / scene.view.scale, height);
}

function paintHover(
  context: CanvasRenderingContext2D,
  scene: Scene,
  hover: { mask: Mask; colour: string },
): void {
  toSourceUnits(context, scene);
  fillMask(context, hover, 0.22);
  const pixel = 1 / scene.view.scale;
  context.setLineDash([4 * pixel, 3 * pixel]);
  context.strokeStyle = "#fff";
  context.lineWidth = 1.25 * pixel;
  context.stroke(outlinePath(hover.mask));
  context.setLineDash([]);
}
