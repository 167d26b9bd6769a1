/**
 * Runs anywhere: how an object's outline moves from one frame to another, as one affine movement found by
 * laying the outline of one onto the distance field of the other.
 */
import { type AlphaRegion, type Box, cropRegion } from "./alpha-region.ts";
import { type DistanceField, distanceField } from "./signed-distance.ts";

/** An object's outline on the reduced grid; cells of all frames lie on one lattice. */
export interface Shape {
  /** Pixels per cell. */
  step: number;
  /** First cell, counted from the frame's corner. */
  column: number;
  row: number;
  /** Distances in cells. */
  field: DistanceField;
  /** Cells' centres beside the edge, in cells of the frame: x, y … */
  outline: Float64Array;
  /** Mean of the outline. */
  centre: [number, number];
}

/** x' = a x + b y + c, y' = d x + e y + f; in cells of the frame. */
export type Affine = [number, number, number, number, number, number];

/** Cells around the matte that its distance field reaches. */
const ROOM = 8;

/** Null for a matte without any edge. */
export function shapeOf(region: AlphaRegion, step: number): Shape | null {
  const columns = cellsAround(region.x, region.width, step, region.frame.width);
  const rows = cellsAround(region.y, region.height, step, region.frame.height);
  const cells = { x: columns.from, y: rows.from, width: columns.count, height: rows.count };
  const reduced = reduceAlpha(region, cells, step);
  const field = distanceField(reduced);
  const outline = outlineOf(field, columns.from, rows.from);
  if (outline.length === 0) return null;
  return { step, column: columns.from, row: rows.from, field, outline, centre: meanOf(outline) };
}

function cellsAround(from: number, length: number, step: number, frameLength: number) {
  const first = Math.max(0, Math.floor(from / step) - ROOM);
  const last = Math.min(Math.ceil(frameLength / step), Math.ceil((from + length) / step) + ROOM);
  return { from: first, count: last - first };
}

function reduceAlpha(region: AlphaRegion, cells: Box, step: number): AlphaRegion {
  const { frame } = region;
  const box = {
    x: cells.x * step,
    y: cells.y * step,
    width: Math.min(cells.width * step, frame.width - cells.x * step),
    height: Math.min(cells.height * step, frame.height - cells.y * step),
  };
  const { alpha: source } = cropRegion(region, box);
  const alpha = new Float32Array(cells.width * cells.height);
  const counts = new Float32Array(cells.width * cells.height);
  for (let y = 0, i = 0; y < box.height; y++) {
    const row = Math.floor(y / step) * cells.width;
    for (let x = 0; x < box.width; x++, i++) {
      const cell = row + Math.floor(x / step);
      alpha[cell]! += source[i]!;
      counts[cell]! += 1;
    }
  }
  return { ...cells, frame, alpha: alpha.map((sum, i) => sum / counts[i]!) };
}

function outlineOf(field: DistanceField, column: number, row: number): Float64Array {
  const points: number[] = [];
  for (let i = 0; i < field.distance.length; i++) {
    if (Math.abs(field.distance[i]!) > 0.75) continue;
    const x = i % field.width;
    // Onto the edge itself.
    const back = -field.distance[i]!;
    points.push(
      column + x + field.inwardX[i]! * back,
      row + (i - x) / field.width + field.inwardY[i]! * back,
    );
  }
  return Float64Array.from(points);
}

function meanOf(points: Float64Array): [number, number] {
  let [x, y] = [0, 0];
  for (let i = 0; i < points.length; i += 2) {
    x += points[i]!;
    y += points[i + 1]!;
  }
  return [(x * 2) / points.length, (y * 2) / points.length];
}

/** Distance in cells at a place in cells of the frame; positive inside; bilinear, held at the border. */
export function distanceAt({ field, column, row }: Shape, x: number, y: number): number {
  const { width, height, distance } = field;
  const u = Math.min(width - 1, Math.max(0, x - column));
  const v = Math.min(height - 1, Math.max(0, y - row));
  const i = Math.min(Math.max(0, width - 2), Math.floor(u));
  const j = Math.min(Math.max(0, height - 2), Math.floor(v));
  const at = j * width + i;
  const right = width > 1 ? 1 : 0;
  const down = height > 1 ? width : 0;
  const top = distance[at]! + (distance[at + right]! - distance[at]!) * (u - i);
  const bottom = distance[at + down]! + (distance[at + down + right]! - distance[at + down]!) * (u - i);
  return top + (bottom - top) * (v - j);
}

const ROUNDS = 8;
const MOST_POINTS = 800;
/** Cells; outline that lies farther off than this does not follow the common movement. */
const OUTLIER = 3;
/** Draws turning and scaling to none, so that a straight outline cannot run off along itself. */
const STIFFNESS = 0.02;

/** The movement that lays `from`'s outline onto `to`'s edge (Gauss-Newton with Cauchy weights). */
export function motionBetween(from: Shape, to: Shape): Affine {
  const [cx, cy] = from.centre;
  const size = spread(from.outline, from.centre);
  // Parameters act on coordinates around the centre in units of the object's size.
  const shift = [to.centre[0] - cx, to.centre[1] - cy] as const;
  const p = new Float64Array([0, 0, shift[0], 0, 0, shift[1]]);
  for (let round = 0; round < ROUNDS; round++) {
    const step = newtonStep(from, to, p, size);
    for (let i = 0; i < 6; i++) p[i]! += step[i]!;
    if (step.every((value) => Math.abs(value) < 1e-3)) break;
  }
  const [a, b, c, d, e, f] = p as unknown as Affine;
  return [
    1 + a / size,
    b / size,
    c - (a * cx + b * cy) / size,
    d / size,
    1 + e / size,
    f - (d * cx + e * cy) / size,
  ];
}

function spread(points: Float64Array, [cx, cy]: [number, number]): number {
  let sum = 0;
  for (let i = 0; i < points.length; i += 2) sum += (points[i]! - cx) ** 2 + (points[i + 1]! - cy) ** 2;
  return Math.max(1, Math.sqrt((2 * sum) / points.length));
}

function newtonStep(from: Shape, to: Shape, p: Float64Array, size: number): Float64Array {
  const matrix = new Float64Array(36);
  const right = new Float64Array(6);
  const stride = Math.max(1, Math.floor(from.outline.length / 2 / MOST_POINTS)) * 2;
  const row = new Float64Array(6);
  let count = 0;
  for (let i = 0; i < from.outline.length; i += stride, count++) {
    const u = (from.outline[i]! - from.centre[0]) / size;
    const v = (from.outline[i + 1]! - from.centre[1]) / size;
    const x = from.outline[i]! + p[0]! * u + p[1]! * v + p[2]!;
    const y = from.outline[i + 1]! + p[3]! * u + p[4]! * v + p[5]!;
    const residual = distanceAt(to, x, y);
    const gx = distanceAt(to, x + 0.5, y) - distanceAt(to, x - 0.5, y) || 0;
    const gy = distanceAt(to, x, y + 0.5) - distanceAt(to, x, y - 0.5) || 0;
    const weight = 1 / (1 + (residual / OUTLIER) ** 2);
    row.set([gx * u, gx * v, gx, gy * u, gy * v, gy]);
    for (let j = 0; j < 6; j++) {
      right[j]! -= weight * row[j]! * residual;
      for (let k = 0; k < 6; k++) matrix[j * 6 + k]! += weight * row[j]! * row[k]!;
    }
  }
  for (const j of [0, 1, 3, 4]) {
    matrix[j * 7]! += STIFFNESS * count;
    right[j]! -= STIFFNESS * count * p[j]!;
  }
  for (const j of [2, 5]) matrix[j * 7]! += 1e-6 * count;
  return solve(matrix, right);
}

/** Gaussian elimination of a 6 x 6 system with pivoting. */
function solve(matrix: Float64Array, right: Float64Array): Float64Array {
  const n = right.length;
  for (let column = 0; column < n; column++) {
    let pivot = column;
    for (let r = column + 1; r < n; r++)
      if (Math.abs(matrix[r * n + column]!) > Math.abs(matrix[pivot * n + column]!)) pivot = r;
    swapRows(matrix, right, column, pivot, n);
    for (let r = column + 1; r < n; r++) {
      const factor = matrix[r * n + column]! / (matrix[column * n + column]! || 1e-12);
      for (let k = column; k < n; k++) matrix[r * n + k]! -= factor * matrix[column * n + k]!;
      right[r]! -= factor * right[column]!;
    }
  }
  for (let r = n - 1; r >= 0; r--) {
    for (let k = r + 1; k < n; k++) right[r]! -= matrix[r * n + k]! * right[k]!;
    right[r]! /= matrix[r * n + r]! || 1e-12;
  }
  return right;
}

function swapRows(matrix: Float64Array, right: Float64Array, a: number, b: number, n: number): void {
  if (a === b) return;
  for (let k = 0; k < n; k++)
    [matrix[a * n + k], matrix[b * n + k]] = [matrix[b * n + k]!, matrix[a * n + k]!];
  [right[a], right[b]] = [right[b]!, right[a]!];
}
