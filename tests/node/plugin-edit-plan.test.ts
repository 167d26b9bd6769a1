import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type MattePlanRequest, planMatte, planSignature, reviewMarkers } from "../../plugin/edit-plan.ts";
import {
  DEFAULT_OCCLUSION_SETTINGS,
  occlusionKeyframes,
  type VisibilityStretch,
  visibilityPerFrame,
} from "../../plugin/occlusion-keyframes.ts";
import { frameToTicks, parseTicks, ticksToFrame } from "../../plugin/timecode.ts";
import { placeMatte } from "../../plugin/timeline-map.ts";

const rate = { numerator: 25, denominator: 1 };
const frames = (count: number, first = 0) => Array.from({ length: count }, (_, n) => first + n);
const NO_FLICKER_LIMITS = { minimumHiddenFrames: 1, minimumVisibleFrames: 1, fadeFrames: 0 };

/** "vvvhh?" to stretches of one frame each. */
function stretchesOf(states: string): VisibilityStretch[] {
  const names = { v: "visible", h: "hidden", "?": "uncertain" } as const;
  return [...states].map((state, n) => ({ from: n, to: n, state: names[state as "v" | "h" | "?"] }));
}

/** Keys as [frame, value] or [frame, value, "linear"]. */
function keysOf(states: string, settings = NO_FLICKER_LIMITS, sourceFrames = frames(states.length)) {
  return occlusionKeyframes(stretchesOf(states), { sourceFrames, rate }, settings).map((key) => {
    const frame = ticksToFrame(parseTicks(key.time), rate);
    expect(key.time).toBe(frameToTicks(frame, rate).toString());
    return key.interpolation === "hold" ? [frame, key.value] : [frame, key.value, key.interpolation];
  });
}

/** What a host shows at a frame: the last key holds, or runs straight to the next. */
function opacityAt(keys: ReturnType<typeof keysOf>, frame: number): number {
  const index = keys.findLastIndex(([at]) => (at as number) <= frame);
  if (index < 0) return 100;
  const [at, value, linear] = keys[index] as [number, number, string?];
  const next = keys[index + 1] as [number, number] | undefined;
  return linear && next ? value + ((next[1] - value) * (frame - at)) / (next[0] - at) : value;
}

describe("occlusion keyframes", () => {
  test("an object that is always visible needs none", () => {
    expect(keysOf("vvvv")).toEqual([]);
    expect(keysOf("????")).toEqual([]);
    expect(keysOf("")).toEqual([]);
  });

  test("switch off at the first hidden frame and on at the first visible one", () => {
    expect(keysOf("vvhhhvv")).toEqual([
      [0, 100],
      [2, 0],
      [5, 100],
    ]);
    expect(keysOf("hhv")).toEqual([
      [0, 0],
      [2, 100],
    ]);
    expect(keysOf("hhhh")).toEqual([[0, 0]]);
  });

  test("uncertain frames keep what was so before them", () => {
    expect(keysOf("vv??vv")).toEqual([]);
    expect(keysOf("vv??hh")).toEqual([
      [0, 100],
      [4, 0],
    ]);
    expect(keysOf("hh??vv")).toEqual([
      [0, 0],
      [4, 100],
    ]);
    expect(keysOf("??hh")).toEqual([[0, 0]]);
  });

  test("where the tracker says whether the matte is on, that decides, also on uncertain frames", () => {
    const stretches = [
      { from: 0, to: 4, state: "uncertain" as const, shown: true },
      { from: 5, to: 9, state: "uncertain" as const, shown: false },
    ];
    const keys = occlusionKeyframes(stretches, { sourceFrames: frames(10), rate }, NO_FLICKER_LIMITS);
    expect(keys.map((key) => key.value)).toEqual([100, 0]);
    expect(keys[1]!.time).toBe(frameToTicks(5, rate).toString());
  });

  test("by default one or two hidden frames and one visible frame between hidden ones don't flicker", () => {
    expect(keysOf("vvhhvv", DEFAULT_OCCLUSION_SETTINGS)).toEqual([]);
    expect(keysOf("vvhhhvhhhv", DEFAULT_OCCLUSION_SETTINGS)).toEqual([
      [0, 100],
      [2, 0],
      [9, 100],
    ]);
  });

  test("what a person said is never too short to act on", () => {
    const stretches: VisibilityStretch[] = [
      { from: 0, to: 3, state: "visible" },
      { from: 4, to: 4, state: "hidden", origin: "person" },
      { from: 5, to: 6, state: "visible" },
      { from: 7, to: 10, state: "hidden" },
      { from: 11, to: 11, state: "visible", origin: "person" },
      { from: 12, to: 15, state: "hidden" },
    ];
    const keys = occlusionKeyframes(stretches, { sourceFrames: frames(16), rate });
    const read = keys.map(({ time, value }) => [ticksToFrame(parseTicks(time), rate), value]);
    expect(read).toEqual([
      [0, 100],
      [4, 0],
      [5, 100],
      [7, 0],
      [11, 100],
      [12, 0],
    ]);
  });

  test("a visible frame at either end of the clip stays visible", () => {
    expect(keysOf("vhhhhv", DEFAULT_OCCLUSION_SETTINGS)).toEqual([
      [0, 100],
      [1, 0],
      [5, 100],
    ]);
  });

  test("fades end where the object goes and begin where it comes back", () => {
    const fading = { ...NO_FLICKER_LIMITS, fadeFrames: 2 };
    expect(keysOf("vvvvvhhhvvvvv", fading)).toEqual([
      [0, 100],
      [3, 100, "linear"],
      [5, 0],
      [8, 0, "linear"],
      [10, 100],
    ]);
    expect(keysOf("vhhv", fading)).toEqual([
      [0, 100],
      [1, 0],
      [3, 100],
    ]);
  });

  test("a visible stretch shorter than its two fades rises and falls without a jump back", () => {
    const keys = keysOf("hhhvvvhhh", { ...NO_FLICKER_LIMITS, fadeFrames: 5 });
    expect(keys).toEqual([
      [0, 0],
      [3, 0, "linear"],
      [4, 100],
      [5, 100, "linear"],
      [6, 0],
    ]);
    expect(keysOf("hvvh", { ...NO_FLICKER_LIMITS, fadeFrames: 9 })).toEqual([
      [0, 0],
      [1, 0, "linear"],
      [2, 100, "linear"],
      [3, 0],
    ]);
  });

  test("a reversed or slowed clip has its keys where the timeline shows the frames", () => {
    expect(keysOf("vvhh", NO_FLICKER_LIMITS, [3, 2, 1, 0])).toEqual([
      [0, 0],
      [2, 100],
    ]);
    expect(keysOf("vh", NO_FLICKER_LIMITS, [0, 0, 0, 1, 1])).toEqual([
      [0, 100],
      [3, 0],
    ]);
  });

  test("without limits and fades the keys play back exactly the visibility", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[vh?]{1,60}$/), (states) => {
        const keys = keysOf(states);
        const visible = visibilityPerFrame(stretchesOf(states), frames(states.length));
        for (const [frame, state] of visible.entries()) {
          expect(opacityAt(keys, frame)).toBe(state ? 100 : 0);
        }
      }),
    );
  });

  test("keys rise strictly in time, and no stretch in between is shorter than the limits", () => {
    const limits = fc.record({
      minimumHiddenFrames: fc.integer({ min: 1, max: 6 }),
      minimumVisibleFrames: fc.integer({ min: 1, max: 6 }),
      fadeFrames: fc.constant(0),
    });
    fc.assert(
      fc.property(fc.stringMatching(/^[vh?]{1,80}$/), limits, (states, settings) => {
        const keys = keysOf(states, settings) as [number, number][];
        keys.slice(1).forEach(([frame, value], index) => {
          const [before, valueBefore] = keys[index]!;
          expect(value).not.toBe(valueBefore);
          const shortest = valueBefore === 0 ? settings.minimumHiddenFrames : settings.minimumVisibleFrames;
          const atStart = index === 0 && valueBefore === 100;
          expect(frame - before).toBeGreaterThanOrEqual(atStart ? 1 : shortest);
        });
      }),
    );
  });

  test("fades change no hidden frame: there the matte stays off", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[vh]{1,60}$/), fc.integer({ min: 0, max: 9 }), (states, fadeFrames) => {
        const keys = keysOf(states, { ...NO_FLICKER_LIMITS, fadeFrames });
        for (const [n, [frame]] of keys.slice(1).entries())
          expect(frame).toBeGreaterThan(keys[n]![0] as number);
        [...states].forEach((state, frame) => {
          if (state === "h") expect(opacityAt(keys, frame)).toBe(0);
        });
      }),
    );
  });
});

const timing = {
  sourceIn: frameToTicks(100, rate).toString(),
  sourceOut: frameToTicks(110, rate).toString(),
  start: frameToTicks(50, rate).toString(),
  end: frameToTicks(60, rate).toString(),
  speed: 1,
  rate,
  timeline: null,
};
const clock = { frameCount: 500 };
const request: MattePlanRequest = {
  kind: "track-matte",
  clipId: "clip",
  clipName: "street.mov",
  objectName: "car",
  timing,
  clock,
  placement: placeMatte(timing, clock),
  files: { kind: "stills", firstFile: "/p/car/00000.png", width: 1920, height: 1080, fitToFrame: false },
  visibility: [
    { from: 100, to: 103, state: "visible" },
    { from: 104, to: 109, state: "hidden" },
  ],
  review: [{ from: 102, to: 103, reason: "The object score is near zero." }],
};

describe("the edit plan", () => {
  test("says where the matte lies, how many files it has and when it is off", () => {
    const plan = planMatte(request);
    expect(plan.label).toBe("Masklet: car");
    expect(plan.write).toEqual({
      kind: "track-matte",
      matte: {
        kind: "stills",
        firstFile: "/p/car/00000.png",
        frameCount: 10,
        width: 1920,
        height: 1080,
        fitToFrame: false,
        name: "street.mov - car",
        rate,
        start: timing.start,
        end: timing.end,
      },
      opacity: [
        { time: "0", value: 100, interpolation: "hold" },
        { time: frameToTicks(4, rate).toString(), value: 0, interpolation: "hold" },
      ],
    });
  });

  test("is plain JSON: nothing is lost on the way to the host", () => {
    for (const kind of ["track-matte", "cut-out", "import-only"] as const) {
      const plan = planMatte({ ...request, kind });
      expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
      expect(plan.write.kind).toBe(kind);
    }
  });

  test("signs the same object of the same clip alike and others differently", () => {
    expect(planMatte(request).signature).toBe(planSignature("street.mov", "car"));
    expect(planSignature("street.mov", "car")).toMatch(/^mk-[0-9a-f]{8}$/);
    const names = ["car", "cat", "Car", "自行车", ""].map((name) => planSignature("street.mov", name));
    expect(new Set(names).size).toBe(5);
  });

  test("marks stretches to check where the timeline shows them, and leaves out what was trimmed off", () => {
    const review = [
      { from: 102, to: 104, reason: "a" },
      { from: 90, to: 100, reason: "b" },
      { from: 200, to: 210, reason: "c" },
    ];
    const markers = reviewMarkers({ ...request, review });
    expect(markers.map(({ time, duration, comment }) => [time, duration, comment])).toEqual([
      [frameToTicks(52, rate).toString(), frameToTicks(3, rate).toString(), "a"],
      [frameToTicks(50, rate).toString(), frameToTicks(1, rate).toString(), "b"],
    ]);
  });
});
