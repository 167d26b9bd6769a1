/** Runs anywhere: masks as one byte per pixel, what metrics and datasets compute on. */

/** Row by row from the top, 1 inside the object and 0 outside; `width * height` bytes. */
export interface BinaryMask {
  width: number;
  height: number;
  data: Uint8Array;
}

export interface MaskBounds {
  /** Pixel indices, all four included. */
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

export function emptyMask(width: number, height: number): BinaryMask {
  return { width, height, data: new Uint8Array(width * height) };
}

/** Pixels inside. */
export function maskArea({ data }: BinaryMask): number {
  let area = 0;
  for (let i = 0; i < data.length; i++) area += data[i]!;
  return area;
}

export function isEmpty({ data }: BinaryMask): boolean {
  return !data.includes(1);
}

/** Pixels of `a` that are not in `b`. */
export function subtractMask(a: BinaryMask, b: BinaryMask): BinaryMask {
  requireSameSize(a, b);
  return { width: a.width, height: a.height, data: a.data.map((value, i) => value & (b.data[i]! ^ 1)) };
}

/** The smallest box around the mask, or null when it is empty. */
export function maskBounds({ width, height, data }: BinaryMask): MaskBounds | null {
  const bounds = { x0: width, y0: height, x1: -1, y1: -1 };
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (!data[i]) continue;
      bounds.x0 = Math.min(bounds.x0, x);
      bounds.x1 = Math.max(bounds.x1, x);
      bounds.y0 = Math.min(bounds.y0, y);
      bounds.y1 = y;
    }
  }
  return bounds.x1 < 0 ? null : bounds;
}

/** Two masks of different sizes can't be compared; a silent resize would hide the mistake. */
export function requireSameSize(a: BinaryMask, b: BinaryMask): void {
  if (a.width === b.width && a.height === b.height) return;
  throw new RangeError(
    `Masks to compare must have the same size: ${a.width} x ${a.height} and ${b.width} x ${b.height}.`,
  );
}
