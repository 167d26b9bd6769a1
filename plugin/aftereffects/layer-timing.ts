/**
 * Pure: a layer's times, as After Effects gives them in seconds, as the exact times that the panel works with.
 *
 * Without remapping and loops, `source time = (comp time - start time) * 100 / stretch`. Seconds are rounded
 * by the host; they are put back on the frames that they stand for, and everything after is in whole numbers.
 */
import type { ClipSelection, Fraction, Ticks } from "../protocol.ts";
import {
  floorDivide,
  formatTicks,
  frameAtOrAfter,
  frameToTicks,
  nearestFrame,
  rateFromNumber,
  secondsToTicks,
  simplestRatio,
} from "../timecode.ts";
import type { LayerFacts } from "./calls.ts";

type Timing = Pick<
  ClipSelection,
  "sourceIn" | "sourceOut" | "start" | "end" | "speed" | "frameTimes" | "rate" | "playhead"
>;

/** Share by which a percentage may be off its exact ratio; After Effects keeps some numbers in 32 bits. */
const STRETCH_ROUNDING = 1e-7;

/** The comp frames on which the layer is seen: number of the first one, and how many. */
export function shownCompFrames(facts: LayerFacts): { first: number; count: number } {
  const rate = rateFromNumber(facts.comp.rate);
  const [from, to] = shownTicks(facts);
  const first = frameAtOrAfter(from, rate);
  return { first, count: Math.max(0, frameAtOrAfter(to, rate) - first) };
}

/**
 * `remap`: source seconds on each shown comp frame, for a remapped layer. `reversedShowsFrameBefore`: see
 * `Findings`.
 */
export function timingOf(
  facts: LayerFacts,
  remap: readonly number[] | null,
  reversedShowsFrameBefore = true,
): Timing {
  const compRate = rateFromNumber(facts.comp.rate);
  const rate = rateFromNumber(facts.sourceRate);
  const [start, end] = shownTicks(facts);
  const common = {
    start: formatTicks(start),
    end: formatTicks(end),
    rate,
    playhead: formatTicks(onFrame(facts.comp.time, compRate)),
  };
  const times = listedTimes(facts, remap, rate, reversedShowsFrameBefore);
  return times ? { ...common, ...listed(times, rate) } : { ...common, ...evenTimes(facts, start, end, rate) };
}

/** In- and out-point on comp frames, within the comp. */
function shownTicks(facts: LayerFacts): [bigint, bigint] {
  const rate = rateFromNumber(facts.comp.rate);
  const frameOf = (seconds: number) => nearestFrame(secondsToTicks(seconds), rate);
  const last = frameOf(facts.comp.duration);
  const within = (seconds: number) => frameToTicks(Math.min(Math.max(frameOf(seconds), 0), last), rate);
  const [a, b] = [within(facts.inPoint), within(facts.outPoint)];
  return a <= b ? [a, b] : [b, a];
}

function onFrame(seconds: number, rate: Fraction): bigint {
  return frameToTicks(nearestFrame(secondsToTicks(seconds), rate), rate);
}

// ---------------------------------------------------------------- start and stretch

/**
 * Source time of a comp time, both in ticks. Rounded up where it is no whole tick: together with what passes
 * from there on, which is rounded down, no frame is lost.
 */
function sourceTicksAt(facts: LayerFacts, rate: Fraction): (compTicks: bigint) => bigint {
  const { numerator, denominator } = speedOf(facts);
  const sign = facts.stretch < 0 ? -1n : 1n;
  const origin = snapped(secondsToTicks(facts.startTime), rateFromNumber(facts.comp.rate), "start");
  return (compTicks) => {
    const passed = (compTicks - origin) * BigInt(numerator) * sign;
    return snapped(-floorDivide(-passed, BigInt(denominator)), rate, "computed");
  };
}

function evenTimes(
  facts: LayerFacts,
  start: bigint,
  end: bigint,
  rate: Fraction,
): Pick<Timing, "sourceIn" | "sourceOut" | "speed"> {
  const at = sourceTicksAt(facts, rate);
  const [sourceIn, sourceOut] = facts.stretch < 0 ? [at(end), at(start)] : [at(start), at(end)];
  return {
    sourceIn: formatTicks(sourceIn < 0n ? 0n : sourceIn),
    sourceOut: formatTicks(sourceOut),
    speed: 100 / facts.stretch,
  };
}

function speedOf({ stretch }: LayerFacts): Fraction {
  const { numerator, denominator } = simplestRatio(Math.abs(stretch), STRETCH_ROUNDING);
  return { numerator: denominator * 100, denominator: numerator };
}

/**
 * How near to a frame a time is meant to be that frame, as parts of a frame: a layer's start, which people set on
 * frames; samples of time remapping, which are taken a little late, see `sampleRemap`; what follows from exact
 * numbers, where a stretch of 901 % goes in steps of 1/901 frame.
 */
const NEAR = { start: 100n, sample: 2_000n, computed: 100_000n };

function snapped(ticks: bigint, rate: Fraction, what: keyof typeof NEAR): bigint {
  const frame = frameToTicks(nearestFrame(ticks, rate), rate);
  const tolerance = floorDivide(frameToTicks(1, rate), NEAR[what]);
  const distance = frame > ticks ? frame - ticks : ticks - frame;
  return distance <= tolerance ? frame : ticks;
}

// ---------------------------------------------------------------- frame by frame

/** Source time on each shown comp frame within the source's first pass; null where start and stretch say it all. */
function listedTimes(
  facts: LayerFacts,
  remap: readonly number[] | null,
  rate: Fraction,
  reversedShowsFrameBefore: boolean,
): bigint[] | null {
  const pass = passTicks(facts, rate);
  if (remap)
    return remap.map((seconds) => withinPass(snapped(secondsToTicks(seconds), rate, "sample"), facts, pass));
  const ownRule = facts.stretch < 0 && !reversedShowsFrameBefore;
  if (!ownRule && !isLooped(facts, rate, pass)) return null;
  return evenlyListed(facts, rate, ownRule ? 0n : 1n).map((ticks) => withinPass(ticks, facts, pass));
}

/** Whether more than the first pass is shown. */
function isLooped(facts: LayerFacts, rate: Fraction, pass: bigint): boolean {
  if (facts.loops <= 1 || pass <= 0n) return false;
  const [start, end] = shownTicks(facts);
  return BigInt(evenTimes(facts, start, end, rate).sourceOut) > pass;
}

function passTicks({ sourceDuration }: LayerFacts, rate: Fraction): bigint {
  return frameToTicks(nearestFrame(secondsToTicks(sourceDuration), rate), rate);
}

/** `before`: ticks by which a layer that runs back shows what lies before its source time. */
function evenlyListed(facts: LayerFacts, rate: Fraction, before: bigint): bigint[] {
  const compRate = rateFromNumber(facts.comp.rate);
  const { first, count } = shownCompFrames(facts);
  const at = sourceTicksAt(facts, rate);
  return Array.from({ length: count }, (_, n) => {
    const ticks = at(frameToTicks(first + n, compRate));
    return facts.stretch < 0 ? ticks - before : ticks;
  });
}

/** The last pass's last frame stays beyond the end. */
function withinPass(ticks: bigint, { loops }: LayerFacts, pass: bigint): bigint {
  if (ticks < 0n) return 0n;
  if (pass <= 0n) return ticks;
  return ticks >= pass * BigInt(loops) ? pass - 1n : ticks % pass;
}

function listed(
  times: readonly bigint[],
  rate: Fraction,
): Pick<Timing, "sourceIn" | "sourceOut" | "speed" | "frameTimes"> {
  const ascending = [...times].sort((a, b) => Number(a - b));
  const [low, high] = [ascending[0] ?? 0n, ascending[ascending.length - 1] ?? 0n];
  const frameTimes: Ticks[] = times.map(formatTicks);
  return {
    sourceIn: formatTicks(low),
    sourceOut: formatTicks(high + frameToTicks(1, rate)),
    speed: 1,
    frameTimes,
  };
}
