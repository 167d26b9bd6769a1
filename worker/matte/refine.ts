/**
 * Runs anywhere: an edge at the model's resolution becomes an edge where the picture has one.
 *
 * Two steps on the reduced grid (see [Note: reduced grid]), then one pass over the narrow band at full
 * resolution: local colour models say how much of a cell belongs to the object where the colours can tell;
 * a guided filter makes alpha locally a linear function of the picture, so that its edge lies on the
 * picture's edge. Both start from the model's own probabilities where its logits are at hand, else from the
 * softened mask.
 */
import type { BinaryMask } from "../evaluation/binary-mask.ts";
import type { Picture } from "../frames/frame-source.ts";
import { type AlphaRegion, boxOfMask, emptyRegion, growBox, type Size } from "./alpha-region.ts";
import { boxMean, type Plane, plane } from "./box-filter.ts";
import { askColours } from "./colour-model.ts";
import { dilate, guidedLines, indicesOf, type Lines } from "./guided-lines.ts";
import { fillHoles, removeSpecks } from "./mask-parts.ts";
import { gridOver, MODEL_SIDE, type ReducedGrid, reduceMask, reducePicture } from "./reduced-grid.ts";

/** Lengths in cells of the model's map, so that they mean the same at every resolution. */
interface RefineTuning {
  /** How far the true edge may lie from the mask's edge. */
  band: number;
  /** Softness of the mask before the picture is asked. */
  prior: number;
  /** Reach of the local colour models. */
  colour: number;
  /** See `ColourTuning`. */
  colourNoise: number;
  separation: number;
  /** Reach of the guided filter. */
  guide: number;
  guideNoise: number;
  /** Share of full alpha that the guided filter's haze takes on each side. */
  haze: number;
}

const defaultRefineTuning: RefineTuning = {
  band: 1.5,
  prior: 0.4,
  colour: 3,
  colourNoise: 0.0004,
  separation: 3,
  guide: 0.7,
  guideNoise: 0.0003,
  haze: 0.1,
};

export interface RefineOptions {
  /** 0 gives the mask itself, exactly; 1 is full. */
  strength: number;
  /** The model's mask is side x side: a quarter of its input size. */
  side: number;
  tuning: RefineTuning;
  /** The logits that `mask` was made of, [side, side]; absent where it was changed since. */
  logits?: Float32Array;
}

/** Alpha at the clip's resolution over the object's box. Mask and picture have one size. */
export function refineEdge(
  mask: BinaryMask,
  picture: Picture,
  options: Partial<RefineOptions> = {},
): AlphaRegion {
  const { strength = 1, side = MODEL_SIDE, tuning = defaultRefineTuning } = options;
  requireOneSize(mask, picture);
  const frame = { width: mask.width, height: mask.height };
  const box = boxOfMask(mask);
  if (!box) return emptyRegion(frame);
  const margin = Math.ceil(((tuning.band + 1) * Math.sqrt(frame.width * frame.height)) / side) + 2;
  const grid = gridOver(growBox(box, margin, frame), frame, side);
  const coverage = reduceMask(mask, grid);
  const soft = Math.max(1, Math.round(tuning.prior * grid.uncertainty));
  const likely = options.logits ? probabilityOver(grid, options.logits, side) : boxMean(coverage, soft);
  const prior = boxMean(likely, Math.max(1, soft >> 1));
  const band = bandOf(coverage, grid, tuning);
  const { lines, told } = edgeLines(prior, band, picture, grid, tuning);
  const say = sayWhere(told, pictureSay(frame, side));
  const region = applyLines({ lines, prior, band, say }, mask, picture, grid, strength, tuning.haze);
  const cell = (frame.width * frame.height) / side ** 2;
  return strength > 0 ? dropDebris(region, mask, cell * MOST_DEBRIS_CELLS) : region;
}

/**
 * [Note: what the picture may say] Where a model's cell is hardly larger than a pixel, the mask already
 * lies closer to the edge than colours can tell, and only its stairs are smoothed. The picture's say grows
 * from 0 at this many pixels per cell …
 */
const NO_SAY_PIXELS = 3;
/** … to all of it here (256-cell maps: at about 1080p; 64-cell maps: at any size in use). */
const FULL_SAY_PIXELS = 5;
/**
 * Nor has it a say where the object's colours and those around it can't be told apart: a cap among caps.
 * Mean trust of the colours around (see `askColours`) below which it has none …
 */
const NO_SAY_TRUST = 0.4;
/** … and above which it has all. */
const FULL_SAY_TRUST = 0.45;
/** Reach of that mean, in reaches of the colour models. */
const SAY_REACH = 3;

function pictureSay({ width, height }: Size, side: number): number {
  const pixels = Math.sqrt(width * height) / side;
  return share(pixels, NO_SAY_PIXELS, FULL_SAY_PIXELS);
}

function sayWhere(told: Plane, most: number): Plane {
  return { ...told, data: told.data.map((trust) => most * share(trust, NO_SAY_TRUST, FULL_SAY_TRUST)) };
}

/** How far `value` has come from `from` to `to`, 0 to 1. */
function share(value: number, from: number, to: number): number {
  return Math.min(1, Math.max(0, (value - from) / (to - from)));
}

/** Cells of the model: parts and holes up to this area that only the picture saw are not believed. */
const MOST_DEBRIS_CELLS = 1;

function requireOneSize(mask: BinaryMask, picture: Picture): void {
  if (mask.width === picture.width && mask.height === picture.height) return;
  throw new RangeError(
    `Refining needs mask and picture of one size, got ${mask.width} x ${mask.height} and ${picture.width} x ${picture.height}. Pass the clip's frame at its displayed size.`,
  );
}

/** 1 where the edge may lie, falling to 0 at the rim. */
function bandOf(coverage: Plane, grid: ReducedGrid, tuning: RefineTuning): Plane {
  const near = boxMean(coverage, Math.max(1, Math.round(tuning.band * grid.uncertainty)));
  const band = plane(grid.width, grid.height);
  for (let i = 0; i < band.data.length; i++) {
    const inside = near.data[i]!;
    // Running sums leave rounding behind, which must not count as an edge.
    const edge = Math.min(inside, 1 - inside);
    band.data[i] = edge < 1e-4 ? 0 : Math.min(1, edge * 6);
  }
  return band;
}

/**
 * The model's own probability at each cell's centre: the logistic function of its logit. It knows where the
 * mask was a close decision, which a softened mask doesn't.
 */
function probabilityOver(grid: ReducedGrid, logits: Float32Array, side: number): Plane {
  const result = plane(grid.width, grid.height);
  const across = logitTaps(grid.x, grid.width, grid.step, grid.frame.width, side);
  const down = logitTaps(grid.y, grid.height, grid.step, grid.frame.height, side);
  for (let j = 0, at = 0; j < grid.height; j++) {
    const [top, bottom, fy] = [down.low[j]! * side, down.high[j]! * side, down.share[j]!];
    for (let i = 0; i < grid.width; i++, at++) {
      const [left, right, fx] = [across.low[i]!, across.high[i]!, across.share[i]!];
      const above = logits[top + left]! * (1 - fx) + logits[top + right]! * fx;
      const below = logits[bottom + left]! * (1 - fx) + logits[bottom + right]! * fx;
      result.data[at] = 1 / (1 + Math.exp(-(above * (1 - fy) + below * fy)));
    }
  }
  return result;
}

/** Between which two of the map's cells each cell of the grid has its centre. */
function logitTaps(from: number, cells: number, step: number, pixels: number, side: number): CellTaps {
  return tapsAt(cells, side, (cell) => ((from + (cell + 0.5) * step) / pixels) * side - 0.5);
}

function edgeLines(
  prior: Plane,
  band: Plane,
  picture: Picture,
  grid: ReducedGrid,
  tuning: RefineTuning,
): { lines: Lines; told: Plane } {
  const cells = (length: number) => Math.max(1, Math.round(length * grid.uncertainty));
  const colours = reducePicture(picture, grid);
  const inBand = indicesOf(band.data);
  const { believed, trust } = askColours(prior, band, inBand, colours, {
    radius: cells(tuning.colour),
    noise: tuning.colourNoise,
    separation: tuning.separation,
  });
  // One cell more than the band, because full resolution interpolates between cells.
  const needed = dilate(inBand, grid.width, grid.height, 1);
  const lines = guidedLines(believed, colours, needed, cells(tuning.guide), tuning.guideNoise);
  return { lines, told: meanAlongEdge(trust, band, SAY_REACH * cells(tuning.colour)) };
}

/** Mean of `values` over the part of the band within reach. */
function meanAlongEdge(values: Plane, band: Plane, radius: number): Plane {
  const weighted = { ...values, data: values.data.map((value, i) => value * band.data[i]!) };
  const [sum, weight] = [boxMean(weighted, radius), boxMean(band, radius)];
  for (let i = 0; i < sum.data.length; i++) sum.data[i] = sum.data[i]! / Math.max(1e-6, weight.data[i]!);
  return sum;
}

/** On the reduced grid. */
interface EdgeModel {
  lines: Lines;
  prior: Plane;
  band: Plane;
  /** See [Note: what the picture may say]; 0 to 1. */
  say: Plane;
}

/** Full resolution: outside of the band the mask, in it the line's alpha. */
function applyLines(
  { lines, prior, band, say }: EdgeModel,
  mask: BinaryMask,
  picture: Picture,
  grid: ReducedGrid,
  strength: number,
  haze: number,
): AlphaRegion {
  const width = Math.min(grid.width * grid.step, grid.frame.width - grid.x);
  const height = Math.min(grid.height * grid.step, grid.frame.height - grid.y);
  const alpha = new Float32Array(width * height);
  const across = cellTaps(width, grid.width, grid.step);
  const down = cellTaps(height, grid.height, grid.step);
  const line = new Float64Array(7);
  const planes = [lines.red, lines.green, lines.blue, lines.offset, band, prior, say].map(({ data }) => data);
  for (let y = 0; y < height; y++) {
    const [top, bottom] = [down.low[y]! * grid.width, down.high[y]! * grid.width];
    const from = (grid.y + y) * mask.width + grid.x;
    for (let x = 0; x < width; x++) {
      const [left, right] = [across.low[x]!, across.high[x]!];
      const hard = mask.data[from + x]!;
      const at = y * width + x;
      const edge =
        band.data[top + left]! +
        band.data[top + right]! +
        band.data[bottom + left]! +
        band.data[bottom + right]!;
      if (edge === 0) {
        alpha[at] = hard;
        continue;
      }
      interpolate(
        planes,
        top + left,
        top + right,
        bottom + left,
        bottom + right,
        across.share[x]!,
        down.share[y]!,
        line,
      );
      const soft = alphaOn(line, picture.data, (from + x) * 4, haze);
      const own = onItsSide(line[5]!, hard);
      const said = own + (soft - own) * line[6]!;
      alpha[at] = hard + (said - hard) * line[4]! * strength;
    }
  }
  return { x: grid.x, y: grid.y, width, height, frame: grid.frame, alpha };
}

/** Softened, but never across one half: without the picture's word the edge stays where the mask has it. */
function onItsSide(prior: number, hard: number): number {
  return hard === 1 ? Math.max(prior, NEAREST_HALF) : Math.min(prior, 1 - NEAREST_HALF);
}

/** One of 255 levels from one half. */
const NEAREST_HALF = 0.504;

function alphaOn(line: Float64Array, data: Uint8ClampedArray, pixel: number, haze: number): number {
  const colour = line[0]! * data[pixel]! + line[1]! * data[pixel + 1]! + line[2]! * data[pixel + 2]!;
  return Math.min(1, Math.max(0, (colour / 255 + line[3]! - haze) / (1 - 2 * haze)));
}

function interpolate(
  planes: Float32Array[],
  a: number,
  b: number,
  c: number,
  d: number,
  fx: number,
  fy: number,
  result: Float64Array,
): void {
  const wb = fx * (1 - fy);
  const wc = (1 - fx) * fy;
  const wd = fx * fy;
  const wa = 1 - wb - wc - wd;
  for (let i = 0; i < planes.length; i++) {
    const p = planes[i]!;
    result[i] = p[a]! * wa + p[b]! * wb + p[c]! * wc + p[d]! * wd;
  }
}

interface CellTaps {
  low: Int32Array;
  high: Int32Array;
  share: Float32Array;
}

/** Between which two cell centres each pixel's centre lies, and how far along. */
function cellTaps(pixels: number, cells: number, step: number): CellTaps {
  return tapsAt(pixels, cells, (pixel) => (pixel + 0.5) / step - 0.5);
}

/** `positionOf`: in cells, 0 at the centre of the first one. */
function tapsAt(count: number, cells: number, positionOf: (index: number) => number): CellTaps {
  const taps = { low: new Int32Array(count), high: new Int32Array(count), share: new Float32Array(count) };
  for (let index = 0; index < count; index++) {
    const centre = Math.min(cells - 1, Math.max(0, positionOf(index)));
    taps.low[index] = Math.floor(centre);
    taps.high[index] = Math.min(cells - 1, taps.low[index]! + 1);
    taps.share[index] = centre - taps.low[index]!;
  }
  return taps;
}

/** A colour that happens to be on the other side too leaves small holes and specks, which the mask knows not. */
function dropDebris(region: AlphaRegion, mask: BinaryMask, area: number): AlphaRegion {
  const { width, height, alpha } = region;
  const seen = { width, height, data: new Uint8Array(alpha.length) };
  for (let i = 0; i < alpha.length; i++) seen.data[i] = alpha[i]! > 0.5 ? 1 : 0;
  const clean = removeSpecks(fillHoles(seen, area), area);
  for (let i = 0; i < alpha.length; i++) {
    if (clean.data[i] === seen.data[i]) continue;
    const x = i % width;
    const hard = mask.data[(region.y + (i - x) / width) * mask.width + region.x + x]!;
    if (hard === clean.data[i]) alpha[i] = hard;
  }
  return region;
}
