/** Pure: joins a checkpoint and a configuration to a model whose four graphs can be built. */
import type { StateDict } from "../checkpoint/state-dict.ts";
import { type Weight, WeightStore, type Weights } from "../layers/weights.ts";
import type { GraphBuilder } from "../onnx/graph-builder.ts";
import type { GraphName } from "../onnx/onnx-graph.ts";
import type { Sam2Config } from "./config.ts";
import { imageEncoder } from "./image-encoder.ts";
import { maskDecoder } from "./mask-decoder.ts";
import { memoryAttention } from "./memory-attention.ts";
import { memoryEncoder } from "./memory-encoder.ts";
import type { BuildOptions, Sam2Constants, Sam2Model } from "./sam2-model.ts";

const GRAPHS: Record<
  GraphName,
  (config: Sam2Config, weights: Weights, options: BuildOptions) => GraphBuilder
> = {
  "image-encoder": imageEncoder,
  "memory-attention": memoryAttention,
  "mask-decoder": maskDecoder,
  "memory-encoder": memoryEncoder,
};

/** Upstream has them in every checkpoint, and no configuration that can be built reads them. */
const KNOWN_UNUSED = ["no_mem_pos_enc"];

/**
 * Checks every tensor of the checkpoint against the configuration, and reads none but the constants.
 * Throws a ModelError with key, expected and got.
 */
export async function openSam2(checkpoint: StateDict, config: Sam2Config): Promise<Sam2Model> {
  const store = new WeightStore(checkpoint);
  // Graphs know their weights before these are read, so planning all four is the check.
  for (const plan of Object.values(GRAPHS)) plan(config, store.root(), {});
  const constants = await readConstants(store.root(), config);
  store.checkAllUsed(KNOWN_UNUSED);
  return {
    config,
    constants,
    buildGraph: (name, options = {}) => GRAPHS[name](config, store.root(), options).finish(),
  };
}

async function readConstants(weights: Weights, config: Sam2Config): Promise<Sam2Constants> {
  const d = config.neck.dModel;
  const downsample = weights.at("mask_downsample");
  const read = async (wanted: boolean, weight: () => Weight) => (wanted ? weight().load() : null);
  const pointers = config.useObjectPointers;
  const kernel = await read(pointers, () => downsample.get("weight", [1, 1, 4, 4]));
  const bias = await read(pointers, () => downsample.get("bias", [1]));
  return {
    noObjectPointer: await read(pointers && config.predictObjectScores, () =>
      weights.get("no_obj_ptr", [1, d]),
    ),
    maskDownsample: kernel && bias ? { weight: kernel, bias: bias[0]! } : null,
  };
}
