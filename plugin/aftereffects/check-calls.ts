/** The contract of the self-check between page and ExtendScript: types only, JSON only. See `calls.ts`. */
import type { LayerFacts } from "./calls.ts";

/** How the trial layer is timed. */
export type TrialTiming = "plain" | "slowed" | "reversed" | "remapped" | "looped";

export interface TrialFootage {
  /** First of numbered pictures, `frameCount` of them, `rate` frames a second. */
  file: string;
  frameCount: number;
  rate: number;
}

export interface CheckCalls {
  /** Makes the trial composition; removes an earlier one. */
  checkBegin: {
    argument: TrialFootage;
    answer: { isSequence: boolean; frames: number; rate: number };
  };
  /** What the trial layer shows: the brightness (0 to 1) of its first quarter on each frame of the comp. */
  checkTiming: {
    argument: { timing: TrialTiming };
    answer: { layer: LayerFacts; remap: number[] | null; levels: number[] };
  };
  checkMasks: {
    argument: null;
    answer: {
      /** Whether a mask can still be used after another one was added. */
      referencesLast: boolean;
      /** Whether vertices move evenly between two keys. */
      movesEvenly: boolean;
      /** Whether vertices are pixels of the source where these aren't square. */
      countsSourcePixels: boolean;
      /** Milliseconds for `keys` keyframes of `vertices` vertices. */
      keys: number;
      vertices: number;
      milliseconds: number;
    };
  };
  checkMatte: { argument: null; answer: { isTaken: boolean; follows: boolean } };
  /** Asks for a frame of the trial composition as PNG. */
  checkStill: { argument: { file: string }; answer: null };
  /** Removes everything of the trial. */
  checkEnd: { argument: null; answer: null };
}
