/** Pure: the prompt encoder: clicks, boxes and a previous mask become embeddings. */
import { layerNorm, parameter, pointwiseConv, SMALL_EPSILON } from "../layers/basic-layers.ts";
import { range } from "../layers/matrix.ts";
import { sinesAndCosines } from "../layers/sine.ts";
import type { Weight, Weights } from "../layers/weights.ts";
import type { Dim, Value } from "../onnx/graph-builder.ts";
import {
  add,
  cast,
  clip,
  concat,
  div,
  gather,
  gelu,
  matMul,
  mul,
  reshape,
  slice,
  sub,
  transpose,
} from "../onnx/ops.ts";

/** Channels of the mask prompt's two convolutions; written into upstream's code. */
const MASK_CHANNELS = [4, 16] as const;
const POINT_KINDS = 4; // negative, positive, box corners

/**
 * `coords` [B, N, 2] in model pixels, `labels` [B, N] to [B, N + 1, d]. The last one is the padding point,
 * which upstream adds whenever there is no separate box.
 */
export function encodePoints(
  coords: Value,
  labels: Value,
  weights: Weights,
  imageSize: number,
  d: number,
): Value {
  const gaussian = weights.at("pe_layer").get("positional_encoding_gaussian_matrix", [2, d / 2]);
  const places = sub(mul(div(add(coords, 0.5), imageSize), 2), 1);
  const position = sinesAndCosines(matMul(places, parameter(coords, gaussian)));
  // Row of the table: label + 1. A point that is none (-1) has the table's row alone, without a place.
  const row = add(labels, 1);
  const hasPlace = reshape(clip(row, 0, 1), ["B", "N", 1]);
  const points = add(mul(position, hasPlace), gather(pointTable(coords, weights, d), cast(row, "int32")));
  const notAPoint = parameter(coords, weights.at("not_a_point_embed").get("weight", [1, d]), [1, 1, d]);
  // Zero times any label spreads the constant over the objects.
  const padding = add(mul(reshape(slice(row, 1, 0, 1), ["B", 1, 1]), 0), notAPoint);
  return concat([points, padding], 1, "N+1");
}

/** [5, d]: not a point, negative, positive, top left corner, bottom right corner. */
function pointTable(like: Value, weights: Weights, d: number): Value {
  const rows = [
    weights.at("not_a_point_embed").get("weight", [1, d]),
    ...range(0, POINT_KINDS).map((kind) => weights.at(`point_embeddings.${kind}`).get("weight", [1, d])),
  ];
  return like.graph.initializer("point embeddings", [rows.length, d], async () => {
    const table = new Float32Array(rows.length * d);
    for (const [i, row] of rows.entries()) table.set(await row.load(), i * d);
    return table;
  });
}

/** [side * side, d]: the same encoding of every place of the vision feature, as a table. */
export function densePosition(like: Value, weights: Weights, side: number, d: number): Value {
  const gaussian = weights.at("pe_layer").get("positional_encoding_gaussian_matrix", [2, d / 2]);
  return like.graph.initializer("dense position", [side * side, d], async () =>
    densePositionTable(gaussian, side, d),
  );
}

async function densePositionTable(gaussian: Weight, side: number, d: number): Promise<Float32Array> {
  const matrix = await gaussian.load();
  const half = d / 2;
  const table = new Float32Array(side * side * d);
  for (let token = 0; token < side * side; token++) {
    const x = (2 * ((token % side) + 0.5)) / side - 1;
    const y = (2 * (Math.floor(token / side) + 0.5)) / side - 1;
    for (let i = 0; i < half; i++) {
      const angle = 2 * Math.PI * (x * matrix[i]! + y * matrix[half + i]!);
      table[token * d + i] = Math.sin(angle);
      table[token * d + half + i] = Math.cos(angle);
    }
  }
  return table;
}

/**
 * `mask` [B, 1, 4h, 4w] (logits) to [B, h * w, d]; where `hasMask` [B] is 0, the embedding of "no mask".
 */
export function encodeMask(mask: Value, hasMask: Value, weights: Weights, side: number, d: number): Value {
  const layers = weights.at("mask_downscaling");
  const halved = stage(reshape(mask, ["B", 4 * side, 4 * side, 1]), layers, 0, MASK_CHANNELS[0]);
  const quartered = stage(halved, layers, 3, MASK_CHANNELS[1]);
  const embedded = reshape(pointwiseConv(quartered, layers.at("6"), d), ["B", side * side, d]);
  const noMask = parameter(mask, weights.at("no_mask_embed").get("weight", [1, d]), [1, 1, d]);
  const chosen = reshape(hasMask, ["B", 1, 1]);
  const hasNone = add(mul(chosen, -1), 1);
  return add(mul(embedded, chosen), mul(noMask, hasNone));
}

/** A 2x2 convolution of stride 2, norm and activation, channels last. */
function stage(x: Value, layers: Weights, index: number, out: number): Value {
  const cells = gatherCells(x);
  const channels = Number(x.shape[3]);
  const weight = layers.at(`${index}`).get("weight", [out, channels, 2, 2]);
  const matrix = x.graph.initializer(`${weight.key} by cell`, [4 * channels, out], async () =>
    byCell(await weight.load(), out, channels),
  );
  const bias = parameter(x, layers.at(`${index}`).get("bias", [out]));
  return gelu(layerNorm(add(matMul(cells, matrix), bias), layers.at(`${index + 1}`), SMALL_EPSILON));
}

/** [B, 2h, 2w, c] to [B, h, w, 4c]: the four neighbours side by side. */
function gatherCells(x: Value): Value {
  const [batch, height, width, channels] = x.shape as [Dim, number, number, number];
  const cells = reshape(x, [batch, height / 2, 2, width / 2, 2, channels]);
  return reshape(transpose(cells, [0, 1, 3, 2, 4, 5]), [batch, height / 2, width / 2, 4 * channels]);
}

/** [out, in, 2, 2] to [(2, 2, in), out]. */
function byCell(weight: Float32Array, out: number, channels: number): Float32Array {
  const matrix = new Float32Array(weight.length);
  for (let o = 0; o < out; o++) {
    for (let c = 0; c < channels; c++) {
      for (let cell = 0; cell < 4; cell++) {
        matrix[(cell * channels + c) * out + o] = weight[(o * channels + c) * 4 + cell]!;
      }
    }
  }
  return matrix;
}
