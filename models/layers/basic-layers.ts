/** Pure: the layers that all parts of SAM 2 are made of. Tokens are in the last axis but one, channels last. */
import type { Value } from "../onnx/graph-builder.ts";
import { add, concat, conv, gelu, layerNormalization, matMul, relu, slice } from "../onnx/ops.ts";
import { transposed } from "./matrix.ts";
import type { Weight, Weights } from "./weights.ts";

/** A tensor of the checkpoint as it is, in another shape if wanted. */
export function parameter(x: Value, weight: Weight, shape: number[] = weight.shape): Value {
  return x.graph.initializer(`${weight.key} [${shape}]`, shape, weight.load);
}

/** Stored [out, in], multiplied as [in, out]. */
export function projection(x: Value, weights: Weights, out: number): Value {
  const width = channelsOf(x);
  const weight = weights.get("weight", [out, width]);
  const load = async () => transposed(await weight.load(), out, width);
  return matMul(x, x.graph.initializer(`${weight.key} transposed`, [width, out], load));
}

export function linear(x: Value, weights: Weights, out: number): Value {
  return add(projection(x, weights, out), parameter(x, weights.get("bias", [out])));
}

/** A 1x1 convolution on channels-last data: a linear layer whose weight is stored [out, in, 1, 1]. */
export function pointwiseConv(x: Value, weights: Weights, out: number): Value {
  const width = channelsOf(x);
  const weight = weights.get("weight", [out, width, 1, 1]);
  const load = async () => transposed(await weight.load(), out, width);
  const result = matMul(x, x.graph.initializer(`${weight.key} transposed`, [width, out], load));
  return add(result, parameter(x, weights.get("bias", [out])));
}

/** torch's default, used everywhere but in Hiera and the convolutional parts. */
const LAYER_NORM_EPSILON = 1e-5;
/** Hiera's, LayerNorm2d's. */
export const SMALL_EPSILON = 1e-6;

export function layerNorm(x: Value, weights: Weights, epsilon = LAYER_NORM_EPSILON): Value {
  const width = channelsOf(x);
  const scale = parameter(x, weights.get("weight", [width]));
  const bias = parameter(x, weights.get("bias", [width]));
  return layerNormalization(x, scale, bias, epsilon);
}

export type Activation = "relu" | "gelu";

export function activate(x: Value, activation: Activation): Value {
  return activation === "relu" ? relu(x) : gelu(x);
}

/** Linear layers `layers.0` … with the activation between them. */
export function mlp(x: Value, weights: Weights, widths: number[], activation: Activation): Value {
  return widths.reduce((value, width, i) => {
    const result = linear(value, weights.at(`layers.${i}`), width);
    return i < widths.length - 1 ? activate(result, activation) : result;
  }, x);
}

/** Square convolution on [B, C, H, W]. */
export function convolution(
  x: Value,
  weights: Weights,
  out: number,
  kernel: number,
  options: { stride?: number; padding?: number; groups?: number } = {},
): Value {
  const inPerGroup = Number(x.shape[1]) / (options.groups ?? 1);
  const weight = parameter(x, weights.get("weight", [out, inPerGroup, kernel, kernel]));
  return conv(x, weight, parameter(x, weights.get("bias", [out])), options);
}

/**
 * Runs `build` on parts of an axis and joins the results, so that no buffer inside grows beyond a limit:
 * WebGPU binds at most 128 MiB by default, and smaller blocks stay in a processor's cache.
 */
export function inBlocks(x: Value, axis: number, block: number, build: (part: Value) => Value): Value {
  const size = x.shape[axis];
  if (typeof size !== "number" || block >= size) return build(x);
  const parts: Value[] = [];
  for (let start = 0; start < size; start += block) {
    parts.push(build(slice(x, axis, start, Math.min(start + block, size))));
  }
  return concat(parts, axis);
}

/** What WebGPU guarantees for one storage buffer. */
const MAX_BUFFER_BYTES = 128 * 2 ** 20;

/**
 * What attention writes out at a time in its plain form. Measured on WASM: 10% faster than 128 MiB, at a
 * third of the memory; and a bank of four times the usual length still stays within what WebGPU binds.
 */
export const SCORE_BUFFER_BYTES = 32 * 2 ** 20;

/** The largest whole division of `size` whose parts, at `bytesEach` per element, fit a buffer. */
export function blockThatFits(size: number, bytesEach: number, limit = MAX_BUFFER_BYTES): number {
  const blocks = Math.ceil((size * bytesEach) / limit);
  return Math.max(1, Math.ceil(size / blocks));
}

function channelsOf(x: Value): number {
  const channels = x.shape[x.shape.length - 1];
  return typeof channels === "number" ? channels : x.graph.fail(`the channels of [${x.shape}] are not known`);
}
