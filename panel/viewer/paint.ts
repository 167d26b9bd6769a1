/** Draws the viewer: picture, masks, hover. In the page; knows canvases, no signals. */
import type { Mask } from "../../worker/protocol.ts";
import { maskCanvas, outlinePath } from "../masks/mask-canvases.ts";
import { type Detail, detailAt } from "../masks/mask-grid.ts";
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
const WHITE = "#ffffff";

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
function toSourceUnits(context: Context, { view, pixelRatio }: Scene): void {
  const scale = view.scale * pixelRatio;
  // Whole device pixels: otherwise a 1:1 picture is resampled.
  const offset = (value: number) => Math.round(value * pixelRatio);
  context.setTransform(scale, 0, 0, scale, offset(view.x), offset(view.y));
  context.imageSmoothingEnabled = scale < 2;
  context.imageSmoothingQuality = "low";
}

/** A bitmap of the whole source, in whatever size it came. */
function drawSource(context: Context, scene: Scene, bitmap: ImageBitmap): void {
  const { view, pixelRatio, source } = scene;
  const scale = (view.scale * pixelRatio * source.width) / bitmap.width;
  // Slow, and of use only where pixels would be left out; pictures mostly come as small as they are shown.
  if (scale < 0.5) context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, source.width, source.height);
  context.imageSmoothingQuality = "low";
}

function paintPicture(context: CanvasRenderingContext2D, scene: Scene): void {
  toSourceUnits(context, scene);
  if (scene.picture) drawSource(context, scene, scene.picture);
}

/** How finely masks are drawn, and which part of them. */
function detailOf({ view, viewer, pixelRatio }: Scene): Detail {
  const [x0, y0] = [-view.x / view.scale, -view.y / view.scale];
  const visible = { x0, y0, x1: x0 + viewer.width / view.scale, y1: y0 + viewer.height / view.scale };
  return detailAt(view.scale * pixelRatio, visible);
}

function paintOverlay(context: CanvasRenderingContext2D, scene: Scene): void {
  paintPicture(context, scene);
  if (scene.treated) {
    paintTreated(context, scene);
    return;
  }
  for (const layer of scene.layers) {
    if (scene.mode === "overlay") fillMask(context, scene, layer, scene.opacity);
    strokeMask(context, scene, layer);
  }
}

function fillMask(
  context: Context,
  scene: Scene,
  { mask, colour }: Pick<PaintLayer, "mask" | "colour">,
  opacity: number,
): void {
  const filled = maskCanvas(mask, detailOf(scene), colour);
  if (!filled) return;
  context.globalAlpha = opacity;
  context.drawImage(filled.canvas, filled.x, filled.y, filled.width, filled.height);
  context.globalAlpha = 1;
}

function strokeMask(context: CanvasRenderingContext2D, scene: Scene, layer: PaintLayer): void {
  const path = outlinePath(layer.mask, detailOf(scene));
  const pixel = 1 / scene.view.scale;
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
  const colour = (scene.layers.find(({ selected }) => selected) ?? scene.layers[0])?.colour ?? WHITE;
  const matte = mergedMatte(scene);
  fillInside(matte, colour);
  context.globalAlpha = scene.opacity;
  stamp(context, matte);
  context.globalAlpha = 1;
}

/** White matte of all layers in order, transparent elsewhere; device pixels of the viewer, in source units. */
function mergedMatte(scene: Scene): OffscreenCanvasRenderingContext2D {
  const { viewer, pixelRatio, layers, treated } = scene;
  const size = (length: number) => Math.max(1, Math.round(length * pixelRatio));
  const context = new OffscreenCanvas(size(viewer.width), size(viewer.height)).getContext("2d")!;
  toSourceUnits(context, scene);
  if (treated) {
    drawSource(context, scene, treated);
    fillInside(context, WHITE);
    return context;
  }
  for (const { mask, operation } of layers) {
    context.globalCompositeOperation = operation === "add" ? "source-over" : "destination-out";
    fillMask(context, scene, { mask, colour: WHITE }, 1);
  }
  return context;
}

/** What is there already, in one colour. */
function fillInside(context: OffscreenCanvasRenderingContext2D, colour: string): void {
  const { width, height } = context.canvas;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.globalCompositeOperation = "source-in";
  context.fillStyle = colour;
  context.fillRect(0, 0, width, height);
}

/** Device pixel upon device pixel. */
function stamp(context: CanvasRenderingContext2D, { canvas }: OffscreenCanvasRenderingContext2D): void {
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.drawImage(canvas, 0, 0);
}

function paintMatte(context: CanvasRenderingContext2D, scene: Scene): void {
  toSourceUnits(context, scene);
  context.fillStyle = "#000";
  context.fillRect(0, 0, scene.source.width, scene.source.height);
  stamp(context, mergedMatte(scene));
}

function paintCutout(context: CanvasRenderingContext2D, scene: Scene): void {
  paintBackdrop(context, scene);
  if (scene.treated) {
    drawSource(context, scene, scene.treated);
    return;
  }
  if (!scene.picture) return;
  const cut = mergedMatte(scene);
  cut.globalCompositeOperation = "source-in";
  toSourceUnits(cut, scene);
  drawSource(cut, scene, scene.picture);
  stamp(context, cut);
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
  fillMask(context, scene, hover, 0.22);
  const pixel = 1 / scene.view.scale;
  context.setLineDash([4 * pixel, 3 * pixel]);
  context.strokeStyle = "#fff";
  context.lineWidth = 1.25 * pixel;
  context.stroke(outlinePath(hover.mask, detailOf(scene)));
  context.setLineDash([]);
}
