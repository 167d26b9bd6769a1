/** Pure: which moment of the source After Effects must render for a timeline frame of the layer. */
import { frameToTicks, ticksToSeconds } from "../timecode.ts";
import { type ClipTiming, sourceTimeAt, timelineFrames } from "../timeline-map.ts";

/** Source seconds in the middle of a frame, so that rounding can't fall into the one before. */
export function sourceSecondsOfStill(timing: ClipTiming, frameIndex: number): number {
  const rate = timing.timeline?.rate ?? timing.rate;
  const { first } = timelineFrames(timing);
  const begin = frameToTicks(first + frameIndex, rate);
  const end = frameToTicks(first + frameIndex + 1, rate);
  return ticksToSeconds(sourceTimeAt(timing, (begin + end) / 2n));
}
