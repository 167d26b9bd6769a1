/** Keyframes that switch a matte off while the object is hidden; runs in the UXP script context. */
import type { Action, ComponentParam, VideoClipTrackItem } from "@adobe/premierepro";
import type { Keyframe } from "../edit-plan.ts";
import { parseTicks } from "../timecode.ts";
import { findComponent, OPACITY } from "./components.ts";
import { type HostEnvironment, HostError, type PremiereApi } from "./host-environment.ts";
import { ticksOf, tickTime } from "./sequence.ts";
import { interpolationMode } from "./versions.ts";

/** A key on Premiere's clock. */
interface HostKey {
  time: bigint;
  value: number;
  mode: number;
}

/** The opacity parameter and the keys it is to have. Awaited before the lock. */
export interface OpacityTarget {
  param: ComponentParam;
  keys: HostKey[];
}

/**
 * `origin` is what a key at the clip's first frame counts: keys count source time, as others saw and the
 * self-check can confirm or refute, so it is the in-point.
 */
export async function opacityTarget(
  { premiere }: HostEnvironment,
  item: VideoClipTrackItem,
  planned: readonly Keyframe<number>[],
  origin: bigint,
): Promise<OpacityTarget> {
  const component = await findComponent(item, OPACITY.matchName);
  if (!component) {
    throw new HostError(
      "refused",
      "The matte has no Opacity.",
      "Set its opacity by hand where the object is hidden.",
    );
  }
  const keys = planned.map(({ time, value, interpolation }) => ({
    time: origin + parseTicks(time),
    value,
    mode: interpolationMode(premiere, interpolation),
  }));
  return { param: component.getParam(OPACITY.opacity), keys };
}

/** To be created inside the lock. */
export function opacityActions(premiere: PremiereApi, { param, keys }: OpacityTarget): Action[] {
  if (keys.length === 0) return [];
  return [
    param.createSetTimeVaryingAction(true),
    ...keys.map(({ time, value }) => {
      const key = param.createKeyframe(value);
      key.position = tickTime(premiere, time);
      return param.createAddKeyframeAction(key);
    }),
  ];
}

/** To be created inside the lock. Where a host wants the keys to be there first, in a step of its own. */
export function interpolationActions(premiere: PremiereApi, { param, keys }: OpacityTarget): Action[] {
  return keys.map(({ time, mode }, index) =>
    param.createSetInterpolationAtKeyframeAction(tickTime(premiere, time), mode, index === keys.length - 1),
  );
}

/** Says which keys are wrong as they are now; null when exactly the planned ones are there. */
export function checkOpacity({ param, keys }: OpacityTarget): string | null {
  const times = param.getKeyframeListAsTickTimes().map((time) => ticksOf(time));
  const missing = keys.filter(({ time }) => !times.includes(time));
  if (missing.length > 0) return `${missing.length} of ${keys.length} keyframes are missing`;
  if (times.length > keys.length) return `there are ${times.length} keyframes instead of ${keys.length}`;
  return null;
}

/** Says whether keys don't hold, or don't run, as planned; null when they do. */
export async function checkInterpolation(
  premiere: PremiereApi,
  { param, keys }: OpacityTarget,
): Promise<string | null> {
  let wrong = 0;
  for (const { time, mode } of keys) {
    const key = param.getKeyframePtr(tickTime(premiere, time));
    if ((await key.getTemporalInterpolationMode()) !== mode) wrong++;
  }
  return wrong > 0 ? `${wrong} of ${keys.length} keyframes have another interpolation` : null;
}
