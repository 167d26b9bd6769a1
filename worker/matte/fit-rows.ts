/** Runs anywhere: what a frame asks of its path, as rows of linear equations, and what they do to its numbers. */
import { type Basis, basisAt, slopeAt, valueAt } from "./outline-places.ts";
import { NUMBERS_PER_VERTEX, type PathVector } from "./path-vector.ts";

/** What landmarks and samples of a frame ask of its path: `factors` times eight of its numbers is to be `across`. */
export interface Rows {
  /** First number of the segment's first and second vertex. */
  from: Int32Array;
  to: Int32Array;
  /** Eight a row: first vertex x and y, its out tangent, the second one's in tangent, the second vertex. */
  factors: Float64Array;
  /** Pixels from the path, across it, times the root of the row's weight. */
  across: Float64Array;
}

/** Pixels; nearer than this, noise decides on the direction. */
const CLEAR = 0.5;

export function emptyRows(count: number): Rows {
  return {
    from: new Int32Array(count),
    to: new Int32Array(count),
    factors: new Float64Array(count * 8),
    across: new Float64Array(count),
  };
}

/**
 * The point of the path at `place` is to move towards x, y: straight there, which is across the path but for
 * its corners; across it where that is too near to have a direction.
 */
export function setRow(
  rows: Rows,
  row: number,
  path: PathVector,
  place: number,
  x: number,
  y: number,
  weight: number,
): void {
  const segment = Math.floor(place);
  const basis = basisAt(place - segment);
  const dx = x - valueAt(path, segment, basis, 0);
  const dy = y - valueAt(path, segment, basis, 1);
  const distance = Math.hypot(dx, dy);
  let nx = dx;
  let ny = dy;
  if (distance < CLEAR) {
    const slope = slopeAt(place - segment);
    nx = -valueAt(path, segment, slope, 1);
    ny = valueAt(path, segment, slope, 0);
  }
  const scale = weight / (Math.hypot(nx, ny) || 1);
  nx *= scale;
  ny *= scale;
  rows.from[row] = segment * NUMBERS_PER_VERTEX;
  rows.to[row] = ((segment + 1) * NUMBERS_PER_VERTEX) % path.length;
  for (let i = 0; i < 4; i++) {
    rows.factors[row * 8 + i * 2] = basis[i]! * nx;
    rows.factors[row * 8 + i * 2 + 1] = basis[i]! * ny;
  }
  rows.across[row] = nx * dx + ny * dy;
}

/** `basis` times the numbers of the segment from number `from` on, on one axis, is to be `target`. */
export function setTie(
  rows: Rows,
  row: number,
  path: PathVector,
  from: number,
  basis: Basis,
  axis: number,
  target: number,
): void {
  rows.from[row] = from;
  rows.to[row] = (from + NUMBERS_PER_VERTEX) % path.length;
  for (let i = 0; i < 4; i++) rows.factors[row * 8 + i * 2 + axis] = basis[i]!;
  rows.across[row] = target - valueAt(path, from / NUMBERS_PER_VERTEX, basis, axis === 0 ? 0 : 1);
}

/** How the rows pull at the numbers of their frame's path; returns `pull`. */
export function pullOf({ from, to, factors, across }: Rows, pull: PathVector): PathVector {
  pull.fill(0);
  for (let row = 0; row < across.length; row++)
    addPull(pull, factors, row * 8, from[row]!, to[row]!, across[row]!);
  return pull;
}

function addPull(
  pull: PathVector,
  factors: Float64Array,
  at: number,
  from: number,
  to: number,
  across: number,
): void {
  pull[from]! += factors[at]! * across;
  pull[from + 1]! += factors[at + 1]! * across;
  pull[from + 4]! += factors[at + 2]! * across;
  pull[from + 5]! += factors[at + 3]! * across;
  pull[to + 2]! += factors[at + 4]! * across;
  pull[to + 3]! += factors[at + 5]! * across;
  pull[to]! += factors[at + 6]! * across;
  pull[to + 1]! += factors[at + 7]! * across;
}

/** The same for how far the rows' places move when the path changes by `path`. */
export function normalPull(
  { from, to, factors, across }: Rows,
  path: PathVector,
  pull: PathVector,
): PathVector {
  pull.fill(0);
  for (let row = 0, at = 0; row < across.length; row++, at += 8) {
    const a = from[row]!;
    const b = to[row]!;
    const moved =
      factors[at]! * path[a]! +
      factors[at + 1]! * path[a + 1]! +
      factors[at + 2]! * path[a + 4]! +
      factors[at + 3]! * path[a + 5]! +
      factors[at + 4]! * path[b + 2]! +
      factors[at + 5]! * path[b + 3]! +
      factors[at + 6]! * path[b]! +
      factors[at + 7]! * path[b + 1]!;
    addPull(pull, factors, at, a, b, moved);
  }
  return pull;
}

/** The diagonal of the frame's own normal equations. */
export function squaresOf({ from, to, factors }: Rows, pull: PathVector): PathVector {
  pull.fill(0);
  const squares = factors.map((factor) => factor * factor);
  for (let row = 0; row < from.length; row++) addPull(pull, squares, row * 8, from[row]!, to[row]!, 1);
  return pull;
}
