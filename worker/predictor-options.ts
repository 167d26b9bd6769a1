/** Pure: the official predictor's flags, by their official names, and which values a model starts with. */
import {
  type Sam2Config,
  withHalfPrecision,
  withImageSize,
  withMemoryPooling,
} from "../models/sam2/config.ts";
import { TrackerError } from "./tracker-error.ts";

/** See the comments of upstream's `SAM2Base` and `SAM2VideoPredictor`; ours say what differs. */
export interface PredictorOptions {
  /** Low-resolution pixels; 0 fills nothing. See [Note: holes]. */
  fill_hole_area: number;
  /** Affects what is reported, never the memory. */
  non_overlap_masks: boolean;
  /** Upstream's code for this fails at the reference commit; here it does what its comment says. */
  clear_non_cond_mem_around_input: boolean;
  /** A frame that is corrected after tracking becomes a conditioning frame, which tracking never overwrites. */
  add_all_frames_to_correct_as_cond: boolean;
  /** -1: no limit (on WebGPU: what its buffers hold, 25 for a 1024-pixel model); otherwise at least 2. */
  max_cond_frames_in_attn: number;
  memory_temporal_stride_for_eval: number;
  max_obj_ptrs_in_encoder: number;
  use_signed_tpos_enc_to_obj_ptrs: boolean;
  only_obj_ptrs_in_the_past_for_eval: boolean;
  binarize_mask_from_pts_for_mem_enc: boolean;
  /** Without effect, as upstream: memories are encoded one object at a time. */
  non_overlap_masks_for_mem_enc: boolean;
  use_mask_input_as_output_without_sam: boolean;
  multimask_output_in_sam: boolean;
  multimask_min_pt_num: number;
  multimask_max_pt_num: number;
  multimask_output_for_tracking: boolean;
  use_multimask_token_for_obj_ptr: boolean;
  dynamic_multimask_via_stability: boolean;
  dynamic_multimask_stability_delta: number;
  dynamic_multimask_stability_thresh: number;
  fixed_no_obj_ptr: boolean;
  soft_no_obj_ptr: boolean;
  /** Ours, for speed: side of the square input, pixels. Exact is the model's own. Costs and gains: tests/PERFORMANCE.md. */
  input_size: number;
  /** Ours, for speed: memories are averaged over squares of so many cells before they are read. Exact is 1. */
  memory_pooling: number;
  /** Ours, for speed on graphics cards: float16 in the image encoder and memory attention. Exact is false. */
  half_precision: boolean;
}

/*
 * [Note: holes]
 * The official builder asks for holes of up to 8 pixels to be filled, but upstream's code for it is a CUDA
 * extension and is skipped in silence where that isn't built. The recordings, and whoever compares with the
 * official code on a processor, have none filled; so that is the default, and 8 is what a CUDA build does.
 */

/** What the official builder adds to every configuration (`apply_postprocessing`, its default). */
const POSTPROCESSING = {
  dynamic_multimask_via_stability: true,
  dynamic_multimask_stability_delta: 0.05,
  dynamic_multimask_stability_thresh: 0.98,
  binarize_mask_from_pts_for_mem_enc: true,
} as const;

export function predictorOptionsFor(config: Sam2Config): PredictorOptions {
  const options: PredictorOptions = {
    fill_hole_area: 0,
    non_overlap_masks: false,
    clear_non_cond_mem_around_input: false,
    add_all_frames_to_correct_as_cond: false,
    max_cond_frames_in_attn: config.maxCondFramesInAttention,
    memory_temporal_stride_for_eval: config.memoryTemporalStride,
    max_obj_ptrs_in_encoder: config.maxObjectPointers,
    use_signed_tpos_enc_to_obj_ptrs: config.signedTimeOfPointers,
    only_obj_ptrs_in_the_past_for_eval: config.onlyPastPointers,
    non_overlap_masks_for_mem_enc: false,
    use_mask_input_as_output_without_sam: config.useMaskInputAsOutput,
    multimask_output_in_sam: config.multimaskOutput,
    multimask_min_pt_num: config.multimaskMinPoints,
    multimask_max_pt_num: config.multimaskMaxPoints,
    multimask_output_for_tracking: config.multimaskForTracking,
    use_multimask_token_for_obj_ptr: config.useMultimaskTokenForPointer,
    fixed_no_obj_ptr: config.fixedNoObjectPointer,
    soft_no_obj_ptr: config.softNoObjectPointer,
    input_size: config.imageSize,
    memory_pooling: config.memoryAttention.pooling,
    half_precision: config.halfPrecision,
    ...POSTPROCESSING,
  };
  return withOptions(options, { ...config.predictorOptions, ...POSTPROCESSING });
}

/** The model that graphs are to be built of, where options change it. Throws a ModelError for a size that can't be. */
export function configUnder(config: Sam2Config, options: PredictorOptions): Sam2Config {
  const resized = withMemoryPooling(withImageSize(config, options.input_size), options.memory_pooling);
  return withHalfPrecision(resized, options.half_precision);
}

/** Checks names, types and ranges; throws a TrackerError `bad-config` that says what was expected. */
export function withOptions(
  base: PredictorOptions,
  changes: Readonly<Record<string, number | boolean>>,
): PredictorOptions {
  const result: Record<string, number | boolean> = { ...base };
  for (const [name, value] of Object.entries(changes)) {
    checkOption(base, name, value);
    result[name] = value;
  }
  return result as unknown as PredictorOptions;
}

/** "true", "false" or a number, as it stands on a command line. */
export function parseOptionValue(text: string): number | boolean {
  if (/^true$/i.test(text)) return true;
  if (/^false$/i.test(text)) return false;
  const value = Number(text);
  if (text.trim() === "" || Number.isNaN(value)) {
    throw badOption(`A predictor's flag is true, false or a number, got "${text}".`);
  }
  return value;
}

function badOption(message: string): TrackerError {
  return new TrackerError("bad-config", message, "Correct the flag or leave it out.");
}

/** Smallest values of the numbers that have one; the rest may be anything finite. */
const MINIMUM: Readonly<Record<string, number>> = {
  fill_hole_area: 0,
  memory_temporal_stride_for_eval: 1,
  max_obj_ptrs_in_encoder: 1,
  multimask_min_pt_num: 0,
  multimask_max_pt_num: 0,
  input_size: 64,
  memory_pooling: 1,
};

function checkOption(base: PredictorOptions, name: string, value: number | boolean): void {
  const known = (base as unknown as Record<string, number | boolean>)[name];
  if (known === undefined) {
    throw badOption(`The predictor has no flag "${name}"; it has ${Object.keys(base).sort().join(", ")}.`);
  }
  if (typeof value !== typeof known) {
    throw badOption(`${name} is a ${typeof known}, got ${value}.`);
  }
  if (typeof value === "boolean") return;
  const minimum = MINIMUM[name] ?? Number.NEGATIVE_INFINITY;
  if (!Number.isFinite(value) || value < minimum) {
    throw badOption(`${name} is at least ${minimum}, got ${value}.`);
  }
  if (name === "max_cond_frames_in_attn" && value !== -1 && value < 2) {
    throw badOption(`${name} is -1 (no limit) or at least 2, got ${value}.`);
  }
  const isFraction = name.startsWith("dynamic_multimask_stability");
  if (!isFraction && !Number.isInteger(value)) {
    throw badOption(`${name} is a whole number, got ${value}.`);
  }
}
