/**
 * Runs anywhere: the part of each frame that a zoomed pass looks at. Windows follow the object as a camera
 * operator would: smoothly, and always with all of it in the picture.
 */
import type { Box, Size } from "./alpha-region.ts";

/** Side of a window in longer sides of the object's box; measured: tests/MATTE.md, "Zoom". */
const ROOM = 2;
/** Frames to each side over which position and size are averaged. */
const REACH = 6;
/** A window must show the object at least so much larger than the frame does, or nothing is gained. */
const LEAST_GAIN = 1.6;

/** Centre and side in pixels of the frame. */
interface View {
  x: number;
  y: number;
  side: number;
}

/**
 * One window a frame, all inside the frame. `boxes`: where the object is, null where it is hidden; windows
 * wait there for its return. `leastSide`: below it a window shows no more than its pixels already do.
 * Null where the object is hidden throughout, or too large for a zoomed pass to gain anything.
 */
export function zoomWindows(boxes: readonly (Box | null)[], frame: Size, leastSide: number): Box[] | null {
  const views = boxes.map((box) => box && viewOf(box, leastSide));
  const seen = views.filter((view) => view !== null);
  if (seen.length === 0 || !isWorthwhile(seen, frame)) return null;
  const whole = filled(views);
  return whole.map((_, index) => windowAround(smoothed(whole, index), boxes[index] ?? null, frame));
}

function viewOf({ x, y, width, height }: Box, leastSide: number): View {
  const side = Math.max(leastSide, ROOM * Math.max(width, height));
  return { x: x + width / 2, y: y + height / 2, side };
}

/** By the typical frame: a track that spills over for a moment doesn't decide. */
function isWorthwhile(views: readonly View[], { width, height }: Size): boolean {
  const sides = views.map(({ side }) => side).sort((a, b) => a - b);
  const typical = sides[Math.floor(sides.length / 2)] as number;
  return Math.sqrt(width * height) / typical >= LEAST_GAIN;
}

/** Where the object is hidden, the view of the nearest frame that shows it (the earlier one on a tie). */
function filled(views: readonly (View | null)[]): View[] {
  return views.map((view, index) => {
    for (let away = 0; away < views.length; away++) {
      const found = view ?? views[index - away] ?? views[index + away];
      if (found) return found;
    }
    throw new Error("Expected one view at least.");
  });
}

/** Weights fall evenly to both sides; sides are averaged as ratios. */
function smoothed(views: readonly View[], index: number): View {
  let [total, x, y, logSide] = [0, 0, 0, 0];
  for (let offset = -REACH; offset <= REACH; offset++) {
    const view = views[index + offset];
    if (!view) continue;
    const weight = REACH + 1 - Math.abs(offset);
    total += weight;
    x += weight * view.x;
    y += weight * view.y;
    logSide += weight * Math.log(view.side);
  }
  return { x: x / total, y: y / total, side: Math.exp(logSide / total) };
}

/** Room that is kept around the object on a frame where it outruns the average, in its longer sides. */
const LEAST_ROOM = 0.15;

/** Whole pixels; shifted where it would leave the frame, so that an object at the border lies at the window's. */
function windowAround({ x, y, side }: View, box: Box | null, frame: Size): Box {
  const across = along(x, side, box && [box.x, box.width], frame.width, box);
  const down = along(y, side, box && [box.y, box.height], frame.height, box);
  return { x: across.from, y: down.from, width: across.length, height: down.length };
}

function along(
  centre: number,
  side: number,
  extent: [from: number, length: number] | null,
  limit: number,
  box: Box | null,
): { from: number; length: number } {
  let [from, to] = [centre - side / 2, centre + side / 2];
  if (extent && box) {
    const room = LEAST_ROOM * Math.max(box.width, box.height);
    from = Math.min(from, extent[0] - room);
    to = Math.max(to, extent[0] + extent[1] + room);
  }
  const length = Math.min(limit, Math.max(1, Math.round(to - from)));
  return { from: Math.min(limit - length, Math.max(0, Math.round(from))), length };
}
