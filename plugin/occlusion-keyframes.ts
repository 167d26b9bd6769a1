/** Visibility becomes keyframes that switch a matte off while the object is hidden; pure, runs everywhere. */
import type { Keyframe } from "./edit-plan.ts";
import { formatTicks, frameToTicks } from "./timecode.ts";
import type { MattePlacement } from "./timeline-map.ts";

/** Source frames `from`..`to`, both included. The tracker's stretches fit. */
export interface VisibilityStretch {
  from: number;
  to: number;
  state: "visible" | "hidden" | "uncertain";
  /** Whether the matte is on; without it, `uncertain` keeps what was so before it: the hysteresis. */
  shown?: boolean;
  /** `person`: said by hand, and never too short to act on. */
  origin?: "tracked" | "person";
}

export interface OcclusionSettings {
  /** Hidden stretches shorter than this many frames are left visible: their mask is empty anyway. */
  minimumHiddenFrames: number;
  /** Visible stretches between two hidden ones shorter than this many frames are taken for flicker. */
  minimumVisibleFrames: number;
  /** Length of a fade, frames of the matte; 0 switches at once. Fades lie inside the visible stretch. */
  fadeFrames: number;
}

export const DEFAULT_OCCLUSION_SETTINGS: OcclusionSettings = {
  minimumHiddenFrames: 3,
  minimumVisibleFrames: 2,
  fadeFrames: 0,
};

/** `length` frames of one state, from frame `start`. */
interface Run {
  start: number;
  length: number;
  visible: boolean;
  /** A person said so on at least one of its frames. */
  said: boolean;
}

/**
 * Opacity keyframes (0 to 100) of a matte, on its own clock.
 *
 * None at all when the object is never hidden, so that the parameter needn't be keyed. Every key holds
 * unless a fade starts from it.
 */
export function occlusionKeyframes(
  stretches: readonly VisibilityStretch[],
  placement: Pick<MattePlacement, "sourceFrames" | "rate">,
  settings: OcclusionSettings = DEFAULT_OCCLUSION_SETTINGS,
): Keyframe<number>[] {
  const visible = visibilityPerFrame(stretches, placement.sourceFrames);
  const runs = steadyRuns(visible, saidPerFrame(stretches, placement.sourceFrames), settings);
  if (runs.every((run) => run.visible)) return [];
  const fade = Math.max(0, Math.floor(settings.fadeFrames));
  const keys = runs.flatMap((run) => (run.visible ? visibleKeys(run, runs, fade) : [hold(run.start, 0)]));
  return withoutRepeats(keys).map(({ frame, value, interpolation }) => ({
    time: formatTicks(frameToTicks(frame, placement.rate)),
    value,
    interpolation,
  }));
}

/**
 * Whether the object is visible on each listed source frame.
 *
 * Uncertain frames, and frames nobody spoke of, repeat the state of the last certain frame before them;
 * at the beginning, of the first one after.
 */
export function visibilityPerFrame(
  stretches: readonly VisibilityStretch[],
  sourceFrames: readonly number[],
): boolean[] {
  const certain = stretches.filter((stretch) => isOn(stretch) !== null).sort((a, b) => a.from - b.from);
  const beginning = certain[0] ? isOn(certain[0]) : true;
  return sourceFrames.map((frame) => {
    const last = certain.findLast((stretch) => stretch.from <= frame);
    return (last ? isOn(last) : beginning) === true;
  });
}

function saidPerFrame(stretches: readonly VisibilityStretch[], sourceFrames: readonly number[]): boolean[] {
  const said = stretches.filter(({ origin }) => origin === "person");
  return sourceFrames.map((frame) => said.some(({ from, to }) => from <= frame && frame <= to));
}

/** Null where a stretch doesn't say. */
function isOn({ state, shown }: VisibilityStretch): boolean | null {
  return shown ?? (state === "uncertain" ? null : state === "visible");
}

/** Runs of equal state, none (except visible ones at the ends and said ones) shorter than the settings ask. */
function steadyRuns(
  visible: readonly boolean[],
  said: readonly boolean[],
  settings: OcclusionSettings,
): Run[] {
  const kept = dropShort(runsOf(visible, said), false, settings.minimumHiddenFrames);
  return dropShort(kept, true, settings.minimumVisibleFrames);
}

function runsOf(visible: readonly boolean[], said: readonly boolean[]): Run[] {
  return merge(visible.map((state, start) => ({ start, length: 1, visible: state, said: said[start]! })));
}

/** A visible run at either end stays: what is there may be the start of something longer. */
function dropShort(runs: Run[], visible: boolean, minimum: number): Run[] {
  const isFlicker = (run: Run, index: number) =>
    run.visible === visible &&
    !run.said &&
    run.length < minimum &&
    runs.length > 1 &&
    !(visible && (index === 0 || index === runs.length - 1));
  return merge(runs.map((run, index) => (isFlicker(run, index) ? { ...run, visible: !visible } : run)));
}

function merge(runs: Run[]): Run[] {
  const merged: Run[] = [];
  for (const run of runs) {
    const last = merged[merged.length - 1];
    if (last?.visible === run.visible) {
      last.length += run.length;
      last.said ||= run.said;
    } else merged.push({ ...run });
  }
  return merged;
}

interface FrameKey {
  frame: number;
  value: number;
  interpolation: "hold" | "linear";
}

const hold = (frame: number, value: number): FrameKey => ({ frame, value, interpolation: "hold" });
const ramp = (frame: number, value: number): FrameKey => ({ frame, value, interpolation: "linear" });

/** A fade takes at most half of its run, so that fade-in and fade-out never meet in the wrong order. */
function visibleKeys(run: Run, runs: readonly Run[], fadeFrames: number): FrameKey[] {
  const end = run.start + run.length;
  const fade = Math.min(fadeFrames, Math.floor(run.length / 2));
  if (fade === 0) return [hold(run.start, 100)];
  const fadesIn = run !== runs[0];
  const fadesOut = run !== runs[runs.length - 1];
  const rise = fadesIn ? [ramp(run.start, 0), hold(run.start + fade, 100)] : [hold(run.start, 100)];
  return fadesOut ? [...rise, ramp(end - fade, 100)] : rise;
}

/** Where a fade-out starts just where a fade-in ended, the later key says how it goes on. */
function withoutRepeats(keys: FrameKey[]): FrameKey[] {
  return keys.filter((key, index) => keys[index + 1]?.frame !== key.frame);
}
