/** Pure: the memory encoder: a frame's feature and its mask become a memory that later frames read. */

import {
  convolution,
  layerNorm,
  linear,
  parameter,
  pointwiseConv,
  SMALL_EPSILON,
} from "../layers/basic-layers.ts";
import { roundToBfloat16 } from "../layers/bfloat16.ts";
import { range, transposed } from "../layers/matrix.ts";
import type { Weights } from "../layers/weights.ts";
import { GraphBuilder, type Value } from "../onnx/graph-builder.ts";
import { add, cast, gelu, greater, matMul, mul, reshape, resize, sigmoid, transpose } from "../onnx/ops.ts";
import type { MemoryEncoderConfig, Sam2Config } from "./config.ts";
import type { BuildOptions } from "./sam2-model.ts";

/** The mask is brought from input pixels down to vision features. */
const TOTAL_STRIDE = 16;
const FUSER_EXPANSION = 4;

/** Taps: mask_in_highres [B, 1, S, S] (logits), mask_downsampled [B, d, h, w]. */
export function memoryEncoder(config: Sam2Config, weights: Weights, options: BuildOptions): GraphBuilder {
  const graph = new GraphBuilder("memory-encoder", options);
  const d = config.neck.dModel;
  const m = config.memoryEncoder.memoryDim;
  const side = config.imageSize / config.backboneStride;
  const features = graph.input("features_s16", "float32", [1, d, side, side]);
  const logits = graph.input("mask_logits", "float32", ["B", 1, 4 * side, 4 * side]);
  const binarize = graph.input("binarize", "float32", ["B"]);
  const visible = graph.input("visible", "float32", ["B"]);

  const encoder = weights.at("memory_encoder");
  const mask = scaledMask(logits, binarize, config);
  const downsampled = graph.layer("mask downsampler", () =>
    downsampleMask(mask, encoder.at("mask_downsampler").at("encoder"), config.memoryEncoder, d),
  );
  graph.tap("mask_downsampled", channelsFirst(downsampled));
  const seen = pointwiseConv(channelsLast(features), encoder.at("pix_feat_proj"), d);
  const fused = graph.layer("fuser", () =>
    fuse(add(seen, downsampled), encoder.at("fuser"), config.memoryEncoder),
  );
  const memory = m === d ? fused : pointwiseConv(fused, encoder.at("out_proj"), m);
  const marked = markHidden(memory, visible, weights, config);
  graph.output("memory_features", channelsFirst(marked), ["B", m, side, side]);
  const rounded = graph.layer("bfloat16", () => roundToBfloat16(reshape(marked, ["B", side * side, m])));
  graph.output("memories", rounded, ["B", side * side, m]);
  return graph;
}

/** Enlarged to the input's size; its probability, or 0 and 1 where `binarize` is 1; then scale and bias. */
function scaledMask(logits: Value, binarize: Value, config: Sam2Config): Value {
  const enlarged = resize(logits, config.imageSize, config.imageSize, "linear");
  logits.graph.tap("mask_in_highres", enlarged);
  const hard = reshape(binarize, ["B", 1, 1, 1]);
  const soft = add(mul(hard, -1), 1);
  const chosen = add(mul(cast(greater(enlarged, 0), "float32"), hard), mul(sigmoid(enlarged), soft));
  return add(mul(chosen, config.sigmoidScaleForMemory), config.sigmoidBiasForMemory);
}

/** [B, 1, S, S] to [B, h, w, d]: each step has stride² times the channels. */
function downsampleMask(mask: Value, weights: Weights, config: MemoryEncoderConfig, d: number): Value {
  const { maskKernel: kernel, maskStride: stride, maskPadding: padding } = config;
  const steps = Math.round(Math.log2(TOTAL_STRIDE) / Math.log2(stride));
  let x = mask;
  for (const step of range(0, steps)) {
    const convolved = convolution(x, weights.at(`${3 * step}`), stride ** (2 * (step + 1)), kernel, {
      stride,
      padding,
    });
    x = channelsFirst(gelu(layerNorm(channelsLast(convolved), weights.at(`${3 * step + 1}`), SMALL_EPSILON)));
  }
  return pointwiseConv(channelsLast(x), weights.at(`${3 * steps}`), d);
}

/** ConvNeXt blocks on [B, h, w, d]. */
function fuse(x: Value, weights: Weights, config: MemoryEncoderConfig): Value {
  return range(0, config.fuserLayers).reduce(
    (value, i) => value.graph.layer(`layer${i}`, () => fuserBlock(value, weights.at(`layers.${i}`), config)),
    x,
  );
}

function fuserBlock(x: Value, weights: Weights, config: MemoryEncoderConfig): Value {
  const d = Number(x.shape[3]);
  const mixed = convolution(channelsFirst(x), weights.at("dwconv"), d, config.fuserKernel, {
    padding: config.fuserPadding,
    groups: config.fuserDepthwise ? d : 1,
  });
  const normed = layerNorm(channelsLast(mixed), weights.at("norm"), SMALL_EPSILON);
  const hidden = gelu(linear(normed, weights.at("pwconv1"), FUSER_EXPANSION * d));
  const out = weights.at("pwconv2");
  return add(x, config.fuserLayerScale ? scaledLinear(hidden, out, weights, d) : linear(hidden, out, d));
}

/** A linear layer with the block's scale per channel multiplied into it. */
function scaledLinear(x: Value, weights: Weights, block: Weights, out: number): Value {
  const width = Number(x.shape[x.shape.length - 1]);
  const weight = weights.get("weight", [out, width]);
  const bias = weights.get("bias", [out]);
  const gamma = block.get("gamma", [out]);
  const matrix = x.graph.initializer(`${weight.key} scaled`, [width, out], async () => {
    const scales = await gamma.load();
    return transposed(await weight.load(), out, width).map((value, i) => value * scales[i % out]!);
  });
  const offset = x.graph.initializer(`${bias.key} scaled`, [out], async () => {
    const scales = await gamma.load();
    return (await bias.load()).map((value, i) => value * scales[i]!);
  });
  return add(matMul(x, matrix), offset);
}

/** Where the object is hidden, the memory says so. */
function markHidden(memory: Value, visible: Value, weights: Weights, config: Sam2Config): Value {
  if (!config.noObjectEmbedSpatial) return memory;
  const m = config.memoryEncoder.memoryDim;
  const hidden = add(mul(reshape(visible, ["B", 1, 1, 1]), -1), 1);
  return add(memory, mul(parameter(memory, weights.get("no_obj_embed_spatial", [1, m])), hidden));
}

function channelsFirst(x: Value): Value {
  return transpose(x, [0, 3, 1, 2]);
}

function channelsLast(x: Value): Value {
  return transpose(x, [0, 2, 3, 1]);
}
