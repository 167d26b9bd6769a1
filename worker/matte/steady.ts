/**
 * Runs anywhere: less chatter. An outline that jumps from frame to frame, while the object moves smoothly,
 * is averaged with its neighbours in time.
 *
 * [Note: no lag] Neighbours are carried along with the object's movement. Where they still disagree with
 * this frame by more than chatter would, they have no say; and they count in pairs, as many before as
 * after, so that an even movement that was not compensated cancels out.
 */
import { MODEL_SIDE } from "./reduced-grid.ts";
import { type Affine, distanceAt, motionBetween, type Shape } from "./shape-motion.ts";

/** How far each cell's edge is to be moved, pixels; positive grows. Cells of the frame's lattice. */
export interface EdgeShift {
  step: number;
  column: number;
  row: number;
  width: number;
  height: number;
  pixels: Float32Array;
  /** Largest amount, either way. */
  most: number;
}

/** Frames to each side that have a say. */
export const STEADY_REACH = 3;
/** Chatter's size in cells of the model's map; disagreement beyond it is movement. */
const CHATTER_CELLS = 0.35;
const LEAST_CHATTER_PIXELS = 0.75;
/** Cells beside the edge for which a shift is computed. */
const BAND = 6;

/**
 * `neighbours[i]` are the shapes i + 1 frames before and after; pairs end at the first one missing (clip's
 * end, cut, hidden). `strength` 0 to 1; null where there is nothing to do.
 */
export function steadyShift(
  here: Shape,
  neighbours: readonly [Shape | null, Shape | null][],
  strength: number,
  frame: { width: number; height: number },
  side = MODEL_SIDE,
): EdgeShift | null {
  const pairs: [Shape, Shape][] = [];
  for (const [before, after] of neighbours) {
    if (!before || !after) break;
    pairs.push([before, after]);
  }
  if (strength === 0 || pairs.length === 0) return null;
  const carried = pairs.flat().map((shape) => ({ shape, motion: motionBetween(here, shape) }));
  const modelCell = Math.sqrt(frame.width * frame.height) / side;
  const chatter = Math.max(LEAST_CHATTER_PIXELS, CHATTER_CELLS * modelCell) / here.step;
  return shiftsOf(here, carried, chatter, strength);
}

function shiftsOf(
  here: Shape,
  carried: readonly { shape: Shape; motion: Affine }[],
  chatter: number,
  strength: number,
): EdgeShift {
  const { width, height, distance } = here.field;
  const pixels = new Float32Array(width * height);
  let most = 0;
  for (let j = 0, i = 0; j < height; j++)
    for (let k = 0; k < width; k++, i++) {
      const own = distance[i]!;
      if (Math.abs(own) > BAND) continue;
      pixels[i] =
        strength * here.step * meanDisagreement(own, here.column + k, here.row + j, carried, chatter);
      most = Math.max(most, Math.abs(pixels[i]!));
    }
  return { step: here.step, column: here.column, row: here.row, width, height, pixels, most };
}

/** Cells; a neighbour's say falls with its disagreement, and is nothing beyond chatter. */
function meanDisagreement(
  own: number,
  x: number,
  y: number,
  carried: readonly { shape: Shape; motion: Affine }[],
  chatter: number,
): number {
  let [sum, weights] = [0, 1];
  for (let n = 0; n < carried.length; n += 2) {
    const before = disagreement(carried[n]!, own, x, y);
    const after = disagreement(carried[n + 1]!, own, x, y);
    // One weight for the pair: else an edge that moves would follow the side it agrees with.
    const off = Math.max(Math.abs(before + after) / 2, Math.min(Math.abs(before), Math.abs(after)));
    const weight = Math.max(0, 1 - (off / (2 * chatter)) ** 2);
    const limit = Math.abs(before) > 4 * chatter || Math.abs(after) > 4 * chatter ? 0 : weight;
    sum += limit * (before + after);
    weights += 2 * limit;
  }
  return sum / weights;
}

function disagreement(
  { shape, motion: [a, b, c, d, e, f] }: { shape: Shape; motion: Affine },
  own: number,
  x: number,
  y: number,
): number {
  return distanceAt(shape, a * x + b * y + c, d * x + e * y + f) - own;
}

/** Bilinear, in pixels, at a pixel of the frame. */
export function shiftAt(shift: EdgeShift, x: number, y: number): number {
  const u = Math.min(shift.width - 1, Math.max(0, (x + 0.5) / shift.step - 0.5 - shift.column));
  const v = Math.min(shift.height - 1, Math.max(0, (y + 0.5) / shift.step - 0.5 - shift.row));
  const i = Math.floor(u);
  const j = Math.floor(v);
  const right = i + 1 < shift.width ? 1 : 0;
  const down = j + 1 < shift.height ? shift.width : 0;
  const at = j * shift.width + i;
  const { pixels } = shift;
  const top = pixels[at]! + (pixels[at + right]! - pixels[at]!) * (u - i);
  const bottom = pixels[at + down]! + (pixels[at + down + right]! - pixels[at + down]!) * (u - i);
  return top + (bottom - top) * (v - j);
}
