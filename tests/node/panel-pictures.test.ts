/** Masks as pixels and outlines, and where the picture lies: pure parts of the viewer. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cellAt, type Detail, detailAt, type MaskGrid, maskGrid } from "../../panel/masks/mask-grid.ts";
import { gridPixels } from "../../panel/masks/mask-image.ts";
import { maskOutline } from "../../panel/masks/mask-outline.ts";
import { atScale, fitted, toSource, toViewer, zoomAt } from "../../panel/viewer/view-transform.ts";
import { emptyMask, encodeMask } from "../../worker/mask-rle.ts";

const masks = fc
  .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }))
  .chain(([width, height]) =>
    fc.record({
      width: fc.constant(width),
      height: fc.constant(height),
      pixels: fc.array(fc.integer({ min: 0, max: 1 }), {
        minLength: width * height,
        maxLength: width * height,
      }),
    }),
  );

/** All of it, pixel by pixel. */
const WHOLE = { cell: 1, window: { x0: 0, y0: 0, x1: 99, y1: 99 } };

describe("a mask as a grid", () => {
  it("is nothing for an empty mask, or where the window shows none of it", () => {
    expect(maskGrid(emptyMask(4, 3), WHOLE)).toBeNull();
    const corner = encodeMask([1, 0, 0, 0], 2, 2);
    expect(maskGrid(corner, { cell: 1, window: { x0: 1, y0: 0, x1: 2, y1: 2 } })).toBeNull();
  });

  it("says of every cell in the window which share of it is inside", () => {
    const details = fc.record({
      cell: fc.constantFrom(1, 2, 4),
      window: fc
        .tuple(fc.nat(2), fc.nat(2), fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 3 }))
        .map(([x, y, w, h]) => ({ x0: x * 4, y0: y * 4, x1: (x + w) * 4, y1: (y + h) * 4 })),
    });
    fc.assert(
      fc.property(masks, details, ({ width, height, pixels }, detail) => {
        const { cell, window } = detail;
        const grid = maskGrid(encodeMask(pixels, width, height), detail);
        const cells = Math.ceil(12 / cell);
        for (let row = 0; row < cells; row++)
          for (let column = 0; column < cells; column++) {
            const [x, y] = [column * cell, row * cell];
            const shown = x >= window.x0 && x < window.x1 && y >= window.y0 && y < window.y1;
            const inside = shown ? countInside({ width, height, pixels }, x, y, cell) : 0;
            expect(coverageAt(grid, x, y)).toBe(Math.ceil((inside * 255) / cell ** 2));
          }
      }),
    );
  });

  it("is as fine as the screen, and no finer", () => {
    expect([2, 1, 0.9, 0.5, 0.49, 0.22, 0.001].map(cellAt)).toEqual([1, 1, 1, 2, 2, 4, 64]);
  });

  it("stays the same while the view moves a little", () => {
    const at = (x: number) => detailAt(0.3, { x0: x, y0: 10, x1: x + 900, y1: 700 });
    expect(at(100)).toEqual(at(40));
    expect(at(100).window).toEqual({ x0: 0, y0: 0, x1: 1024, y1: 1024 });
  });
});

interface Pixels {
  width: number;
  height: number;
  pixels: number[];
}

function countInside({ width, height, pixels }: Pixels, left: number, top: number, cell: number): number {
  let count = 0;
  for (let y = top; y < Math.min(height, top + cell); y++)
    for (let x = left; x < Math.min(width, left + cell); x++) count += pixels[y * width + x]!;
  return count;
}

function coverageAt(grid: MaskGrid | null, x: number, y: number): number {
  if (!grid) return 0;
  const [column, row] = [(x - grid.x) / grid.cell, (y - grid.y) / grid.cell];
  const within = column >= 0 && row >= 0 && column < grid.width && row < grid.height;
  return within ? grid.coverage[row * grid.width + column]! : 0;
}

describe("a mask as pixels", () => {
  it("has the colour that was asked for, as opaque as the cell is covered", () => {
    const coverage = Uint8Array.of(0, 255, 64);
    const grid = { x: 0, y: 0, cell: 2, width: 3, height: 1, coverage };
    expect([...gridPixels(grid, "#0a1b2c")]).toEqual([0, 0, 0, 0, 10, 27, 44, 255, 10, 27, 44, 64]);
  });
});

describe("a mask's outline", () => {
  const outlineOf = (pixels: number[], width: number, height: number, detail: Detail = WHOLE) => {
    const grid = maskGrid(encodeMask(pixels, width, height), detail);
    return grid ? maskOutline(grid) : [];
  };

  it("goes around one pixel with four corners", () => {
    expect(outlineOf([0, 0, 0, 0, 1, 0, 0, 0, 0], 3, 3)).toEqual([[2, 1, 2, 2, 1, 2, 1, 1]]);
  });

  it("goes around a hole too, the other way", () => {
    const [outer, inner] = outlineOf([1, 1, 1, 1, 0, 1, 1, 1, 1], 3, 3);
    expect(outer).toEqual([3, 0, 3, 3, 0, 3, 0, 0]);
    expect(inner).toEqual([2, 2, 2, 1, 1, 1, 1, 2]);
  });

  it("does not lose what is thinner than a cell", () => {
    const line = [0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0];
    expect(outlineOf(line, 4, 4, { ...WHOLE, cell: 2 })).toEqual([[2, 0, 2, 4, 0, 4, 0, 0]]);
  });

  it("passes every side between inside and outside exactly once", () => {
    fc.assert(
      fc.property(masks, ({ width, height, pixels }) => {
        const inside = (x: number, y: number) =>
          x >= 0 && y >= 0 && x < width && y < height ? pixels[y * width + x]! : 0;
        const expected: string[] = [];
        for (let y = 0; y <= height; y++)
          for (let x = 0; x <= width; x++) {
            if (inside(x, y) !== inside(x - 1, y)) expected.push(`${x},${y} down`);
            if (inside(x, y) !== inside(x, y - 1)) expected.push(`${x},${y} right`);
          }
        const passed = outlineOf(pixels, width, height).flatMap(sidesOf);
        expect(passed.sort()).toEqual(expected.sort());
      }),
    );
  });
});

/** Unit sides of a closed loop. */
function sidesOf(corners: number[]): string[] {
  const sides: string[] = [];
  let [x, y] = [corners.at(-2)!, corners.at(-1)!];
  for (let at = 0; at < corners.length; at += 2) {
    const [toX, toY] = [corners[at]!, corners[at + 1]!];
    for (; x !== toX; x += Math.sign(toX - x))
      sides.push(`${Math.min(x, x + Math.sign(toX - x))},${y} right`);
    for (; y !== toY; y += Math.sign(toY - y)) sides.push(`${x},${Math.min(y, y + Math.sign(toY - y))} down`);
  }
  return sides;
}

describe("the view", () => {
  const source = { width: 1920, height: 1080 };
  const viewer = { width: 800, height: 600 };

  it("fits the whole picture, centred", () => {
    const view = fitted(source, viewer);
    const corner = toViewer(view, { x: 1920, y: 1080 });
    expect(corner.x).toBeLessThanOrEqual(800);
    expect(corner.y).toBeLessThanOrEqual(600);
    expect(view.x + corner.x).toBeCloseTo(800);
    expect(view.y + corner.y).toBeCloseTo(600);
  });

  it("keeps the pixel under the cursor where it is while zooming", () => {
    fc.assert(
      fc.property(fc.double({ min: 0.2, max: 5, noNaN: true }), fc.nat(800), fc.nat(600), (factor, x, y) => {
        const view = atScale(source, viewer, 0.5);
        const before = toSource(view, { x, y });
        const after = toSource(zoomAt(view, { x, y }, factor, source, viewer), { x, y });
        expect(after.x).toBeCloseTo(before.x, 6);
        expect(after.y).toBeCloseTo(before.y, 6);
      }),
    );
  });

  it("stops zooming where a pixel fills a fingertip, and where the picture is a stamp", () => {
    const view = atScale(source, viewer, 1);
    expect(zoomAt(view, { x: 0, y: 0 }, 1e6, source, viewer).scale).toBe(64);
    expect(zoomAt(view, { x: 0, y: 0 }, 1e-6, source, viewer).scale).toBeGreaterThan(0.05);
  });
});
