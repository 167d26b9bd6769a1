/**
 * Pure: the demo clip's pond. A koi swims under a lily pad and comes back into view while another one,
 * much like it, crosses its way; the camera glides over them.
 */
import { type Colour, mixColour, scaleColour } from "./colour.ts";
import { type Koi, koiColour, type PosedKoi, poseKoi } from "./koi.ts";
import { type LilyPad, padColour, padDepth } from "./lily.ts";
import { hash, noise, smoothstep } from "./noise.ts";
import { caustics, pondBed } from "./pond-bed.ts";

export const DEMO = { width: 640, height: 360, framesPerSecond: 24, frameCount: 120 } as const;

/** Names of the koi, by their number in the masks. */
export const OBJECT_NAMES = ["koi", "look-alike"] as const;

const KOI: readonly Koi[] = [
  {
    length: 160,
    seed: 3,
    redLevel: 0.5,
    seconds: 5,
    path: [
      [262, 336],
      [346, 318],
      [434, 296],
      [526, 284],
      [626, 280],
      [736, 262],
      [846, 212],
    ],
  },
  {
    length: 132,
    seed: 8,
    redLevel: 0.55,
    seconds: 5,
    path: [
      [752, 74],
      [680, 98],
      [604, 102],
      [530, 100],
      [456, 108],
      [392, 150],
    ],
  },
];

const PADS: readonly LilyPad[] = [
  { x: 518, y: 268, radius: 134, notch: -1.25, seed: 1, flower: true },
  { x: 760, y: 428, radius: 84, notch: -2.2, seed: 2, flower: false },
  { x: 210, y: 128, radius: 66, notch: 0.6, seed: 4, flower: false },
  { x: 56, y: 500, radius: 90, notch: -0.7, seed: 6, flower: false },
  { x: 868, y: 66, radius: 72, notch: 2.9, seed: 7, flower: false },
];

/** The camera: world pixels at the centre of the picture, world pixels a picture pixel, radians. */
function camera(time: number): { x: number; y: number; scale: number; turn: number } {
  const glide = smoothstep(0.3, 4.9, time);
  return {
    x: 372 + 268 * glide + 3 * Math.sin(time * 2.1) + 1.2 * Math.sin(time * 5.3),
    y: 234 + 8 * Math.sin(time * 0.9) + 1.6 * Math.sin(time * 3.7),
    scale: 0.98 - 0.06 * smoothstep(0, 5, time),
    turn: 0.035 * Math.sin(time * 0.8),
  };
}

export interface Moment {
  /** World position of a position of the picture, pixels, pixel centres at .5. */
  toWorld(x: number, y: number): readonly [x: number, y: number];
  /** What is seen at a world position, and which koi it is (0: none, else its number). */
  look(x: number, y: number): { colour: Colour; object: number };
}

/** The pond at a frame of the clip. */
export function momentOf(frameIndex: number): Moment {
  const time = frameIndex / DEMO.framesPerSecond;
  const { x, y, scale, turn } = camera(time);
  const shoal = KOI.map((koi) => poseKoi(koi, time));
  const pads = PADS.map((pad, index) => drift(pad, time, index));
  const cos = Math.cos(turn) * scale;
  const sin = Math.sin(turn) * scale;
  return {
    toWorld: (px, py) => {
      const dx = px - DEMO.width / 2;
      const dy = py - DEMO.height / 2;
      return [x + dx * cos - dy * sin, y + dx * sin + dy * cos];
    },
    look: (worldX, worldY) => look(worldX, worldY, time, shoal, pads),
  };
}

function drift(pad: LilyPad, time: number, index: number): LilyPad {
  const sway = 2.2 * Math.sin(time * 0.9 + index * 1.7);
  return { ...pad, x: pad.x + sway, y: pad.y + 0.6 * sway, notch: pad.notch + 0.012 * sway };
}

function look(x: number, y: number, time: number, shoal: PosedKoi[], pads: LilyPad[]) {
  for (const pad of pads) {
    const colour = padColour(pad, x, y);
    if (colour) return { colour, object: 0 };
  }
  for (const [index, koi] of shoal.entries()) {
    const colour = koiColour(koi, x, y);
    if (colour) return { colour: underWater(lit(colour, x, y, time, 0.12, pads), 0.05), object: index + 1 };
  }
  return { colour: bedColour(x, y, time, shoal, pads), object: 0 };
}

/** The bed through moving water: displaced, lit by the waves, shaded by what swims and floats above. */
function bedColour(x: number, y: number, time: number, shoal: PosedKoi[], pads: LilyPad[]): Colour {
  const bentX = x + 2.4 * (noise(x / 31 + time * 0.8, y / 31, 100) - 0.5);
  const bentY = y + 2.4 * (noise(x / 31, y / 31 + time * 0.7, 101) - 0.5);
  const shade = shoal.some((koi) => koiColour(koi, bentX - 9, bentY - 13)) ? 0.6 : 1;
  return underWater(scaleColour(lit(pondBed(bentX, bentY), bentX, bentY, time, 0.5, pads), shade), BED_DEPTH);
}

function lit(colour: Colour, x: number, y: number, time: number, waves: number, pads: LilyPad[]): Colour {
  const shadow = Math.max(...pads.map((pad) => smoothstep(-0.06, 0.1, padDepth(pad, x - 15, y - 21))));
  const light = (1.12 + waves * caustics(x, y, time)) * (1 - 0.52 * shadow);
  return scaleColour(colour, light);
}

const WATER: Colour = [0.05, 0.24, 0.25];
/** How much of the bed's colour the water takes. */
const BED_DEPTH = 0.6;

function underWater(colour: Colour, depth: number): Colour {
  return mixColour(colour, WATER, depth);
}

/** Film grain, in units of an 8-bit channel. */
export function grain(x: number, y: number, frameIndex: number): number {
  return 3 * (hash(x, y, 500 + frameIndex) - 0.5);
}
