/**
 * Pure: which frames must be tracked again after the prompts of one frame changed.
 *
 * A frame reads memories of frames that were tracked before it, so a change travels the way that tracking
 * went, and it ends before the next frame that a person has prompted: that one holds what it says.
 */
import type { AffectedStretch } from "./protocol.ts";
import { hasConditioningFrame, type TrackedObject } from "./tracked-object.ts";

/** Includes the changed frame; null where nothing around it was tracked, or nothing is left to track by. */
export function affectedStretch(object: TrackedObject, frameIndex: number): AffectedStretch | null {
  if (!hasConditioningFrame(object)) return null;
  const to = reach(object, frameIndex, 1);
  const from = reach(object, frameIndex, -1);
  if (from === to && !object.tracked.has(frameIndex)) return null;
  return { objectId: object.id, from, to };
}

/** How far the frames beyond were tracked in this direction without a prompt between. */
function reach({ bank, fresh, tracked }: TrackedObject, frameIndex: number, step: 1 | -1): number {
  let end = frameIndex;
  for (let next = frameIndex + step; ; next += step) {
    const wasTracked = tracked.get(next)?.reverse === step < 0;
    const isPrompted = bank.conditioning.has(next) || fresh.conditioning.has(next);
    if (!wasTracked || isPrompted) return end;
    end = next;
  }
}
