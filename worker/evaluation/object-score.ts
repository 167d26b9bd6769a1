/** Runs anywhere: per-frame scores of one object become the score of the object, by the evaluators' rules. */
import type { BinaryMask } from "./binary-mask.ts";
import { isEmpty } from "./binary-mask.ts";
import { mean, type ScoreStatistics, scoreStatistics } from "./davis-statistics.ts";
import { boundaryF, jaccard } from "./jaccard-and-boundary.ts";

export interface FrameScore {
  frameIndex: number;
  /** Region, 0 to 1. */
  J: number;
  /** Boundary, 0 to 1. */
  F: number;
  inTruth: boolean;
  inPrediction: boolean;
}

/**
 * `davis`: every scored frame counts. `sav`: an object counts from the first scored frame on which it is
 * in the truth or in the prediction, and not at all when the truth of the scored frames never has it.
 */
export type CountingRule = "davis" | "sav";

export interface ObjectScore {
  /** Frames that counted. */
  frames: number;
  J: ScoreStatistics;
  F: ScoreStatistics;
  /** (mean J + mean F) / 2. */
  JF: number;
}

export function scoreFrame(frameIndex: number, prediction: BinaryMask, truth: BinaryMask): FrameScore {
  return {
    frameIndex,
    J: jaccard(prediction, truth),
    F: boundaryF(prediction, truth),
    inTruth: !isEmpty(truth),
    inPrediction: !isEmpty(prediction),
  };
}

/** Annotated frames that count: all but the first and the last one, unless they are asked for. */
export function scoredFrames<T>(annotated: readonly T[], includeFirstAndLast: boolean): T[] {
  return includeFirstAndLast ? [...annotated] : annotated.slice(1, -1);
}

/** `frames` in order, already without those that don't count; null when nothing counts. */
export function scoreObject(frames: readonly FrameScore[], rule: CountingRule): ObjectScore | null {
  const counted = rule === "davis" ? frames : fromFirstAppearance(frames);
  const J = scoreStatistics(counted.map((frame) => frame.J));
  const F = scoreStatistics(counted.map((frame) => frame.F));
  if (J === null || F === null) return null;
  return { frames: counted.length, J, F, JF: (J.mean + F.mean) / 2 };
}

function fromFirstAppearance(frames: readonly FrameScore[]): readonly FrameScore[] {
  if (!frames.some((frame) => frame.inTruth)) return [];
  return frames.slice(frames.findIndex((frame) => frame.inTruth || frame.inPrediction));
}

export interface MeanScore {
  objects: number;
  J: number;
  F: number;
  JF: number;
}

/** Mean over objects (not over clips or frames), as both evaluators do; null for no object. */
export function meanOverObjects(scores: readonly ObjectScore[]): MeanScore | null {
  const J = mean(scores.map((score) => score.J.mean));
  const F = mean(scores.map((score) => score.F.mean));
  return J === null || F === null ? null : { objects: scores.length, J, F, JF: (J + F) / 2 };
}
