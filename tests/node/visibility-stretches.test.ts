import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  isShownAt,
  type ScoredFrame,
  shownRuns,
  type VisibilityStretch,
  visibilityStretches,
} from "../../worker/visibility.ts";
import { hiddenStretches, type VisibilityWord, withWord, wordOn } from "../../worker/visibility-overrides.ts";

/** Scores of frames 0, 1, 2 …; a score above 0 has a mask. */
function scored(scores: number[], from = 0): ScoredFrame[] {
  return scores.map((objectScore, i) => ({
    frameIndex: from + i,
    objectScore,
    area: objectScore > 0 ? 100 : 0,
  }));
}

const brief = (stretches: VisibilityStretch[]) =>
  stretches.map(({ from, to, state, shown }) => `${from}-${to} ${state}${shown ? "" : " off"}`);

describe("visibility from object scores", () => {
  it("finds where an object vanishes and comes back", () => {
    const found = visibilityStretches(scored([5, 5, 5, -8, -9, -8, 6, 7, 7]));
    expect(brief(found)).toEqual(["0-2 visible", "3-5 hidden off", "6-8 visible"]);
    expect(found.map(({ reason }) => reason)).toEqual(["track-start", "score-fell", "score-rose"]);
    expect(found[1]?.explanation).toContain("-8.0");
  });

  it("does not flicker for a single hidden frame, and asks the person to look", () => {
    const found = visibilityStretches(scored([5, 5, -1, 5, 5]), [], { minUncertainFrames: 1 });
    expect(brief(found)).toEqual(["0-1 visible", "2-2 uncertain", "3-4 visible"]);
    expect(found[1]?.reason).toBe("too-short");
  });

  it("does not show a single frame between hidden ones", () => {
    expect(shownRuns(visibilityStretches(scored([5, 5, -3, -3, 4, -3, -3])))).toEqual([
      { from: 0, to: 1, shown: true },
      { from: 2, to: 6, shown: false },
    ]);
  });

  it("keeps what was before while the score is near the threshold", () => {
    const found = visibilityStretches(scored([5, 0.5, 0.6, 0.4, -5, -5, 0.5, 0.5, 0.7, 5]));
    expect(shownRuns(found)).toEqual([
      { from: 0, to: 3, shown: true },
      { from: 4, to: 8, shown: false },
      { from: 9, to: 9, shown: true },
    ]);
    expect(found.filter(({ state }) => state === "uncertain")).toHaveLength(2);
  });

  it("calls frames hidden whose mask is empty, whatever their score", () => {
    const frames = scored([5, 5, 5, 5]).map((frame, i) => (i > 1 ? { ...frame, area: 0 } : frame));
    expect(visibilityStretches(frames)[1]).toMatchObject({
      from: 2,
      to: 3,
      state: "hidden",
      reason: "mask-empty",
    });
  });

  it("marks frames on which the model doubts its own mask, and shows them", () => {
    const frames = scored([5, 5, 5, 5, 5]).map((frame, i) => ({ ...frame, predictedIou: i > 1 ? 0.2 : 0.9 }));
    expect(visibilityStretches(frames)[1]).toMatchObject({
      from: 2,
      state: "uncertain",
      shown: true,
      reason: "confidence-low",
    });
  });

  it("keeps frames apart between which nothing was tracked", () => {
    const found = visibilityStretches([...scored([5, 5]), ...scored([5, 5], 10)]);
    expect(found.map(({ from, to, reason }) => [from, to, reason])).toEqual([
      [0, 1, "track-start"],
      [10, 11, "after-gap"],
    ]);
    expect(isShownAt(found, 5)).toBeNull();
  });

  it("lets the person's word win, also after tracking again", () => {
    const override = { from: 1, to: 2, state: "hidden" } as const;
    for (const scores of [
      [5, 5, 5, 5],
      [-5, 5, -5, 5],
    ]) {
      const found = visibilityStretches(scored(scores), [override]);
      expect(isShownAt(found, 1)).toBe(false);
      expect(found.find(({ from }) => from === 1)).toMatchObject({ origin: "person", reason: "person" });
    }
  });

  it("refuses two scores for one frame and thresholds out of order", () => {
    expect(() => visibilityStretches([...scored([1]), ...scored([2])])).toThrow(
      /one score per frame.*frame 0/,
    );
    expect(() => visibilityStretches([], [], { hideAt: 2, showAbove: 1 })).toThrow(/hideAt ≤ showAbove/);
  });

  it("covers every tracked frame exactly once, in order, and no hidden run is shorter than asked", () => {
    const scores = fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(scores, fc.integer({ min: 1, max: 5 }), (values, least) => {
        const found = visibilityStretches(scored(values), [], { minHiddenFrames: least });
        const covered = found.flatMap(({ from, to }) =>
          Array.from({ length: to - from + 1 }, (_, i) => from + i),
        );
        expect(covered).toEqual(values.map((_, i) => i));
        const runs = shownRuns(found);
        for (const [i, run] of runs.entries()) {
          expect(run.shown).not.toBe(runs[i - 1]?.shown);
          const enclosed = i > 0 && i < runs.length - 1;
          if (enclosed && !run.shown) expect(run.to - run.from + 1).toBeGreaterThanOrEqual(least);
        }
      }),
    );
  });
});

describe("a person's words", () => {
  const FRAMES = 12;
  const word = fc.record({
    from: fc.integer({ min: 0, max: FRAMES - 1 }),
    length: fc.integer({ min: 1, max: FRAMES }),
    word: fc.constantFrom<VisibilityWord>("visible", "hidden", "model"),
  });

  it("add up as if each frame had been painted over in turn, in as few stretches as possible", () => {
    fc.assert(
      fc.property(fc.array(word, { maxLength: 8 }), (words) => {
        const painted: VisibilityWord[] = Array(FRAMES).fill("model");
        let overrides: ReturnType<typeof withWord> = [];
        for (const { from, length, word } of words) {
          const to = Math.min(FRAMES, from + length) - 1;
          overrides = withWord(overrides, { from, to }, word);
          painted.fill(word, from, to + 1);
        }
        expect(painted.map((_, frame) => wordOn(overrides, { from: frame, to: frame }))).toEqual(painted);
        for (const [index, { from, state }] of overrides.entries()) {
          const before = overrides[index - 1];
          if (before) expect(before.to < from && (before.to + 1 < from || before.state !== state)).toBe(true);
        }
      }),
    );
  });

  it("on a stretch are one word, or mixed", () => {
    const overrides = withWord(withWord([], { from: 2, to: 8 }, "hidden"), { from: 5, to: 5 }, "model");
    expect(overrides.map(({ from, to }) => [from, to])).toEqual([
      [2, 4],
      [6, 8],
    ]);
    expect(wordOn(overrides, { from: 2, to: 4 })).toBe("hidden");
    expect(wordOn(overrides, { from: 3, to: 6 })).toBe("mixed");
    expect(wordOn(overrides, { from: 9, to: 20 })).toBe("model");
  });

  it("leave frames empty by the named rule", () => {
    const scores = scored([5, 5, -5, -5, -5, 5, 5, 5]);
    const overrides = withWord(withWord([], { from: 3, to: 3 }, "visible"), { from: 6, to: 6 }, "hidden");
    expect(hiddenStretches(scores, overrides, "masks")).toEqual([]);
    expect(hiddenStretches(scores, overrides, "said")).toEqual([{ from: 6, to: 6 }]);
    expect(hiddenStretches(scores, overrides, "followed")).toEqual([
      { from: 2, to: 2 },
      { from: 4, to: 4 },
      { from: 6, to: 6 },
    ]);
  });
});
