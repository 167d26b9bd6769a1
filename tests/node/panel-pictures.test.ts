/** Masks as pixels and outlines, and where the picture lies: pure parts of the viewer. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { maskPixels } from "../../panel/masks/mask-image.ts";
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

describe("a mask as pixels", () => {
  it("is nothing for an empty mask", () => {
    expect(maskPixels(emptyMask(4, 3))).toBeNull();
  });

  it("is opaque exactly inside, in the box that it fills", () => {
    fc.assert(
      fc.property(masks, ({ width, height, pixels }) => {
        const image = maskPixels(encodeMask(pixels, width, height));
        const opaque = Array.from({ length: width * height }, (_, at) => {
          const [x, y] = [(at % width) - (image?.x ?? 0), Math.floor(at / width) - (image?.y ?? 0)];
          const within = image && x >= 0 && y >= 0 && x < image.width && y < image.height;
          return within && image.data[(y * image.width + x) * 4 + 3] === 255 ? 1 : 0;
        });
        expect(opaque).toEqual(pixels);
      }),
    );
  });
});

describe("a mask's outline", () => {
  it("goes around one pixel with four sides", () => {
    const outline = maskOutline(encodeMask([0, 0, 0, 0, 1, 0, 0, 0, 0], 3, 3));
    expect(outline.length / 4).toBe(4);
  });

  it("is as long as there are pixel sides between inside and outside", () => {
    fc.assert(
      fc.property(masks, ({ width, height, pixels }) => {
        const inside = (x: number, y: number) =>
          x >= 0 && y >= 0 && x < width && y < height ? pixels[y * width + x]! : 0;
        let sides = 0;
        for (let y = 0; y <= height; y++)
          for (let x = 0; x <= width; x++) {
            sides += Number(inside(x, y) !== inside(x - 1, y)) + Number(inside(x, y) !== inside(x, y - 1));
          }
        const outline = maskOutline(encodeMask(pixels, width, height));
        let length = 0;
        for (let at = 0; at < outline.length; at += 4)
          length += Math.abs(outline[at + 2]! - outline[at]!) + Math.abs(outline[at + 3]! - outline[at + 1]!);
        expect(length).toBe(sides);
      }),
    );
  });
});

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
