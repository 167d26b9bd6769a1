/** Pure: the tensors of a checkpoint by name. Types only; `open-checkpoint.ts` makes them. */
import type { Dtype } from "./dtype.ts";

interface StoredTensor {
  dtype: Dtype;
  shape: readonly number[];
}

export interface StateDict {
  format: "pt" | "safetensors";
  /** By checkpoint key, e.g. "image_encoder.trunk.pos_embed". */
  tensors: ReadonlyMap<string, StoredTensor>;
  /** One tensor's values as float32, row-major: the only moment at which they are in memory. */
  read(name: string): Promise<Float32Array>;
}

/** Elements of one tensor. SAM 2 large's largest has 5.3 million; this bounds what a forged file can ask for. */
export const MAX_TENSOR_ELEMENTS = 2 ** 28;
