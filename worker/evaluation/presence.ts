/** Runs anywhere: does the object score know when the object is there? */

/** Frames, by what is true and what the tracker said. */
export interface PresenceCounts {
  visibleFound: number;
  visibleMissed: number;
  hiddenFound: number;
  hiddenMissed: number;
}

export interface PresenceReport extends PresenceCounts {
  /** Of the frames called visible, how many are; null when none was called so. */
  precision: number | null;
  /** Of the visible frames, how many were called so; null when there is none. */
  recall: number | null;
  /** The same two for "hidden", the rarer answer, which keyframes depend on. */
  hiddenPrecision: number | null;
  hiddenRecall: number | null;
}

/** `score` is a logit; above 0 means visible. */
export interface PresenceObservation {
  visible: boolean;
  score: number;
}

export function countPresence(observations: readonly PresenceObservation[]): PresenceCounts {
  const count = (visible: boolean, saidVisible: boolean) =>
    observations.filter((one) => one.visible === visible && one.score > 0 === saidVisible).length;
  return {
    visibleFound: count(true, true),
    visibleMissed: count(true, false),
    hiddenFound: count(false, false),
    hiddenMissed: count(false, true),
  };
}

export function addPresence(parts: readonly PresenceCounts[]): PresenceCounts {
  const sum = (pick: (part: PresenceCounts) => number) =>
    parts.reduce((total, part) => total + pick(part), 0);
  return {
    visibleFound: sum((part) => part.visibleFound),
    visibleMissed: sum((part) => part.visibleMissed),
    hiddenFound: sum((part) => part.hiddenFound),
    hiddenMissed: sum((part) => part.hiddenMissed),
  };
}

export function presenceReport(counts: PresenceCounts): PresenceReport {
  const { visibleFound, visibleMissed, hiddenFound, hiddenMissed } = counts;
  return {
    ...counts,
    precision: share(visibleFound, hiddenMissed),
    recall: share(visibleFound, visibleMissed),
    hiddenPrecision: share(hiddenFound, visibleMissed),
    hiddenRecall: share(hiddenFound, hiddenMissed),
  };
}

function share(hits: number, others: number): number | null {
  return hits + others === 0 ? null : hits / (hits + others);
}
