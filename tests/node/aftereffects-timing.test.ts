/** A layer's times as whole numbers: which source frame After Effects shows on each frame of the comp. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LayerFacts } from "../../plugin/aftereffects/calls.ts";
import { shownCompFrames } from "../../plugin/aftereffects/layer-timing.ts";
import { selectionOf } from "../../plugin/aftereffects/selection.ts";
import { secondsOfSourceFrame, sourceFrameOf } from "../../plugin/aftereffects/still-time.ts";
import type { ClipSelection } from "../../plugin/protocol.ts";
import { placeMatte, shownSourceFrames, stillsTiming } from "../../plugin/timeline-map.ts";

const FACTS: LayerFacts = {
  compId: 1,
  layerId: 2,
  name: "shot.mov",
  compName: "Shot 12",
  file: "/footage/shot.mov",
  fileProblem: "",
  sequence: false,
  width: 640,
  height: 360,
  pixelAspect: 1,
  sourceRate: 24,
  sourceDuration: 5,
  loops: 1,
  still: false,
  alpha: "none",
  frameBlending: false,
  startTime: 0,
  inPoint: 0,
  outPoint: 5,
  stretch: 100,
  remapped: false,
  locked: false,
  comp: {
    rate: 24,
    width: 640,
    height: 360,
    pixelAspect: 1,
    duration: 100,
    time: 0,
    startTime: 0,
    dropFrame: false,
  },
};

const CLOCK = { frameCount: 120 };

const facts = (changes: Partial<LayerFacts>): LayerFacts => ({ ...FACTS, ...changes });
const select = (changes: Partial<LayerFacts>, remap: number[] | null = null): ClipSelection =>
  selectionOf(facts(changes), remap, 10);
const shown = (selection: ClipSelection, clock = CLOCK) => shownSourceFrames(selection, clock);

describe("stretch", () => {
  it("of 300 % shows each source frame exactly three times", () => {
    expect(shown(select({ stretch: 300, outPoint: 15 })).slice(0, 9)).toEqual([0, 0, 0, 1, 1, 1, 2, 2, 2]);
  });

  it("of a percentage in 32 bits means the ratio that it stands for", () => {
    const third = Math.fround(100 / 3);
    expect(shown(select({ stretch: third, outPoint: 1 })).slice(0, 5)).toEqual([0, 3, 6, 9, 12]);
  });

  it("of -100 % runs back from the last frame to the first", () => {
    const frames = shown(select({ stretch: -100, startTime: 5, inPoint: 5, outPoint: 0 }));
    expect(frames.slice(0, 3)).toEqual([119, 118, 117]);
    expect(frames.at(-1)).toBe(0);
    expect(frames).toHaveLength(120);
  });

  it("shows the frames that exact fractions say, for every whole percentage and every frame it starts on", () => {
    const shape = fc.record({
      stretch: fc.integer({ min: 1, max: 900 }),
      start: fc.integer({ min: 0, max: 200 }),
      trim: fc.integer({ min: 0, max: 100 }),
      length: fc.integer({ min: 1, max: 60 }),
    });
    fc.assert(
      fc.property(shape, ({ stretch, start, trim, length }) => {
        const changes = {
          stretch,
          startTime: start / 24,
          inPoint: (start + trim) / 24,
          outPoint: (start + trim + length) / 24,
        };
        const frames = shown(select(changes), { frameCount: 1_000_000 });
        expect(frames).toEqual(
          Array.from({ length }, (_, n) => Number((BigInt(trim + n) * 100n) / BigInt(stretch))),
        );
      }),
      {
        // A hundredth of a frame and less before the next one.
        examples: [
          [{ stretch: 338, start: 0, trim: 98, length: 1 }],
          [{ stretch: 301, start: 0, trim: 3, length: 1 }],
        ],
        numRuns: 1000,
      },
    );
  });
});

describe("rates", () => {
  it("of conformed footage count its frames, not its file's seconds", () => {
    // 24 frames a second in the file, conformed to 12, in a comp of 24: each frame twice.
    expect(shown(select({ sourceRate: 12, sourceDuration: 10, outPoint: 10 })).slice(0, 5)).toEqual([
      0, 0, 1, 1, 2,
    ]);
  });

  it("of 23.976 in a comp of 29.97 repeat every fourth frame, an hour in too", () => {
    const comp = { ...FACTS.comp, rate: 29.97, duration: 7200 };
    const frames = shown(
      select({ comp, sourceRate: 23.976, sourceDuration: 7200, inPoint: 3603.6, outPoint: 3604 }),
      { frameCount: 1_000_000 },
    );
    expect(frames.slice(0, 6)).toEqual([86_400, 86_400, 86_401, 86_402, 86_403, 86_404]);
  });
});

describe("time remapping", () => {
  const remapped = (seconds: number[], changes: Partial<LayerFacts> = {}) =>
    select({ remapped: true, outPoint: seconds.length / 24, ...changes }, seconds);

  it("shows what was sampled, in whatever order", () => {
    const selection = remapped([0, 2 / 24, 4 / 24, 4 / 24, 3 / 24, 0]);
    expect(shown(selection)).toEqual([0, 2, 4, 4, 3, 0]);
  });

  it("takes seconds a hair before a frame for that frame, and real halves for the frame before", () => {
    expect(shown(remapped([2 / 24 - 1e-9, 2.5 / 24, 3 / 24 - 1e-6]))).toEqual([2, 2, 3]);
    // Frame 98 of a layer that is stretched to 338 %: 28.994.
    expect(shown(remapped([98 / 3.38 / 24]))).toEqual([28]);
  });

  it("stays on the last frame beyond the end and on the first before the beginning", () => {
    expect(shown(remapped([-1, 5, 6]))).toEqual([0, 119, 119]);
  });

  it("gets a matte with a frame for each frame of the comp", () => {
    const placement = placeMatte(remapped([0, 2 / 24, 1 / 24]), CLOCK);
    expect(placement).toMatchObject({ way: "per-timeline-frame", sourceFrames: [0, 2, 1] });
    expect(placement.reason).toContain("remapped");
  });

  it("is in the pictures already where the host renders them", () => {
    expect(shownSourceFrames(stillsTiming(remapped([0, 2 / 24, 1 / 24])), CLOCK)).toEqual([0, 1, 2]);
  });
});

describe("loops", () => {
  it("begin again after each pass", () => {
    const frames = shown(select({ loops: 3, outPoint: 15 }));
    expect(frames).toHaveLength(360);
    expect([...frames.slice(118, 122), ...frames.slice(238, 242)]).toEqual([118, 119, 0, 1, 118, 119, 0, 1]);
  });

  it("cost nothing where the layer shows the first pass only", () => {
    const selection = select({ loops: 3, outPoint: 4 });
    expect(selection.frameTimes).toBeUndefined();
    expect(placeMatte(selection, CLOCK).way).toBe("per-source-frame");
  });

  it("run back too", () => {
    const frames = shown(select({ loops: 2, stretch: -100, startTime: 10, inPoint: 10, outPoint: 0 }));
    expect(frames).toEqual(Array.from({ length: 240 }, (_, n) => 119 - (n % 120)));
  });
});

describe("what of the layer counts", () => {
  it("is what the comp shows: nothing before its beginning or after its end", () => {
    const comp = { ...FACTS.comp, duration: 2 };
    const changes = facts({ comp, startTime: -1, inPoint: -1, outPoint: 4 });
    expect(shownCompFrames(changes)).toEqual({ first: 0, count: 48 });
    expect(shown(selectionOf(changes, null, 10)).slice(0, 2)).toEqual([24, 25]);
  });

  it("shows the comp's own start timecode", () => {
    const comp = { ...FACTS.comp, rate: 25, startTime: 3600, dropFrame: false };
    expect(select({ comp }).timeline).toMatchObject({ zeroPoint: String(3600n * 254_016_000_000n) });
  });

  it.each([
    [0.91, 10, 11],
    [1.4545, 16, 11],
    [1.21, 40, 33],
    [1.33, 4, 3],
    [2, 2, 1],
    [1.8, 1800, 1000],
  ])("has pixels of %f for their exact shape", (pixelAspect, numerator, denominator) => {
    expect(select({ pixelAspect }).pixelAspect).toEqual({ numerator, denominator });
  });

  it("says what the person should know, and nothing on a plain layer", () => {
    expect(select({}).notes).toEqual([]);
    const said = select({
      fileProblem: "The layer's source is a composition.",
      alpha: "straight",
      frameBlending: true,
      stretch: 200,
    }).notes;
    expect(said.map((note) => note.slice(0, 30))).toEqual([
      "The layer's source is a compos",
      "The footage has straight alpha",
      "The layer blends frames; the m",
    ]);
  });
});

describe("a frame that After Effects renders", () => {
  it("is the source's one that the comp shows, asked for in its middle", () => {
    const half = select({ stretch: 50, outPoint: 2.5 });
    expect([0, 1, 2].map((n) => sourceFrameOf(half, facts({ stretch: 50 }), n))).toEqual([0, 2, 4]);
    expect(secondsOfSourceFrame(half, 2)).toBeCloseTo(2.5 / 24, 12);
  });

  it("of a still is its only one", () => {
    const still = { still: true, sourceDuration: 0, sourceRate: 24 };
    expect(sourceFrameOf(select(still), facts(still), 50)).toBe(0);
  });
});
