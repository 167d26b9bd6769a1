/**
 * Test support, in Node: small models of every shape that the architecture allows, with seeded weights. What
 * the official implementation gives for them was recorded by `record-variants.py`.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import type { GraphName } from "../../models/onnx/onnx-graph.ts";
import type { Sam2Config } from "../../models/sam2/config.ts";
import { noise } from "./graph-inputs.ts";
import type { GraphSession, TestTensor } from "./graph-session.ts";
import { MINI_MODEL_YAML, seededCheckpoint } from "./mini-model.ts";

type Change = [from: string, to: string];

function changed(...changes: Change[]): string {
  return changes.reduce((yaml, [from, to]) => {
    if (!yaml.includes(from)) throw new Error(`The miniature configuration has no "${from}".`);
    return yaml.replaceAll(from, to);
  }, MINI_MODEL_YAML);
}

const TWO_HEADS: Change[] = [
  ["embed_dim: 8", "embed_dim: 16"],
  ["[64, 32, 16, 8]", "[128, 64, 32, 16]"],
];

/** By name; the values are configuration files with upstream's keys. */
export const MODEL_VARIANTS: Record<string, string> = {
  "like tiny: windows that need padding": MINI_MODEL_YAML,
  "like large: windows that divide every map": changed(
    ...TWO_HEADS,
    ["num_heads: 1\n      stages: [1, 2, 3, 1]", "num_heads: 2\n      stages: [2, 2, 4, 2]"],
    ["global_att_blocks: [4]", "global_att_blocks: [5, 7]"],
    ["window_spec: [8, 4, 6, 3]", "window_spec: [8, 4, 16, 8]"],
    ["image_size: 128", "image_size: 512"],
  ),
  "like base+: a wider position embedding, an input of 320 pixels": changed(
    ...TWO_HEADS,
    ["num_heads: 1\n      stages: [1, 2, 3, 1]", "num_heads: 2\n      stages: [1, 2, 3, 2]"],
    ["global_att_blocks: [4]", "global_att_blocks: [4, 5]"],
    ["      window_spec: [8, 4, 6, 3]\n", ""],
    ["bkg_spatial_size: [7, 7]", "bkg_spatial_size: [14, 14]"],
    ["image_size: 128", "image_size: 320"],
  ),
  "every switch the other way": changed(
    ["fpn_interp_model: nearest", "fpn_interp_model: bilinear\n      fuse_type: avg"],
    ["fpn_top_down_levels: [2, 3]", "fpn_top_down_levels: [0, 1, 2, 3]"],
    ["activation: relu", "activation: gelu"],
    ["pos_enc_at_attn: false", "pos_enc_at_attn: true"],
    ["pos_enc_at_cross_attn_queries: false", "pos_enc_at_cross_attn_queries: true"],
    ["pos_enc_at_input: true", "pos_enc_at_input: false"],
    ["kernel_size: 3, stride: 2, padding: 1", "kernel_size: 4, stride: 4, padding: 0"],
    ["proj_tpos_enc_in_obj_ptrs: true", "proj_tpos_enc_in_obj_ptrs: false"],
    ["pred_obj_scores_mlp: true", "pred_obj_scores_mlp: false"],
    ["use_mlp_for_obj_ptr_proj: true", "use_mlp_for_obj_ptr_proj: false"],
    ["iou_prediction_use_sigmoid: true", "iou_prediction_use_sigmoid: false"],
    ["no_obj_embed_spatial: true", "no_obj_embed_spatial: false"],
    ["layer_scale_init_value: 1e-6, use_dwconv: true", "layer_scale_init_value: 0, use_dwconv: false"],
    ["num_maskmem: 7", "num_maskmem: 5"],
    ["rope_theta: 10000.0", "rope_theta: 100.0"],
  ),
  "no places in the memory, no object score, memories as wide as features": changed(
    ["pos_enc_at_cross_attn_keys: true", "pos_enc_at_cross_attn_keys: false"],
    ["add_tpos_enc_to_obj_ptrs: true", "add_tpos_enc_to_obj_ptrs: false"],
    ["proj_tpos_enc_in_obj_ptrs: true", "proj_tpos_enc_in_obj_ptrs: false"],
    ["pred_obj_scores: true", "pred_obj_scores: false"],
    ["  pred_obj_scores_mlp: true\n", ""],
    ["fixed_no_obj_ptr: true", "fixed_no_obj_ptr: false"],
    ["out_dim: 8", "out_dim: 32"],
    ["num_pos_feats: 8", "num_pos_feats: 32"],
    ["kv_in_dim: 8", "kv_in_dim: 32"],
  ),
};

/** What the recorder feeds the official implementation too. */
function variantInputs({ imageSize, neck, memoryEncoder }: Sam2Config) {
  const side = imageSize / 16;
  return {
    image: noise("image", [1, 3, imageSize, imageSize]),
    memories: noise("memories", [1, 3, side * side, memoryEncoder.memoryDim]),
    pointers: noise("pointers", [1, 3, neck.dModel]),
    mask: noise("mask", [1, 1, 4 * side, 4 * side]),
  };
}

const one = (value: number): TestTensor => ({ data: Float32Array.of(value), shape: [1] });

/**
 * Every output of the four graphs: a click, a box and a mask on one frame; three memories (a conditioning
 * frame three back, then the two frames before) with their pointers; the mask of a hidden object remembered.
 */
export async function runVariant(
  config: Sam2Config,
  sessionFor: (name: GraphName) => GraphSession,
): Promise<Record<string, Float32Array>> {
  const { image, memories, pointers, mask } = variantInputs(config);
  const features = await sessionFor("image-encoder").run({ image });
  const { features_s4, features_s8, features_s16 } = features as Record<string, TestTensor>;
  const attended = await sessionFor("memory-attention").run({
    features_s16: features_s16!,
    memories,
    memory_time: { data: BigInt64Array.from([config.numMaskmem - 1, 1, 0], BigInt), shape: [1, 3] },
    object_pointers: pointers,
    pointer_time: { data: Float32Array.of(3 / 15, 1 / 15, 2 / 15), shape: [1, 3] },
  });
  const decoded = await sessionFor("mask-decoder").run({
    image_embedding: features_s16!,
    features_s4: features_s4!,
    features_s8: features_s8!,
    no_memory: one(1),
    point_coords: { data: Float32Array.of(10, 20, 50.5, 60, 3, 4, 90, 100), shape: [1, 4, 2] },
    point_labels: { data: Float32Array.of(2, 3, 1, 0), shape: [1, 4] },
    mask_input: mask,
    has_mask_input: one(1),
  });
  const encoded = await sessionFor("memory-encoder").run({
    features_s16: features_s16!,
    mask_logits: mask,
    binarize: one(0),
    visible: one(0),
  });
  const { memories: _, ...memory } = encoded;
  const outputs = Object.entries({ ...features, ...attended, ...decoded, ...memory });
  return Object.fromEntries(outputs.map(([name, { data }]) => [name, data]));
}

/** Up to 64 values spread over a tensor: what is recorded of it. */
export function sampled(data: Float32Array): number[] {
  const step = Math.max(1, Math.floor(data.length / 64));
  return Array.from(data).filter((_, i) => i % step === 0);
}

/** Writes configuration, weights and inputs for `record-variants.py`. */
export function writeVariant(folder: string, index: number, yaml: string, config: Sam2Config): void {
  const place = `${folder}/${index}`;
  mkdirSync(place, { recursive: true });
  writeFileSync(`${place}/config.yaml`, yaml);
  writeFileSync(`${place}/weights.safetensors`, seededCheckpoint(config));
  for (const [name, { data }] of Object.entries(variantInputs(config))) {
    writeFileSync(`${place}/${name}.f32`, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
}
