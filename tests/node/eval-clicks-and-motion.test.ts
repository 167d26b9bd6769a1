/** Where clicks go, exact distances, and how much an outline boils. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { BinaryMask } from "../../worker/evaluation/binary-mask.ts";
import { chatterBetween, type LumaPicture } from "../../worker/evaluation/chatter.ts";
import { boxAround, nextClick } from "../../worker/evaluation/click-sampling.ts";
import { squaredDistanceInside } from "../../worker/evaluation/distance-transform.ts";
import { countPresence, presenceReport } from "../../worker/evaluation/presence.ts";
import { rectangle } from "../support/eval-masks.ts";

const randomMask = fc
  .record({ width: fc.integer({ min: 1, max: 14 }), height: fc.integer({ min: 1, max: 14 }) })
  .chain(({ width, height }) =>
    fc
      .array(fc.constantFrom(0, 1, 1, 1), { minLength: width * height, maxLength: width * height })
      .map((pixels): BinaryMask => ({ width, height, data: Uint8Array.from(pixels) })),
  );

/** By definition: the nearest pixel outside, with one ring of outside pixels around when padded. */
function nearestOutside({ width, height, data }: BinaryMask, x: number, y: number, ring: number): number {
  let best = 1e12;
  for (let v = -ring; v < height + ring; v++) {
    for (let u = -ring; u < width + ring; u++) {
      const outside = u < 0 || v < 0 || u >= width || v >= height || !data[v * width + u];
      if (outside) best = Math.min(best, (u - x) ** 2 + (v - y) ** 2);
    }
  }
  return best;
}

describe("the distance transform", () => {
  it.each([0, 1])("is exact, with %i ring of outside around the frame", (ring) => {
    fc.assert(
      fc.property(randomMask, (shape) => {
        fc.pre(ring === 1 || shape.data.includes(0));
        const squared = squaredDistanceInside(shape, ring === 1);
        squared.forEach((value, i) => {
          const [x, y] = [i % shape.width, Math.floor(i / shape.width)];
          expect(value).toBe(nearestOutside(shape, x, y, ring));
        });
      }),
      { numRuns: 200 },
    );
  });
});

describe("the next click", () => {
  it("goes to the middle of the object when nothing was said", () => {
    expect(nextClick(rectangle(20, 20, 4, 6, 7, 5), null)).toEqual({ x: 6, y: 8, label: 1 });
  });

  it("goes to the deepest missing part, or excludes the deepest excess", () => {
    const truth = rectangle(40, 20, 5, 5, 9, 9);
    const half = rectangle(40, 20, 5, 5, 3, 9);
    expect(nextClick(truth, half)).toEqual({ x: 10, y: 7, label: 1 });
    const spilled = rectangle(40, 20, 5, 5, 30, 9);
    expect(nextClick(truth, spilled)).toMatchObject({ y: 9, label: 0 });
  });

  it("takes the frame's border for a border of the error, as upstream's padding does", () => {
    expect(nextClick(rectangle(9, 9, 0, 0, 9, 9), null)).toEqual({ x: 4, y: 4, label: 1 });
  });

  it("excludes when missing and excess are equally deep, as upstream's comparison decides", () => {
    const truth = rectangle(20, 5, 1, 1, 3, 3);
    expect(nextClick(truth, rectangle(20, 5, 10, 1, 3, 3))).toEqual({ x: 11, y: 2, label: 0 });
  });

  it("is none when nothing is wrong", () => {
    const truth = rectangle(20, 5, 1, 1, 3, 3);
    expect(nextClick(truth, truth)).toBeNull();
  });

  it("is accompanied by boxes that name the corner pixels", () => {
    expect(boxAround(rectangle(20, 20, 4, 6, 7, 5))).toEqual({ x0: 4, y0: 6, x1: 10, y1: 10 });
    expect(boxAround(rectangle(20, 20, 0, 0, 0, 0))).toBeNull();
  });
});

describe("chatter", () => {
  const WIDTH = 120;
  const HEIGHT = 80;

  /** Textured background, and a brighter textured square at `left` that takes its texture along. */
  function picture(left: number): LumaPicture {
    const data = new Uint8Array(WIDTH * HEIGHT);
    const object = rectangle(WIDTH, HEIGHT, left, 20, 40, 40).data;
    for (let i = 0; i < data.length; i++) {
      const x = (i % WIDTH) - (object[i] ? left : 0);
      const y = Math.floor(i / WIDTH);
      data[i] =
        (object[i] ? 150 : 10) + Math.abs(Math.round(40 * Math.sin(x * 0.9 + 2 * Math.sin(y * 1.3)))) * 2;
    }
    return { width: WIDTH, height: HEIGHT, data };
  }

  const square = (left: number, grown = 0) =>
    rectangle(WIDTH, HEIGHT, left - grown, 20 - grown, 40 + 2 * grown, 40 + 2 * grown);

  it("is 0 for a still edge on a still picture", () => {
    const frame = { mask: square(30), luma: picture(30) };
    expect(chatterBetween(frame, frame)).toBe(0);
  });

  it("is the jump in pixels for an edge that jumps on a still picture", () => {
    const luma = picture(30);
    const jump = chatterBetween({ mask: square(30), luma }, { mask: square(30, 2), luma })!;
    expect(jump).toBeGreaterThan(1.9);
    expect(jump).toBeLessThan(2.1);
  });

  it("stays near 0 when object and edge move together, and not when the edge lags behind", () => {
    const before = { mask: square(30), luma: picture(30) };
    expect(chatterBetween(before, { mask: square(37), luma: picture(37) })!).toBeLessThan(0.35);
    expect(chatterBetween(before, { mask: square(30), luma: picture(37) })!).toBeGreaterThan(1.5);
  });

  it("says nothing about frames without an outline", () => {
    const luma = picture(30);
    const none = { mask: rectangle(WIDTH, HEIGHT, 0, 0, 0, 0), luma };
    expect(chatterBetween(none, { mask: square(30), luma })).toBeNull();
    expect(chatterBetween({ mask: square(30), luma }, none)).toBeNull();
  });
});

describe("presence", () => {
  it("counts what the object score says against what is true; 0 is hidden", () => {
    const counts = countPresence([
      { visible: true, score: 3 },
      { visible: true, score: 0.1 },
      { visible: true, score: -2 },
      { visible: false, score: -5 },
      { visible: false, score: 0 },
      { visible: false, score: 1 },
    ]);
    expect(presenceReport(counts)).toEqual({
      visibleFound: 2,
      visibleMissed: 1,
      hiddenFound: 2,
      hiddenMissed: 1,
      precision: 2 / 3,
      recall: 2 / 3,
      hiddenPrecision: 2 / 3,
      hiddenRecall: 2 / 3,
    });
  });

  it("states no share of nothing", () => {
    const report = presenceReport(countPresence([{ visible: true, score: 1 }]));
    expect(report).toMatchObject({ precision: 1, recall: 1, hiddenPrecision: null, hiddenRecall: null });
  });
});
