/** Pure: prompt encoder and mask decoder in one graph: a click on known features becomes four masks. */
import { activate, layerNorm, linear, mlp, parameter, SMALL_EPSILON } from "../layers/basic-layers.ts";
import { range, transposed } from "../layers/matrix.ts";
import type { Weight, Weights } from "../layers/weights.ts";
import { GraphBuilder, type Value } from "../onnx/graph-builder.ts";
import { add, concat, gelu, matMul, mul, reshape, sigmoid, slice, transpose } from "../onnx/ops.ts";
import type { Sam2Config } from "./config.ts";
import { densePosition, encodeMask, encodePoints } from "./prompt-encoder.ts";
import type { BuildOptions } from "./sam2-model.ts";
import { twoWayTransformer } from "./two-way-transformer.ts";

/** Three masks for an ambiguous click, one for a clear one. */
const MASKS = 4;
const IOU_HIDDEN = 256;
/** The score of a configuration that predicts none: the object is there. */
const ALWAYS_VISIBLE = 10;

/** Taps: prompt_sparse [B, N + 1, d], prompt_dense [B, hw, d], hs [B, T, d], src_out [B, hw, d]. */
export function maskDecoder(config: Sam2Config, weights: Weights, options: BuildOptions): GraphBuilder {
  const graph = new GraphBuilder("mask-decoder", options);
  const d = config.neck.dModel;
  const side = config.imageSize / config.backboneStride;
  const embedding = graph.input("image_embedding", "float32", ["B?", d, side, side]);
  const s4 = graph.input("features_s4", "float32", [1, d / 8, 4 * side, 4 * side]);
  const s8 = graph.input("features_s8", "float32", [1, d / 4, 2 * side, 2 * side]);
  const noMemory = graph.input("no_memory", "float32", [1]);
  const coords = graph.input("point_coords", "float32", ["B", "N", 2]);
  const labels = graph.input("point_labels", "float32", ["B", "N"]);
  const mask = graph.input("mask_input", "float32", ["B", 1, 4 * side, 4 * side]);
  const hasMask = graph.input("has_mask_input", "float32", ["B"]);

  const prompts = weights.at("sam_prompt_encoder");
  const decoder = weights.at("sam_mask_decoder");
  const sparse = graph.layer("points", () => encodePoints(coords, labels, prompts, config.imageSize, d));
  graph.tap("prompt_sparse", sparse);
  const dense = graph.layer("mask prompt", () => encodeMask(mask, hasMask, prompts, side, d));
  graph.tap("prompt_dense", dense);
  const image = add(imageTokens(embedding, noMemory, weights, d, side), dense);
  const { tokens, image: seen } = graph.layer("transformer", () =>
    twoWayTransformer(
      concat([outputTokens(sparse, decoder, config), sparse], 1, "T"),
      image,
      densePosition(image, prompts, side, d),
      decoder.at("transformer"),
    ),
  );
  graph.tap("hs", tokens);
  graph.tap("src_out", seen);

  const first = config.predictObjectScores ? 1 : 0;
  const maskTokens = slice(tokens, 1, first + 1, first + 1 + MASKS);
  const masks = graph.layer("upscaling", () => predictMasks(maskTokens, seen, s4, s8, decoder, side));
  graph.output("masks", masks, ["B", MASKS, 4 * side, 4 * side]);
  const iouToken = tokenAt(tokens, first, d);
  graph.output("ious", predictIous(iouToken, decoder, config), ["B", MASKS]);
  graph.output("object_pointers", objectPointers(maskTokens, weights, config), ["B", MASKS, d]);
  graph.output("object_score", objectScore(tokens, decoder, config), ["B", 1]);
  return graph;
}

/** [B?, d, h, w] to [B?, hw, d], with the embedding of "no memory" where it is asked for. */
function imageTokens(embedding: Value, noMemory: Value, weights: Weights, d: number, side: number): Value {
  const tokens = transpose(reshape(embedding, ["B?", d, side * side]), [0, 2, 1]);
  const noMemoryEmbedding = parameter(embedding, weights.get("no_mem_embed", [1, 1, d]));
  return add(tokens, mul(noMemoryEmbedding, noMemory));
}

/** [B, 5 or 6, d]: the object score's token (where there is one), the IoU's, the masks'. */
function outputTokens(sparse: Value, decoder: Weights, config: Sam2Config): Value {
  const d = config.neck.dModel;
  const stored: Weight[] = [
    ...(config.predictObjectScores ? [decoder.at("obj_score_token").get("weight", [1, d])] : []),
    decoder.at("iou_token").get("weight", [1, d]),
    decoder.at("mask_tokens").get("weight", [MASKS, d]),
  ];
  const count = stored.length + MASKS - 1;
  const table = sparse.graph.initializer("output tokens", [count, d], async () => {
    const values: number[] = [];
    for (const weight of stored) values.push(...(await weight.load()));
    return Float32Array.from(values);
  });
  // Zero times any token spreads the table over the objects.
  return add(mul(slice(sparse, 1, 0, 1), 0), table);
}

function tokenAt(tokens: Value, index: number, d: number): Value {
  return reshape(slice(tokens, 1, index, index + 1), ["B", d]);
}

function predictIous(token: Value, decoder: Weights, config: Sam2Config): Value {
  const ious = mlp(token, decoder.at("iou_prediction_head"), [IOU_HIDDEN, IOU_HIDDEN, MASKS], "relu");
  return config.iouPredictionUsesSigmoid ? sigmoid(ious) : ious;
}

function objectPointers(maskTokens: Value, weights: Weights, config: Sam2Config): Value {
  const d = config.neck.dModel;
  if (!config.useObjectPointers) return maskTokens;
  const proj = weights.at("obj_ptr_proj");
  return config.useMlpForPointer ? mlp(maskTokens, proj, [d, d, d], "relu") : linear(maskTokens, proj, d);
}

function objectScore(tokens: Value, decoder: Weights, config: Sam2Config): Value {
  const d = config.neck.dModel;
  const token = tokenAt(tokens, 0, d);
  if (!config.predictObjectScores) return add(mul(slice(token, 1, 0, 1), 0), ALWAYS_VISIBLE);
  const head = decoder.at("pred_obj_score_head");
  return config.predictObjectScoresMlp ? mlp(token, head, [d, d, 1], "relu") : linear(token, head, 1);
}

/*
 * [Note: pixels by cell]
 * Both upscalings turn one pixel into a cell of 2x2. The pixels are kept in the order of their cells
 * (all four of one cell after another) until the masks are done, so that only the two stored feature maps
 * (once per picture) and the four masks are put in another order, not the wide maps between.
 */
function predictMasks(
  maskTokens: Value,
  image: Value,
  s4: Value,
  s8: Value,
  decoder: Weights,
  side: number,
): Value {
  const d = Number(image.shape[2]);
  const layers = decoder.at("output_upscaling");
  const doubled = add(upscale(image, layers.at("0"), d / 4), byCells(s8, side));
  const normed = gelu(layerNorm(doubled, layers.at("1"), SMALL_EPSILON));
  const quadrupled = gelu(add(upscale(normed, layers.at("3"), d / 8), byCellsOfCells(s4, side)));
  const filters = hyperNetworks(maskTokens, decoder, d);
  const masks = matMul(filters, transpose(quadrupled, [0, 2, 1]));
  return cellsToRows(masks, side);
}

/** A transposed 2x2 convolution of stride 2: [B, n, in] to [B, 4n, out], cell after cell. */
function upscale(x: Value, weights: Weights, out: number): Value {
  const [, pixels, width] = x.shape as [string, number, number];
  const weight = weights.get("weight", [width, out, 2, 2]);
  const bias = weights.get("bias", [out]);
  const matrix = x.graph.initializer(`${weight.key} by cell`, [width, 4 * out], async () =>
    cellsFirst(await weight.load(), width, out),
  );
  const cells = reshape(matMul(x, matrix), ["B", 4 * pixels, out]);
  return add(cells, parameter(x, bias));
}

/** [in, out, 2, 2] to [in, (2, 2, out)]. */
function cellsFirst(weight: Float32Array, width: number, out: number): Float32Array {
  const matrix = new Float32Array(weight.length);
  for (let i = 0; i < width; i++) {
    const row = weight.subarray(i * out * 4, (i + 1) * out * 4);
    matrix.set(transposed(row, out, 4), i * out * 4);
  }
  return matrix;
}

/** [1, c, 2h, 2w] to [1, 4hw, c], cell after cell. */
function byCells(x: Value, side: number): Value {
  const channels = Number(x.shape[1]);
  const cells = reshape(x, [channels, side, 2, side, 2]);
  return reshape(transpose(cells, [1, 3, 2, 4, 0]), [1, 4 * side * side, channels]);
}

/** [1, c, 4h, 4w] to [1, 16hw, c]: cells of cells. */
function byCellsOfCells(x: Value, side: number): Value {
  const channels = Number(x.shape[1]);
  const cells = reshape(x, [channels, side, 2, 2, side, 2, 2]);
  return reshape(transpose(cells, [1, 4, 2, 5, 3, 6, 0]), [1, 16 * side * side, channels]);
}

/** [B, 4, 16hw] in cells of cells to [B, 4, 4h, 4w]. */
function cellsToRows(masks: Value, side: number): Value {
  const cells = reshape(masks, ["B", MASKS * side, side, 2, 2, 4]);
  const halfway = reshape(transpose(cells, [0, 1, 3, 2, 4, 5]), ["B", MASKS * 2 * side, 2 * side, 2, 2]);
  return reshape(transpose(halfway, [0, 1, 3, 2, 4]), ["B", MASKS, 4 * side, 4 * side]);
}

/** Each mask token has a network of its own; the four run as one batch. [B, 4, d] to [B, 4, d / 8]. */
function hyperNetworks(maskTokens: Value, decoder: Weights, d: number): Value {
  const networks = range(0, MASKS).map((i) => decoder.at(`output_hypernetworks_mlps.${i}`));
  const widths = [d, d, d / 8];
  const x = widths.reduce(
    (value, out, layer) => {
      const parts = networks.map((network) => network.at(`layers.${layer}`));
      const result = stackedLinear(value, parts, out);
      return layer < widths.length - 1 ? activate(result, "relu") : result;
    },
    transpose(maskTokens, [1, 0, 2]),
  );
  return transpose(x, [1, 0, 2]);
}

/** [n, B, in] to [n, B, out], each with weights of its own. */
function stackedLinear(x: Value, parts: Weights[], out: number): Value {
  const width = Number(x.shape[2]);
  const weights = parts.map((part) => part.get("weight", [out, width]));
  const biases = parts.map((part) => part.get("bias", [out]));
  const stack = async (stored: Weight[], arrange: (values: Float32Array) => Float32Array) => {
    const size = stored[0]!.shape.reduce((product, dimension) => product * dimension, 1);
    const all = new Float32Array(stored.length * size);
    for (const [i, weight] of stored.entries()) all.set(arrange(await weight.load()), i * size);
    return all;
  };
  const name = parts[0]!.prefix;
  const matrix = x.graph.initializer(`${name}weight stacked`, [parts.length, width, out], () =>
    stack(weights, (values) => transposed(values, out, width)),
  );
  const bias = x.graph.initializer(`${name}bias stacked`, [parts.length, 1, out], () =>
    stack(biases, (values) => values),
  );
  return add(matMul(x, matrix), bias);
}
