/**
 * Runs in the tracking worker or in Node: one frame's hard mask becomes its matte, by the settings, in the
 * order of `matte-settings.ts`. What needs other frames is worked out in `treat-clip.ts` and handed in.
 */
import type { BinaryMask } from "../evaluation/binary-mask.ts";
import type { Picture } from "../frames/frame-source.ts";
import {
  type AlphaRegion,
  type Box,
  boxOfMask,
  cropRegion,
  emptyRegion,
  growBox,
  regionOfMask,
} from "./alpha-region.ts";
import { addContrast, edgeBand, feather, fixBorder, growEdge, moveEdge, solidCore } from "./edge-controls.ts";
import { fillHoles, removeSpecks } from "./mask-parts.ts";
import type { MatteSettings } from "./matte-settings.ts";
import { blurAlongMotion, blurReach, type Velocity } from "./motion-blur.ts";
import { refineEdge } from "./refine.ts";
import { distanceField } from "./signed-distance.ts";
import { type EdgeShift, shiftAt } from "./steady.ts";

/**
 * First half: what one frame's mask and picture say. `side`: the model's mask is side x side; `logits`: what
 * `mask` was made of, if that is known.
 */
export function cleanAndRefine(
  mask: BinaryMask,
  picture: Picture | null,
  settings: MatteSettings,
  { side, logits }: MapOfMask = {},
): AlphaRegion {
  const clean = removeSpecks(fillHoles(mask, settings.fillHoles), settings.removeSpecks);
  const isWhole = clean.data.every((value, i) => value === mask.data[i]);
  const region = refined(clean, picture, settings.refine / 100, {
    ...(side && { side }),
    ...(isWhole && logits && { logits }),
  });
  if (settings.borderFix === 0) return region;
  return fixBorder(enlarge(region, Math.ceil(settings.borderFix)), settings.borderFix);
}

/** The model's map behind a mask. */
export interface MapOfMask {
  side?: number;
  logits?: Float32Array;
}

function refined(mask: BinaryMask, picture: Picture | null, strength: number, map: MapOfMask): AlphaRegion {
  if (strength > 0 && picture) return refineEdge(mask, picture, { strength, ...map });
  const frame = { width: mask.width, height: mask.height };
  const box = boxOfMask(mask);
  return box ? regionOfMask(mask, box) : emptyRegion(frame);
}

/** What the neighbouring frames say about this one. */
export interface FrameInTime {
  shift: EdgeShift | null;
  velocity: Velocity | null;
}

const stillFrame: FrameInTime = { shift: null, velocity: null };

/** Second half: time and shape. */
export function shapeMatte(region: AlphaRegion, settings: MatteSettings, time = stillFrame): AlphaRegion {
  if (region.alpha.length === 0) return settings.invert ? inverted(region) : region;
  const reach = reachOf(region, settings, time);
  const shaped =
    reach === 0
      ? region
      : inTiles(enlarge(region, reach), reach + TILE_ROOM, (tile) => shapeTile(tile, settings, time));
  return settings.invert ? inverted(shaped) : shaped;
}

function shapeTile(
  tile: AlphaRegion,
  settings: MatteSettings,
  { shift, velocity }: FrameInTime,
): AlphaRegion {
  let matte = shift ? applyShift(tile, shift) : tile;
  matte = growEdge(matte, settings.grow);
  matte = blurAlongMotion(matte, velocity, settings.motionBlur);
  matte = feather(matte, settings.featherIn, settings.featherOut);
  matte = addContrast(matte, settings.contrast / 100);
  matte = solidCore(matte, settings.core);
  return edgeBand(matte, settings.edgeOnly);
}

function applyShift(tile: AlphaRegion, shift: EdgeShift): AlphaRegion {
  if (shift.most === 0) return tile;
  return moveEdge(tile, distanceField(tile), shift.most, (_, x, y) => shiftAt(shift, tile.x + x, tile.y + y));
}

/** Pixels that any control can reach; 0 where all are at zero. */
function reachOf(region: AlphaRegion, settings: MatteSettings, { shift, velocity }: FrameInTime): number {
  const { grow, featherIn, featherOut, contrast, core, edgeOnly, motionBlur } = settings;
  const reaches = [
    shift ? shift.most + 1 : 0,
    Math.abs(grow),
    blurReach(region, velocity, motionBlur),
    featherIn + featherOut,
    contrast > 0 ? 1 : 0,
    core,
    edgeOnly,
  ];
  return Math.ceil(reaches.reduce((sum, reach) => sum + reach, 0));
}

// ---------------------------------------------------------------- tiles

/** Side of a tile, pixels: a handful of planes of this size is all that is held besides the matte. */
const TILE = 1024;
/** Pixels around a tile beyond what controls reach, for soft edges and slopes. */
const TILE_ROOM = 6;

/** Applies a local change piece by piece; `reach`: pixels around a piece that it depends on. */
export function inTiles(
  region: AlphaRegion,
  reach: number,
  change: (tile: AlphaRegion) => AlphaRegion,
): AlphaRegion {
  if (region.width <= TILE && region.height <= TILE) return change(region);
  const alpha = new Float32Array(region.alpha.length);
  for (let y = 0; y < region.height; y += TILE)
    for (let x = 0; x < region.width; x += TILE) {
      const inner = {
        x: region.x + x,
        y: region.y + y,
        width: Math.min(TILE, region.width - x),
        height: Math.min(TILE, region.height - y),
      };
      const outer = growBox(inner, reach, region.frame);
      put(alpha, region, cropRegion(change(cropRegion(region, outer)), inner));
    }
  return { ...region, alpha };
}

function put(alpha: Float32Array, box: Box, tile: AlphaRegion): void {
  for (let y = 0; y < tile.height; y++) {
    const row = tile.alpha.subarray(y * tile.width, (y + 1) * tile.width);
    alpha.set(row, (tile.y - box.y + y) * box.width + tile.x - box.x);
  }
}

function enlarge(region: AlphaRegion, margin: number): AlphaRegion {
  return region.alpha.length === 0 ? region : cropRegion(region, growBox(region, margin, region.frame));
}

function inverted(region: AlphaRegion): AlphaRegion {
  const { frame } = region;
  const whole = cropRegion(region, { x: 0, y: 0, ...frame });
  return { ...whole, alpha: whole.alpha.map((value) => 1 - value) };
}
