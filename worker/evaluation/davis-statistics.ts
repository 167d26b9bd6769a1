/** Runs anywhere: the three numbers that DAVIS states for a row of per-frame scores (`db_statistics`). */

export interface ScoreStatistics {
  mean: number;
  /** Share of frames above 0.5. */
  recall: number;
  /** Mean of the first quarter of the frames minus that of the last; positive: it got worse. */
  decay: number;
}

/**
 * Null for no scores. Quarters share their border frames, as in DAVIS. The official code keeps the borders
 * in a byte, so that its decay is wrong above 255 frames; this one isn't.
 */
export function scoreStatistics(scores: readonly number[]): ScoreStatistics | null {
  const overall = mean(scores);
  const first = mean(quarter(scores, 0));
  const last = mean(quarter(scores, 3));
  if (overall === null || first === null || last === null) return null;
  return {
    mean: overall,
    recall: scores.filter((score) => score > 0.5).length / scores.length,
    decay: first - last,
  };
}

/** Null for nothing: an absent score must never look like a score of 0. */
export function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function quarter(scores: readonly number[], index: number): readonly number[] {
  const border = (i: number) => Math.floor(1 + ((scores.length - 1) * i) / 4 + 0.5 + 1e-10) - 1;
  return scores.slice(border(index), border(index + 1) + 1);
}
