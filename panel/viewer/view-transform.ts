/** Where the picture lies in the viewer: fit, zoom to the cursor, pan. Pure; CSS pixels. */

export interface Size {
  width: number;
  height: number;
}

export interface Point {
  x: number;
  y: number;
}

/** Viewer = source * scale + offset. `mode` says whether it follows the viewer's size. */
export interface ViewTransform {
  mode: "fit" | "free";
  scale: number;
  x: number;
  y: number;
}

/** 64 screen pixels a source pixel: enough to see one, and within what a canvas draws exactly. */
const MAX_SCALE = 64;
const MARGIN = 12;

export function fitted(source: Size, viewer: Size): ViewTransform {
  const room = (size: number) => Math.max(1, size - 2 * MARGIN);
  const scale = Math.min(room(viewer.width) / source.width, room(viewer.height) / source.height);
  return { mode: "fit", ...centred(source, viewer, scale) };
}

export function atScale(source: Size, viewer: Size, scale: number): ViewTransform {
  return { mode: "free", ...centred(source, viewer, scale) };
}

const centred = (source: Size, viewer: Size, scale: number) => ({
  scale,
  x: (viewer.width - source.width * scale) / 2,
  y: (viewer.height - source.height * scale) / 2,
});

/** Zooms by `factor`; the source pixel under `anchor` stays where it is. */
export function zoomAt(
  view: ViewTransform,
  anchor: Point,
  factor: number,
  source: Size,
  viewer: Size,
): ViewTransform {
  const least = Math.min(1, fitted(source, viewer).scale) / 4;
  const scale = Math.min(MAX_SCALE, Math.max(least, view.scale * factor));
  const ratio = scale / view.scale;
  return {
    mode: "free",
    scale,
    x: anchor.x - (anchor.x - view.x) * ratio,
    y: anchor.y - (anchor.y - view.y) * ratio,
  };
}

export const pan = (view: ViewTransform, dx: number, dy: number): ViewTransform => ({
  ...view,
  mode: "free",
  x: view.x + dx,
  y: view.y + dy,
});

export const toSource = (view: ViewTransform, point: Point): Point => ({
  x: (point.x - view.x) / view.scale,
  y: (point.y - view.y) / view.scale,
});

export const toViewer = (view: ViewTransform, point: Point): Point => ({
  x: point.x * view.scale + view.x,
  y: point.y * view.scale + view.y,
});
