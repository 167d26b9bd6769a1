/** Pure: memory attention: the frame's feature looks at itself, at earlier frames' memories and pointers. */
import { attend, scoreBlock } from "../layers/attention.ts";
import { activate, layerNorm, linear, parameter } from "../layers/basic-layers.ts";
import { lowered } from "../layers/half-precision.ts";
import { product, range, rowsOf, scaled, sum, transposed } from "../layers/matrix.ts";
import { sinesAndCosines } from "../layers/sine.ts";
import type { Weights } from "../layers/weights.ts";
import { type Dim, GraphBuilder, type Value } from "../onnx/graph-builder.ts";
import { add, concat, div, gather, matMul, mul, reduceMean, reshape, slice, transpose } from "../onnx/ops.ts";
import type { Sam2Config } from "./config.ts";
import { rotaryOrder, rotaryTables, sinePositions, timePeriods } from "./position-encoding.ts";
import type { BuildOptions } from "./sam2-model.ts";

const POSITION_AT_INPUT = 0.1;

/** Taps: layer0 … [B, hw, d]. */
export function memoryAttention(config: Sam2Config, weights: Weights, options: BuildOptions): GraphBuilder {
  const graph = new GraphBuilder("memory-attention", { ...options, half: config.halfPrecision });
  const d = config.neck.dModel;
  const m = config.memoryEncoder.memoryDim;
  const side = config.imageSize / config.backboneStride;
  const tokens = side * side;
  const features = graph.input("features_s16", "float32", [1, d, side, side]);
  const bank = readBank(graph, config, weights, tokens);
  const bankTokens = tokens * config.numMaskmem + (d / m) * config.maxObjectPointers;
  const block = options.queryBlock ?? scoreBlock(tokens, bankTokens);
  const context: LayerContext = { config, bank, rotary: new Rotary(graph, side, d, config), block };

  let x = transpose(reshape(lowered(features), [1, d, tokens]), [0, 2, 1]);
  if (config.memoryAttention.positionAtInput)
    x = add(x, inputPosition(graph, config, side, POSITION_AT_INPUT));
  const attention = weights.at("memory_attention");
  for (const i of range(0, config.memoryAttention.numLayers)) {
    x = graph.layer(`layer${i}`, () => memoryAttentionLayer(x, attention.at(`layers.${i}`), context));
    graph.tap(`layer${i}`, x);
  }
  const normed = graph.layer("norm", () => layerNorm(x, attention.at("norm")));
  const map = transpose(reshape(normed, ["B", side, side, d]), [0, 3, 1, 2]);
  graph.output("conditioned", map, ["B", d, side, side]);
  return graph;
}

// ---------------------------------------------------------------- the memory bank

/** What all layers look at: the places that keys are made of, and the values. */
interface Bank {
  /** [B, M, hw, m]: memories with their places in space and time. */
  spatialKeys: Value;
  /** [B, P * d / m, m]: pointers, cut to the memories' width, with their places in time. */
  pointerKeys: Value;
  /** [B, all tokens, m]: memories, then pointers, without places. */
  values: Value;
}

function readBank(graph: GraphBuilder, config: Sam2Config, weights: Weights, tokens: number): Bank {
  const d = config.neck.dModel;
  const m = config.memoryEncoder.memoryDim;
  const memories = lowered(graph.input("memories", "float32", ["B", "M", tokens, m]));
  const memoryTime = graph.input("memory_time", "int64", ["B", "M"]);
  const pointers = lowered(graph.input("object_pointers", "float32", ["B", "P", d]));
  const pointerTime = graph.input("pointer_time", "float32", ["B", "P"]);

  const side = Math.sqrt(tokens);
  const place = graph.initializer("memory position", [tokens, m], () =>
    sinePositions(side, side, m, config.memoryEncoder.position),
  );
  const times = parameter(memories, weights.get("maskmem_tpos_enc", [config.numMaskmem, 1, 1, m]), [
    config.numMaskmem,
    m,
  ]);
  const time = reshape(gather(times, memoryTime), ["B", "M", 1, m]);
  const withPlace = config.memoryAttention.positionAtKeys;
  const parts = d / m;
  const cut = reshape(pointers, ["B", "P", parts, m]);
  const pointerPlace = withPlace ? pointerPosition(pointerTime, config, weights) : null;
  const flat = (x: Value) => reshape(x, ["B", "P*parts", m]);
  return {
    spatialKeys: withPlace ? add(memories, add(time, place)) : memories,
    pointerKeys: flat(pointerPlace === null ? cut : add(cut, pointerPlace)),
    values: concat([pooledMemories(memories, config), flat(cut)], 1, "K"),
  };
}

/** [B, M, hw, C] to [B, M * cells, C]: all memories one after the other, averaged over squares of cells. */
function pooledMemories(x: Value, { memoryAttention: { pooling } }: Sam2Config): Value {
  const [, , tokens, channels] = x.shape as [Dim, Dim, number, number];
  if (pooling === 1) return reshape(x, ["B", "M*hw", channels]);
  const side = Math.sqrt(tokens) / pooling;
  const squares = reshape(x, ["B", "M*rows", pooling, side, pooling * channels]);
  const rows = reshape(reduceMean(squares, [2]), ["B", "M*cells", pooling, channels]);
  return reshape(reduceMean(rows, [2]), ["B", "M*cells", channels]);
}

/** [B, P] to [B, P, 1, m]; null where the configuration gives pointers no place in time. */
function pointerPosition(pointerTime: Value, config: Sam2Config, weights: Weights): Value | null {
  if (!config.addTimeToPointers) return null;
  const m = config.memoryEncoder.memoryDim;
  const width = config.projectTimeOfPointers ? config.neck.dModel : m;
  const { graph } = pointerTime;
  const periods = graph.initializer("time periods", [width / 2], () => timePeriods(width), "float32");
  const angle = div(reshape(pointerTime, ["B", "P", 1]), periods);
  const encoded = lowered(sinesAndCosines(mul(angle, 1 / (2 * Math.PI))));
  const position = config.projectTimeOfPointers
    ? linear(encoded, weights.at("obj_ptr_tpos_proj"), m)
    : encoded;
  return reshape(position, ["B", "P", 1, m]);
}

/** [hw, d]: the vision feature's own place, times a factor. */
function inputPosition(graph: GraphBuilder, config: Sam2Config, side: number, factor: number): Value {
  const d = config.neck.dModel;
  return graph.initializer(`input position times ${factor}`, [side * side, d], () =>
    scaled(sinePositions(side, side, d, config.neck.position), factor),
  );
}

// ---------------------------------------------------------------- rotary encoding

/** Turns queries and keys by their place, with the tables that all layers share. */
class Rotary {
  readonly #cos: Value;
  readonly #sin: Value;
  readonly order: number[];

  constructor(graph: GraphBuilder, side: number, d: number, config: Sam2Config) {
    const tables = () => rotaryTables(side, d, config.memoryAttention.ropeTheta);
    this.#cos = graph.initializer("rotary cos", [side * side, d], () => tables().cos);
    this.#sin = graph.initializer("rotary sin", [side * side, d], () => tables().sin);
    this.order = rotaryOrder(d);
  }

  /** [.., hw, d], channels in rotary order. */
  turn(x: Value): Value {
    const axis = x.shape.length - 1;
    const half = Number(x.shape[axis]) / 2;
    const swapped = concat([slice(x, axis, half, 2 * half), slice(x, axis, 0, half)], axis);
    return add(mul(x, this.#cos), mul(swapped, this.#sin));
  }

  /** A projection whose outputs come in rotary order. */
  project(x: Value, weights: Weights, scale = 1): Value {
    const d = this.order.length;
    const width = Number(x.shape[x.shape.length - 1]);
    const weight = weights.get("weight", [d, width]);
    const bias = weights.get("bias", [d]);
    const matrix = x.graph.initializer(`${weight.key} rotary`, [width, d], async () =>
      transposed(scaled(rowsOf(await weight.load(), width, this.order), scale), d, width),
    );
    const offset = x.graph.initializer(`${bias.key} rotary`, [d], async () =>
      scaled(rowsOf(await bias.load(), 1, this.order), scale),
    );
    return add(matMul(x, matrix), offset);
  }
}

// ---------------------------------------------------------------- one layer

interface LayerContext {
  config: Sam2Config;
  bank: Bank;
  rotary: Rotary;
  block: number;
}

function memoryAttentionLayer(x: Value, weights: Weights, context: LayerContext): Value {
  const { activation, feedForwardDim } = context.config.memoryAttention;
  const d = Number(x.shape[2]);
  const seen = add(x, selfAttention(layerNorm(x, weights.at("norm1")), weights.at("self_attn"), context));
  const remembered = add(
    seen,
    crossAttention(layerNorm(seen, weights.at("norm2")), weights.at("cross_attn_image"), context),
  );
  const hidden = linear(layerNorm(remembered, weights.at("norm3")), weights.at("linear1"), feedForwardDim);
  return add(remembered, linear(activate(hidden, activation), weights.at("linear2"), d));
}

function selfAttention(x: Value, weights: Weights, { config, rotary, block }: LayerContext): Value {
  const d = Number(x.shape[2]);
  const placed = config.memoryAttention.positionAtSelfAttention ? withPosition(x, config) : x;
  const query = rotary.turn(rotary.project(placed, weights.at("q_proj"), 1 / Math.sqrt(d)));
  const key = rotary.turn(rotary.project(placed, weights.at("k_proj")));
  return projectedAverage(attend(query, key, x, 1, block), weights, d);
}

/*
 * [Note: average before projecting]
 * A value is a linear function of a memory of m = 64 channels, so averaging the memories and projecting
 * the average is the same as averaging projected values of 256 channels, at a quarter of the work; and
 * value and output projections become one matrix, in self-attention too.
 */
function crossAttention(x: Value, weights: Weights, { config, bank, rotary, block }: LayerContext): Value {
  const d = Number(x.shape[2]);
  const placed = config.memoryAttention.positionAtQueries ? withPosition(x, config) : x;
  const query = rotary.turn(rotary.project(placed, weights.at("q_proj"), 1 / Math.sqrt(d)));
  const spatial = rotary.turn(rotary.project(bank.spatialKeys, weights.at("k_proj")));
  // Pointers have no place in space: their keys are not turned.
  const pointers = rotary.project(bank.pointerKeys, weights.at("k_proj"));
  const keys = concat([pooledMemories(spatial, config), pointers], 1, "K");
  return projectedAverage(attend(query, keys, bank.values, 1, block), weights, d);
}

/** [B, hw, m] averages of what was looked at to [B, hw, d]: value and output projection at once. */
function projectedAverage(average: Value, weights: Weights, d: number): Value {
  const m = Number(average.shape[2]);
  const valueWeight = weights.at("v_proj").get("weight", [d, m]);
  const valueBias = weights.at("v_proj").get("bias", [d]);
  const outWeight = weights.at("out_proj").get("weight", [d, d]);
  const outBias = weights.at("out_proj").get("bias", [d]);
  const { graph } = average;
  const matrix = graph.initializer(`${outWeight.key} of value`, [m, d], async () =>
    transposed(product(await outWeight.load(), await valueWeight.load(), d, d), d, m),
  );
  const offset = graph.initializer(`${outBias.key} of value`, [d], async () =>
    sum(product(await outWeight.load(), await valueBias.load(), d, d), await outBias.load()),
  );
  return add(matMul(average, matrix), offset);
}

function withPosition(x: Value, config: Sam2Config): Value {
  const side = Math.sqrt(Number((x.shape as Dim[])[1]));
  return add(x, inputPosition(x.graph, config, side, 1));
}
