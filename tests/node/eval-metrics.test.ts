/** J, F and their statistics: cases computed by hand, and recorded results of the official evaluator. */
import { existsSync, readFileSync } from "node:fs";
import { decode } from "fast-png";
import { describe, expect, it } from "vitest";
import type { BinaryMask } from "../../worker/evaluation/binary-mask.ts";
import { scoreStatistics } from "../../worker/evaluation/davis-statistics.ts";
import {
  boundaryF,
  boundaryPixels,
  boundaryRadius,
  jaccard,
} from "../../worker/evaluation/jaccard-and-boundary.ts";
import {
  meanOverObjects,
  scoredFrames,
  scoreFrame,
  scoreObject,
} from "../../worker/evaluation/object-score.ts";
import { mask, rectangle } from "../support/eval-masks.ts";

const GOLDEN = new URL("../../../shared/golden/jf/", import.meta.url);

describe("region J", () => {
  it("is the share of common pixels among all covered ones", () => {
    expect(jaccard(mask("110", "110"), mask("011", "011"))).toBe(2 / 6);
  });

  it("is 1 when both masks are empty and 0 when one is", () => {
    expect(jaccard(mask("00"), mask("00"))).toBe(1);
    expect(jaccard(mask("01"), mask("00"))).toBe(0);
  });

  it("refuses masks of different sizes", () => {
    expect(() => jaccard(mask("00"), mask("0", "0"))).toThrow("2 x 1 and 1 x 2");
  });
});

describe("the boundary map", () => {
  it("marks pixels that differ from their right, lower or lower right neighbour", () => {
    expect(drawn(mask("0000", "0010", "0000", "0000"))).toEqual(["0110", "0110", "0000", "0000"]);
  });

  it("looks only right in the last row, only down in the last column, and never at the last corner", () => {
    expect(drawn(mask("001", "001", "010"))).toEqual(["010", "111", "110"]);
    expect(drawn(mask("11", "11"))).toEqual(["00", "00"]);
  });
});

describe("boundary F", () => {
  it("matches boundary pixels within ceil(0.008 * diagonal)", () => {
    expect(boundaryRadius(150, 90)).toBe(2);
    expect(boundaryRadius(1280, 720)).toBe(12);
    expect(boundaryRadius(800, 600)).toBe(8);
  });

  it("forgives a shift by the radius and not by one pixel more", () => {
    const truth = rectangle(100, 60, 20, 20, 20, 20); // radius 1
    expect(boundaryF(rectangle(100, 60, 21, 20, 20, 20), truth)).toBe(1);
    // Two pixels aside: left and right edge are 2 away; of 80 boundary pixels only those of the
    // horizontal edges that lie side by side still match.
    expect(boundaryF(rectangle(100, 60, 22, 20, 20, 20), truth)).toBeLessThan(0.6);
  });

  it("follows the evaluators' conventions for masks without a boundary", () => {
    const none = rectangle(40, 40, 0, 0, 0, 0);
    const some = rectangle(40, 40, 10, 10, 10, 10);
    expect(boundaryF(none, none)).toBe(1);
    expect(boundaryF(some, none)).toBe(0);
    expect(boundaryF(none, some)).toBe(0);
  });
});

describe("scores of an object", () => {
  const there = rectangle(40, 40, 10, 10, 10, 10);
  const nowhere = rectangle(40, 40, 0, 0, 0, 0);

  it("leave out the first and the last annotated frame unless asked not to", () => {
    expect(scoredFrames([0, 4, 8, 12], false)).toEqual([4, 8]);
    expect(scoredFrames([0, 4, 8, 12], true)).toEqual([0, 4, 8, 12]);
  });

  it("count from the first frame on which the object appears, in SA-V's rule only", () => {
    const frames = [
      scoreFrame(1, nowhere, nowhere),
      scoreFrame(2, nowhere, nowhere),
      scoreFrame(3, nowhere, there),
      scoreFrame(4, there, there),
    ];
    expect(scoreObject(frames, "davis")?.J.mean).toBe(0.75);
    expect(scoreObject(frames, "sav")).toMatchObject({ frames: 2, J: { mean: 0.5 } });
  });

  it("count from a false appearance too, and not at all for an object that the truth never has (SA-V)", () => {
    const early = [scoreFrame(1, there, nowhere), scoreFrame(2, there, there)];
    expect(scoreObject(early, "sav")?.J.mean).toBe(0.5);
    expect(scoreObject([scoreFrame(1, there, nowhere)], "sav")).toBeNull();
    expect(scoreObject([scoreFrame(1, there, nowhere)], "davis")?.J.mean).toBe(0);
  });

  it("are averaged over objects, whatever the length of their clips", () => {
    const long = scoreObject(
      [1, 2, 3].map((i) => scoreFrame(i, there, there)),
      "davis",
    )!;
    const short = scoreObject([scoreFrame(1, nowhere, there)], "davis")!;
    expect(meanOverObjects([long, short])).toEqual({ objects: 2, J: 0.5, F: 0.5, JF: 0.5 });
    expect(meanOverObjects([])).toBeNull();
  });

  it("have recall above one half and decay from the first to the last quarter", () => {
    // Quarters of five frames share their borders: (1 + 0.9) / 2 - (0.5 + 0.1) / 2.
    const { mean, recall, decay } = scoreStatistics([1, 0.9, 0.8, 0.5, 0.1])!;
    expect(mean).toBeCloseTo(0.66, 12);
    expect(recall).toBe(0.6);
    expect(decay).toBeCloseTo(0.65, 12);
    expect(scoreStatistics([])).toBeNull();
  });
});

describe.skipIf(!existsSync(GOLDEN))("recorded results of the official DAVIS evaluator", () => {
  for (const { name, frames, objects } of recordings()) {
    it(`are repeated to six decimals: ${name}`, () => {
      objects.forEach((expected, index) => {
        const scores = Array.from({ length: frames }, (_, i) =>
          scoreFrame(i, goldenMask(name, "result", i, index + 1), goldenMask(name, "gt", i, index + 1)),
        );
        expect(scores.map((score) => round(score.J))).toEqual(expected.J);
        expect(scores.map((score) => round(score.F))).toEqual(expected.F);
        const { J, F } = scoreObject(scoredFrames(scores, false), "davis")!;
        expect([J.mean, J.recall, J.decay].map(round)).toEqual(expected.J_mean_recall_decay);
        expect([F.mean, F.recall, F.decay].map(round)).toEqual(expected.F_mean_recall_decay);
      });
    });
  }
});

interface Recording {
  name: string;
  frames: number;
  objects: { J: number[]; F: number[]; J_mean_recall_decay: number[]; F_mean_recall_decay: number[] }[];
}

function recordings(): Recording[] {
  if (!existsSync(GOLDEN)) return [];
  return JSON.parse(readFileSync(new URL("expected.json", GOLDEN), "utf8")).cases;
}

function goldenMask(name: string, side: "gt" | "result", frame: number, object: number): BinaryMask {
  const png = decode(readFileSync(new URL(`${name}/${side}/${String(frame).padStart(5, "0")}.png`, GOLDEN)));
  return {
    width: png.width,
    height: png.height,
    data: Uint8Array.from(png.data, (value) => Number(value === object)),
  };
}

function round(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}

function drawn(shape: BinaryMask): string[] {
  const pixels = new Set(boundaryPixels(shape));
  return Array.from({ length: shape.height }, (_, y) =>
    Array.from({ length: shape.width }, (_, x) => Number(pixels.has(y * shape.width + x))).join(""),
  );
}
