/** Pure: a swimming koi, seen from above: where it is, its outline and its pattern. */
import { type Colour, mixColour, scaleColour } from "./colour.ts";
import { cells, fractal, noise, smoothstep } from "./noise.ts";

export interface Koi {
  /** Pixels from nose to the root of the tail. */
  length: number;
  /** Decides the pattern. */
  seed: number;
  /** Fraction of the body that is red, by noise level: lower is more. */
  redLevel: number;
  /** Way points of the nose, world pixels; a smooth curve goes through them. */
  path: readonly (readonly [x: number, y: number])[];
  /** Seconds from the first way point to the last. */
  seconds: number;
}

interface SpinePoint {
  x: number;
  y: number;
  /** Unit vector toward the head. */
  forwardX: number;
  forwardY: number;
}

/** One koi at one moment, ready to be asked for its colour anywhere. */
export interface PosedKoi {
  koi: Koi;
  spine: SpinePoint[];
  time: number;
  bounds: { x0: number; y0: number; x1: number; y1: number };
}

const SPINE_POINTS = 44;
/** Tail included, in body lengths. */
const FULL_LENGTH = 1.28;
const WIDEST = 0.15;

export function poseKoi(koi: Koi, time: number): PosedKoi {
  const step = (koi.length * FULL_LENGTH) / (SPINE_POINTS - 1);
  const trail = trailBehind(koi, time, step);
  const spine = trail.map((point, index) => swing(trail, point, index, koi, time));
  faceForward(spine);
  const margin = koi.length * 0.34;
  const xs = spine.map((point) => point.x);
  const ys = spine.map((point) => point.y);
  return {
    koi,
    spine,
    time,
    bounds: {
      x0: Math.min(...xs) - margin,
      y0: Math.min(...ys) - margin,
      x1: Math.max(...xs) + margin,
      y1: Math.max(...ys) + margin,
    },
  };
}

/** Points of the way that the nose came, `step` pixels apart: a fish's body follows its head. */
function trailBehind(koi: Koi, time: number, step: number): SpinePoint[] {
  const points: SpinePoint[] = [];
  let clock = time;
  let here = pathAt(koi, clock);
  for (let index = 0; index < SPINE_POINTS; index++) {
    points.push({ x: here[0], y: here[1], forwardX: 1, forwardY: 0 });
    let walked = 0;
    while (walked < step) {
      clock -= 1 / 480;
      const before = pathAt(koi, clock);
      walked += Math.hypot(here[0] - before[0], here[1] - before[1]);
      here = before;
    }
  }
  faceForward(points);
  return points;
}

function faceForward(points: SpinePoint[]): void {
  points.forEach((point, index) => {
    const ahead = points[Math.max(0, index - 1)]!;
    const behind = points[Math.min(points.length - 1, index + 1)]!;
    const length = Math.hypot(ahead.x - behind.x, ahead.y - behind.y) || 1;
    point.forwardX = (ahead.x - behind.x) / length;
    point.forwardY = (ahead.y - behind.y) / length;
  });
}

/** The stroke that drives it: a wave that runs down the body and grows toward the tail. */
function swing(trail: SpinePoint[], point: SpinePoint, index: number, koi: Koi, time: number): SpinePoint {
  const along = index / (trail.length - 1);
  const amplitude = koi.length * (0.012 + 0.1 * along * along);
  const offset = amplitude * Math.sin(2 * Math.PI * (1.35 * time - 0.85 * along + 0.13 * koi.seed));
  return { ...point, x: point.x - point.forwardY * offset, y: point.y + point.forwardX * offset };
}

/** Catmull-Rom through the way points, going straight on before the first and after the last. */
function pathAt({ path, seconds }: Koi, time: number): readonly [number, number] {
  const position = (time / seconds) * (path.length - 1);
  const segment = Math.min(path.length - 2, Math.max(0, Math.floor(position)));
  const t = position - segment;
  const p1 = path[segment]!;
  const p2 = path[segment + 1]!;
  const p0 = path[segment - 1] ?? reflect(p1, p2);
  const p3 = path[segment + 2] ?? reflect(p2, p1);
  if (t < 0) return straight(p1, tangent(p0, p2), t);
  if (t > 1) return straight(p2, tangent(p1, p3), t - 1);
  return [spline(p0[0], p1[0], p2[0], p3[0], t), spline(p0[1], p1[1], p2[1], p3[1], t)];
}

type Point = readonly [number, number];

const reflect = (about: Point, other: Point): Point => [2 * about[0] - other[0], 2 * about[1] - other[1]];
const tangent = (a: Point, b: Point): Point => [(b[0] - a[0]) / 2, (b[1] - a[1]) / 2];
const straight = (from: Point, by: Point, t: number): Point => [from[0] + by[0] * t, from[1] + by[1] * t];

function spline(a: number, b: number, c: number, d: number, t: number): number {
  return b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
}

/** Colour of the koi at a world position; null beside it. */
export function koiColour(posed: PosedKoi, x: number, y: number): Colour | null {
  const { bounds, koi, spine } = posed;
  if (x < bounds.x0 || x > bounds.x1 || y < bounds.y0 || y > bounds.y1) return null;
  const { along, across } = bodyCoordinates(spine, x, y, koi.length);
  return (
    bodyColour(koi, along, across) ?? tailColour(posed, along, across) ?? pectoralColour(posed, x, y) ?? null
  );
}

/** Along the body from nose (0) to tail root (1) and on, and across it, both in body lengths. */
function bodyCoordinates(spine: SpinePoint[], x: number, y: number, length: number) {
  let best = Number.POSITIVE_INFINITY;
  let along = 0;
  let across = 0;
  spine.forEach((point, index) => {
    const dx = x - point.x;
    const dy = y - point.y;
    const distance = dx * dx + dy * dy;
    if (distance >= best) return;
    best = distance;
    const forward = dx * point.forwardX + dy * point.forwardY;
    along = (index * FULL_LENGTH) / (spine.length - 1) - forward / length;
    across = (dy * point.forwardX - dx * point.forwardY) / length;
  });
  return { along, across };
}

/** Half the body's width; 0 outside of it. */
function halfWidth(along: number): number {
  if (along < 0 || along > 1.02) return 0;
  const head = Math.sqrt(Math.min(1, along / 0.3));
  const taper = 1 - smoothstep(0.3, 1.05, along) * 0.86;
  return WIDEST * head * taper;
}

const RED: Colour = [0.93, 0.3, 0.09];
const DEEP_RED: Colour = [0.78, 0.16, 0.06];
const WHITE: Colour = [0.97, 0.93, 0.86];
const FIN: Colour = [0.95, 0.86, 0.76];

function bodyColour(koi: Koi, along: number, across: number): Colour | null {
  const half = halfWidth(along);
  const side = Math.abs(across) / (half || 1);
  if (half === 0 || side > 1) return null;
  const patch = fractal(along * 4.6 + koi.seed * 7.1, across * 6.5 + koi.seed * 3.3, koi.seed);
  const red = mixColour(DEEP_RED, RED, noise(along * 30, across * 30, koi.seed + 5));
  const skin = mixColour(WHITE, red, smoothstep(koi.redLevel - 0.015, koi.redLevel + 0.015, patch));
  const scale = cells(along * 30, across * 34, 90);
  const scales = along > 0.2 ? 0.86 + 0.16 * smoothstep(0, 0.4, scale.second - scale.first) : 1;
  const round = 1.04 - 0.5 * side ** 3;
  const ridge = 1 + 0.1 * smoothstep(0.16, 0, side) * smoothstep(0.15, 0.4, along);
  return eyeColour(along, across) ?? scaleColour(skin, scales * round * ridge);
}

function eyeColour(along: number, across: number): Colour | null {
  const distance = Math.hypot(along - 0.1, Math.abs(across) - 0.058);
  return distance < 0.015 ? [0.05, 0.05, 0.06] : null;
}

/** A fan behind the body that trails after the last stroke. */
function tailColour({ koi }: PosedKoi, along: number, across: number): Colour | null {
  if (along < 0.93 || along > FULL_LENGTH) return null;
  const t = (along - 0.93) / (FULL_LENGTH - 0.93);
  const half = 0.018 + 0.13 * t ** 0.8;
  const notch = 0.09 * (1 - Math.abs(across) / half);
  if (Math.abs(across) > half || along > FULL_LENGTH - notch) return null;
  return finRays(koi, across / half, t);
}

function finRays(koi: Koi, angle: number, outward: number): Colour {
  const rays = 0.82 + 0.18 * Math.sin(angle * 26 + koi.seed);
  const tint = mixColour(RED, FIN, smoothstep(-0.1, 0.45, outward));
  return scaleColour(tint, rays * (1 - 0.22 * outward));
}

/** Two rounded fins behind the head that paddle. */
function pectoralColour({ koi, spine, time }: PosedKoi, x: number, y: number): Colour | null {
  const root = spine[Math.round((0.27 / FULL_LENGTH) * (spine.length - 1))]!;
  const dx = (x - root.x) / koi.length;
  const dy = (y - root.y) / koi.length;
  const forward = dx * root.forwardX + dy * root.forwardY;
  const sideways = dy * root.forwardX - dx * root.forwardY;
  const stroke = 0.25 * Math.sin(2 * Math.PI * 0.8 * time + koi.seed);
  const swept = Math.PI - 0.95 + (sideways > 0 ? stroke : -stroke);
  const angle = Math.atan2(Math.abs(sideways) - 0.07, forward) - swept;
  const distance = Math.hypot(Math.abs(sideways) - 0.07, forward);
  const reach = 0.19 * Math.cos(angle * 1.45);
  if (Math.abs(angle) > 1.05 || distance > reach) return null;
  return finRays(koi, angle, distance / 0.19);
}
