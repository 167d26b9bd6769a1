/**
 * Test support, pure: a miniature SAM 2.1 with seeded weights, for tests that need a model but no sense in
 * what it sees. Every part of the real architecture is there, windows that need padding included.
 */

import { memorySource } from "../../models/byte-source.ts";
import { openCheckpoint } from "../../models/checkpoint/open-checkpoint.ts";
import { listTensors, openSam2 } from "../../models/sam2/build-sam2.ts";
import { parseSam2Config, type Sam2Config } from "../../models/sam2/config.ts";
import type { Sam2Model } from "../../models/sam2/sam2-model.ts";
import { encodeSafetensors } from "./safetensors-file.ts";

/** Upstream's keys: input 128 pixels, d = 32, m = 8, features of 32, 16 and 8. */
export const MINI_MODEL_YAML = `
model:
  image_encoder:
    scalp: 1
    trunk:
      embed_dim: 8
      num_heads: 1
      stages: [1, 2, 3, 1]
      global_att_blocks: [4]
      window_pos_embed_bkg_spatial_size: [7, 7]
      window_spec: [8, 4, 6, 3]
    neck:
      position_encoding: { num_pos_feats: 32, normalize: true, scale: null, temperature: 10000 }
      d_model: 32
      backbone_channel_list: [64, 32, 16, 8]
      fpn_top_down_levels: [2, 3]
      fpn_interp_model: nearest
  memory_attention:
    d_model: 32
    pos_enc_at_input: true
    num_layers: 2
    layer:
      activation: relu
      dim_feedforward: 64
      dropout: 0.1
      pos_enc_at_attn: false
      d_model: 32
      pos_enc_at_cross_attn_keys: true
      pos_enc_at_cross_attn_queries: false
      self_attention: { rope_theta: 10000.0, feat_sizes: [8, 8], embedding_dim: 32, num_heads: 1, downsample_rate: 1 }
      cross_attention: { rope_theta: 10000.0, feat_sizes: [8, 8], rope_k_repeat: true, embedding_dim: 32, num_heads: 1, downsample_rate: 1, kv_in_dim: 8 }
  memory_encoder:
    in_dim: 32
    out_dim: 8
    position_encoding: { num_pos_feats: 8, normalize: true, scale: null, temperature: 10000 }
    mask_downsampler: { embed_dim: 32, kernel_size: 3, stride: 2, padding: 1 }
    fuser:
      num_layers: 2
      layer: { dim: 32, kernel_size: 7, padding: 3, layer_scale_init_value: 1e-6, use_dwconv: true }
  num_maskmem: 7
  image_size: 128
  sigmoid_scale_for_mem_enc: 20.0
  sigmoid_bias_for_mem_enc: -10.0
  use_mask_input_as_output_without_sam: true
  directly_add_no_mem_embed: true
  no_obj_embed_spatial: true
  use_high_res_features_in_sam: true
  multimask_output_in_sam: true
  iou_prediction_use_sigmoid: true
  use_obj_ptrs_in_encoder: true
  add_tpos_enc_to_obj_ptrs: true
  proj_tpos_enc_in_obj_ptrs: true
  use_signed_tpos_enc_to_obj_ptrs: true
  only_obj_ptrs_in_the_past_for_eval: true
  pred_obj_scores: true
  pred_obj_scores_mlp: true
  fixed_no_obj_ptr: true
  multimask_output_for_tracking: true
  use_multimask_token_for_obj_ptr: true
  multimask_min_pt_num: 0
  multimask_max_pt_num: 1
  use_mlp_for_obj_ptr_proj: true
`;

/** The miniature model, ready to build graphs. */
export async function miniModel(config = parseSam2Config(MINI_MODEL_YAML)): Promise<Sam2Model> {
  return openSam2(await openCheckpoint(memorySource(seededCheckpoint(config))), config);
}

/** A `.safetensors` checkpoint for any configuration, the same bytes on every machine. */
export function seededCheckpoint(config: Sam2Config): Uint8Array {
  const tensors = [...listTensors(config)].map(([name, shape]) => ({
    name,
    shape,
    data: seededValues(name, shape),
  }));
  return encodeSafetensors(tensors);
}

/** Scaled like a fresh network: norms near 1, weights by their fan-in, so that no value runs away. */
function seededValues(name: string, shape: number[]): Float32Array {
  const size = shape.reduce((product, dimension) => product * dimension, 1);
  const random = seededRandom(name);
  const isNorm =
    /norm\d?\.weight$|encoder\.\d+\.weight$|downscaling\.[14]\.weight$|upscaling\.1\.weight$/.test(name);
  const isScale = (isNorm && shape.length === 1) || name.endsWith("gamma");
  const fanIn = shape.length > 1 ? size / shape[0]! : 16;
  const spread = isScale ? 0.1 : Math.sqrt(3 / fanIn);
  return Float32Array.from({ length: size }, () => (isScale ? 1 : 0) + spread * (2 * random() - 1));
}

/** Numbers in 0..1 that depend on the seed alone. */
export function seededRandom(seed: string): () => number {
  let state = 2166136261;
  for (const character of seed) state = Math.imul(state ^ character.charCodeAt(0), 16777619);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
