/** Runs anywhere: closed Bézier paths through chosen landmarks of an outline, by least squares. */
import type { Samples } from "./outline-samples.ts";
import type { BezierPath, PathVertex } from "./path-types.ts";

/** Two handles as absolute points: x1, y1, x2, y2. */
type Handles = [number, number, number, number];

/** Tangents of a vertex that differ by less than this are made one line: a smooth vertex. */
const SMOOTH_COSINE = Math.cos((35 * Math.PI) / 180);
/** Weight, in samples, with which handles are drawn to a third of the chord; keeps short pieces tame. */
const RIDGE = 0.02;

/** The path whose vertices are the landmarks numbered in `vertices` (ascending). */
export function fitPath(landmarks: Samples, vertices: readonly number[]): BezierPath {
  const path: PathVertex[] = vertices.map((at) => vertexAt(landmarks, at));
  vertices.forEach((from, i) => {
    const next = (i + 1) % vertices.length;
    const { handles } = fitSegment(landmarks, from, vertices[next]!);
    const [a, b] = [path[i]!, path[next]!];
    a.outX = handles[0] - a.x;
    a.outY = handles[1] - a.y;
    b.inX = handles[2] - b.x;
    b.inY = handles[3] - b.y;
  });
  path.forEach(smoothVertex);
  vertices.forEach((from, i) => {
    const next = (i + 1) % vertices.length;
    refitLengths(pieceOf(landmarks, from, vertices[next]!), path[i]!, path[next]!);
  });
  return path;
}

function vertexAt(landmarks: Samples, at: number): PathVertex {
  return { x: landmarks[at * 2]!, y: landmarks[at * 2 + 1]!, inX: 0, inY: 0, outX: 0, outY: 0 };
}

/** Turns both tangents to their mean direction where they nearly are one line already; corners stay. */
function smoothVertex(vertex: PathVertex): void {
  const lengthIn = Math.hypot(vertex.inX, vertex.inY);
  const lengthOut = Math.hypot(vertex.outX, vertex.outY);
  if (lengthIn < 1e-6 || lengthOut < 1e-6) return;
  const cosine = -(vertex.inX * vertex.outX + vertex.inY * vertex.outY) / (lengthIn * lengthOut);
  if (cosine < SMOOTH_COSINE) return;
  const [dx, dy] = [vertex.outX - vertex.inX, vertex.outY - vertex.inY];
  const length = Math.hypot(dx, dy);
  vertex.outX = (dx / length) * lengthOut;
  vertex.outY = (dy / length) * lengthOut;
  vertex.inX = (-dx / length) * lengthIn;
  vertex.inY = (-dy / length) * lengthIn;
}

/** After tangents were turned: their best lengths along their new directions, by least squares. */
function refitLengths(piece: Float64Array, a: PathVertex, b: PathVertex): void {
  const [lengthA, lengthB] = [Math.hypot(a.outX, a.outY), Math.hypot(b.inX, b.inY)];
  if (piece.length < 8 || lengthA < 1e-6 || lengthB < 1e-6) return;
  const times = chordTimes(piece);
  improveTimes(piece, times, [a.x + a.outX, a.y + a.outY, b.x + b.inX, b.y + b.inY]);
  // Unknowns: factors of both tangents; the present ones (1) are held to a little.
  let [aa, ab, bb, ra, rb] = [1e-3, 0, 1e-3, 1e-3, 1e-3];
  for (let i = 1; i < times.length - 1; i++) {
    const t = times[i]!;
    const [p, q] = [3 * (1 - t) ** 2 * t, 3 * (1 - t) * t * t];
    const x = piece[i * 2]! - cubic(a.x, a.x, b.x, b.x, t);
    const y = piece[i * 2 + 1]! - cubic(a.y, a.y, b.y, b.y, t);
    aa += p * p * lengthA * lengthA;
    bb += q * q * lengthB * lengthB;
    ab += p * q * (a.outX * b.inX + a.outY * b.inY);
    ra += p * (a.outX * x + a.outY * y);
    rb += q * (b.inX * x + b.inY * y);
  }
  const scale = 1 / (aa * bb - ab * ab);
  const [factorA, factorB] = [(bb * ra - ab * rb) * scale, (aa * rb - ab * ra) * scale];
  if (!(factorA > 0 && factorB > 0 && factorA < 4 && factorB < 4)) return;
  a.outX *= factorA;
  a.outY *= factorA;
  b.inX *= factorB;
  b.inY *= factorB;
}

/** What a fit must keep to. */
export interface FitBound {
  /** Pixels, at any landmark. */
  tolerance: number;
  /** Share of the object's area between path and outline, mean over the frames. */
  areaLoss: number;
  most: number;
}

/** An outline's landmarks on a frame, and the area in pixels² that its error is compared with. */
export interface FitFrame {
  landmarks: Samples;
  objectArea: number;
}

/**
 * Few landmarks between which Bézier segments follow the outline on all `frames`: starts with its far
 * ends, divides where most area is lost, moves every vertex to where it does most good, then takes out
 * what isn't needed.
 */
export async function chooseVertices(
  frames: readonly FitFrame[],
  bound: FitBound,
  pace: () => Promise<void>,
): Promise<number[]> {
  const divided = await divide(frames, startVertices(frames[0]!.landmarks), bound, pace);
  return thinOut(frames, await settle(frames, divided, pace), bound, pace);
}

/** The two points farthest from the centre on opposite sides, and one between each. */
function startVertices(landmarks: Samples): number[] {
  const n = landmarks.length / 2;
  const far = farthest(landmarks, landmarks[0]!, landmarks[1]!);
  const opposite = farthest(landmarks, landmarks[far * 2]!, landmarks[far * 2 + 1]!);
  const [a, b] = [Math.min(far, opposite), Math.max(far, opposite)];
  const middle = (a + b) >> 1;
  const across = Math.floor((b + (n - b + a) / 2) % n);
  return [...new Set([a, middle, b, across])].sort((x, y) => x - y);
}

function farthest(landmarks: Samples, x: number, y: number): number {
  let [best, most] = [0, -1];
  for (let i = 0; i < landmarks.length / 2; i++) {
    const distance = Math.hypot(landmarks[i * 2]! - x, landmarks[i * 2 + 1]! - y);
    if (distance > most) [best, most] = [i, distance];
  }
  return best;
}

interface Segment {
  from: number;
  to: number;
  /** Pixels at the worst landmark of all frames. */
  error: number;
  worst: number;
  /** Mean over the frames. */
  areaLoss: number;
}

async function divide(
  frames: readonly FitFrame[],
  start: number[],
  bound: FitBound,
  pace: () => Promise<void>,
): Promise<number[]> {
  const segments = start.map((from, i) => measure(frames, from, start[(i + 1) % start.length]!));
  while (segments.length < bound.most) {
    await pace();
    const worst = worstSegment(segments, bound);
    if (!worst) break;
    const at = segments.indexOf(worst);
    segments.splice(at, 1, measure(frames, worst.from, worst.worst), measure(frames, worst.worst, worst.to));
  }
  return segments.map(({ from }) => from).sort((a, b) => a - b);
}

/** The one that loses most area while too much is lost, else one that strays too far; null when all is well. */
function worstSegment(segments: readonly Segment[], bound: FitBound): Segment | null {
  const lost = segments.reduce((sum, { areaLoss }) => sum + areaLoss, 0);
  if (lost > bound.areaLoss) return segments.reduce((a, b) => (b.areaLoss > a.areaLoss ? b : a));
  const farthest = segments.reduce((a, b) => (b.error > a.error ? b : a));
  return farthest.error > bound.tolerance ? farthest : null;
}

/** Rounds of moving vertices; the third changes hardly anything. */
const SETTLING_ROUNDS = 2;

/** Moves each vertex along the outline, between its neighbours, to where least area is lost. */
async function settle(
  frames: readonly FitFrame[],
  start: number[],
  pace: () => Promise<void>,
): Promise<number[]> {
  const n = frames[0]!.landmarks.length / 2;
  const vertices = [...start];
  const around = (i: number) => vertices[(i + vertices.length) % vertices.length]!;
  for (let round = 0; round < SETTLING_ROUNDS; round++)
    for (let i = 0; i < vertices.length; i++) {
      await pace();
      const [before, after] = [around(i - 1), around(i + 1)];
      const loss = (at: number) => measure(frames, before, at).areaLoss + measure(frames, at, after).areaLoss;
      let least = loss(vertices[i]!);
      for (const shift of [-4, -2, -1, 1, 2, 4]) {
        const at = (vertices[i]! + shift + n) % n;
        if (!liesBetween(before, at, after, n)) continue;
        const here = loss(at);
        if (here < least) [least, vertices[i]] = [here, at];
      }
    }
  return vertices.sort((a, b) => a - b);
}

function liesBetween(before: number, at: number, after: number, n: number): boolean {
  return at !== before && at !== after && span(before, at, n) < span(before, after, n);
}

/** Removes the vertices that are missed least, for as long as the bound holds. */
async function thinOut(
  frames: readonly FitFrame[],
  vertices: number[],
  bound: FitBound,
  pace: () => Promise<void>,
): Promise<number[]> {
  const kept = [...vertices];
  const around = (i: number) => kept[(i + kept.length) % kept.length]!;
  let lost = kept.reduce((sum, from, i) => sum + measure(frames, from, around(i + 1)).areaLoss, 0);
  for (let i = 0; i < kept.length && kept.length > 3; ) {
    await pace();
    const [before, here, after] = [around(i - 1), kept[i]!, around(i + 1)];
    const joined = measure(frames, before, after);
    const without =
      lost + joined.areaLoss - measure(frames, before, here).areaLoss - measure(frames, here, after).areaLoss;
    if (joined.error <= bound.tolerance && without <= bound.areaLoss) {
      kept.splice(i, 1);
      lost = without;
    } else i++;
  }
  return kept;
}

function measure(frames: readonly FitFrame[], from: number, to: number): Segment {
  const segment: Segment = { from, to, error: 0, worst: from, areaLoss: 0 };
  const n = frames[0]!.landmarks.length / 2;
  if (span(from, to, n) < 2) return segment;
  for (const { landmarks, objectArea } of frames) {
    const { error, worst, area } = fitSegment(landmarks, from, to);
    segment.areaLoss += area / Math.max(1, objectArea) / frames.length;
    if (error > segment.error) Object.assign(segment, { error, worst: (from + worst) % n });
  }
  return segment;
}

/** Landmarks from one to the other; a whole turn where they are the same. */
function span(from: number, to: number, n: number): number {
  return ((to - from + n - 1) % n) + 1;
}

/**
 * One cubic from landmark `from` to `to`. `error`: pixels at its worst landmark, counted from `from`;
 * `area`: pixels² between it and the outline.
 */
function fitSegment(
  landmarks: Samples,
  from: number,
  to: number,
): { handles: Handles; error: number; worst: number; area: number } {
  const piece = pieceOf(landmarks, from, to);
  const times = chordTimes(piece);
  let handles = leastSquares(piece, times);
  for (let round = 0; round < 2; round++) {
    improveTimes(piece, times, handles);
    handles = leastSquares(piece, times);
  }
  return { handles, ...worstOf(piece, times, handles) };
}

function pieceOf(landmarks: Samples, from: number, to: number): Float64Array {
  const n = landmarks.length / 2;
  const count = span(from, to, n);
  const piece = new Float64Array((count + 1) * 2);
  for (let i = 0; i <= count; i++) {
    const at = ((from + i) % n) * 2;
    piece[i * 2] = landmarks[at]!;
    piece[i * 2 + 1] = landmarks[at + 1]!;
  }
  return piece;
}

/** Share of the way along the piece, 0 to 1. */
function chordTimes(piece: Float64Array): Float64Array {
  const times = new Float64Array(piece.length / 2);
  for (let i = 1; i < times.length; i++)
    times[i] =
      times[i - 1]! +
      Math.hypot(piece[i * 2]! - piece[i * 2 - 2]!, piece[i * 2 + 1]! - piece[i * 2 - 1]!) +
      1e-9;
  const total = times[times.length - 1]!;
  return times.map((time) => time / total);
}

function leastSquares(piece: Float64Array, times: Float64Array): Handles {
  const last = piece.length - 2;
  const [x0, y0, x3, y3] = [piece[0]!, piece[1]!, piece[last]!, piece[last + 1]!];
  let [aa, ab, bb] = [RIDGE, 0, RIDGE];
  let [ax, ay] = [RIDGE * (x0 + (x3 - x0) / 3), RIDGE * (y0 + (y3 - y0) / 3)];
  let [bx, by] = [RIDGE * (x3 - (x3 - x0) / 3), RIDGE * (y3 - (y3 - y0) / 3)];
  for (let i = 1; i < times.length - 1; i++) {
    const t = times[i]!;
    const s = 1 - t;
    const [p, q] = [3 * s * s * t, 3 * s * t * t];
    const rx = piece[i * 2]! - s * s * s * x0 - t * t * t * x3;
    const ry = piece[i * 2 + 1]! - s * s * s * y0 - t * t * t * y3;
    aa += p * p;
    ab += p * q;
    bb += q * q;
    ax += p * rx;
    ay += p * ry;
    bx += q * rx;
    by += q * ry;
  }
  const scale = 1 / (aa * bb - ab * ab);
  return [
    (bb * ax - ab * bx) * scale,
    (bb * ay - ab * by) * scale,
    (aa * bx - ab * ax) * scale,
    (aa * by - ab * ay) * scale,
  ];
}

/** One Newton step of every time towards the nearest point of the curve. */
function improveTimes(piece: Float64Array, times: Float64Array, [x1, y1, x2, y2]: Handles): void {
  const last = piece.length - 2;
  const [x0, y0, x3, y3] = [piece[0]!, piece[1]!, piece[last]!, piece[last + 1]!];
  for (let i = 1; i < times.length - 1; i++) {
    const t = times[i]!;
    const s = 1 - t;
    const dx = cubic(x0, x1, x2, x3, t) - piece[i * 2]!;
    const dy = cubic(y0, y1, y2, y3, t) - piece[i * 2 + 1]!;
    const vx = 3 * (s * s * (x1 - x0) + 2 * s * t * (x2 - x1) + t * t * (x3 - x2));
    const vy = 3 * (s * s * (y1 - y0) + 2 * s * t * (y2 - y1) + t * t * (y3 - y2));
    const ax = 6 * (s * (x2 - 2 * x1 + x0) + t * (x3 - 2 * x2 + x1));
    const ay = 6 * (s * (y2 - 2 * y1 + y0) + t * (y3 - 2 * y2 + y1));
    const slope = vx * vx + vy * vy + dx * ax + dy * ay;
    if (slope > 1e-9) times[i] = Math.min(1, Math.max(0, t - (dx * vx + dy * vy) / slope));
  }
}

/** Value of a cubic Bézier at time t, 0 to 1. */
export function cubic(p0: number, p1: number, p2: number, p3: number, t: number): number {
  const s = 1 - t;
  return s * s * s * p0 + 3 * s * s * t * p1 + 3 * s * t * t * p2 + t * t * t * p3;
}

function worstOf(piece: Float64Array, times: Float64Array, [x1, y1, x2, y2]: Handles) {
  const last = piece.length - 2;
  const [x0, y0, x3, y3] = [piece[0]!, piece[1]!, piece[last]!, piece[last + 1]!];
  let [error, worst, area] = [0, 0, 0];
  for (let i = 1; i < times.length - 1; i++) {
    const dx = cubic(x0, x1, x2, x3, times[i]!) - piece[i * 2]!;
    const dy = cubic(y0, y1, y2, y3, times[i]!) - piece[i * 2 + 1]!;
    const distance = Math.hypot(dx, dy);
    const along =
      Math.hypot(piece[i * 2 + 2]! - piece[i * 2 - 2]!, piece[i * 2 + 3]! - piece[i * 2 - 1]!) / 2;
    area += distance * along;
    if (distance > error) [error, worst] = [distance, i];
  }
  return { error, worst, area };
}
