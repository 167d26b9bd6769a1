/**
 * Runs anywhere: how much an outline boils. A still edge that jumps by a pixel on every frame has a good J
 * and F and is unusable; this number sees it.
 *
 * From a frame to the next, points of the outline are carried along with the picture (block matching
 * around each point), and the distance from where they arrive to the next frame's outline is the chatter.
 * Movement along the edge, which block matching can't see, doesn't change that distance.
 */
import { type BinaryMask, isEmpty } from "./binary-mask.ts";
import { boundaryPixels } from "./jaccard-and-boundary.ts";

/** Brightness of a frame, 0 to 255, row by row. */
export interface LumaPicture {
  width: number;
  height: number;
  data: Uint8Array;
}

export interface OutlineFrame {
  mask: BinaryMask;
  luma: LumaPicture;
}

/** Outline points per pair of frames: enough for a mean to within a few percent. */
const POINTS = 160;
/** Pixels to each side of a point that must match: a window of 13 by 13. */
const WINDOW = 6;
/** Pixels that content may move between two frames. */
const REACH = 12;
/** Pixels; more is a wrong region, which J already says, not a boiling edge. */
const LARGEST_JUMP = 8;

/** Mean distance in pixels between the carried and the new outline; null when either frame has none. */
export function chatterBetween(before: OutlineFrame, after: OutlineFrame): number | null {
  if (isEmpty(before.mask) || isEmpty(after.mask)) return null;
  const outline = boundaryPixels(before.mask);
  const target = boundaryPixels(after.mask);
  if (outline.length === 0 || target.length === 0) return null;
  const arrived = pixelsAsMask(target, after.mask);
  const jumps = samplePoints(outline).map((point) => jump(point, before.luma, after.luma, arrived));
  return jumps.reduce((sum, value) => sum + value, 0) / jumps.length;
}

/** Rec. 601 luma of RGBA pixels. */
export function lumaOf(picture: { width: number; height: number; data: Uint8ClampedArray }): LumaPicture {
  const { width, height, data } = picture;
  const luma = new Uint8Array(width * height);
  for (let i = 0; i < luma.length; i++) {
    luma[i] = (77 * data[i * 4]! + 150 * data[i * 4 + 1]! + 29 * data[i * 4 + 2]!) >> 8;
  }
  return { width, height, data: luma };
}

function samplePoints(outline: Int32Array): number[] {
  const step = Math.max(1, Math.ceil(outline.length / POINTS));
  return Array.from(outline).filter((_, i) => i % step === 0);
}

function pixelsAsMask(pixels: Int32Array, { width, height }: BinaryMask): BinaryMask {
  const data = new Uint8Array(width * height);
  for (const pixel of pixels) data[pixel] = 1;
  return { width, height, data };
}

function jump(point: number, before: LumaPicture, after: LumaPicture, outline: BinaryMask): number {
  const { width, height } = before;
  const x = point % width;
  const y = (point - x) / width;
  const { dx, dy } = displacement(x, y, before, after);
  return distanceTo(outline, clamp(x + dx, width), clamp(y + dy, height));
}

/** Pixels to the nearest one of the mask; `LARGEST_JUMP` when there is none as near. */
function distanceTo({ width, height, data }: BinaryMask, x: number, y: number): number {
  let nearest = LARGEST_JUMP * LARGEST_JUMP;
  for (let v = Math.max(0, y - LARGEST_JUMP); v <= Math.min(height - 1, y + LARGEST_JUMP); v++) {
    for (let u = Math.max(0, x - LARGEST_JUMP); u <= Math.min(width - 1, x + LARGEST_JUMP); u++) {
      if (data[v * width + u]) nearest = Math.min(nearest, (u - x) ** 2 + (v - y) ** 2);
    }
  }
  return Math.sqrt(nearest);
}

/** Where the content around a pixel has gone; of equally good places the nearest one. */
function displacement(x: number, y: number, before: LumaPicture, after: LumaPicture) {
  let best = { dx: 0, dy: 0, error: windowError(x, y, 0, 0, before, after, Number.POSITIVE_INFINITY) };
  for (const { dx, dy } of NEAREST_FIRST) {
    if (best.error === 0) break;
    const error = windowError(x, y, dx, dy, before, after, best.error);
    if (error < best.error) best = { dx, dy, error };
  }
  return best;
}

const NEAREST_FIRST = displacementsNearestFirst();

function displacementsNearestFirst(): { dx: number; dy: number }[] {
  const side = Array.from({ length: 2 * REACH + 1 }, (_, i) => i - REACH);
  const all = side.flatMap((dy) => side.map((dx) => ({ dx, dy })));
  return all.sort((a, b) => a.dx * a.dx + a.dy * a.dy - (b.dx * b.dx + b.dy * b.dy)).slice(1);
}

/** Sum of absolute differences; stops above `limit`. Outside of the frame its edge is repeated. */
function windowError(
  x: number,
  y: number,
  dx: number,
  dy: number,
  before: LumaPicture,
  after: LumaPicture,
  limit: number,
): number {
  const { width, height } = before;
  let error = 0;
  for (let oy = -WINDOW; oy <= WINDOW && error < limit; oy++) {
    const rowBefore = clamp(y + oy, height) * width;
    const rowAfter = clamp(y + oy + dy, height) * width;
    for (let ox = -WINDOW; ox <= WINDOW; ox++) {
      const there = after.data[rowAfter + clamp(x + ox + dx, width)]!;
      error += Math.abs(before.data[rowBefore + clamp(x + ox, width)]! - there);
    }
  }
  return error;
}

function clamp(value: number, length: number): number {
  return value < 0 ? 0 : value >= length ? length - 1 : value;
}
