/** Pure: joins a checkpoint and a configuration to a model whose four graphs can be built. */
import type { StateDict } from "../checkpoint/state-dict.ts";
import { type Weight, WeightList, WeightStore, type Weights } from "../layers/weights.ts";
import type { GraphBuilder, Operation } from "../onnx/graph-builder.ts";
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

/** Upstream has it in every checkpoint, and no configuration that can be built reads it. */
const UNUSED_TENSOR = "no_mem_pos_enc";

/**
 * Checks every tensor of the checkpoint against the configuration, and reads none but the constants.
 * Throws a ModelError with key, expected and got.
 */
export async function openSam2(checkpoint: StateDict, config: Sam2Config): Promise<Sam2Model> {
  const store = new WeightStore(checkpoint);
  const constants = planAll(store.root(), config);
  store.checkAllUsed([UNUSED_TENSOR]);
  return {
    config,
    constants: await readConstants(constants),
    buildGraph: async (name, options = {}) => GRAPHS[name](config, store.root(), options).finish(),
  };
}

/** Key and shape of every tensor that a checkpoint of this configuration has. */
export function listTensors(config: Sam2Config): Map<string, number[]> {
  const list = new WeightList();
  planAll(list.root(), config);
  return list.shapes.set(UNUSED_TENSOR, [1, 1, config.neck.dModel]);
}

/** The nodes of one graph of this configuration, without any checkpoint: what it will cost. */
export function planOperations(name: GraphName, config: Sam2Config): Operation[] {
  return GRAPHS[name](config, new WeightList().root(), {}).operations;
}

interface ConstantWeights {
  noObjectPointer: Weight | null;
  downsampleKernel: Weight | null;
  downsampleBias: Weight | null;
}

/** Graphs know their weights before these are read, so that planning all four is the check. */
function planAll(weights: Weights, config: Sam2Config): ConstantWeights {
  for (const plan of Object.values(GRAPHS)) plan(config, weights, {});
  const pointers = config.useObjectPointers;
  const downsample = weights.at("mask_downsample");
  return {
    noObjectPointer:
      pointers && config.predictObjectScores ? weights.get("no_obj_ptr", [1, config.neck.dModel]) : null,
    downsampleKernel: pointers ? downsample.get("weight", [1, 1, 4, 4]) : null,
    downsampleBias: pointers ? downsample.get("bias", [1]) : null,
  };
}

async function readConstants(constants: ConstantWeights): Promise<Sam2Constants> {
  const kernel = await constants.downsampleKernel?.load();
  const bias = await constants.downsampleBias?.load();
  return {
    noObjectPointer: (await constants.noObjectPointer?.load()) ?? null,
    maskDownsample: kernel && bias ? { weight: kernel, bias: bias[0]! } : null,
  };
}
