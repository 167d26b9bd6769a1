/** Pure: which frame of the source After Effects must render for a timeline frame of the layer. */
import type { ClipSelection } from "../protocol.ts";
import { frameToTicks, rateFromNumber, rateToNumber } from "../timecode.ts";
import { sourceFrameAt, timelineFrames } from "../timeline-map.ts";
import type { LayerFacts } from "./calls.ts";

/** Frames of one pass of the source; 1 for a still. */
export function sourceFrameCount({ sourceDuration, sourceRate }: LayerFacts): number {
  return Math.max(1, Math.round(sourceDuration * rateToNumber(rateFromNumber(sourceRate))));
}

/** The source frame on the n-th timeline frame of the layer. */
export function sourceFrameOf(selection: ClipSelection, facts: LayerFacts, n: number): number {
  const rate = selection.timeline?.rate ?? selection.rate;
  const time = frameToTicks(timelineFrames(selection).first + n, rate);
  return sourceFrameAt(selection, { frameCount: sourceFrameCount(facts) }, time);
}

/** Seconds of the middle of a source frame, so that rounding can't fall into the one before. */
export function secondsOfSourceFrame({ rate }: Pick<ClipSelection, "rate">, frame: number): number {
  return ((frame + 0.5) * rate.denominator) / rate.numerator;
}
