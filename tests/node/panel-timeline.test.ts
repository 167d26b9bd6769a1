/** What the strip shows of every frame, and which frames ask for a look. */
import { describe, expect, it } from "vitest";
import { neighbour, reviewList } from "../../panel/review/review-list.ts";
import { type FrameRecord, newObject, type TrackedObject } from "../../panel/session/document.ts";
import { objectRow, statusAt } from "../../panel/timeline/frame-status.ts";
import { emptyMask } from "../../worker/mask-rle.ts";

const record = (frameIndex: number, change: Partial<FrameRecord> = {}): FrameRecord => ({
  objectId: 1,
  frameIndex,
  mask: emptyMask(4, 4),
  objectScore: 9,
  predictedIou: 0.95,
  area: 100,
  origin: "tracked",
  milliseconds: 1,
  direction: 1,
  agreement: null,
  staleSince: null,
  ...change,
});

const tracked = (changes: Record<number, Partial<FrameRecord>>, frames = 30): TrackedObject => ({
  ...newObject(1),
  prompts: new Map([[0, { points: [{ x: 1, y: 1, label: 1 as const }] }]]),
  records: new Map(Array.from({ length: frames }, (_, frame) => [frame, record(frame, changes[frame])])),
});

const hiddenFrom = (from: number, to: number) =>
  Object.fromEntries(
    Array.from({ length: to - from + 1 }, (_, at) => [from + at, { objectScore: -6, area: 0 }]),
  );

describe("an object's row", () => {
  it("is one run where the object is plainly there", () => {
    expect(objectRow(tracked({}))).toEqual({ runs: [{ from: 0, to: 29, status: "tracked" }], prompted: [0] });
  });

  it("shows where the object was hidden", () => {
    const row = objectRow(tracked(hiddenFrom(10, 14)));
    expect(row.runs.map(({ from, to, status }) => [from, to, status])).toEqual([
      [0, 9, "tracked"],
      [10, 14, "hidden"],
      [15, 29, "tracked"],
    ]);
  });

  it("shows what a correction has made out of date, and what was never tracked", () => {
    const row = objectRow(tracked({ 20: { staleSince: 19 }, 21: { staleSince: 19 } }));
    expect(statusAt(row, 20)).toBe("stale");
    expect(statusAt(row, 22)).toBe("tracked");
    expect(statusAt(row, 99)).toBe("none");
  });
});

describe("the review list", () => {
  it("is empty for a steady track", () => {
    expect(reviewList([tracked({})])).toEqual([]);
  });

  it("names low confidence, unclear visibility, jumps in size and tracks that disagree", () => {
    const items = reviewList([
      tracked({
        3: { predictedIou: 0.3 },
        9: { objectScore: 0.1 },
        15: { area: 300 },
        25: { agreement: 0.4 },
      }),
    ]);
    const reasons = new Map(items.map(({ frameIndex, reason }) => [frameIndex, reason]));
    expect(reasons.get(3)).toContain("confidence");
    expect(reasons.get(9)).toContain("unclear");
    expect(reasons.get(15)).toContain("+200 %");
    expect(reasons.get(25)).toContain("differ");
  });

  it("puts the worst first and names one frame for an occasion", () => {
    const items = reviewList([
      tracked({
        10: { predictedIou: 0.5 },
        11: { predictedIou: 0.1 },
        12: { predictedIou: 0.4 },
        25: { predictedIou: 0.6 },
      }),
    ]);
    expect(items.map(({ frameIndex }) => frameIndex)).toEqual([11, 25]);
  });

  it("does not doubt a frame that a person has prompted", () => {
    expect(reviewList([tracked({ 5: { predictedIou: 0.1, origin: "prompted" } })])).toEqual([]);
  });

  it("is walked in time, around the end", () => {
    const items = reviewList([tracked({ 3: { predictedIou: 0.3 }, 20: { predictedIou: 0.1 } })]);
    expect(neighbour(items, 0, 1)?.frameIndex).toBe(3);
    expect(neighbour(items, 3, 1)?.frameIndex).toBe(20);
    expect(neighbour(items, 20, 1)?.frameIndex).toBe(3);
    expect(neighbour(items, 3, -1)?.frameIndex).toBe(20);
    expect(neighbour([], 3, 1)).toBeNull();
  });
});
