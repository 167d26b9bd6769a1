/**
 * Runs anywhere: outlines of a matte with sub-pixel precision (marching squares at alpha one half).
 *
 * Coordinates are pixels of the frame, the centre of the first pixel at (0.5, 0.5). Outside of the frame
 * counts as empty, so that an object cut by the border is closed exactly along it.
 */
import type { AlphaRegion } from "./alpha-region.ts";

/** A closed outline: x, y, x, y …; the last point leads back to the first. */
export interface Contour {
  points: Float64Array;
  /** Pixels²; positive around the object (clockwise on screen), negative around a hole. */
  area: number;
}

/** All outlines of at least `minArea` pixels², largest first. */
export function traceContours(region: AlphaRegion, minArea = 0): Contour[] {
  const lattice = new Lattice(region);
  const next = linkCells(lattice);
  const contours: Contour[] = [];
  for (let start = 0; start < next.length; start++) {
    if (next[start]! < 0) continue;
    const points = walk(lattice, next, start);
    const area = signedArea(points);
    if (Math.abs(area) >= minArea && points.length >= 6) contours.push({ points, area });
  }
  return contours.sort((a, b) => Math.abs(b.area) - Math.abs(a.area));
}

/** Shoelace formula; positive for clockwise on screen. */
export function signedArea(points: Float64Array): number {
  let twice = 0;
  for (let i = 0, j = points.length - 2; i < points.length; j = i, i += 2)
    twice += points[j]! * points[i + 1]! - points[i]! * points[j + 1]!;
  return twice / 2;
}

/**
 * Pixel centres with one ring of empty ones around. Edges between neighbours are numbered: 2 * node for
 * the one to the right, 2 * node + 1 for the one downward.
 */
class Lattice {
  readonly width: number;
  readonly height: number;
  readonly #region: AlphaRegion;

  constructor(region: AlphaRegion) {
    this.#region = region;
    this.width = region.width + 2;
    this.height = region.height + 2;
  }

  value(i: number, j: number): number {
    const { width, height, alpha } = this.#region;
    if (i < 1 || j < 1 || i > width || j > height) return 0;
    return alpha[(j - 1) * width + i - 1]!;
  }

  /** Where alpha crosses one half on an edge, pixels of the frame. */
  crossing(edge: number, points: number[]): void {
    const node = edge >> 1;
    const i = node % this.width;
    const j = (node - i) / this.width;
    const down = edge & 1;
    const from = this.value(i, j);
    const to = this.value(i + 1 - down, j + down);
    const share = (0.5 - from) / (to - from);
    const x = this.#region.x + i - 0.5;
    const y = this.#region.y + j - 0.5;
    points.push(down ? x : x + share, down ? y + share : y);
  }
}

// Which edge leads to which in a cell, by its corners inside (1 top left, 2 top right, 4 bottom right,
// 8 bottom left); edges: 0 top, 1 right, 2 bottom, 3 left. The object lies to the right of the way.
const STEPS: readonly (readonly [number, number][])[] = [
  [],
  [[0, 3]],
  [[1, 0]],
  [[1, 3]],
  [[2, 1]],
  [
    [0, 3],
    [2, 1],
  ],
  [[2, 0]],
  [[2, 3]],
  [[3, 2]],
  [[0, 2]],
  [
    [1, 0],
    [3, 2],
  ],
  [[1, 2]],
  [[3, 1]],
  [[0, 1]],
  [[3, 0]],
  [],
];
/** Saddles whose middle is inside: the two corners are joined. */
const JOINED: Readonly<Record<number, readonly [number, number][]>> = {
  5: [
    [0, 1],
    [2, 3],
  ],
  10: [
    [3, 0],
    [1, 2],
  ],
};

/** For every crossed edge the one that follows; -1 for the others. */
function linkCells(lattice: Lattice): Int32Array {
  const { width, height } = lattice;
  const next = new Int32Array(width * height * 2).fill(-1);
  for (let j = 0; j < height - 1; j++)
    for (let i = 0; i < width - 1; i++)
      for (const [from, to] of stepsOfCell(lattice, i, j))
        next[edgeOf(width, i, j, from)] = edgeOf(width, i, j, to);
  return next;
}

function stepsOfCell(lattice: Lattice, i: number, j: number): readonly (readonly [number, number])[] {
  const topLeft = lattice.value(i, j);
  const topRight = lattice.value(i + 1, j);
  const bottomRight = lattice.value(i + 1, j + 1);
  const bottomLeft = lattice.value(i, j + 1);
  const corners = bit(topLeft, 1) + bit(topRight, 2) + bit(bottomRight, 4) + bit(bottomLeft, 8);
  const joined = topLeft + topRight + bottomRight + bottomLeft > 2;
  return (joined ? JOINED[corners] : undefined) ?? STEPS[corners]!;
}

function bit(alpha: number, value: number): number {
  return alpha > 0.5 ? value : 0;
}

function edgeOf(width: number, i: number, j: number, side: number): number {
  const node = j * width + i;
  if (side === 0) return node * 2;
  if (side === 1) return (node + 1) * 2 + 1;
  return side === 2 ? (node + width) * 2 : node * 2 + 1;
}

/** Follows the links from `start` back to it and unlinks them. */
function walk(lattice: Lattice, next: Int32Array, start: number): Float64Array {
  const points: number[] = [];
  for (let edge = start; next[edge]! >= 0; ) {
    lattice.crossing(edge, points);
    const following = next[edge]!;
    next[edge] = -1;
    edge = following;
  }
  return Float64Array.from(points);
}
