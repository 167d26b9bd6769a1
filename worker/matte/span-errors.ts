/**
 * Runs anywhere: how well a straight movement can follow one outline over a span of frames.
 *
 * Asked for every pair of frames that could be neighbouring keys, long before the keys are fitted: points
 * along the path are taken one by one, and each gets the straight, even movement that stays closest to the
 * outline, across it. Its error is what is left.
 */
import type { FittedKeys } from "./fit-keys.ts";
import { basisAt, slopeAt, valueAt } from "./outline-places.ts";
import type { OutlineTrack } from "./outline-tracks.ts";
import { NUMBERS_PER_VERTEX } from "./path-vector.ts";

/** Points per Bézier segment. */
const PIECES = 3;
/** Weight of a pixel along the outline, of one across. */
const ALONG = 0.01;
/** Sums per point: the matrix across the outline times 1, time and time²; its products with the place, times 1 and time. */
const SUMS = 13;

/**
 * Whether a path that is on from frame `from` to `to` moves between two keys, of which it may reach but a part:
 * no key is placed more than twice as far on as the path goes towards it, else the path just holds.
 */
export function reachesAcross(from: number, to: number, key: number, next: number): boolean {
  return 2 * (Math.min(to, next) - Math.max(from, key)) >= next - key;
}

export class SpanErrors {
  readonly from: number;
  readonly to: number;
  readonly #points: number;
  readonly #objectArea: readonly number[];
  /** Per frame and point: place, unit vector across, pixels of outline that it stands for. */
  readonly #x: Float64Array;
  readonly #y: Float64Array;
  readonly #acrossX: Float64Array;
  readonly #acrossY: Float64Array;
  readonly #length: Float64Array;
  readonly #sums: Float64Array;
  /** Per point: place at the span's begin, and movement per frame. */
  readonly #lines: Float64Array;
  #firstKey = 0;
  #begin = 0;
  #end = -1;

  /** `everyFrame`: the path fitted with a key on every frame. */
  constructor({ from, landmarks, objectArea }: OutlineTrack, everyFrame: FittedKeys) {
    this.from = from;
    this.to = from + landmarks.length - 1;
    this.#objectArea = objectArea;
    this.#points = (everyFrame.values[0]!.length / NUMBERS_PER_VERTEX) * PIECES;
    const count = this.#points * landmarks.length;
    this.#x = new Float64Array(count);
    this.#y = new Float64Array(count);
    this.#acrossX = new Float64Array(count);
    this.#acrossY = new Float64Array(count);
    this.#length = new Float64Array(count);
    this.#sums = new Float64Array(this.#points * SUMS);
    this.#lines = new Float64Array(this.#points * 4);
    for (const [frame, path] of everyFrame.values.entries()) this.#lay(path, frame);
  }

  #lay(path: Float64Array, frame: number): void {
    for (let point = 0; point < this.#points; point++) {
      const at = frame * this.#points + point;
      const segment = Math.floor(point / PIECES);
      const time = (point % PIECES) / PIECES;
      const [basis, slope] = [basisAt(time), slopeAt(time)];
      const [dx, dy] = [valueAt(path, segment, slope, 0), valueAt(path, segment, slope, 1)];
      const speed = Math.hypot(dx, dy) || 1;
      this.#x[at] = valueAt(path, segment, basis, 0);
      this.#y[at] = valueAt(path, segment, basis, 1);
      this.#acrossX[at] = -dy / speed;
      this.#acrossY[at] = dx / speed;
      this.#length[at] = speed / PIECES;
    }
  }

  /** The next span begins with frame `begin`. */
  begin(begin: number): void {
    this.#firstKey = begin;
    this.#begin = Math.max(begin, this.from);
    this.#end = this.#begin - 1;
    this.#sums.fill(0);
  }

  /** The span now ends with frame `end`, which is not before any end so far. */
  extend(end: number): void {
    while (this.#end < Math.min(end, this.to)) this.#addFrame(++this.#end);
    const moves = reachesAcross(this.from, this.to, this.#firstKey, end);
    for (let point = 0; point < this.#points; point++) this.#solveLine(point, moves);
  }

  #addFrame(frame: number): void {
    const time = frame - this.#begin;
    for (let point = 0; point < this.#points; point++) {
      const at = (frame - this.from) * this.#points + point;
      const [nx, ny, x, y] = [this.#acrossX[at]!, this.#acrossY[at]!, this.#x[at]!, this.#y[at]!];
      const xx = nx * nx + ALONG * ny * ny;
      const xy = nx * ny * (1 - ALONG);
      const yy = ny * ny + ALONG * nx * nx;
      const [px, py] = [xx * x + xy * y, xy * x + yy * y];
      const sum = point * SUMS;
      const sums = this.#sums;
      for (let power = 0, factor = 1; power < 3; power++, factor *= time) {
        sums[sum + power * 3]! += factor * xx;
        sums[sum + power * 3 + 1]! += factor * xy;
        sums[sum + power * 3 + 2]! += factor * yy;
      }
      sums[sum + 9]! += px;
      sums[sum + 10]! += py;
      sums[sum + 11]! += time * px;
      sums[sum + 12]! += time * py;
    }
  }

  /** Least squares for place and movement, by blocks of two. */
  #solveLine(point: number, moves: boolean): void {
    const [a0, a1, a2, b0, b1, b2, c0, c1, c2, px, py, qx, qy] = this.#sums.subarray(
      point * SUMS,
      point * SUMS + SUMS,
    ) as unknown as number[] as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    // D = B A⁻¹, by which the place's equations are taken out of the movement's.
    const scale = 1 / (a0 * a2 - a1 * a1);
    const d00 = (b0 * a2 - b1 * a1) * scale;
    const d01 = (b1 * a0 - b0 * a1) * scale;
    const d10 = (b1 * a2 - b2 * a1) * scale;
    const d11 = (b2 * a0 - b1 * a1) * scale;
    const s00 = c0 - d00 * b0 - d01 * b1 + 1e-6;
    const s01 = c1 - d00 * b1 - d01 * b2;
    const s11 = c2 - d10 * b1 - d11 * b2 + 1e-6;
    const [rx, ry] = [qx - d00 * px - d01 * py, qy - d10 * px - d11 * py];
    const inverse = 1 / (s00 * s11 - s01 * s01);
    const vx = moves ? (s11 * rx - s01 * ry) * inverse : 0;
    const vy = moves ? (s00 * ry - s01 * rx) * inverse : 0;
    const [ux, uy] = [px - b0 * vx - b1 * vy, py - b1 * vx - b2 * vy];
    this.#lines[point * 4] = (a2 * ux - a1 * uy) * scale;
    this.#lines[point * 4 + 1] = (a0 * uy - a1 * ux) * scale;
    this.#lines[point * 4 + 2] = vx;
    this.#lines[point * 4 + 3] = vy;
  }

  /** Share of the object's area that is lost on a frame of the span, and pixels at the farthest point; 0 where the track is off. */
  errorAt(frame: number): { lost: number; farthest: number } {
    if (frame < this.#begin || frame > this.#end) return { lost: 0, farthest: 0 };
    const time = frame - this.#begin;
    let [area, farthest] = [0, 0];
    for (let point = 0; point < this.#points; point++) {
      const at = (frame - this.from) * this.#points + point;
      const dx = this.#lines[point * 4]! + this.#lines[point * 4 + 2]! * time - this.#x[at]!;
      const dy = this.#lines[point * 4 + 1]! + this.#lines[point * 4 + 3]! * time - this.#y[at]!;
      const distance = Math.abs(dx * this.#acrossX[at]! + dy * this.#acrossY[at]!);
      area += distance * this.#length[at]!;
      if (distance > farthest) farthest = distance;
    }
    return { lost: area / Math.max(1, this.#objectArea[frame - this.from]!), farthest };
  }
}
