/** Pure: a layer's times, as After Effects gives them in seconds, as the exact times that the panel works with. */
import type { ClipSelection, Fraction, Ticks } from "../protocol.ts";
import {
  COMMON_RATES,
  floorDivide,
  formatTicks,
  frameToTicks,
  nearestFrame,
  reduceFraction,
  secondsToTicks,
} from "../timecode.ts";
import type { LayerFacts } from "./calls.ts";

/** After Effects rounds rates to four decimals: 23.976 is 24000/1001. */
const RATE_TOLERANCE = 0.002;

/** The exact ratio behind a rate that After Effects shows with a few decimals. */
export function exactRate(rate: number): Fraction {
  const common = COMMON_RATES.find(
    ({ numerator, denominator }) => Math.abs(numerator / denominator - rate) < RATE_TOLERANCE,
  );
  return common ?? reduceFraction(BigInt(Math.round(rate * 1000)), 1000n);
}

/** Without time remapping: `source time = (comp time - start time) * 100 / stretch`. */
export function timingOf(
  facts: LayerFacts,
): Pick<ClipSelection, "sourceIn" | "sourceOut" | "start" | "end" | "speed" | "rate" | "playhead"> {
  const compRate = exactRate(facts.comp.rate);
  const rate = exactRate(facts.sourceRate);
  const [start, end] = ordered(facts.inPoint, facts.outPoint).map((seconds) => onFrame(seconds, compRate));
  const sourceAt = (seconds: number) => ((seconds - facts.startTime) * 100) / facts.stretch;
  const [sourceIn, sourceOut] = ordered(sourceAt(facts.inPoint), sourceAt(facts.outPoint));
  return {
    start: start as Ticks,
    end: end as Ticks,
    sourceIn: formatTicks(floorToZero(snapped(sourceIn, rate))),
    sourceOut: formatTicks(snapped(sourceOut, rate)),
    speed: 100 / facts.stretch,
    rate,
    playhead: onFrame(facts.comp.time, compRate),
  };
}

function ordered(a: number, b: number): [number, number] {
  return a <= b ? [a, b] : [b, a];
}

/** Comp times lie on comp frames; the seconds that a script reads are off by rounding. */
function onFrame(seconds: number, rate: Fraction): Ticks {
  return formatTicks(frameToTicks(nearestFrame(secondsToTicks(seconds), rate), rate));
}

/** Seconds within a hundredth of a frame are meant to be that frame; others lie between frames. */
function snapped(seconds: number, rate: Fraction): bigint {
  const ticks = secondsToTicks(seconds);
  const frame = frameToTicks(nearestFrame(ticks, rate), rate);
  const tolerance = floorDivide(frameToTicks(1, rate), 100n);
  const distance = frame > ticks ? frame - ticks : ticks - frame;
  return distance <= tolerance ? frame : ticks;
}

function floorToZero(ticks: bigint): bigint {
  return ticks < 0n ? 0n : ticks;
}
