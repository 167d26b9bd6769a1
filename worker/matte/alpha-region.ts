/** Runs anywhere: a matte as alpha over a rectangle of the frame; everything outside of it is 0. */
import type { BinaryMask } from "../evaluation/binary-mask.ts";

/** A rectangle of whole pixels, origin top left of the frame. */
export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Size {
  width: number;
  height: number;
}

/** `alpha`: width * height values from 0 to 1, row by row; 0 outside of the box. */
export interface AlphaRegion extends Box {
  frame: Size;
  alpha: Float32Array;
}

export function emptyRegion(frame: Size): AlphaRegion {
  return { x: 0, y: 0, width: 0, height: 0, frame, alpha: new Float32Array(0) };
}

/** The smallest box around all pixels; null for an empty mask. */
export function boxOfMask({ width, height, data }: BinaryMask): Box | null {
  let [x0, y0, x1, y1] = [width, height, -1, -1];
  for (let y = 0; y < height; y++) {
    const row = y * width;
    const first = data.subarray(row, row + width).indexOf(1);
    if (first < 0) continue;
    const last = data.subarray(row, row + width).lastIndexOf(1);
    x0 = Math.min(x0, first);
    x1 = Math.max(x1, last);
    y0 = Math.min(y0, y);
    y1 = y;
  }
  return x1 < 0 ? null : { x: x0, y: y0, width: x1 - x0 + 1, height: y1 - y0 + 1 };
}

/** The box with `margin` pixels around it, cut at the frame's border. */
export function growBox(box: Box, margin: number, frame: Size): Box {
  const x = Math.max(0, box.x - margin);
  const y = Math.max(0, box.y - margin);
  return {
    x,
    y,
    width: Math.min(frame.width, box.x + box.width + margin) - x,
    height: Math.min(frame.height, box.y + box.height + margin) - y,
  };
}

/** The mask as alpha over `box`, 0 or 1. */
export function regionOfMask(mask: BinaryMask, box: Box): AlphaRegion {
  const alpha = new Float32Array(box.width * box.height);
  for (let y = 0; y < box.height; y++) {
    const row = (box.y + y) * mask.width + box.x;
    alpha.set(mask.data.subarray(row, row + box.width), y * box.width);
  }
  return { ...box, frame: { width: mask.width, height: mask.height }, alpha };
}

/** The same matte over another box; what the region lacks is 0. */
export function cropRegion(region: AlphaRegion, box: Box): AlphaRegion {
  const alpha = new Float32Array(box.width * box.height);
  const x0 = Math.max(box.x, region.x);
  const x1 = Math.min(box.x + box.width, region.x + region.width);
  const y0 = Math.max(box.y, region.y);
  const y1 = Math.min(box.y + box.height, region.y + region.height);
  for (let y = y0; y < y1 && x0 < x1; y++) {
    const from = (y - region.y) * region.width - region.x;
    alpha.set(region.alpha.subarray(from + x0, from + x1), (y - box.y) * box.width + x0 - box.x);
  }
  return { ...box, frame: region.frame, alpha };
}

/** The whole frame in bytes: 0 is 0 and 1 is 255, rounded. */
export function frameBytes(region: AlphaRegion): Uint8ClampedArray {
  const bytes = new Uint8ClampedArray(region.frame.width * region.frame.height);
  for (let y = 0; y < region.height; y++) {
    const from = y * region.width;
    const to = (region.y + y) * region.frame.width + region.x;
    for (let x = 0; x < region.width; x++) bytes[to + x] = region.alpha[from + x]! * 255;
  }
  return bytes;
}

/** Where alpha is above one half. */
export function maskOfRegion(region: AlphaRegion): BinaryMask {
  const { width, height } = region.frame;
  const data = new Uint8Array(width * height);
  for (let y = 0; y < region.height; y++) {
    const from = y * region.width;
    const to = (region.y + y) * width + region.x;
    for (let x = 0; x < region.width; x++) data[to + x] = region.alpha[from + x]! > 0.5 ? 1 : 0;
  }
  return { width, height, data };
}
