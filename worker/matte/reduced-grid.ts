/**
 * Runs anywhere: the object's surroundings at a few pixels per cell of the model's mask.
 *
 * [Note: reduced grid] The model says where the edge is to about one 256th of the frame. Statistics on a
 * grid about three times finer lose nothing of that, and their cost and memory do not depend on the
 * clip's resolution: at most about 1,000 x 1,000 cells at HD, 4K and 8K alike. Full resolution is touched
 * only when alpha is written, and only in the narrow band around the edge.
 */
import type { BinaryMask } from "../evaluation/binary-mask.ts";
import type { Picture } from "../frames/frame-source.ts";
import type { Box, Size } from "./alpha-region.ts";
import { type Plane, plane } from "./box-filter.ts";

/** Side of the mask decoder's map that the edge comes from, cells; a quarter of the model's input. */
export const MODEL_SIDE = 256;
const CELLS_PER_MODEL_CELL = 2.8;

/** Cell (i, j) covers the pixels from (x + i * step, y + j * step) on, `step` each way. */
export interface ReducedGrid extends Size {
  x: number;
  y: number;
  /** Pixels per cell, a whole number. */
  step: number;
  /** Side of one of the model's cells in cells of this grid; what the edge is uncertain by. */
  uncertainty: number;
  frame: Size;
}

/** A grid over `box`; `side`: the model's mask is side x side. */
export function gridOver(box: Box, frame: Size, side = MODEL_SIDE): ReducedGrid {
  const pixels = Math.sqrt(frame.width * frame.height) / side;
  const step = stepFor(frame, side);
  return {
    x: box.x,
    y: box.y,
    width: Math.ceil(box.width / step),
    height: Math.ceil(box.height / step),
    step,
    uncertainty: pixels / step,
    frame,
  };
}

/** Pixels per cell for a frame of this size. */
export function stepFor(frame: Size, side = MODEL_SIDE): number {
  return Math.max(1, Math.round(Math.sqrt(frame.width * frame.height) / side / CELLS_PER_MODEL_CELL));
}

/** Share of each cell that the mask covers, 0 to 1. */
export function reduceMask(mask: BinaryMask, grid: ReducedGrid): Plane {
  return reduce(grid, (x, y) => mask.data[y * mask.width + x]!);
}

/** Mean red, green and blue of each cell, 0 to 1. */
export function reducePicture(picture: Picture, grid: ReducedGrid): [Plane, Plane, Plane] {
  const planes: [Plane, Plane, Plane] = [
    plane(grid.width, grid.height),
    plane(grid.width, grid.height),
    plane(grid.width, grid.height),
  ];
  const { step } = grid;
  for (let j = 0, at = 0; j < grid.height; j++) {
    const y0 = grid.y + j * step;
    const y1 = Math.min(y0 + step, picture.height);
    for (let i = 0; i < grid.width; i++, at++) {
      const x0 = grid.x + i * step;
      meanColour(picture, x0, Math.min(x0 + step, picture.width), y0, y1, planes, at);
    }
  }
  return planes;
}

function meanColour(
  { data, width }: Picture,
  x0: number,
  x1: number,
  y0: number,
  y1: number,
  [red, green, blue]: [Plane, Plane, Plane],
  at: number,
): void {
  let [r, g, b] = [0, 0, 0];
  for (let y = y0; y < y1; y++) {
    for (let pixel = (y * width + x0) * 4, end = (y * width + x1) * 4; pixel < end; pixel += 4) {
      r += data[pixel]!;
      g += data[pixel + 1]!;
      b += data[pixel + 2]!;
    }
  }
  const scale = 1 / (255 * Math.max(1, (x1 - x0) * (y1 - y0)));
  red.data[at] = r * scale;
  green.data[at] = g * scale;
  blue.data[at] = b * scale;
}

function reduce(grid: ReducedGrid, read: (x: number, y: number) => number): Plane {
  const result = plane(grid.width, grid.height);
  const { step, frame } = grid;
  for (let j = 0, at = 0; j < grid.height; j++) {
    const y0 = grid.y + j * step;
    const y1 = Math.min(y0 + step, frame.height);
    for (let i = 0; i < grid.width; i++, at++) {
      const x0 = grid.x + i * step;
      const x1 = Math.min(x0 + step, frame.width);
      let sum = 0;
      for (let y = y0; y < y1; y++) for (let x = x0; x < x1; x++) sum += read(x, y);
      result.data[at] = sum / Math.max(1, (x1 - x0) * (y1 - y0));
    }
  }
  return result;
}
