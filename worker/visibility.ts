/**
 * Object scores become stretches of visible, hidden and uncertain frames. Pure: shared by worker and panel.
 *
 * [Note: shown and state] A stretch says two things. `state` is what is known: `uncertain` asks the person
 * to look. `shown` is what is done: whether the matte is switched on. Keyframes follow `shown` alone, so
 * that uncertainty never makes a matte flicker.
 */

/** What the tracker said about one object on one frame; `FrameResult` fits. */
export interface ScoredFrame {
  frameIndex: number;
  /** Logit; above 0 means visible. */
  objectScore: number;
  /** Pixels of the source frame. */
  area: number;
  /** 0 to 1. */
  predictedIou?: number;
  origin?: "prompted" | "tracked";
}

type VisibilityState = "visible" | "hidden" | "uncertain";

/** Why a stretch begins where it does. */
type BoundaryReason =
  | "track-start"
  | "after-gap"
  | "score-fell"
  | "score-rose"
  | "mask-empty"
  | "mask-back"
  | "score-unclear"
  | "confidence-low"
  | "too-short"
  | "confidence-back"
  | "person";

/** Frames `from` to `to`, both included, with one state. */
export interface VisibilityStretch {
  from: number;
  to: number;
  state: VisibilityState;
  /** Whether the matte is on; see [Note: shown and state]. */
  shown: boolean;
  /** `person`: an override decides here. */
  origin: "tracked" | "person";
  reason: BoundaryReason;
  /** The reason in words, with its numbers. */
  explanation: string;
}

/** A person's word on frames `from` to `to`, both included. Later overrides win over earlier ones. */
export interface VisibilityOverride {
  from: number;
  to: number;
  state: "visible" | "hidden";
}

export interface VisibilityOptions {
  /** Logit at or below which a frame is surely hidden. Upstream empties the mask at 0 already. */
  hideAt: number;
  /** Logit above which a frame is surely visible; between the two the state before is kept. */
  showAbove: number;
  /** Hidden runs shorter than this stay shown and become uncertain; frames. */
  minHiddenFrames: number;
  /** Visible runs shorter than this, between hidden ones, stay hidden and become uncertain; frames. */
  minVisibleFrames: number;
  /** Runs of unclear frames shorter than this are not worth a person's look; frames. */
  minUncertainFrames: number;
  /** Predicted IoU below which a shown frame is uncertain; 0 to 1. */
  confidentIou: number;
}

const defaultVisibilityOptions: VisibilityOptions = {
  hideAt: 0,
  showAbove: 1,
  minHiddenFrames: 2,
  minVisibleFrames: 2,
  minUncertainFrames: 3,
  confidentIou: 0.5,
};

interface JudgedFrame {
  frameIndex: number;
  state: VisibilityState;
  shown: boolean;
  origin: "tracked" | "person";
  reason: BoundaryReason;
  /** Follows a frame that was not tracked. */
  afterGap: boolean;
  score: number;
  iou: number;
}

/**
 * Stretches over the tracked frames, ascending, without overlap; frames that were not tracked are in none.
 * @throws RangeError when a frame number comes twice or the thresholds are out of order.
 */
export function visibilityStretches(
  frames: readonly ScoredFrame[],
  overrides: readonly VisibilityOverride[] = [],
  options: Partial<VisibilityOptions> = {},
): VisibilityStretch[] {
  const settled = { ...defaultVisibilityOptions, ...options };
  checkThresholds(settled);
  const judged = judge(sortedFrames(frames), settled);
  settleUnclear(judged);
  settleShort(judged, settled);
  settleUncertain(judged, settled);
  applyOverrides(judged, overrides);
  return stretchesOf(judged);
}

/** Runs of frames with one `shown`, as few as possible: what keyframes are made from. Gaps end a run. */
export function shownRuns(
  stretches: readonly VisibilityStretch[],
): { from: number; to: number; shown: boolean }[] {
  const runs: { from: number; to: number; shown: boolean }[] = [];
  for (const { from, to, shown } of stretches) {
    const last = runs.at(-1);
    if (last && last.shown === shown && last.to + 1 === from) last.to = to;
    else runs.push({ from, to, shown });
  }
  return runs;
}

/** Whether the matte is on at a frame; null where nothing was tracked. */
export function isShownAt(stretches: readonly VisibilityStretch[], frameIndex: number): boolean | null {
  const stretch = stretches.find(({ from, to }) => from <= frameIndex && frameIndex <= to);
  return stretch ? stretch.shown : null;
}

function checkThresholds({ hideAt, showAbove }: VisibilityOptions): void {
  if (hideAt <= showAbove) return;
  throw new RangeError(
    `Visibility thresholds: expected hideAt ≤ showAbove, got ${hideAt} and ${showAbove}. Lower hideAt.`,
  );
}

function sortedFrames(frames: readonly ScoredFrame[]): ScoredFrame[] {
  const sorted = [...frames].sort((a, b) => a.frameIndex - b.frameIndex);
  sorted.forEach((frame, i) => {
    if (i > 0 && sorted[i - 1]!.frameIndex === frame.frameIndex)
      throw new RangeError(
        `Visibility: expected one score per frame, got two for frame ${frame.frameIndex}. Pass one object's results only.`,
      );
  });
  return sorted;
}

/** Every frame by itself: sure where the score is, else uncertain. */
function judge(frames: ScoredFrame[], options: VisibilityOptions): JudgedFrame[] {
  return frames.map((frame, i) => {
    const { state, reason } = judgeFrame(frame, options);
    return {
      frameIndex: frame.frameIndex,
      state,
      shown: state === "visible",
      origin: "tracked",
      reason,
      afterGap: i > 0 && frames[i - 1]!.frameIndex + 1 !== frame.frameIndex,
      score: frame.objectScore,
      iou: frame.predictedIou ?? 1,
    };
  });
}

function judgeFrame(
  frame: ScoredFrame,
  options: VisibilityOptions,
): { state: VisibilityState; reason: BoundaryReason } {
  // A mask on a prompted frame is the person's own word, whatever the score says.
  if (frame.origin === "prompted" && frame.area > 0) return { state: "visible", reason: "person" };
  // A NaN score is never sure: both comparisons fail and it stays unclear.
  if (frame.objectScore <= options.hideAt) return { state: "hidden", reason: "score-fell" };
  if (frame.area === 0) return { state: "hidden", reason: "mask-empty" };
  if (frame.objectScore > options.showAbove) return { state: "visible", reason: "score-rose" };
  return { state: "uncertain", reason: "score-unclear" };
}

/** Hysteresis: an unclear frame does as the sure one before it did; at the start, as the next sure one. */
function settleUnclear(judged: JudgedFrame[]): void {
  let shown = judged.find(({ state }) => state !== "uncertain")?.shown ?? true;
  for (const frame of judged) {
    if (frame.state === "uncertain") frame.shown = shown;
    else shown = frame.shown;
  }
}

/** Runs too short to act on do as their surroundings and become uncertain. */
function settleShort(judged: JudgedFrame[], options: VisibilityOptions): void {
  for (const shown of [false, true]) {
    const least = shown ? options.minVisibleFrames : options.minHiddenFrames;
    for (const [from, to] of runsOf(judged, (a, b) => a.shown === b.shown && !b.afterGap)) {
      if (judged[from]!.shown !== shown || to - from + 1 >= least) continue;
      if (!isEnclosed(judged, from, to) || saidByPerson(judged, from, to)) continue;
      for (let i = from; i <= to; i++)
        Object.assign(judged[i]!, { shown: !shown, state: "uncertain", reason: "too-short" });
    }
  }
}

/** Between two tracked frames without a gap, so that there is something to do as. */
function isEnclosed(judged: JudgedFrame[], from: number, to: number): boolean {
  const after = judged[to + 1];
  return from > 0 && !judged[from]!.afterGap && after !== undefined && !after.afterGap;
}

function saidByPerson(judged: JudgedFrame[], from: number, to: number): boolean {
  return judged.slice(from, to + 1).some(({ reason }) => reason === "person");
}

/** Low predicted IoU is uncertain too; short unclear runs become what their `shown` says. */
function settleUncertain(judged: JudgedFrame[], options: VisibilityOptions): void {
  for (const frame of judged)
    if (frame.state === "visible" && frame.reason !== "person" && frame.iou < options.confidentIou)
      Object.assign(frame, { state: "uncertain", reason: "confidence-low" });
  for (const [from, to] of runsOf(judged, (a, b) => a.state === b.state && !b.afterGap)) {
    if (judged[from]!.state !== "uncertain" || to - from + 1 >= options.minUncertainFrames) continue;
    for (let i = from; i <= to; i++) {
      const frame = judged[i]!;
      if (frame.reason !== "too-short") frame.state = frame.shown ? "visible" : "hidden";
    }
  }
}

function applyOverrides(judged: JudgedFrame[], overrides: readonly VisibilityOverride[]): void {
  for (const { from, to, state } of overrides)
    for (const frame of judged)
      if (from <= frame.frameIndex && frame.frameIndex <= to)
        Object.assign(frame, { state, shown: state === "visible", origin: "person", reason: "person" });
}

function stretchesOf(judged: JudgedFrame[]): VisibilityStretch[] {
  const same = (a: JudgedFrame, b: JudgedFrame) =>
    a.state === b.state && a.shown === b.shown && a.origin === b.origin && !b.afterGap;
  return runsOf(judged, same).map(([first, last]) => {
    const frame = judged[first]!;
    const reason = boundaryReason(judged, first);
    return {
      from: frame.frameIndex,
      to: judged[last]!.frameIndex,
      state: frame.state,
      shown: frame.shown,
      origin: frame.origin,
      reason,
      explanation: explain(frame, reason),
    };
  });
}

function boundaryReason(judged: JudgedFrame[], first: number): BoundaryReason {
  const frame = judged[first]!;
  if (frame.origin === "person") return "person";
  if (first === 0) return "track-start";
  if (frame.afterGap) return "after-gap";
  if (frame.state !== "visible") return frame.reason;
  const before = judged[first - 1]!;
  if (before.shown) return "confidence-back";
  return before.reason === "mask-empty" ? "mask-back" : frame.reason;
}

function explain(frame: JudgedFrame, reason: BoundaryReason): string {
  const score = frame.score.toFixed(1);
  const words: Record<BoundaryReason, string> = {
    "track-start": `first tracked frame (score ${score})`,
    "after-gap": `tracking begins again after untracked frames (score ${score})`,
    "score-fell": `object score fell to ${score}`,
    "score-rose": `object score rose to ${score}`,
    "mask-empty": `the mask is empty although the score is ${score}`,
    "mask-back": `the mask is back (score ${score})`,
    "score-unclear": `object score ${score} is near the threshold`,
    "confidence-low": `the model expects only ${Math.round(frame.iou * 100)} % overlap`,
    "too-short": `${frame.shown ? "hidden" : "visible"} for too few frames to act on (score ${score})`,
    "confidence-back": `clear again (score ${score})`,
    person: "set by hand",
  };
  return words[reason];
}

/** Index pairs [first, last] of the longest runs in which every neighbour is the `same`. */
function runsOf<T>(items: readonly T[], same: (a: T, b: T) => boolean): [number, number][] {
  const runs: [number, number][] = [];
  for (let first = 0; first < items.length; ) {
    let last = first;
    while (last + 1 < items.length && same(items[last]!, items[last + 1]!)) last++;
    runs.push([first, last]);
    first = last + 1;
  }
  return runs;
}
