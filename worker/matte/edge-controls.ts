/**
 * Runs anywhere: the controls that shape an edge. Each takes a matte and gives a new one over the same box,
 * or the matte itself, untouched, at its zero. The box must leave room for what grows.
 */
import type { AlphaRegion } from "./alpha-region.ts";
import { boxMean, type Plane, plane } from "./box-filter.ts";
import { type DistanceField, distanceField } from "./signed-distance.ts";

/** Pixels beside the edge in which a soft matte is not yet flat. */
const SOFT_REACH = 4;

/** Moves the edge outward by `amount` pixels (inward where negative), keeping its softness. */
export function growEdge(region: AlphaRegion, amount: number): AlphaRegion {
  return amount === 0 ? region : moveEdge(region, distanceField(region), Math.abs(amount), () => amount);
}

/**
 * Moves every place of the edge by its own amount: each pixel takes the alpha that lies `amountAt` pixels
 * further inside. `most`: largest amount, either way.
 */
export function moveEdge(
  region: AlphaRegion,
  field: DistanceField,
  most: number,
  amountAt: (index: number, x: number, y: number) => number,
): AlphaRegion {
  const alpha = region.alpha.slice();
  for (let y = 0, i = 0; y < region.height; y++)
    for (let x = 0; x < region.width; x++, i++) {
      if (Math.abs(field.distance[i]!) > most + SOFT_REACH) continue;
      const amount = amountAt(i, x, y);
      if (amount === 0) continue;
      const moved = sampleAlpha(region, x + field.inwardX[i]! * amount, y + field.inwardY[i]! * amount);
      alpha[i] = amount > 0 ? Math.max(alpha[i]!, moved) : Math.min(alpha[i]!, moved);
    }
  return { ...region, alpha };
}

/** Bilinear; `x` and `y` count pixel centres of the region from 0, held at its border. */
export function sampleAlpha({ width, height, alpha }: AlphaRegion, x: number, y: number): number {
  const u = Math.min(width - 1, Math.max(0, x));
  const v = Math.min(height - 1, Math.max(0, y));
  const i = Math.floor(u);
  const j = Math.floor(v);
  const right = i + 1 < width ? 1 : 0;
  const down = j + 1 < height ? width : 0;
  const at = j * width + i;
  const top = alpha[at]! + (alpha[at + right]! - alpha[at]!) * (u - i);
  const bottom = alpha[at + down]! + (alpha[at + down + right]! - alpha[at + down]!) * (u - i);
  return top + (bottom - top) * (v - j);
}

/** Softens the edge over `inward` pixels inside and `outward` pixels outside. */
export function feather(region: AlphaRegion, inward: number, outward: number): AlphaRegion {
  if (inward === 0 && outward === 0) return region;
  const shifted = growEdge(region, (outward - inward) / 2);
  const radius = (inward + outward) / 4;
  const source = { width: region.width, height: region.height, data: shifted.alpha };
  // Two box blurs make a triangle: the edge becomes a smooth ramp of twice the boxes' width.
  return { ...region, alpha: fractionalBlur(fractionalBlur(source, radius), radius).data };
}

/** Box blur whose radius need not be whole: a mix of the two whole ones around it. */
function fractionalBlur(source: Plane, radius: number): Plane {
  const whole = Math.floor(radius);
  const share = radius - whole;
  const narrow = boxMean(source, whole);
  if (share === 0) return narrow;
  const wide = boxMean(source, whole + 1);
  const result = plane(source.width, source.height);
  for (let i = 0; i < result.data.length; i++)
    result.data[i] = unit(narrow.data[i]! + (wide.data[i]! - narrow.data[i]!) * share);
  return result;
}

/** Running sums leave rounding behind; a matte's values lie from 0 to 1, and full is full. */
function unit(value: number): number {
  if (value < 1e-6) return 0;
  return value > 1 - 1e-6 ? 1 : value;
}

/** `amount` 0 to 1: steepens alpha around one half; 1 is a hard cut. */
export function addContrast(region: AlphaRegion, amount: number): AlphaRegion {
  if (amount === 0) return region;
  const alpha = region.alpha.map((value) => {
    if (amount >= 1) return value > 0.5 ? 1 : 0;
    return Math.min(1, Math.max(0, (value - 0.5) / (1 - amount) + 0.5));
  });
  return { ...region, alpha };
}

/** Solid wherever the edge is at least `depth` pixels away inside. */
export function solidCore(region: AlphaRegion, depth: number): AlphaRegion {
  if (depth === 0) return region;
  const { distance } = distanceField(region);
  const alpha = region.alpha.map((value, i) => Math.max(value, ramp(distance[i]! - depth)));
  return { ...region, alpha };
}

/** Only the band of `reach` pixels to both sides of the edge. */
export function edgeBand(region: AlphaRegion, reach: number): AlphaRegion {
  if (reach === 0) return region;
  const { distance } = distanceField(region);
  return { ...region, alpha: region.alpha.map((value, i) => value * ramp(reach - Math.abs(distance[i]!))) };
}

/** 0 to 1 over one pixel around 0. */
function ramp(pixels: number): number {
  return Math.min(1, Math.max(0, pixels + 0.5));
}

/** Repeats what lies `depth` (rounded) pixels inside the frame out to its border, where models leave bumps. */
export function fixBorder(region: AlphaRegion, depth: number): AlphaRegion {
  const pixels = Math.round(depth);
  if (pixels === 0) return region;
  const { x, y, width, height, frame } = region;
  const alpha = new Float32Array(region.alpha.length);
  const column = (at: number) => insideOf(at + x, pixels, frame.width) - x;
  const row = (at: number) => insideOf(at + y, pixels, frame.height) - y;
  for (let j = 0, i = 0; j < height; j++)
    for (let k = 0; k < width; k++, i++) {
      const [u, v] = [column(k), row(j)];
      if (u >= 0 && v >= 0 && u < width && v < height) alpha[i] = region.alpha[v * width + u]!;
    }
  return { ...region, alpha };
}

function insideOf(position: number, depth: number, length: number): number {
  const limit = Math.min(depth, (length - 1) >> 1);
  return Math.min(length - 1 - limit, Math.max(limit, position));
}
