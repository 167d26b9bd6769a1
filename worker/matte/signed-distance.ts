/** Runs anywhere: distance to a matte's edge (alpha one half) with sub-pixel precision. */
import type { AlphaRegion } from "./alpha-region.ts";

/**
 * Over the same box as its matte. The frame's border is no edge: an object that touches it is taken to go
 * on outside.
 */
export interface DistanceField {
  width: number;
  height: number;
  /** Pixels; positive inside; infinite where there is no edge at all. */
  distance: Float32Array;
  /** Unit vector towards the inside, x and y; 0 where there is no edge. */
  inwardX: Float32Array;
  inwardY: Float32Array;
}

/** Two passes that hand the nearest edge point from neighbour to neighbour (dead reckoning). */
export function distanceField(region: AlphaRegion): DistanceField {
  const { width, height, alpha } = region;
  const size = width * height;
  const field = new EdgePoints(width, height);
  field.seed(alpha);
  field.sweep();
  const inwardX = new Float32Array(size);
  const inwardY = new Float32Array(size);
  const distance = new Float32Array(size);
  for (let i = 0; i < size; i++) {
    const inside = alpha[i]! > 0.5;
    const d = Math.sqrt(field.squared[i]!);
    distance[i] = inside ? d : -d;
    if (d === Number.POSITIVE_INFINITY || d < NEAR_EDGE) continue;
    const sign = inside ? -1 / d : 1 / d;
    inwardX[i] = field.toX[i]! * sign;
    inwardY[i] = field.toY[i]! * sign;
  }
  slopesAtEdge(region, field.squared, inwardX, inwardY);
  return { width, height, distance, inwardX, inwardY };
}

/** Closer than this, the way to the edge point is too short to tell the direction; alpha's slope does. */
const NEAR_EDGE = 0.05;

class EdgePoints {
  readonly width: number;
  readonly height: number;
  /** Squared distance to the nearest edge point found, and the way to it. */
  readonly squared: Float32Array;
  readonly toX: Float32Array;
  readonly toY: Float32Array;

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
    this.squared = new Float32Array(width * height).fill(Number.POSITIVE_INFINITY);
    this.toX = new Float32Array(width * height);
    this.toY = new Float32Array(width * height);
  }

  /** Pixels with a neighbour on the other side know the edge: it crosses between the two centres. */
  seed(alpha: Float32Array): void {
    const { width, height } = this;
    const to = (here: number, exists: boolean, neighbour: number) =>
      exists ? crossing(here, alpha[neighbour]! - 0.5) : 2;
    for (let y = 0, i = 0; y < height; y++)
      for (let x = 0; x < width; x++, i++) {
        const here = alpha[i]! - 0.5;
        const across = nearer(to(here, x > 0, i - 1), to(here, x + 1 < width, i + 1));
        const along = nearer(to(here, y > 0, i - width), to(here, y + 1 < height, i + width));
        if (Math.abs(across) < 2 || Math.abs(along) < 2) this.#put(i, across, along);
      }
  }

  /** The nearest point of the line through both crossings; with one crossing, that. */
  #put(i: number, across: number, along: number): void {
    if (Math.abs(along) === 2) this.#set(i, across, 0);
    else if (Math.abs(across) === 2) this.#set(i, 0, along);
    else {
      const length = across * across + along * along;
      if (length === 0) this.#set(i, 0, 0);
      else this.#set(i, (across * along * along) / length, (along * across * across) / length);
    }
  }

  #set(i: number, x: number, y: number): void {
    this.toX[i] = x;
    this.toY[i] = y;
    this.squared[i] = x * x + y * y;
  }

  sweep(): void {
    for (let y = 0; y < this.height; y++) this.#sweepRow(y, -1);
    for (let y = this.height - 1; y >= 0; y--) this.#sweepRow(y, 1);
  }

  /** Takes from the row before (`dy` -1: above), then along the row in both directions. */
  #sweepRow(y: number, dy: 1 | -1): void {
    const { width, height } = this;
    const row = y * width;
    if (y + dy >= 0 && y + dy < height) for (let x = 0; x < width; x++) this.#takeRow(x, y, dy);
    for (let x = 1; x < width; x++) this.#take(row + x, -1, 0);
    for (let x = width - 2; x >= 0; x--) this.#take(row + x, 1, 0);
  }

  #takeRow(x: number, y: number, dy: 1 | -1): void {
    const i = y * this.width + x;
    this.#take(i, 0, dy);
    if (x > 0) this.#take(i, -1, dy);
    if (x + 1 < this.width) this.#take(i, 1, dy);
  }

  /** Is the neighbour's edge point nearer than mine? */
  #take(i: number, dx: number, dy: number): void {
    const neighbour = i + dy * this.width + dx;
    if (this.squared[neighbour] === Number.POSITIVE_INFINITY) return;
    const x = this.toX[neighbour]! + dx;
    const y = this.toY[neighbour]! + dy;
    const squared = x * x + y * y;
    if (squared >= this.squared[i]!) return;
    this.squared[i] = squared;
    this.toX[i] = x;
    this.toY[i] = y;
  }
}

/** The nearer of two crossings, negative for the first; 2 or -2 where there is none. */
function nearer(before: number, after: number): number {
  return before < after ? -before : after;
}

/** Share of the way to the neighbour at which alpha passes one half; 2 where it doesn't. */
function crossing(here: number, there: number): number {
  if (here > 0 === there > 0) return 2;
  return here / (here - there);
}

function slopesAtEdge(
  { width, height, alpha }: AlphaRegion,
  squared: Float32Array,
  inwardX: Float32Array,
  inwardY: Float32Array,
): void {
  for (let i = 0; i < squared.length; i++) {
    if (squared[i]! >= NEAR_EDGE * NEAR_EDGE) continue;
    const x = i % width;
    const y = (i - x) / width;
    const dx = alpha[x + 1 < width ? i + 1 : i]! - alpha[x > 0 ? i - 1 : i]!;
    const dy = alpha[y + 1 < height ? i + width : i]! - alpha[y > 0 ? i - width : i]!;
    const length = Math.hypot(dx, dy) || 1;
    inwardX[i] = dx / length;
    inwardY[i] = dy / length;
  }
}
