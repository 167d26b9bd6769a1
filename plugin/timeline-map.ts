/** Which source frame a host shows at a time of its timeline, and back; pure, runs everywhere. */
import type { ClipSelection, Fraction, Ticks } from "./protocol.ts";
import {
  floorDivide,
  formatTicks,
  frameAtOrAfter,
  frameToTicks,
  parseTicks,
  sameRate,
  secondsToTicks,
  simplestRatio,
  ticksToFrame,
} from "./timecode.ts";

/** How a clip lies on its timeline. A `ClipSelection` is one. */
export type ClipTiming = Pick<
  ClipSelection,
  "sourceIn" | "sourceOut" | "start" | "end" | "speed" | "frameTimes" | "rate" | "timeline"
>;

/**
 * When each source frame is shown, in source time. `timestamps` (seconds from the first frame, strictly
 * increasing) are needed for variable frame rate only; without them frames follow each other at the rate.
 */
export interface SourceClock {
  frameCount: number;
  timestamps?: readonly number[];
}

/** Matte frame n is the mask of source frame `sourceFrames[n]`, and lies over the host's frame n. */
export interface MattePlacement {
  sourceFrames: number[];
  /** What the matte footage must be interpreted as. */
  rate: Fraction;
  /** Timeline time of the first matte frame and just after the last one: exactly the clip's. */
  start: Ticks;
  end: Ticks;
  /**
   * `per-source-frame`: one matte frame for each used source frame, so the host itself repeats and skips
   * them as it does the clip's. `per-timeline-frame`: one for each timeline frame.
   */
  way: "per-source-frame" | "per-timeline-frame";
  /** Why this way, for the person. */
  reason: string;
}

/**
 * The timing of a clip whose frames are stills rendered by the host: one for each frame of the timeline,
 * so speed, reverse and rate are in the pictures already.
 */
export function stillsTiming(timing: ClipTiming): ClipTiming {
  const { start, end, timeline } = timing;
  const duration = formatTicks(parseTicks(end) - parseTicks(start));
  return { start, end, timeline, sourceIn: "0", sourceOut: duration, speed: 1, rate: timelineRate(timing) };
}

/** Share by which a speed in floating point may be off its exact ratio; hosts keep some in 32 bits. */
export const SPEED_ROUNDING = 1e-7;

/**
 * Speed as an exact ratio: the simplest one that the number can stand for, so that a third is a third and
 * three frames of the timeline are exactly one of the source. Negative is reversed.
 */
function speedRatio(speed: number): { numerator: bigint; denominator: bigint } {
  if (!Number.isFinite(speed) || Math.abs(speed) < 0.0001) {
    throw new RangeError(
      `Clip speed: expected a number that isn't 0, got ${speed}; a freeze frame has no motion to track`,
    );
  }
  const { numerator, denominator } = simplestRatio(Math.abs(speed), SPEED_ROUNDING);
  const sign = speed < 0 ? -1n : 1n;
  return { numerator: sign * BigInt(numerator), denominator: BigInt(denominator) };
}

/**
 * Source time shown at a timeline time, ticks.
 *
 * Forward it runs from `sourceIn`; reversed it runs down from `sourceOut`, where it is the end of what is
 * shown, not its start. Where times are given frame by frame, the frame's time counts.
 */
function sourceTimeAt(timing: ClipTiming, timelineTime: bigint): bigint {
  if (timing.frameTimes) return listedTimeAt(timing, timing.frameTimes, timelineTime);
  const { numerator, denominator } = speedRatio(timing.speed);
  const passed = floorDivide((timelineTime - parseTicks(timing.start)) * absolute(numerator), denominator);
  return numerator > 0n ? parseTicks(timing.sourceIn) + passed : parseTicks(timing.sourceOut) - passed;
}

function listedTimeAt(timing: ClipTiming, times: readonly Ticks[], timelineTime: bigint): bigint {
  const frame = ticksToFrame(timelineTime, timelineRate(timing)) - timelineFrames(timing).first;
  return parseTicks(times[Math.min(Math.max(frame, 0), times.length - 1)] ?? "0");
}

/** The source frame that the host shows at a timeline time within the clip. */
export function sourceFrameAt(timing: ClipTiming, clock: SourceClock, timelineTime: bigint): number {
  const time = sourceTimeAt(timing, timelineTime);
  const runsBack = !timing.frameTimes && timing.speed < 0;
  const frame = frameShownAt(runsBack ? time - 1n : time, timing, clock);
  return Math.min(Math.max(frame, 0), clock.frameCount - 1);
}

/** The clip's frames on the timeline: number of the first one, and how many. */
export function timelineFrames(timing: ClipTiming): { first: number; count: number } {
  const rate = timelineRate(timing);
  const first = frameAtOrAfter(parseTicks(timing.start), rate);
  return { first, count: Math.max(0, frameAtOrAfter(parseTicks(timing.end), rate) - first) };
}

/** The source frame on each timeline frame of the clip. */
export function shownSourceFrames(timing: ClipTiming, clock: SourceClock): number[] {
  const rate = timelineRate(timing);
  const { first, count } = timelineFrames(timing);
  return Array.from({ length: count }, (_, n) => sourceFrameAt(timing, clock, frameToTicks(first + n, rate)));
}

/**
 * The timeline times at which source frames `from`..`to` (both included) begin and end to be shown; none
 * where the clip on the timeline never shows any of them (trimmed off, or skipped by its speed), several
 * where it shows them more than once.
 */
export function timelineStretchesOf(
  timing: ClipTiming,
  clock: SourceClock,
  from: number,
  to = from,
): { start: Ticks; end: Ticks }[] {
  const rate = timelineRate(timing);
  const { first } = timelineFrames(timing);
  const time = (n: number) => formatTicks(frameToTicks(first + n, rate));
  const stretches: { start: Ticks; end: Ticks }[] = [];
  shownSourceFrames(timing, clock).forEach((frame, n) => {
    if (frame < from || frame > to) return;
    const last = stretches[stretches.length - 1];
    if (last?.end === time(n)) last.end = time(n + 1);
    else stretches.push({ start: time(n), end: time(n + 1) });
  });
  return stretches;
}

/** The range of source frames that the timeline shows, both ends included, lower first. */
export function usedSourceFrames(timing: ClipTiming, clock: SourceClock): { from: number; to: number } {
  const { sourceFrames } = placeMatte(timing, clock);
  const [from, to] = sourceFrames.reduce(
    ([low, high], frame) => [Math.min(low, frame), Math.max(high, frame)] as const,
    [sourceFrames[0] ?? 0, sourceFrames[0] ?? 0] as const,
  );
  return { from, to };
}

/**
 * How a matte must be made and placed so that its frame n lies over the host's frame n.
 *
 * One matte frame per source frame is exact whatever way the host chooses frames, because it chooses for
 * clip and matte alike. That needs normal speed, constant rate, and an in-point on a source frame: no host
 * lets a script set the speed of the matte, and stills begin on a whole frame. Else each timeline frame
 * gets a matte frame of its own.
 */
export function placeMatte(timing: ClipTiming, clock: SourceClock): MattePlacement {
  const obstacle = obstacleToSourceFrames(timing, clock);
  return obstacle === null ? perSourceFrame(timing, clock) : perTimelineFrame(timing, clock, obstacle);
}

function obstacleToSourceFrames(timing: ClipTiming, clock: SourceClock): string | null {
  if (timing.frameTimes) return "the clip's time is remapped or looped";
  const { numerator, denominator } = speedRatio(timing.speed);
  if (numerator < 0n) return "the clip plays in reverse";
  if (numerator !== denominator) return `the clip plays at ${Number((timing.speed * 100).toFixed(4))} %`;
  if (clock.timestamps) return "the clip's frame rate varies";
  const sourceIn = parseTicks(timing.sourceIn);
  if (frameToTicks(ticksToFrame(sourceIn, timing.rate), timing.rate) !== sourceIn) {
    return "the clip's in-point lies between two of its frames";
  }
  return null;
}

function perSourceFrame(timing: ClipTiming, clock: SourceClock): MattePlacement {
  const first = ticksToFrame(parseTicks(timing.sourceIn), timing.rate);
  const duration = parseTicks(timing.end) - parseTicks(timing.start);
  const count = frameAtOrAfter(frameToTicks(first, timing.rate) + duration, timing.rate) - first;
  const last = clock.frameCount - 1;
  return {
    sourceFrames: Array.from({ length: count }, (_, n) => Math.min(first + n, last)),
    rate: timing.rate,
    start: timing.start,
    end: timing.end,
    way: "per-source-frame",
    reason: sameRate(timing.rate, timelineRate(timing))
      ? "The clip runs at the timeline's rate and at normal speed."
      : "The clip runs at normal speed; the host repeats or skips frames of clip and matte alike.",
  };
}

function perTimelineFrame(timing: ClipTiming, clock: SourceClock, obstacle: string): MattePlacement {
  return {
    sourceFrames: shownSourceFrames(timing, clock),
    rate: timelineRate(timing),
    start: timing.start,
    end: timing.end,
    way: "per-timeline-frame",
    reason: `The matte has one frame for each frame of the timeline, because ${obstacle}.`,
  };
}

/** For each source frame the numbers of the matte frames that show it, in order. */
export function matteFramesBySourceFrame(placement: MattePlacement): Map<number, number[]> {
  const numbers = new Map<number, number[]>();
  placement.sourceFrames.forEach((sourceFrame, n) => {
    const known = numbers.get(sourceFrame);
    if (known) known.push(n);
    else numbers.set(sourceFrame, [n]);
  });
  return numbers;
}

/** A clip that is its own timeline runs at its own rate. */
function timelineRate(timing: ClipTiming): Fraction {
  return timing.timeline?.rate ?? timing.rate;
}

function frameShownAt(time: bigint, timing: ClipTiming, clock: SourceClock): number {
  const { timestamps } = clock;
  if (!timestamps) return ticksToFrame(time, timing.rate);
  return firstWhere(timestamps.length, (n) => secondsToTicks(timestamps[n]!) > time) - 1;
}

/** The first n of 0..count-1 for which a condition holds that holds for all later ones; else `count`. */
function firstWhere(count: number, holds: (n: number) => boolean): number {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

function absolute(value: bigint): bigint {
  return value < 0n ? -value : value;
}
