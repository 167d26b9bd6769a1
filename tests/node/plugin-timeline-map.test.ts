import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Fraction } from "../../plugin/protocol.ts";
import {
  COMMON_RATES,
  frameToTicks,
  parseTicks,
  secondsToTicks,
  ticksToFrame,
} from "../../plugin/timecode.ts";
import {
  type ClipTiming,
  matteFramesBySourceFrame,
  placeMatte,
  sourceFrameAt,
  timelineFrames,
  timelineStretchesOf,
  usedSourceFrames,
} from "../../plugin/timeline-map.ts";

const TICKS = 254_016_000_000n;
const fps = (numerator: number, denominator = 1): Fraction => ({ numerator, denominator });

interface Shape {
  rate: Fraction;
  timelineRate: Fraction;
  /** Timeline frames. */
  start: number;
  length: number;
  /** Ticks. */
  sourceIn: bigint;
  /** Ten-thousandths. */
  speed: number;
}

function timingOf({ rate, timelineRate, start, length, sourceIn, speed }: Shape): ClipTiming {
  const from = frameToTicks(start, timelineRate);
  const to = frameToTicks(start + length, timelineRate);
  const used = ((to - from) * BigInt(Math.abs(speed)) + 9999n) / 10000n;
  return {
    sourceIn: sourceIn.toString(),
    sourceOut: (sourceIn + used).toString(),
    start: from.toString(),
    end: to.toString(),
    speed: speed / 10000,
    rate,
    timeline: {
      name: "Sequence",
      rate: timelineRate,
      width: 1920,
      height: 1080,
      pixelAspect: fps(1),
      zeroPoint: "0",
      dropFrame: false,
    },
  };
}

/** A host that thinks in exact fractions: the source frame at the start of timeline frame n. */
function hostFrame(timing: ClipTiming, speed: number, n: number): number {
  const time =
    frameToTicks(timelineFrames(timing).first + n, timing.timeline!.rate) - parseTicks(timing.start);
  // Scaled by 10000, so that the speed stays an integer.
  const passed = time * BigInt(Math.abs(speed));
  const scale = TICKS * 10000n * BigInt(timing.rate.denominator);
  const numerator = BigInt(timing.rate.numerator);
  if (speed > 0) return Number(((parseTicks(timing.sourceIn) * 10000n + passed) * numerator) / scale);
  const end = (parseTicks(timing.sourceOut) * 10000n - passed) * numerator;
  return Number((end + scale - 1n) / scale) - 1;
}

const rates = fc.constantFrom(...COMMON_RATES);
const speeds = fc.constantFrom(10000, 10000, -10000, 5000, 20000, -20000, 3333, 12345, -7777, 99990);
const shapes: fc.Arbitrary<Shape> = fc
  .record({
    rate: rates,
    timelineRate: rates,
    start: fc.integer({ min: 0, max: 900_000 }),
    length: fc.integer({ min: 1, max: 90 }),
    inFrame: fc.integer({ min: 0, max: 100_000 }),
    inOffset: fc.constantFrom(0, 0, 0.25, 0.5, 0.99),
    speed: speeds,
  })
  .map(({ inFrame, inOffset, ...shape }) => {
    const from = frameToTicks(inFrame, shape.rate);
    const frame = frameToTicks(inFrame + 1, shape.rate) - from;
    return { ...shape, sourceIn: from + BigInt(Math.floor(Number(frame) * inOffset)) };
  });
const clock = { frameCount: 10_000_000 };

describe("a matte's frame n lies over the host's frame n", () => {
  test("for every rate, speed, direction and in-point", () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        const timing = timingOf(shape);
        const placement = placeMatte(timing, clock);
        for (let n = 0; n < shape.length; n++) {
          const time = frameToTicks(timelineFrames(timing).first + n, timing.timeline!.rate);
          const matteFrame = ticksToFrame(time - parseTicks(placement.start), placement.rate);
          expect(placement.sourceFrames[matteFrame]).toBe(hostFrame(timing, shape.speed, n));
        }
      }),
      { numRuns: 3000 },
    );
  });

  test("at normal speed whatever moment of a frame the host samples", () => {
    fc.assert(
      fc.property(shapes, fc.integer({ min: 0, max: 999 }), (shape, moment) => {
        const timing = timingOf({ ...shape, speed: 10000 });
        const placement = placeMatte(timing, clock);
        fc.pre(placement.way === "per-source-frame");
        const frame = frameToTicks(1, timing.timeline!.rate);
        const time = (BigInt(moment) * frame) / 1000n + BigInt(shape.length - 1) * frame;
        const shown = ticksToFrame(parseTicks(timing.sourceIn) + time, timing.rate);
        expect(placement.sourceFrames[ticksToFrame(time, placement.rate)]).toBe(shown);
      }),
    );
  });

  test("the matte covers exactly the clip's range, with no frame too few", () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        const timing = timingOf(shape);
        const placement = placeMatte(timing, clock);
        expect([placement.start, placement.end]).toEqual([timing.start, timing.end]);
        const duration = frameToTicks(placement.sourceFrames.length, placement.rate);
        expect(duration).toBeGreaterThanOrEqual(parseTicks(timing.end) - parseTicks(timing.start));
      }),
    );
  });
});

describe("how a matte is placed", () => {
  const plain: Shape = {
    rate: fps(25),
    timelineRate: fps(25),
    start: 100,
    length: 4,
    sourceIn: frameToTicks(10, fps(25)),
    speed: 10000,
  };

  test("a clip at normal speed gets one matte frame per source frame", () => {
    const placement = placeMatte(timingOf(plain), clock);
    expect(placement.way).toBe("per-source-frame");
    expect(placement.sourceFrames).toEqual([10, 11, 12, 13]);
    expect(placement.rate).toEqual(fps(25));
  });

  test("a 24 frame clip in a 30 frame sequence keeps its own rate", () => {
    const placement = placeMatte(
      timingOf({ ...plain, rate: fps(24), timelineRate: fps(30), sourceIn: 0n, length: 5 }),
      clock,
    );
    expect(placement.rate).toEqual(fps(24));
    expect(placement.sourceFrames).toEqual([0, 1, 2, 3]);
  });

  test("a reversed clip gets its frames from the last to the first", () => {
    const placement = placeMatte(timingOf({ ...plain, speed: -10000 }), clock);
    expect(placement.sourceFrames).toEqual([13, 12, 11, 10]);
    expect(placement.reason).toContain("reverse");
  });

  test("double speed takes every other frame, half speed each one twice", () => {
    expect(placeMatte(timingOf({ ...plain, speed: 20000 }), clock).sourceFrames).toEqual([10, 12, 14, 16]);
    expect(placeMatte(timingOf({ ...plain, speed: 5000 }), clock).sourceFrames).toEqual([10, 10, 11, 11]);
  });

  test("an in-point between two source frames is matched frame by frame", () => {
    const timing = timingOf({ ...plain, sourceIn: frameToTicks(10, fps(25)) + 5_000_000_000n });
    const placement = placeMatte(timing, clock);
    expect(placement.way).toBe("per-timeline-frame");
    expect(placement.sourceFrames).toEqual([10, 11, 12, 13]);
  });

  test("a clip of varying rate follows its timestamps", () => {
    const timestamps = [0, 0.04, 0.2, 0.24];
    const timing = timingOf({ ...plain, sourceIn: 0n, length: 7 });
    const placement = placeMatte(timing, { frameCount: 4, timestamps });
    expect(placement.sourceFrames).toEqual([0, 1, 1, 1, 1, 2, 3]);
    expect(secondsToTicks(0.04)).toBe(frameToTicks(1, fps(25)));
  });

  test("frames after the end of the media repeat its last one", () => {
    expect(placeMatte(timingOf(plain), { frameCount: 12 }).sourceFrames).toEqual([10, 11, 11, 11]);
  });

  test("a freeze frame is refused with a reason", () => {
    expect(() => placeMatte({ ...timingOf(plain), speed: 0 }, clock)).toThrow("freeze frame");
  });

  test("each source frame knows the matte frames it fills", () => {
    const placement = placeMatte(timingOf({ ...plain, speed: -5000 }), clock);
    expect(placement.sourceFrames).toEqual([11, 11, 10, 10]);
    expect([...matteFramesBySourceFrame(placement)]).toEqual([
      [11, [0, 1]],
      [10, [2, 3]],
    ]);
  });

  test("the used source frames are the lowest and highest that are shown", () => {
    expect(usedSourceFrames(timingOf({ ...plain, speed: -20000 }), clock)).toEqual({ from: 11, to: 17 });
  });
});

describe("where a source frame lies on the timeline", () => {
  test("is exactly where the host shows it, and nowhere where it doesn't", () => {
    fc.assert(
      fc.property(shapes, fc.integer({ min: -3, max: 200 }), (shape, offset) => {
        const timing = timingOf(shape);
        const shown = Array.from({ length: shape.length }, (_, n) => hostFrame(timing, shape.speed, n));
        const wanted = Math.min(...shown) + offset;
        const [stretch, ...more] = timelineStretchesOf(timing, clock, wanted);
        expect(stretch !== undefined).toBe(shown.includes(wanted));
        expect(more).toEqual([]);
        if (!stretch) return;
        const rate = timing.timeline!.rate;
        expect(ticksToFrame(parseTicks(stretch.start), rate) - shape.start).toBe(shown.indexOf(wanted));
        expect(ticksToFrame(parseTicks(stretch.end), rate) - shape.start).toBe(shown.lastIndexOf(wanted) + 1);
      }),
    );
  });

  test("in a browser tab, where the clip is its own timeline, frame n is frame n", () => {
    const timing: ClipTiming = {
      sourceIn: "0",
      sourceOut: frameToTicks(50, fps(30000, 1001)).toString(),
      start: "0",
      end: frameToTicks(50, fps(30000, 1001)).toString(),
      speed: 1,
      rate: fps(30000, 1001),
      timeline: null,
    };
    expect(placeMatte(timing, { frameCount: 50 }).sourceFrames).toEqual(
      Array.from({ length: 50 }, (_, n) => n),
    );
    expect(sourceFrameAt(timing, { frameCount: 50 }, frameToTicks(49, timing.rate))).toBe(49);
  });
});
