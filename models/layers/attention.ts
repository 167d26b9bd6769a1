/** Pure: scaled dot-product attention, with what can be folded into the weights folded. */
import type { Dim, Value } from "../onnx/graph-builder.ts";
import { add, matMul, mul, reshape, slice, transpose } from "../onnx/ops.ts";
import { blockThatFits, inBlocks, projection, SCORE_BUFFER_BYTES } from "./basic-layers.ts";
import { softAverage } from "./half-precision.ts";
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

/*
 * [Note: two forms of attention]
 * `fused`: ONNX Runtime's own operator, which on a CPU keeps the scores of a few queries in the cache and
 * never writes them out. Plain: products and a softmax, for execution providers whose fused operator would
 * write out all scores at once; there the queries go in blocks, so that no buffer exceeds a limit.
 */

/**
 * q [B, Lq, heads * d], k [B, Lk, heads * d], v [B, Lk, heads * e] to [B, Lq, heads * e]. Queries are scaled
 * already; their batch may be 1 where the keys' is not. `block`: queries at a time in the plain form.
 */
export function attend(query: Value, key: Value, value: Value, heads: number, block?: number): Value {
  if (query.graph.options.fusedAttention) return fusedAttention(query, key, value, heads);
  const [windows, queries] = query.shape;
  const keys = key.shape[1];
  const fitting = block ?? scoreBlock(Number(queries), Number(windows) * heads * Number(keys));
  const keyTransposed = split(key, heads, [0, 2, 3, 1]);
  const average = softAverage(split(value, heads, [0, 2, 1, 3]));
  const blockAxis = heads === 1 ? 1 : 2;
  const mixed = inBlocks(split(query, heads, [0, 2, 1, 3]), blockAxis, fitting, (part) =>
    average(matMul(part, keyTransposed)),
  );
  return joinHeads(mixed);
}

/** Queries at a time where one query has so many scores. */
export function scoreBlock(queries: number, scoresPerQuery: number): number {
  return blockThatFits(queries, scoresPerQuery * 4, SCORE_BUFFER_BYTES);
}

/** [B, L, heads * d] as `permutation` of [B, L, heads, d]; where there is one head, that axis is left out. */
function split(x: Value, heads: number, permutation: [number, number, number, number]): Value {
  const [batch, tokens, channels] = x.shape as [Dim, Dim, number];
  if (heads === 1) return permutation[3] === 1 ? transpose(x, [0, 2, 1]) : x;
  return transpose(reshape(x, [batch, tokens, heads, channels / heads]), permutation);
}

function joinHeads(x: Value): Value {
  if (x.shape.length === 3) return x;
  const [batch, heads, tokens, width] = x.shape as [Dim, number, Dim, number];
  return reshape(transpose(x, [0, 2, 1, 3]), [batch, tokens, heads * width]);
}

function fusedAttention(query: Value, key: Value, value: Value, heads: number): Value {
  const spread = query.shape[0] === key.shape[0] ? query : add(query, mul(slice(key, 1, 0, 1), 0));
  const shape = [key.shape[0]!, query.shape[1]!, value.shape[2]!];
  const attributes = { num_heads: heads, scale: { float: 1 } };
  const inputs = [spread, key, value];
  const output = [{ type: query.type, shape }];
  return query.graph.node("MultiHeadAttention", inputs, output, attributes, "com.microsoft")[0]!;
}

/** Times 1/sqrt(headWidth). */
export function scaledRows(values: Float32Array, headWidth: number): Float32Array {
  return scaled(values, 1 / Math.sqrt(headWidth));
}

/** x Wqᵀ + bq with 1/sqrt(headWidth) folded in; `out` columns. */
function scaledQuery(x: Value, weights: Weights, out: number, headWidth: number): Value {
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
  const mixed = attend(query, key, value, heads, Number.POSITIVE_INFINITY);
  return outputProjection(
    mixed,
    weights.at("v_proj"),
    weights.at("out_proj"),
    Number(q.shape[q.shape.length - 1]),
  );
}
