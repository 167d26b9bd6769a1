/** Runs in Node: a picture of any size with an exact matte, made from formulas; for tests and benchmarks. */
import type { BinaryMask } from "../../worker/evaluation/binary-mask.ts";
import type { Picture } from "../../worker/frames/frame-source.ts";

export interface Shot {
  picture: Picture;
  /** 0 to 1 per pixel: the share that the object covers. */
  alpha: Float32Array;
  mask: BinaryMask;
}

export interface ShotOptions {
  width: number;
  height: number;
  /** Centre and mean radius of the object, as shares of the frame's height. */
  centre?: [number, number];
  radius?: number;
  /** Radians; turns the outline. */
  turn?: number;
  /** Which textures. */
  seed?: number;
  /** Which sensor noise; absent: the textures' seed. */
  noise?: number;
  /** How far apart object and background are in colour, 0 (same) to 1. */
  contrast?: number;
}

/** A lobed object with three thin arms over a mottled background, slightly soft, with sensor noise. */
export function syntheticShot(options: ShotOptions): Shot {
  const { width, height, seed = 1, contrast = 0.5, centre = [0.8, 0.5] } = options;
  const data = new Uint8ClampedArray(width * height * 4);
  const alpha = new Float32Array(width * height);
  const inside = outlineOf(options);
  const random = noiseFrom(options.noise ?? seed);
  const [near, far] = [mottle(seed), mottle(seed + 17)];
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const u = (x + 0.5) / height;
      const v = (y + 0.5) / height;
      const a = Math.min(1, Math.max(0, inside(u, v) * height + 0.5));
      alpha[i] = a;
      for (let c = 0; c < 3; c++) {
        const object =
          110 + contrast * [90, 20, -50][c]! + 45 * near((u - centre[0]) * 9 + c, (v - centre[1]) * 9);
        const rest = 110 - contrast * [40, -10, -40][c]! + 45 * far(u * 6 + c * 2, v * 6);
        data[i * 4 + c] = rest + (object - rest) * a + (random() - 0.5) * 10;
      }
      data[i * 4 + 3] = 255;
    }
  }
  const mask = { width, height, data: Uint8Array.from(alpha, (a) => (a > 0.5 ? 1 : 0)) };
  return { picture: { width, height, data }, alpha, mask };
}

/** Signed distance, roughly, as a share of the frame's height; positive inside. */
function outlineOf({ centre = [0.8, 0.5], radius = 0.25, turn = 0 }: ShotOptions) {
  return (u: number, v: number): number => {
    const [dx, dy] = [u - centre[0], v - centre[1]];
    const angle = Math.atan2(dy, dx) + turn;
    const r = Math.hypot(dx, dy);
    const lobes =
      1 + 0.18 * Math.sin(5 * angle) + 0.06 * Math.sin(11 * angle + 1) + 0.03 * Math.sin(23 * angle);
    let best = (radius * lobes - r) * 0.75;
    for (const arm of [0.3, 2.2, 4.4]) {
      const along = dx * Math.cos(arm - turn) + dy * Math.sin(arm - turn);
      const across = Math.abs(dy * Math.cos(arm - turn) - dx * Math.sin(arm - turn));
      if (along > 0) best = Math.max(best, Math.min(0.012 - across, radius * 1.7 - along));
    }
    return best;
  };
}

/** Smooth noise from -1 to 1 with three octaves. */
function mottle(seed: number): (x: number, y: number) => number {
  const at = (x: number, y: number) => {
    let n = Math.imul(x, 0x27d4eb2d) ^ Math.imul(y, 0x165667b1) ^ Math.imul(seed, 0x9e3779b1);
    n = Math.imul(n ^ (n >>> 15), 0x85ebca6b);
    return ((n ^ (n >>> 13)) & 0xffff) / 0x8000 - 1;
  };
  const smooth = (x: number, y: number) => {
    const i = Math.floor(x);
    const j = Math.floor(y);
    const fx = ease(x - i);
    const fy = ease(y - j);
    const top = at(i, j) + (at(i + 1, j) - at(i, j)) * fx;
    const bottom = at(i, j + 1) + (at(i + 1, j + 1) - at(i, j + 1)) * fx;
    return top + (bottom - top) * fy;
  };
  return (x, y) => (smooth(x, y) + smooth(x * 2.1, y * 2.1) / 2 + smooth(x * 4.3, y * 4.3) / 4) / 1.75;
}

const ease = (t: number) => t * t * (3 - 2 * t);

/** Mulberry32: repeatable numbers from 0 to 1. */
export function noiseFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
