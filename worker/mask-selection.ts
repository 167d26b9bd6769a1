/** Pure: which of the decoder's four masks is taken, and what the object's score does to it. */
import type { Sam2Config } from "../models/sam2/config.ts";
import type { Alternative } from "./alternatives.ts";
import { NO_OBJECT_LOGIT, stabilityScore } from "./postprocess.ts";
import type { PredictorOptions } from "./predictor-options.ts";
import type { DecoderCandidates } from "./sam2-engine.ts";

export interface SelectedMask {
  /** [S/4, S/4] after gating by the object's score, before hole filling. */
  logits: Float32Array;
  /** [d] after gating. */
  pointer: Float32Array;
  objectScore: number;
  predictedIou: number;
  decision: MaskDecision;
}

/** Why this mask: for reports and for comparing with upstream. */
export interface MaskDecision {
  multimask: boolean;
  /** Index among the four. */
  chosen: number;
  /** Of mask 0; null where nobody asked. */
  stability: number | null;
  ious: readonly number[];
}

export interface SelectionRules {
  config: Pick<Sam2Config, "predictObjectScores">;
  options: PredictorOptions;
  /** [d]; null where the model has none. */
  noObjectPointer: Float32Array | null;
}

/** Three masks are compared where few points leave the extent open; "no point" counts as 0 points. */
export function usesMultimask(initial: boolean, pointCount: number, options: PredictorOptions): boolean {
  return (
    options.multimask_output_in_sam &&
    (initial || options.multimask_output_for_tracking) &&
    pointCount >= options.multimask_min_pt_num &&
    pointCount <= options.multimask_max_pt_num
  );
}

/** `alternative`: what a person takes instead of upstream's choice (0); the mask's own pointer goes with it. */
export function selectMask(
  candidates: DecoderCandidates,
  multimask: boolean,
  rules: SelectionRules,
  alternative: Alternative = 0,
): SelectedMask {
  const upstreamDecision = decide(candidates, multimask, rules.options);
  const decision = alternative === 0 ? upstreamDecision : otherThan(upstreamDecision, alternative);
  const { objectScore } = candidates;
  // Without the multimask token's own pointer, the single-mask token speaks for the object, always.
  const ownPointer = (multimask || alternative > 0) && rules.options.use_multimask_token_for_obj_ptr;
  const pointerFrom = ownPointer ? decision.chosen : 0;
  const logits = candidates.masks[decision.chosen] as Float32Array;
  const hidden = rules.config.predictObjectScores && objectScore <= 0;
  return {
    logits: hidden ? new Float32Array(logits.length).fill(NO_OBJECT_LOGIT) : logits,
    pointer: gatePointer(
      candidates.pointers[pointerFrom] as Float32Array,
      presence(objectScore, rules),
      rules,
    ),
    objectScore,
    predictedIou: candidates.ious[decision.chosen] as number,
    decision,
  };
}

function decide(
  { masks, ious }: DecoderCandidates,
  multimask: boolean,
  options: PredictorOptions,
): MaskDecision {
  if (multimask) return { multimask, chosen: bestOfThree(ious), stability: null, ious };
  if (!options.dynamic_multimask_via_stability) return { multimask, chosen: 0, stability: null, ious };
  const stability = stabilityScore(masks[0] as Float32Array, options.dynamic_multimask_stability_delta);
  const isStable = stability >= Math.fround(options.dynamic_multimask_stability_thresh);
  return { multimask, chosen: isStable ? 0 : bestOfThree(ious), stability, ious };
}

/** Of masks 1 to 3 those that upstream does not take, the one with the highest predicted IoU first. */
function otherThan(decision: MaskDecision, alternative: 1 | 2): MaskDecision {
  const { ious, chosen } = decision;
  const others = [1, 2, 3]
    .filter((index) => index !== chosen)
    .sort((a, b) => (ious[b] as number) - (ious[a] as number));
  return { ...decision, chosen: others[alternative - 1] as number };
}

/** The first of masks 1 to 3 with the highest predicted IoU. */
function bestOfThree(ious: readonly number[]): number {
  return [2, 3].reduce((best, index) => ((ious[index] as number) > (ious[best] as number) ? index : best), 1);
}

/** 1: the object is there; 0: it is hidden; between only where the model mixes softly. */
function presence(objectScore: number, { options }: SelectionRules): number {
  if (options.soft_no_obj_ptr) return 1 / (1 + Math.exp(-objectScore));
  return objectScore > 0 ? 1 : 0;
}

/** A hidden object's pointer is replaced by, or gets added, the learned pointer of "no object". */
export function gatePointer(pointer: Float32Array, presence: number, rules: SelectionRules): Float32Array {
  const { noObjectPointer } = rules;
  if (!rules.config.predictObjectScores || !noObjectPointer) return pointer;
  const kept = rules.options.fixed_no_obj_ptr ? presence : 1;
  return pointer.map((value, index) => kept * value + (1 - presence) * (noObjectPointer[index] as number));
}
