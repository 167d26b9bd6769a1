/** The outline of a mask along the sides of its cells: at a cell of one pixel exact at every zoom. Pure. */
import type { MaskGrid } from "./mask-grid.ts";

/** Right, down, left, up. */
const STEPS = [
  [1, 0],
  [0, 1],
  [-1, 0],
  [0, -1],
] as const;

/**
 * Closed loops of corners x0, y0, x1, y1, … in pixels of the source frame; the mask lies to the right of
 * each. A cell belongs to it where any pixel of it does: nothing thin gets lost. Cells that only touch at
 * a corner are apart.
 */
export function maskOutline(grid: MaskGrid): number[][] {
  const { width, height } = grid;
  const isInside = insideOf(grid);
  /** Upper sides that a loop has passed. */
  const passed = new Uint8Array(width * height);
  const loops: number[][] = [];
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      if (!passed[y * width + x] && isInside(x, y) && !isInside(x, y - 1))
        loops.push(loopFrom(grid, x, y, isInside, passed));
  return loops;
}

type IsInside = (x: number, y: number) => boolean;

function insideOf({ width, height, coverage }: MaskGrid): IsInside {
  return (x, y) => x >= 0 && y >= 0 && x < width && y < height && coverage[y * width + x] !== 0;
}

/** Around, from the left end of the upper side of a cell. */
function loopFrom(
  grid: MaskGrid,
  startX: number,
  startY: number,
  isInside: IsInside,
  passed: Uint8Array,
): number[] {
  const corners: number[] = [];
  let [x, y, direction] = [startX, startY, 0];
  do {
    if (direction === 0) passed[y * grid.width + x] = 1;
    x += STEPS[direction]![0];
    y += STEPS[direction]![1];
    const next = turned(x, y, direction, isInside);
    if (next !== direction) corners.push(grid.x + x * grid.cell, grid.y + y * grid.cell);
    direction = next;
  } while (x !== startX || y !== startY || direction !== 0);
  return corners;
}

/** Where the outline goes on at a corner: right where nothing lies ahead, left where all does. */
function turned(x: number, y: number, direction: number, isInside: IsInside): number {
  const [dx, dy] = STEPS[direction]!;
  // The cells ahead, to the right and to the left of the way.
  const ahead = (sideX: number, sideY: number) =>
    isInside(x + (dx + sideX - 1) / 2, y + (dy + sideY - 1) / 2);
  if (!ahead(-dy, dx)) return (direction + 1) % 4;
  return ahead(dy, -dx) ? (direction + 3) % 4 : direction;
}
