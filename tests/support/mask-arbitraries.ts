/** Runs in Node: masks that break mask code, for property tests. */
import fc from "fast-check";
import type { BinaryMask } from "../../worker/evaluation/binary-mask.ts";

export function maskFrom(
  width: number,
  height: number,
  inside: (x: number, y: number) => boolean,
): BinaryMask {
  const data = new Uint8Array(width * height);
  for (let i = 0; i < data.length; i++) data[i] = inside(i % width, Math.floor(i / width)) ? 1 : 0;
  return { width, height, data };
}

/** "#" is inside. */
export function drawnMask(...rows: string[]): BinaryMask {
  return maskFrom(rows[0]!.length, rows.length, (x, y) => rows[y]![x] === "#");
}

const W = 40;
const H = 30;

/** The shapes by name: empty, full, one pixel, comb, ring, touching the border, checkers. */
export const awkwardMasks: Record<string, BinaryMask> = {
  empty: maskFrom(W, H, () => false),
  full: maskFrom(W, H, () => true),
  "one pixel": maskFrom(W, H, (x, y) => x === 17 && y === 9),
  "corner pixel": maskFrom(W, H, (x, y) => x === W - 1 && y === H - 1),
  comb: maskFrom(W, H, (x, y) => y > 3 && y < 26 && (y > 20 || x % 4 === 1)),
  ring: maskFrom(W, H, (x, y) => Math.abs(Math.hypot(x - 20, y - 15) - 10) < 2.5),
  border: maskFrom(W, H, (x, y) => x < 12 && y < 20),
  checkers: maskFrom(W, H, (x, y) => (x + y) % 2 === 0),
  "one column": maskFrom(1, H, (_, y) => y > 10 && y < 20),
  "one row": maskFrom(W, 1, (x) => x > 10 && x < 20),
};

/** The awkward ones, and random blobs of rectangles. */
export const anyMask: fc.Arbitrary<BinaryMask> = fc.oneof(
  fc.constantFrom(...Object.values(awkwardMasks)),
  fc
    .array(fc.tuple(fc.nat(W), fc.nat(H), fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 })), {
      maxLength: 6,
    })
    .map((boxes) =>
      maskFrom(W, H, (x, y) =>
        boxes.some(([x0, y0, w, h]) => x >= x0 && y >= y0 && x < x0 + w && y < y0 + h),
      ),
    ),
);
