/**
 * What a checkpoint becomes: four graphs, built one at a time, and the few constants that the tracker
 * itself needs. Types only; `build-sam2.ts` makes it.
 *
 * d: model width (256). m: memory width (64). S: side of the square input. h = w = S / 16.
 * B: objects in one run. N: points. M: spatial memories. P: object pointers.
 */
import type { GraphName, OnnxGraph } from "../onnx/onnx-graph.ts";
import type { Sam2Config } from "./config.ts";

/**
 * image-encoder
 *   in  `image`          float32 [1, 3, S, S]   normalised RGB
 *   out `features_s4`    float32 [1, d/8, S/4, S/4]   high-resolution feature 0, after conv_s0
 *       `features_s8`    float32 [1, d/4, S/8, S/8]   high-resolution feature 1, after conv_s1
 *       `features_s16`   float32 [1, d, h, w]         the vision feature, without any memory
 *
 * memory-attention
 *   in  `features_s16`     float32 [1, d, h, w]
 *       `memories`         float32 [B, M, h*w, m]   memory features, already rounded to bfloat16
 *       `memory_time`      int64 [B, M]             row of maskmem_tpos_enc: t_pos counted as upstream
 *                                                   (num_maskmem - t_pos - 1; conditioning frames: 6)
 *       `object_pointers`  float32 [B, P, d]        P may be 0
 *       `pointer_time`     float32 [B, P]           signed distance / (min(frames, max_obj_ptrs) - 1)
 *   out `conditioned`      float32 [B, d, h, w]
 *
 * mask-decoder (prompt encoder + mask decoder)
 *   in  `image_embedding`  float32 [B or 1, d, h, w]  raw vision feature or memory attention's result
 *       `features_s4`, `features_s8`                  of the image encoder (batch 1)
 *       `no_memory`        float32 [1]                1: add no_mem_embed to the embedding; 0: leave it
 *       `point_coords`     float32 [B, N, 2]          model pixels (0..S); the padding point is added inside
 *       `point_labels`     float32 [B, N]             1, 0, 2/3 (box corners), -1 (no point)
 *       `mask_input`       float32 [B, 1, 4h, 4w]     previous logits, clamped by the caller
 *       `has_mask_input`   float32 [B]                1 uses mask_input, 0 uses no_mask_embed
 *   out `masks`            float32 [B, 4, 4h, 4w]     logits, before any selection or gating
 *       `ious`             float32 [B, 4]             after the sigmoid where the configuration has it
 *       `object_pointers`  float32 [B, 4, d]          after obj_ptr_proj, before any gating
 *       `object_score`     float32 [B, 1]             logit (configurations without it: a constant 10)
 *
 * memory-encoder
 *   in  `features_s16`     float32 [1, d, h, w]       the raw vision feature
 *       `mask_logits`      float32 [B, 1, 4h, 4w]     the selected, gated low-resolution logits; enlarged inside
 *       `binarize`         float32 [B]                1: (logit > 0), 0: sigmoid; then scale and bias
 *       `visible`          float32 [B]                0 adds no_obj_embed_spatial
 *   out `memory_features`  float32 [B, m, h, w]       before rounding
 *       `memories`         float32 [B, h*w, m]        rounded to bfloat16 values, what later frames read
 */
export interface Sam2Model {
  config: Sam2Config;
  constants: Sam2Constants;
  /** Builds one graph; its bytes are released by dropping the result. */
  buildGraph(name: GraphName, options?: BuildOptions): Promise<OnnxGraph>;
}

export interface BuildOptions {
  /** Names of inner tensors to add as outputs, for parity tests, e.g. "block3", "fpn_raw.1", "layer0". */
  taps?: string[];
  /** Queries of one block of memory attention; bounds the score buffer to block * tokens * 4 bytes. */
  queryBlock?: number;
  /**
   * Attention as ONNX Runtime's own operator. Set it for the native CPU provider, which then never writes the
   * scores out: a third faster, at half the memory. On WASM the operator overflows its 32 bits, on WebGPU it
   * would write all scores into one buffer: there, absent, attention is standard operators in blocks whose
   * scores fit 32 MiB.
   */
  fusedAttention?: boolean;
  /**
   * Set it for a processor: layers that treat tokens or windows one by one get parts of them whose widest
   * values fit so many bytes, and these stay in its cache. Absent: parts of at most 128 MiB, as WebGPU needs.
   */
  cacheBytes?: number;
}

export interface Sam2Constants {
  /** [d] What the object pointer of a hidden object becomes; null where the configuration has none. */
  noObjectPointer: Float32Array | null;
  /** The 4x4 stride-4 convolution that turns a mask prompt into decoder logits: 16 weights and a bias. */
  maskDownsample: { weight: Float32Array; bias: number } | null;
}
