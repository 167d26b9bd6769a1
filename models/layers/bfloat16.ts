/** Pure: rounding to bfloat16 inside a float32 graph, bit for bit as torch rounds. */
import type { Value } from "../onnx/graph-builder.ts";
import { add, and, equal, mul, not, sub, where } from "../onnx/ops.ts";

/*
 * [Note: rounding by arithmetic]
 * Not every execution provider has bfloat16, and ONNX has no bit casts, so the rounding is arithmetic.
 * Veltkamp: with c = (2^s + 1) x, the value c - (c - x) is x rounded to nearest with 24 - s significant
 * bits; ties may go either way. bfloat16 keeps 8 bits (s = 16) and rounds ties to even. With h the
 * rounded value and r = x - h (exact), x lay half-way exactly if h + 2r, the neighbour, has 8 bits too.
 * Then the even one of the two is right: the one that 7 bits (s = 17) can hold.
 * Exact for normal values below 2^111; smaller ones round like torch's up to the float32 subnormals.
 */

/** x rounded to the nearest bfloat16 value, ties to even. */
export function roundToBfloat16(x: Value): Value {
  const rounded = roundToBits(x, 8);
  const rest = sub(x, rounded);
  const neighbour = add(rounded, mul(rest, 2));
  const isTie = equal(roundToBits(neighbour, 8), neighbour);
  const isOdd = not(equal(roundToBits(rounded, 7), rounded));
  return where(and(isTie, isOdd), neighbour, rounded);
}

/** Nearest value with so many significant bits; ties go either way. */
function roundToBits(x: Value, bits: number): Value {
  const spread = mul(x, 2 ** (24 - bits) + 1);
  return sub(spread, sub(spread, x));
}
