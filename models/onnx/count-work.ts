/** Pure: what a graph costs, counted from its nodes: floating-point operations and the largest tensor. */
import type { Dim, Operation } from "./graph-builder.ts";

export interface Work {
  nodes: number;
  /** Floating-point operations of matrix products and convolutions, 2 per multiply-add. */
  flops: number;
  /** Bytes of the largest tensor that a node makes, at 4 bytes an element. */
  largestTensorBytes: number;
}

/** `lengths` gives every dynamic length by its name, e.g. { B: 1, M: 7, P: 16 }. */
export function countWork(operations: readonly Operation[], lengths: Readonly<Record<string, number>>): Work {
  const size = (shape: readonly Dim[]) => elements(shape, lengths);
  const work: Work = { nodes: operations.length, flops: 0, largestTensorBytes: 0 };
  for (const operation of operations) {
    work.flops += flopsOf(operation, size);
    for (const output of operation.outputs) {
      work.largestTensorBytes = Math.max(work.largestTensorBytes, 4 * size(output));
    }
  }
  return work;
}

function flopsOf(
  { operator, inputs, outputs, attributes }: Operation,
  size: (shape: readonly Dim[]) => number,
) {
  const [first = [], second = []] = inputs;
  const output = size(outputs[0] ?? []);
  switch (operator) {
    case "MatMul":
    case "FusedMatMul":
      return 2 * output * size([innerLength(first, attributes)]);
    case "Gemm":
      return 2 * output * size([first[attributes.transA === 1 ? 0 : 1] ?? 1]);
    case "Conv":
      // [out, in / groups, kernel…]
      return 2 * output * size(second.slice(1));
    case "ConvTranspose":
      // Each input value meets the kernel of every output channel: [in, out / groups, kernel…]
      return 2 * size(first) * size(second.slice(1));
    default:
      return 0;
  }
}

/** The length that a matrix product sums over. */
function innerLength(first: readonly Dim[], attributes: Operation["attributes"]): Dim {
  return (attributes.transA === 1 ? first[first.length - 2] : first[first.length - 1]) ?? 1;
}

function elements(shape: readonly Dim[], lengths: Readonly<Record<string, number>>): number {
  return shape.reduce<number>((product, dimension) => product * lengthOf(dimension, lengths), 1);
}

function lengthOf(dimension: Dim, lengths: Readonly<Record<string, number>>): number {
  if (typeof dimension === "number") return dimension;
  const length = lengths[dimension];
  if (length === undefined) throw new Error(`Counting work needs the length "${dimension}".`);
  return length;
}
