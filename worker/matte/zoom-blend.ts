/**
 * Runs anywhere: a tracked mask and the zoomed pass's become one. The zoomed one is believed as far as the two
 * agree; at the rim of its window the tracked one takes over, so that nothing shows where the window ends.
 */
import { decodeMask, encodeMask } from "../mask-rle.ts";
import type { Mask } from "../protocol.ts";
import type { Box, Size } from "./alpha-region.ts";

/** IoU of the two below which the zoomed mask counts for nothing: it is on something else … */
const NO_AGREEMENT = 0.2;
/** … and from which it counts in full. Coarse masks of small objects overlap even good ones by little more. */
const FULL_AGREEMENT = 0.5;
/** Share of a window's side over which the tracked mask takes over; not where the frame ends there too. */
const RIM = 0.08;
/** Surer than this is as good as sure; otherwise the louder of the two would always win. */
const MOST_LOGIT = 10;

/** Logit maps, [side, side]: of the whole frame, and of the window (all of it inside the frame). */
export interface ZoomedMaps {
  side: number;
  tracked: Float32Array;
  zoomed: Float32Array;
  window: Box;
}

/** `mask`: what was tracked, at the frame's size. Returned itself where the zoomed pass is not believed. */
export function blendZoom(mask: Mask, maps: ZoomedMaps): Mask {
  const { window, side } = maps;
  const frame: Size = mask;
  const whole = { x: 0, y: 0, width: frame.width, height: frame.height };
  const tracked = sampleOver(window, maps.tracked, side, whole);
  const zoomed = sampleOver(window, maps.zoomed, side, window);
  const trust = trustIn(overlapOf(tracked, zoomed));
  if (trust === 0) return mask;
  const pixels = decodeMask(mask);
  const [across, down] = [
    rimOf(window.x, window.width, frame.width),
    rimOf(window.y, window.height, frame.height),
  ];
  for (let y = 0, i = 0; y < window.height; y++) {
    const row = (window.y + y) * frame.width + window.x;
    for (let x = 0; x < window.width; x++, i++) {
      const share = trust * Math.min(across[x] as number, down[y] as number);
      if (share === 0) continue;
      const [own, other] = [bounded(tracked[i] as number), bounded(zoomed[i] as number)];
      pixels[row + x] = own + (other - own) * share > 0 ? 1 : 0;
    }
  }
  return encodeMask(pixels, frame.width, frame.height);
}

/** 0 to 1. */
function trustIn(agreement: number): number {
  return Math.min(1, Math.max(0, (agreement - NO_AGREEMENT) / (FULL_AGREEMENT - NO_AGREEMENT)));
}

const bounded = (logit: number) => Math.min(MOST_LOGIT, Math.max(-MOST_LOGIT, logit));

/** IoU of what is above 0; two empty maps have nothing to agree on. */
function overlapOf(a: Float32Array, b: Float32Array): number {
  let [both, either] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    const [inA, inB] = [(a[i] as number) > 0, (b[i] as number) > 0];
    if (inA && inB) both++;
    if (inA || inB) either++;
  }
  return either === 0 ? 0 : both / either;
}

/** For each pixel along a window, 0 at its ends to 1 inside; no rim at an end that is the frame's. */
function rimOf(from: number, length: number, limit: number): Float32Array {
  const rim = Math.max(1, RIM * length);
  return Float32Array.from({ length }, (_, i) => {
    const start = from === 0 ? 1 : i / rim;
    const end = from + length === limit ? 1 : (length - 1 - i) / rim;
    return Math.min(1, start, end);
  });
}

/** The map, which covers `extent`, at each pixel of `window`; bilinear between its cells' centres. */
function sampleOver(
  { x, y, width, height }: Box,
  map: Float32Array,
  side: number,
  extent: Box,
): Float32Array {
  const result = new Float32Array(width * height);
  const columns = Array.from({ length: width }, (_, i) =>
    cellAt((x + i + 0.5 - extent.x) / extent.width, side),
  );
  for (let row = 0, at = 0; row < height; row++) {
    const down = cellAt((y + row + 0.5 - extent.y) / extent.height, side);
    const [top, bottom] = [down.low * side, down.high * side];
    for (const { low, high, share } of columns) {
      const above = (map[top + low] as number) * (1 - share) + (map[top + high] as number) * share;
      const below = (map[bottom + low] as number) * (1 - share) + (map[bottom + high] as number) * share;
      result[at++] = above * (1 - down.share) + below * down.share;
    }
  }
  return result;
}

/** Between which two cells a position lies, given as a share of the side, and how far along. */
function cellAt(position: number, side: number): { low: number; high: number; share: number } {
  const cell = Math.min(side - 1, Math.max(0, position * side - 0.5));
  const low = Math.floor(cell);
  return { low, high: Math.min(side - 1, low + 1), share: cell - low };
}
