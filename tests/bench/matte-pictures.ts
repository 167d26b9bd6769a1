/** Runs in Node: edges at 400 % side by side (before, after, true), and paths over the mask that they follow. */
import { encode } from "fast-png";
import type { BinaryMask } from "../../worker/evaluation/binary-mask.ts";
import type { Picture } from "../../worker/frames/frame-source.ts";
import { type Box, boxOfMask, growBox } from "../../worker/matte/alpha-region.ts";
import { flattenPath } from "../../worker/matte/draw-path.ts";
import type { BezierPath } from "../../worker/matte/path-types.ts";

const ZOOM = 4;
/** Source pixels of each panel, at most. */
const SIDE = 150;

/** PNG bytes. */
export function edgePicture(picture: Picture, ...masks: BinaryMask[]): Uint8Array {
  const box = boxOfMask(masks.at(-1)!)!;
  const x0 = Math.max(0, Math.min(picture.width - SIDE, box.x - 10));
  const y0 = Math.max(0, Math.min(picture.height - SIDE, box.y - 10));
  const side = Math.min(SIDE, picture.width, picture.height);
  const width = side * ZOOM * masks.length;
  const height = side * ZOOM;
  const data = new Uint8Array(width * height * 3);
  for (let y = 0, at = 0; y < height; y++)
    for (let x = 0; x < width; x++, at += 3) {
      const mask = masks[Math.floor(x / (side * ZOOM))]!;
      const u = x0 + Math.floor((x % (side * ZOOM)) / ZOOM);
      const v = y0 + Math.floor(y / ZOOM);
      data.set(isEdge(mask, u, v, x % ZOOM, y % ZOOM) ? [255, 230, 0] : colourAt(picture, mask, u, v), at);
    }
  return encode({ width, height, data, channels: 3 });
}

/** Dimmed outside, so that the matte can be judged too. */
function colourAt({ width, data }: Picture, mask: BinaryMask, x: number, y: number): number[] {
  const pixel = (y * width + x) * 4;
  const light = mask.data[y * width + x] ? 1 : 0.55;
  return [data[pixel]! * light, data[pixel + 1]! * light, data[pixel + 2]! * light];
}

/** The first of the enlarged pixels along a side where the mask changes. */
function isEdge({ width, data }: BinaryMask, x: number, y: number, subX: number, subY: number): boolean {
  const here = data[y * width + x];
  return (
    (subX === 0 && x > 0 && data[y * width + x - 1] !== here) ||
    (subY === 0 && y > 0 && data[(y - 1) * width + x] !== here)
  );
}

type Colour = [number, number, number];
const YELLOW: Colour = [255, 230, 0];
const MAGENTA: Colour = [255, 0, 200];
/** Enlarged pixels of a path's line, and of the square of a vertex. */
const LINE = 1;
const VERTEX = 3;
/** Pixels around the mask. */
const MARGIN = 12;

/** PNG bytes: the mask's edge and the paths, enlarged so that single pixels show. */
export function pathPicture(picture: Picture, mask: BinaryMask, paths: readonly BezierPath[]): Uint8Array {
  const box = growBox(boxOfMask(mask)!, MARGIN, mask);
  const [width, height] = [box.width * ZOOM, box.height * ZOOM];
  const data = new Uint8Array(width * height * 3);
  for (let y = 0, at = 0; y < height; y++)
    for (let x = 0; x < width; x++, at += 3) {
      const [u, v] = [box.x + Math.floor(x / ZOOM), box.y + Math.floor(y / ZOOM)];
      data.set(isEdge(mask, u, v, x % ZOOM, y % ZOOM) ? YELLOW : colourAt(picture, mask, u, v), at);
    }
  const canvas = { width, height, data };
  for (const path of paths) drawOutline(canvas, path, box);
  return encode({ width, height, data, channels: 3 });
}

interface Canvas {
  width: number;
  height: number;
  data: Uint8Array;
}

function drawOutline(canvas: Canvas, path: BezierPath, box: Box): void {
  const place = (x: number, y: number): [number, number] => [(x - box.x) * ZOOM, (y - box.y) * ZOOM];
  const points = flattenPath(path, 64);
  for (let i = 0; i < points.length; i += 2) dot(canvas, place(points[i]!, points[i + 1]!), LINE);
  for (const { x, y } of path) dot(canvas, place(x, y), VERTEX);
}

function dot({ width, height, data }: Canvas, [x, y]: [number, number], reach: number): void {
  const [column, row] = [Math.round(x), Math.round(y)];
  for (let v = Math.max(0, row - reach); v <= Math.min(height - 1, row + reach); v++)
    for (let u = Math.max(0, column - reach); u <= Math.min(width - 1, column + reach); u++)
      data.set(MAGENTA, (v * width + u) * 3);
}
