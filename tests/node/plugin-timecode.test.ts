import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  COMMON_RATES,
  frameAtOrAfter,
  frameToTicks,
  frameToTimecode,
  nearestFrame,
  parseTicks,
  rateFromNumber,
  rateFromTicksPerFrame,
  rateToNumber,
  sameRate,
  secondsToTicks,
  supportsDropFrame,
  TICKS_PER_SECOND,
  ticksToFrame,
  ticksToSeconds,
  timecodeToFrame,
} from "../../plugin/timecode.ts";

const TEN_HOURS = 10 * 3600;
const anyCommonRate = fc.constantFrom(...COMMON_RATES);
const anyFrame = fc
  .tuple(anyCommonRate, fc.double({ min: 0, max: 1, noNaN: true }))
  .map(([rate, part]) => ({ rate, frame: Math.floor(part * TEN_HOURS * rateToNumber(rate)) }));
const anyRate = fc.record({
  numerator: fc.integer({ min: 1, max: 1_000_000 }),
  denominator: fc.integer({ min: 1, max: 100_000 }),
});

describe("frames and ticks", () => {
  test("every common rate has a whole number of ticks in a frame", () => {
    for (const { numerator, denominator } of COMMON_RATES) {
      expect((TICKS_PER_SECOND * BigInt(denominator)) % BigInt(numerator)).toBe(0n);
    }
  });

  test("frame to ticks and back is the identity for every common rate over ten hours", () => {
    fc.assert(
      fc.property(anyFrame, ({ rate, frame }) => {
        const ticks = frameToTicks(frame, rate);
        expect(ticksToFrame(ticks, rate)).toBe(frame);
        expect(nearestFrame(ticks, rate)).toBe(frame);
        expect(frameAtOrAfter(ticks, rate)).toBe(frame);
      }),
      { numRuns: 5000 },
    );
  });

  test("each frame of ten hours at 29.97 starts exactly one frame of ticks after the one before", () => {
    const rate = { numerator: 30000, denominator: 1001 };
    let expected = 0n;
    for (let frame = 0; frame <= 1_078_921; frame++, expected += 8_475_667_200n) {
      if (frameToTicks(frame, rate) !== expected) throw new Error(`frame ${frame} is off`);
    }
  });

  test("a frame is shown from its first tick until just before the next one's", () => {
    fc.assert(
      fc.property(anyFrame, ({ rate, frame }) => {
        const next = frameToTicks(frame + 1, rate);
        expect(ticksToFrame(next - 1n, rate)).toBe(frame);
        expect(frameAtOrAfter(next - 1n, rate)).toBe(frame + 1);
      }),
    );
  });

  test("frame to ticks and back is the identity for any ratio, also where ticks don't divide", () => {
    fc.assert(
      fc.property(anyRate, fc.integer({ min: -1_000_000, max: 100_000_000 }), (rate, frame) => {
        expect(ticksToFrame(frameToTicks(frame, rate), rate)).toBe(frame);
      }),
    );
  });

  test("times before zero belong to frames before zero", () => {
    const rate = { numerator: 25, denominator: 1 };
    expect(ticksToFrame(-1n, rate)).toBe(-1);
    expect(frameToTicks(-1, rate)).toBe(-10_160_640_000n);
  });

  test("a rate that is no rate is refused with what came", () => {
    expect(() => frameToTicks(1, { numerator: 0, denominator: 1 })).toThrow("got 0/1");
    expect(() => frameToTicks(1, { numerator: 29.97, denominator: 1 })).toThrow("got 29.97/1");
    expect(() => parseTicks("12.5")).toThrow('got "12.5"');
  });
});

describe("seconds", () => {
  test("seconds to ticks and back stays within a nanosecond over ten hours", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: TEN_HOURS, noNaN: true }), (seconds) => {
        expect(Math.abs(ticksToSeconds(secondsToTicks(seconds)) - seconds)).toBeLessThan(1e-9);
      }),
    );
  });

  test("a frame's time in seconds comes back to the same frame's ticks for every common rate", () => {
    fc.assert(
      fc.property(anyFrame, ({ rate, frame }) => {
        const seconds = ticksToSeconds(frameToTicks(frame, rate));
        expect(nearestFrame(secondsToTicks(seconds), rate)).toBe(frame);
      }),
    );
  });
});

describe("rates", () => {
  test("rounded rates give back the exact ones", () => {
    for (const [shown, numerator, denominator] of [
      [23.976, 24000, 1001],
      [23.98, 24000, 1001],
      [23.976024, 24000, 1001],
      [24, 24, 1],
      [29.97, 30000, 1001],
      [30, 30, 1],
      [59.94, 60000, 1001],
      [119.88, 120000, 1001],
      [12.5, 25, 2],
      [18.4, 92, 5],
    ] as const) {
      expect(rateFromNumber(shown)).toEqual({ numerator, denominator });
    }
    expect(() => rateFromNumber(Number.NaN)).toThrow("got NaN");
  });

  test("the time base of every common rate gives the rate back", () => {
    for (const rate of COMMON_RATES) {
      expect(sameRate(rateFromTicksPerFrame(frameToTicks(1, rate)), rate)).toBe(true);
    }
  });
});

describe("timecode", () => {
  const ntsc = { numerator: 30000, denominator: 1001 };
  const ntsc60 = { numerator: 60000, denominator: 1001 };

  test("drop frame leaves out two numbers a minute but not in each tenth", () => {
    expect(frameToTimecode(1799, ntsc, true)).toBe("00:00:59;29");
    expect(frameToTimecode(1800, ntsc, true)).toBe("00:01:00;02");
    expect(frameToTimecode(17981, ntsc, true)).toBe("00:09:59;29");
    expect(frameToTimecode(17982, ntsc, true)).toBe("00:10:00;00");
    expect(frameToTimecode(19781, ntsc, true)).toBe("00:10:59;29");
    expect(frameToTimecode(19782, ntsc, true)).toBe("00:11:00;02");
    expect(frameToTimecode(107892, ntsc, true)).toBe("01:00:00;00");
    expect(frameToTimecode(3600, ntsc60, true)).toBe("00:01:00;04");
  });

  test("without drop frame numbers simply count up", () => {
    expect(frameToTimecode(1800, ntsc)).toBe("00:01:00:00");
    expect(frameToTimecode(24 * 3600, { numerator: 24000, denominator: 1001 })).toBe("01:00:00:00");
    expect(frameToTimecode(119, { numerator: 120, denominator: 1 })).toBe("00:00:00:119");
    expect(frameToTimecode(-1, { numerator: 25, denominator: 1 })).toBe("-00:00:00:01");
  });

  test("timecode to frame and back is the identity over ten hours, in both ways of counting", () => {
    fc.assert(
      fc.property(anyFrame, fc.boolean(), ({ rate, frame }, wanted) => {
        const dropFrame = wanted && supportsDropFrame(rate);
        expect(timecodeToFrame(frameToTimecode(frame, rate, dropFrame), rate)).toBe(frame);
      }),
      { numRuns: 3000 },
    );
  });

  test("drop-frame timecode of twenty minutes at 29.97 counts every frame once and skips only what it should", () => {
    let previous = "";
    for (let frame = 0; frame < 40_000; frame++) {
      const timecode = frameToTimecode(frame, ntsc, true);
      if (!(timecode > previous)) throw new Error(`${timecode} follows ${previous}`);
      if (/:[0-5][1-9]:00;0[01]$/.test(timecode)) throw new Error(`${timecode} should be left out`);
      previous = timecode;
    }
  });

  test("numbers that drop frame leaves out, and nonsense, are refused", () => {
    expect(() => timecodeToFrame("00:01:00;01", ntsc)).toThrow("left out");
    expect(() => timecodeToFrame("00:00:00:30", ntsc)).toThrow("below 30");
    expect(() => timecodeToFrame("1 second", ntsc)).toThrow("expected HH:MM:SS:FF");
    expect(() => timecodeToFrame("00:00:00;10", { numerator: 25, denominator: 1 })).toThrow("29.97");
  });
});
