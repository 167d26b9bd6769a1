/**
 * Runs anywhere: a path on every frame becomes few keys between which vertices move linearly, as a host
 * interpolates them, with a bound on how far the outline may then be off.
 *
 * The fewest keys are found by dynamic programming over all pairs of frames that one straight movement
 * can join; then the keys' values are moved to where they serve the frames between them best.
 */
import { flattenPath } from "./draw-path.ts";
import { fitPath } from "./fit-bezier.ts";
import type { Samples } from "./outline-samples.ts";
import type { OutlineTrack } from "./outline-tracks.ts";
import type { BezierPath, PathTrack } from "./path-types.ts";

/** Points per segment at which an interpolated path is compared with the outline. */
const PIECES = 4;
/** Frames that two keys may be apart; bounds the search. */
const LONGEST_GAP = 120;
/** Once this many frames in a row can't be the next key, none further on is tried. */
const GIVE_UP_AFTER = 3;
/** What a key costs on a frame where another path has one already; a new keyed frame costs 1. */
const SHARED_KEY_COST = 0.25;

/** `keyed`: frames that have a key already; those of this track are added. */
export function keyTrack(
  outline: OutlineTrack,
  vertices: readonly number[],
  bound: KeyBound,
  keyed: Set<number>,
): PathTrack {
  const paths = outline.landmarks.map((landmarks) => fitPath(landmarks, vertices));
  const judge = new InterpolationJudge(outline, vertices, paths, bound);
  const cost = (i: number) => (keyed.has(outline.from + i) ? SHARED_KEY_COST : 1);
  const keys = fewestKeys(judge, paths.length, cost);
  const values = dropKeys(paths, keys, judge);
  for (const key of keys) keyed.add(outline.from + key);
  return {
    mode: outline.mode,
    from: outline.from,
    to: outline.from + paths.length - 1,
    keys: keys.map((key, i) => ({ frameIndex: outline.from + key, path: values[i]! })),
  };
}

/** What an interpolated path must keep to on every frame. */
export interface KeyBound {
  /** Pixels, at any point. */
  tolerance: number;
  /** Share of the object's area between path and outline. */
  areaLoss: number;
}

/** Says whether a straight movement from one frame's path to another's fits the frames between. */
class InterpolationJudge {
  readonly #outline: OutlineTrack;
  readonly #bound: KeyBound;
  /** Points along every frame's path. */
  readonly #drawn: Float64Array[];
  /** For every drawn point the first landmark and the number of them where the outline must be. */
  readonly #first: Int32Array;
  readonly #count: Int32Array;

  constructor(
    outline: OutlineTrack,
    vertices: readonly number[],
    paths: readonly BezierPath[],
    bound: KeyBound,
  ) {
    this.#outline = outline;
    this.#bound = bound;
    this.#drawn = paths.map((path) => flattenPath(path, PIECES));
    this.#first = new Int32Array(vertices.length * PIECES);
    this.#count = new Int32Array(vertices.length * PIECES);
    this.#placePoints(vertices, outline.landmarks[0]!.length / 2);
  }

  /** A point is looked for on its segment's landmarks around its own share of it, with some play. */
  #placePoints(vertices: readonly number[], landmarks: number): void {
    vertices.forEach((from, i) => {
      const to = vertices[(i + 1) % vertices.length]!;
      const length = ((to - from + landmarks - 1) % landmarks) + 1;
      const play = Math.max(4, Math.ceil(length / 2));
      for (let piece = 0; piece < PIECES; piece++) {
        const centre = from + Math.round((length * piece) / PIECES);
        this.#first[i * PIECES + piece] = (((centre - play) % landmarks) + landmarks) % landmarks;
        this.#count[i * PIECES + piece] = Math.min(landmarks, 2 * play);
      }
    });
  }

  canJoin(i: number, j: number): boolean {
    for (let frame = i + 1; frame < j; frame++)
      if (!this.fits(i, j, (frame - i) / (j - i), frame)) return false;
    return true;
  }

  /** Whether the path `share` of the way from frame i to frame j fits the outline of `frame`. */
  fits(i: number, j: number, share: number, frame: number): boolean {
    return this.fitsBetween(this.#drawn[i]!, this.#drawn[j]!, share, frame);
  }

  /** The same between any two paths drawn with `PIECES` points per segment. */
  fitsBetween(a: Float64Array, b: Float64Array, share: number, frame: number): boolean {
    const outline = this.#outline.landmarks[frame]!;
    const mostArea = this.#bound.areaLoss * this.#outline.objectArea[frame]!;
    let [area, lastX, lastY] = [0, a[a.length - 2]!, a[a.length - 1]!];
    for (let point = 0; point < this.#first.length; point++) {
      const x = a[point * 2]! + (b[point * 2]! - a[point * 2]!) * share;
      const y = a[point * 2 + 1]! + (b[point * 2 + 1]! - a[point * 2 + 1]!) * share;
      const distance = distanceTo(x, y, outline, this.#first[point]!, this.#count[point]!);
      area += distance * Math.hypot(x - lastX, y - lastY);
      if (distance > this.#bound.tolerance || area > mostArea) return false;
      [lastX, lastY] = [x, y];
    }
    return true;
  }
}

function fewestKeys(judge: InterpolationJudge, n: number, cost: (frame: number) => number): number[] {
  const least = new Float64Array(n).fill(Number.POSITIVE_INFINITY);
  const before = new Int32Array(n).fill(-1);
  least[0] = cost(0);
  for (let i = 0; i < n; i++) {
    let misses = 0;
    for (let j = i + 1; j < n && j - i <= LONGEST_GAP && misses < GIVE_UP_AFTER; j++) {
      if (!judge.canJoin(i, j)) {
        misses++;
        continue;
      }
      misses = 0;
      const here = least[i]! + cost(j);
      // On a tie the later key before: evenly spread keys interpolate better.
      if (here <= least[j]!) [least[j], before[j]] = [here, i];
    }
  }
  const keys: number[] = [];
  for (let at = n - 1; at >= 0; at = before[at]!) keys.unshift(at);
  return isStill(judge, keys, n) ? [0] : keys;
}

/** One key will do where the first path fits all frames. */
function isStill(judge: InterpolationJudge, keys: readonly number[], n: number): boolean {
  if (keys.length > 2) return false;
  for (let frame = 1; frame < n; frame++) if (!judge.fits(0, 0, 0, frame)) return false;
  return true;
}

/** Pixels to the nearest of `count` pieces of the outline from landmark `first` on. */
function distanceTo(x: number, y: number, outline: Samples, first: number, count: number): number {
  const n = outline.length / 2;
  let [at, least] = [first, Number.POSITIVE_INFINITY];
  for (let i = 0; i < count; i++) {
    const next = at + 1 === n ? 0 : at + 1;
    least = Math.min(least, squaredToPiece(x, y, outline, at * 2, next * 2));
    at = next;
  }
  return Math.sqrt(least);
}

function squaredToPiece(x: number, y: number, points: Samples, a: number, b: number): number {
  const dx = points[b]! - points[a]!;
  const dy = points[b + 1]! - points[a + 1]!;
  const px = x - points[a]!;
  const py = y - points[a + 1]!;
  const share = Math.min(1, Math.max(0, (px * dx + py * dy) / (dx * dx + dy * dy + 1e-12)));
  const ex = px - dx * share;
  const ey = py - dy * share;
  return ex * ex + ey * ey;
}

/** Keys to each side of a dropped one whose values change enough to be looked at again. */
const CHANGED_KEYS = 3;

/**
 * Takes out keys that best values make unnecessary, one by one; changes `keys` and returns the values. The
 * search before could only choose among the frames' own paths; best values carry less of their noise.
 */
function dropKeys(paths: readonly BezierPath[], keys: number[], judge: InterpolationJudge): BezierPath[] {
  const rows = paths.map(toVector);
  let values = bestValues(rows, keys);
  for (let at = 1; at < keys.length - 1; ) {
    const fewer = keys.filter((_, i) => i !== at);
    const without = bestValues(rows, fewer);
    if (valuesFit(fewer, without, at, judge)) {
      keys.splice(at, 1);
      values = without;
    } else at++;
  }
  return values;
}

/** Whether all frames around key number `at` fit their outlines, the keys' own included. */
function valuesFit(
  keys: readonly number[],
  values: readonly BezierPath[],
  at: number,
  judge: InterpolationJudge,
): boolean {
  const first = Math.max(0, at - 1 - CHANGED_KEYS);
  const last = Math.min(keys.length - 1, at + CHANGED_KEYS);
  for (let key = first; key < last; key++) {
    const [from, to] = [keys[key]!, keys[key + 1]!];
    const [a, b] = [flattenPath(values[key]!, PIECES), flattenPath(values[key + 1]!, PIECES)];
    for (let frame = from; frame <= to; frame++)
      if (!judge.fitsBetween(a, b, (frame - from) / (to - from), frame)) return false;
  }
  return true;
}

/**
 * Least squares: key values whose interpolation is closest to all frames' paths, coordinate by
 * coordinate. The normal equations of a piecewise linear function are tridiagonal.
 */
function bestValues(rows: readonly Float64Array[], keys: readonly number[]): BezierPath[] {
  const main = new Float64Array(keys.length);
  const beside = new Float64Array(keys.length);
  const sums = keys.map(() => new Float64Array(rows[0]!.length));
  rows.forEach((values, frame) => {
    const { key, share } = placeOf(keys, frame);
    main[key]! += (1 - share) ** 2;
    addScaled(sums[key]!, values, 1 - share);
    if (share === 0) return;
    main[key + 1]! += share ** 2;
    beside[key]! += share * (1 - share);
    addScaled(sums[key + 1]!, values, share);
  });
  solveTridiagonal(main, beside, sums);
  return sums.map(toPath);
}

/** Between which keys a frame lies and how far along; the last key, or an only one, holds. */
function placeOf(keys: readonly number[], frame: number): { key: number; share: number } {
  const after = keys.findIndex((key) => key > frame);
  if (after < 1) return { key: after < 0 ? keys.length - 1 : 0, share: 0 };
  const from = keys[after - 1]!;
  return { key: after - 1, share: (frame - from) / (keys[after]! - from) };
}

function addScaled(target: Float64Array, values: Float64Array, factor: number): void {
  for (let i = 0; i < target.length; i++) target[i]! += values[i]! * factor;
}

/** Thomas' algorithm for a symmetric matrix; `right` becomes the solution. */
function solveTridiagonal(main: Float64Array, beside: Float64Array, right: Float64Array[]): void {
  for (let i = 1; i < main.length; i++) {
    const factor = beside[i - 1]! / main[i - 1]!;
    main[i]! -= factor * beside[i - 1]!;
    addScaled(right[i]!, right[i - 1]!, -factor);
  }
  for (let i = main.length - 1; i >= 0; i--) {
    if (i + 1 < main.length) addScaled(right[i]!, right[i + 1]!, -beside[i]!);
    for (let c = 0; c < right[i]!.length; c++) right[i]![c]! /= main[i]!;
  }
}

function toVector(path: BezierPath): Float64Array {
  return Float64Array.from(path.flatMap(({ x, y, inX, inY, outX, outY }) => [x, y, inX, inY, outX, outY]));
}

function toPath(values: Float64Array): BezierPath {
  return Array.from({ length: values.length / 6 }, (_, i) => {
    const [x, y, inX, inY, outX, outY] = values.subarray(i * 6, i * 6 + 6) as unknown as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    return { x, y, inX, inY, outX, outY };
  });
}
