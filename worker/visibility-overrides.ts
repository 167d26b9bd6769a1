/** A person's words on where an object is visible: how they add up, and which frames they leave off. Pure. */
import {
  type ScoredFrame,
  shownRuns,
  type VisibilityOverride,
  type VisibilityStretch,
  visibilityStretches,
} from "./visibility.ts";

/** Frames `from` to `to`, both included. */
export interface FrameStretch {
  from: number;
  to: number;
}

/** `model`: what was said there before no longer holds. */
export type VisibilityWord = VisibilityOverride["state"] | "model";

/**
 * Which frames of a matte are left empty.
 *
 * `masks`: none, every mask goes out as it is. `said`: where a person said hidden; where nobody said anything
 * that is the same. `followed`: wherever the stretches say so, a person's word before the scores.
 */
export type VisibilityRule = "masks" | "said" | "followed";

/** What holds after `word` on a stretch: ascending, without overlap, as few as possible. */
export function withWord(
  overrides: readonly VisibilityOverride[],
  { from, to }: FrameStretch,
  word: VisibilityWord,
): VisibilityOverride[] {
  const others = overrides.flatMap((override) => [
    { ...override, to: Math.min(override.to, from - 1) },
    { ...override, from: Math.max(override.from, to + 1) },
  ]);
  const said = word === "model" ? [] : [{ from, to, state: word }];
  const all = [...others, ...said].filter((each) => each.from <= each.to).sort((a, b) => a.from - b.from);
  return joined(all);
}

function joined(overrides: readonly VisibilityOverride[]): VisibilityOverride[] {
  const runs: VisibilityOverride[] = [];
  for (const { from, to, state } of overrides) {
    const last = runs.at(-1);
    if (last && last.state === state && last.to + 1 === from) last.to = to;
    else runs.push({ from, to, state });
  }
  return runs;
}

/** What is said about a whole stretch; `mixed` where its frames differ. */
export function wordOn(
  overrides: readonly VisibilityOverride[],
  { from, to }: FrameStretch,
): VisibilityWord | "mixed" {
  const touching = overrides.filter((override) => override.from <= to && override.to >= from);
  const [only] = touching;
  if (!only) return "model";
  return touching.length === 1 && only.from <= from && only.to >= to ? only.state : "mixed";
}

/** Ascending, as few as possible. */
export function hiddenStretches(
  frames: readonly ScoredFrame[],
  overrides: readonly VisibilityOverride[],
  rule: VisibilityRule,
): FrameStretch[] {
  switch (rule) {
    case "masks":
      return [];
    case "said":
      return overrides.filter(({ state }) => state === "hidden").map(({ from, to }) => ({ from, to }));
    case "followed":
      return switchedOff(visibilityStretches(frames, overrides));
  }
}

/** The frames on which the matte is off. */
export function switchedOff(stretches: readonly VisibilityStretch[]): FrameStretch[] {
  return shownRuns(stretches)
    .filter(({ shown }) => !shown)
    .map(({ from, to }) => ({ from, to }));
}

export function isWithin(stretches: readonly FrameStretch[], frameIndex: number): boolean {
  return stretches.some(({ from, to }) => from <= frameIndex && frameIndex <= to);
}
