/** Pure: lily pads, and a flower on one of them. */
import { type Colour, mixColour, scaleColour } from "./colour.ts";
import { fractal, noise, smoothstep } from "./noise.ts";

export interface LilyPad {
  x: number;
  y: number;
  radius: number;
  /** Where the notch points, radians. */
  notch: number;
  seed: number;
  flower: boolean;
}

const LEAF: Colour = [0.2, 0.43, 0.13];
const YOUNG: Colour = [0.4, 0.58, 0.2];
const EDGE: Colour = [0.45, 0.33, 0.16];
const PINK: Colour = [0.96, 0.55, 0.7];
const PALE: Colour = [1, 0.92, 0.93];
const GOLD: Colour = [0.98, 0.8, 0.22];

/** How far inside the leaf, in radii: 0 at its edge, negative outside. */
export function padDepth(pad: LilyPad, x: number, y: number): number {
  const dx = x - pad.x;
  const dy = y - pad.y;
  const angle = Math.atan2(dy, dx);
  const wobble = 1 + 0.035 * Math.sin(angle * 5 + pad.seed) + 0.02 * Math.sin(angle * 11 + 2 * pad.seed);
  const rim = wobble - Math.hypot(dx, dy) / pad.radius;
  const turn = Math.abs(wrap(angle - pad.notch));
  const cut = (turn - 0.16) * (Math.hypot(dx, dy) / pad.radius) * 1.2;
  return Math.min(rim, cut);
}

/** Colour of pad or flower at a world position; null beside it. */
export function padColour(pad: LilyPad, x: number, y: number): Colour | null {
  const flower = pad.flower ? flowerColour(pad, x, y) : null;
  if (flower) return flower;
  const depth = padDepth(pad, x, y);
  return depth > 0 ? leafColour(pad, x, y, depth) : null;
}

function leafColour(pad: LilyPad, x: number, y: number, depth: number): Colour {
  const angle = wrap(Math.atan2(y - pad.y, x - pad.x) - pad.notch);
  const centre = Math.hypot(x - pad.x, y - pad.y) / pad.radius;
  const vein = Math.abs(Math.sin(angle * 7 + 0.5 * noise(x / 17, y / 17, pad.seed))) * centre;
  const blotch = fractal(x / 34, y / 34, pad.seed + 3);
  const leaf = mixColour(LEAF, YOUNG, 0.25 + 0.7 * blotch - 0.25 * centre);
  const veined = mixColour(leaf, YOUNG, 0.55 * smoothstep(0.07, 0.01, vein) * smoothstep(0.05, 0.3, centre));
  const rimmed = mixColour(veined, EDGE, 0.7 * smoothstep(0.055, 0, depth));
  const sheen = 0.86 + 0.3 * smoothstep(-0.6, 0.9, (pad.y - y + pad.x - x) / pad.radius);
  return scaleColour(rimmed, sheen * (0.93 + 0.14 * fractal(x / 6, y / 6, pad.seed + 9)));
}

/** Three rings of petals around a golden heart. */
function flowerColour(pad: LilyPad, x: number, y: number): Colour | null {
  const dx = x - (pad.x - pad.radius * 0.3);
  const dy = y - (pad.y - pad.radius * 0.25);
  const distance = Math.hypot(dx, dy);
  const size = pad.radius * 0.5;
  if (distance < size * 0.17) return scaleColour(GOLD, 0.75 + 0.5 * noise(dx, dy, 5));
  for (const [ring, petals] of [7, 9, 11].entries()) {
    const colour = petalColour(dx, dy, size * (0.55 + 0.24 * ring), petals, ring);
    if (colour) return colour;
  }
  return null;
}

function petalColour(dx: number, dy: number, reach: number, petals: number, ring: number): Colour | null {
  const sector = (2 * Math.PI) / petals;
  const angle = Math.atan2(dy, dx) + ring * 0.35;
  const local = angle - Math.round(angle / sector) * sector;
  const along = (Math.hypot(dx, dy) * Math.cos(local)) / reach;
  const across = (Math.hypot(dx, dy) * Math.sin(local)) / reach;
  const half =
    0.9 * Math.sin(sector / 2) * Math.sqrt(Math.max(0, Math.sin(Math.PI * Math.min(1, along) ** 1.1)));
  if (along > 1 || Math.abs(across) > half) return null;
  const edge = smoothstep(1, 0.55, Math.abs(across) / half);
  const colour = mixColour(PALE, PINK, smoothstep(0.25, 1, along));
  return scaleColour(colour, (0.78 + 0.1 * ring) * 0.92 * (0.72 + 0.36 * edge));
}

function wrap(angle: number): number {
  return angle - 2 * Math.PI * Math.round(angle / (2 * Math.PI));
}
