/** Pure: scaled dot-product attention, with what can be folded into the weights folded. */
import type { Dim, Value } from "../onnx/graph-builder.ts";
import { add, matMul, reshape, softmax, transpose } from "../onnx/ops.ts";
import { blockThatFits, inBlocks, projection } from "./basic-layers.ts";
import { product, scaled, sum, transposed } from "./matrix.ts";
import type { Weights } from "./weights.ts";

/*
 * [Note: folded attention]
 * softmax((q + bq)(k + bk)ᵀ)(v + bv) Wo + bo has parts that change nothing or that are constant:
 * - q·bk is the same for all keys, and softmax ignores what is the same for all: the key's bias is left out.
 *   (Not where keys are rotated after the bias was added.)
 * - Rows of a softmax sum to 1, so bv passes through it: bv Wo + bo is one bias.
 * - 1/sqrt(width of a head) is multiplied into the query's weight and bias.
 * All are identities; only the rounding differs, by about one part in 10^7.
 */

/**
 * [.., Lq, d], [.., Lk, d], [.., Lk, v] to [.., Lq, v]. The queries are scaled already. They are taken in
 * blocks whose scores fit a buffer; `rows` is how many score rows one query makes (batch times heads).
 */
export function attend(query: Value, key: Value, value: Value, block: number): Value {
  const keyTransposed = transposeLastTwo(key);
  return inBlocks(query, query.shape.length - 2, block, (part) =>
    matMul(softmax(matMul(part, keyTransposed)), value),
  );
}

/** Queries per block, for `rows` score rows per query over `keys` keys. */
export function queryBlock(queries: number, rows: number, keys: number, limit?: number): number {
  return blockThatFits(queries, rows * keys * 4, limit);
}

function transposeLastTwo(x: Value): Value {
  const axes = x.shape.map((_, i) => i);
  const last = axes.length - 1;
  return transpose(x, [...axes.slice(0, -2), last, last - 1]);
}

/** x Wqᵀ + bq with 1/sqrt(headWidth) folded in; `out` columns. */
export function scaledQuery(x: Value, weights: Weights, out: number, headWidth: number): Value {
  const width = Number(x.shape[x.shape.length - 1]);
  const weight = weights.get("weight", [out, width]);
  const bias = weights.get("bias", [out]);
  const scale = 1 / Math.sqrt(headWidth);
  const matrix = x.graph.initializer(`${weight.key} scaled`, [width, out], async () =>
    scaled(transposed(await weight.load(), out, width), scale),
  );
  const offset = x.graph.initializer(`${bias.key} scaled`, [out], async () =>
    scaled(await bias.load(), scale),
  );
  return add(matMul(x, matrix), offset);
}

/** Where the values' bias lies in a longer stored one; absent: it is stored alone. */
interface BiasPart {
  /** Length of what is stored. */
  storedBias: number;
  from: number;
}

/** The output projection of values that had no bias yet: bv Wo + bo is its bias. */
export function outputProjection(
  x: Value,
  valueWeights: Weights,
  outWeights: Weights,
  out: number,
  part?: BiasPart,
): Value {
  const width = Number(x.shape[x.shape.length - 1]);
  const { storedBias, from } = part ?? { storedBias: width, from: 0 };
  const valueBias = valueWeights.get("bias", [storedBias]);
  const weight = outWeights.get("weight", [out, width]);
  const bias = outWeights.get("bias", [out]);
  const offset = x.graph.initializer(`${bias.key} with value bias`, [out], async () => {
    const passed = (await valueBias.load()).subarray(from, from + width);
    return sum(product(await weight.load(), passed, out, width), await bias.load());
  });
  return add(projection(x, outWeights, out), offset);
}

export interface AttentionShape {
  heads: number;
  /** Channels of queries, keys and values, all heads together. */
  inner: number;
}

/** Multi-head attention as in SAM's two-way transformer; q [B, Lq, d], k and v [B, Lk, d]. See [Note: folded attention]. */
export function multiHeadAttention(
  q: Value,
  k: Value,
  v: Value,
  weights: Weights,
  { heads, inner }: AttentionShape,
): Value {
  const query = scaledQuery(q, weights.at("q_proj"), inner, inner / heads);
  weights.at("k_proj").get("bias", [inner]);
  const key = projection(k, weights.at("k_proj"), inner);
  const value = projection(v, weights.at("v_proj"), inner);
  const mixed = attend(
    splitHeads(query, heads),
    splitHeads(key, heads),
    splitHeads(value, heads),
    Number.POSITIVE_INFINITY,
  );
  return outputProjection(
    joinHeads(mixed),
    weights.at("v_proj"),
    weights.at("out_proj"),
    Number(q.shape[q.shape.length - 1]),
  );
}

function splitHeads(x: Value, heads: number): Value {
  const [batch, tokens, channels] = x.shape as [Dim, Dim, number];
  return transpose(reshape(x, [batch, tokens, heads, channels / heads]), [0, 2, 1, 3]);
}

function joinHeads(x: Value): Value {
  const [batch, heads, tokens, width] = x.shape as [Dim, number, Dim, number];
  return reshape(transpose(x, [0, 2, 1, 3]), [batch, tokens, heads * width]);
}
