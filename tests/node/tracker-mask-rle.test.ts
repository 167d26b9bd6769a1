/** Runs in Node: COCO run lengths, against pycocotools' strings and by properties. */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  decodeMask,
  emptyMask,
  encodeMask,
  intersectMasks,
  maskArea,
  maskBox,
  runsOfMask,
  subtractMasks,
  unionMasks,
} from "../../worker/mask-rle.ts";

const pictures = fc
  .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }))
  .chain(([width, height]) => {
    const pixels = fc.array(fc.integer({ min: 0, max: 1 }), {
      minLength: width * height,
      maxLength: width * height,
    });
    return fc.record({ width: fc.constant(width), height: fc.constant(height), a: pixels, b: pixels });
  });

test("runs go down the columns and start with background", () => {
  // 1 0 1
  // 0 1 1
  expect(runsOfMask(encodeMask([1, 0, 1, 0, 1, 1], 3, 2))).toEqual([0, 1, 2, 3]);
  expect(runsOfMask(emptyMask(3, 2))).toEqual([6]);
});

test("the characters are those of pycocotools", () => {
  // Worked out by hand from maskApi.c: five bits a character, low ones first, differences from run 3 on.
  expect(encodeMask([1, 0, 1, 0, 1, 1], 3, 2).counts).toBe("0122");
  expect(emptyMask(128, 96).counts).toBe("PP<");
  const square = new Uint8Array(100 * 100);
  for (let y = 20; y < 60; y++) square.fill(1, y * 100 + 30, y * 100 + 40);
  // Runs 3020 40 60 40 60 ...: 3020 is 12 + 30 * 32 + 2 * 1024; the differences are 0.
  expect(encodeMask(square, 100, 100).counts.slice(0, 9)).toBe("\\n2X1l100");
});

test("any mask comes back as it went in", () => {
  fc.assert(
    fc.property(pictures, ({ width, height, a }) => {
      expect([...decodeMask(encodeMask(a, width, height))]).toEqual(a);
    }),
  );
});

test("long runs and large differences survive the characters", () => {
  const pixels = new Uint8Array(4096 * 2160);
  pixels.fill(1, 5, 4096 * 2000);
  pixels.fill(0, 4096 * 100, 4096 * 101);
  expect(Buffer.compare(decodeMask(encodeMask(pixels, 4096, 2160)), pixels)).toBe(0);
});

test("union, intersection and difference agree with pixels", () => {
  fc.assert(
    fc.property(pictures, ({ width, height, a, b }) => {
      const [maskA, maskB] = [encodeMask(a, width, height), encodeMask(b, width, height)];
      const pixelwise = (keep: (x: number, y: number) => number) =>
        encodeMask(
          a.map((value, index) => keep(value, b[index] ?? 0)),
          width,
          height,
        );
      expect(unionMasks(maskA, maskB)).toEqual(pixelwise((x, y) => x | y));
      expect(intersectMasks(maskA, maskB)).toEqual(pixelwise((x, y) => x & y));
      expect(subtractMasks(maskA, maskB)).toEqual(pixelwise((x, y) => x & (1 - y)));
    }),
  );
});

test("area and box agree with pixels", () => {
  fc.assert(
    fc.property(pictures, ({ width, height, a }) => {
      const mask = encodeMask(a, width, height);
      const inside = a.flatMap((value, index) => (value ? [[index % width, Math.floor(index / width)]] : []));
      const xs = inside.map(([x]) => x ?? 0);
      const ys = inside.map(([, y]) => y ?? 0);
      expect(maskArea(mask)).toBe(inside.length);
      expect(maskBox(mask)).toEqual(
        inside.length === 0
          ? null
          : {
              x0: Math.min(...xs),
              y0: Math.min(...ys),
              x1: Math.max(...xs) + 1,
              y1: Math.max(...ys) + 1,
            },
      );
    }),
  );
});

test("a damaged mask is refused with what was expected", () => {
  expect(() => decodeMask({ width: 3, height: 2, counts: "0121" })).toThrow(/sum up to 6 pixels, got 5/);
  expect(() => decodeMask({ width: 3, height: 2, counts: "P" })).toThrow(/break at character 0/);
  expect(() => encodeMask([1, 0], 3, 2)).toThrow(/needs 6 pixels, got 2/);
  expect(() => unionMasks(emptyMask(2, 2), emptyMask(2, 3))).toThrow(/one size/);
});
