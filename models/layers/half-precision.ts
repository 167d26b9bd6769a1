/** Pure: where a graph of half precision changes between float16 and float32. */
import type { Value } from "../onnx/graph-builder.ts";
import { cast, matMul, softmax } from "../onnx/ops.ts";

/*
 * [Note: half precision]
 * On a graphics card float16 halves the traffic and may double the pace. The image encoder and memory attention, which
 * are nearly all of a frame's work, compute in it where a graph is built with `half`; the decoder and the memory
 * encoder stay float32, because clicks and logits are read off them. Two places need float32 inside:
 * - Averages over many keys. A softmax over 28,000 memories gives weights of 3e-5, below float16's least normal
 *   number, and a sum of them stops growing: at 1 its steps are 5e-4. So scores are made in float16, and softmax and
 *   average in float32, from `LONGEST_HALF_SUM` keys on.
 * - Times and angles of pointers: sines are made in float32.
 * Kernels that add up 16-bit products in 16 bits lose some 1 %, by estimate, in the longest of the remaining sums.
 */

/** Keys up to which a softmax and its average stay in float16: windows do, whole maps and memories don't. */
const LONGEST_HALF_SUM = 256;

/** x in the precision that the graph's layers compute in. */
export function lowered(x: Value): Value {
  return x.graph.options.half && x.type === "float32" ? cast(x, "float16") : x;
}

function raised(x: Value): Value {
  return x.type === "float16" ? cast(x, "float32") : x;
}

/** softmax(scores) values, for blocks of scores [.., queries, keys] over the same values [.., keys, e]. */
export function softAverage(values: Value): (scores: Value) => Value {
  const keys = values.shape[values.shape.length - 2];
  const isLong = typeof keys === "string" || keys! > LONGEST_HALF_SUM;
  if (values.type === "float32" || !isLong) return (scores) => matMul(softmax(scores), values);
  const exact = raised(values);
  return (scores) => lowered(matMul(softmax(raised(scores)), exact));
}
