/**
 * Pure: one function per ONNX operator, with the operator's name. Each checks its inputs' shapes and
 * knows its output's; a dimension is a number or the name of a dynamic length.
 */
import type { Attributes, Dim, ElementType, Value } from "./graph-builder.ts";

// ---------------------------------------------------------------- elementwise

export function add(a: Value, b: Value | number): Value {
  return elementwise("Add", a, b);
}

export function sub(a: Value, b: Value | number): Value {
  return elementwise("Sub", a, b);
}

export function mul(a: Value, b: Value | number): Value {
  return elementwise("Mul", a, b);
}

export function div(a: Value, b: Value | number): Value {
  return elementwise("Div", a, b);
}

/** A bool tensor: true where a > b. */
export function greater(a: Value, b: Value | number): Value {
  return elementwise("Greater", a, b, "bool");
}

export function equal(a: Value, b: Value | number): Value {
  return elementwise("Equal", a, b, "bool");
}

export function and(a: Value, b: Value): Value {
  return elementwise("And", a, b);
}

export function not(x: Value): Value {
  return unary("Not", x);
}

export function where(condition: Value, a: Value, b: Value | number): Value {
  const other = operand(a, b);
  const shape = broadcast(condition, broadcast(a, other, "Where"), "Where");
  return one(a, "Where", [condition, a, other], shape);
}

export function sigmoid(x: Value): Value {
  return unary("Sigmoid", x);
}

export function relu(x: Value): Value {
  return unary("Relu", x);
}

/** Exact (erf), as upstream. */
export function gelu(x: Value): Value {
  return unary("Gelu", x, { approximate: "none" });
}

export function abs(x: Value): Value {
  return unary("Abs", x);
}

export function floor(x: Value): Value {
  return unary("Floor", x);
}

export function clip(x: Value, low: number, high: number): Value {
  return one(x, "Clip", [x, x.graph.scalar(low, x.type), x.graph.scalar(high, x.type)], x.shape);
}

/** ONNX's numbers of the types. */
const CAST_TO = { float32: 1, int32: 6, float16: 10 } as const;

export function cast(x: Value, type: keyof typeof CAST_TO): Value {
  const to = CAST_TO[type];
  return x.graph.node("Cast", [x], [{ type, shape: x.shape }], { to })[0]!;
}

// ---------------------------------------------------------------- products and norms

/** Batched over the leading axes, which broadcast. */
export function matMul(a: Value, b: Value): Value {
  const [rows, inner] = lastTwo(a, "MatMul");
  const [otherInner, columns] = lastTwo(b, "MatMul");
  if (inner !== otherInner) {
    a.graph.fail(`MatMul of [${a.shape}] and [${b.shape}]: ${inner} columns meet ${otherInner} rows`);
  }
  const lead = broadcast(
    { ...a, shape: a.shape.slice(0, -2) },
    { ...b, shape: b.shape.slice(0, -2) },
    "MatMul",
  );
  return one(a, "MatMul", [a, b], [...lead, rows, columns]);
}

/** Over the last axis. */
export function softmax(x: Value): Value {
  return unary("Softmax", x, { axis: -1 });
}

/** Over the last axis. */
export function layerNormalization(x: Value, scale: Value, bias: Value, epsilon: number): Value {
  const channels = x.shape[x.shape.length - 1];
  if (scale.shape[0] !== channels) {
    x.graph.fail(`LayerNormalization of [${x.shape}] with ${scale.shape[0]} scales`);
  }
  return one(x, "LayerNormalization", [x, scale, bias], x.shape, { axis: -1, epsilon: { float: epsilon } });
}

export function reduceMax(x: Value, axis: number): Value {
  const shape = x.shape.filter((_, i) => i !== axis);
  return one(x, "ReduceMax", [x, x.graph.integers([axis])], shape, { keepdims: 0 });
}

/** Over some axes, which then have length 1. */
export function reduceMean(x: Value, axes: number[]): Value {
  const shape = x.shape.map((dimension, i) => (axes.includes(i) ? 1 : dimension));
  return one(x, "ReduceMean", [x, x.graph.integers(axes)], shape, { keepdims: 1 });
}

// ---------------------------------------------------------------- pictures, [B, C, H, W]

export interface ConvOptions {
  stride?: number;
  padding?: number;
  groups?: number;
}

/** `weight`: [out, in / groups, k, k]. Square kernels, the same padding on all sides. */
export function conv(x: Value, weight: Value, bias: Value, options: ConvOptions = {}): Value {
  const { stride = 1, padding = 0, groups = 1 } = options;
  const [batch, channels, height, width] = x.shape;
  const [out, inPerGroup, kernel] = weight.shape as number[];
  if (typeof height !== "number" || typeof width !== "number" || channels !== inPerGroup! * groups) {
    x.graph.fail(`Conv of [${x.shape}] with weights [${weight.shape}] in ${groups} groups`);
  }
  const side = (size: number) => Math.floor((size + 2 * padding - kernel!) / stride) + 1;
  return one(x, "Conv", [x, weight, bias], [batch!, out!, side(height), side(width)], {
    kernel_shape: [kernel!, kernel!],
    strides: [stride, stride],
    pads: [padding, padding, padding, padding],
    group: groups,
  });
}

export type ResizeMode = "nearest" | "linear";

/** To [height, width], as torch's interpolate with align_corners=False. */
export function resize(x: Value, height: number, width: number, mode: ResizeMode): Value {
  const [batch, channels, oldHeight, oldWidth] = x.shape;
  if (typeof oldHeight !== "number" || typeof oldWidth !== "number") {
    return x.graph.fail(`Resize of [${x.shape}]: the size must be known`);
  }
  const factors = [1, 1, height / oldHeight, width / oldWidth];
  const scales = x.graph.initializer(`scales ${factors}`, [4], () => Float32Array.from(factors), "float32");
  const coordinates = mode === "nearest" ? "asymmetric" : "half_pixel";
  return one(x, "Resize", [x, null, scales], [batch!, channels!, height, width], {
    mode,
    coordinate_transformation_mode: coordinates,
    nearest_mode: "floor",
  });
}

// ---------------------------------------------------------------- shape and place

/** At most one dynamic length may be new; the others stay where they are. */
export function reshape(x: Value, shape: Dim[]): Value {
  const target = shape.map((dimension, i) => {
    if (typeof dimension === "number") return dimension;
    return dimension === x.shape[i] ? 0 : -1;
  });
  const fixed = (dims: readonly Dim[]) =>
    dims.reduce<number>(
      (product, dimension) => (typeof dimension === "number" ? product * dimension : product),
      1,
    );
  const isStatic = [...x.shape, ...shape].every((dimension) => typeof dimension === "number");
  if (target.filter((n) => n === -1).length > 1 || (isStatic && fixed(x.shape) !== fixed(shape))) {
    x.graph.fail(`Reshape of [${x.shape}] to [${shape}]`);
  }
  return one(x, "Reshape", [x, x.graph.integers(target)], shape);
}

export function transpose(x: Value, permutation: number[]): Value {
  if (
    [...permutation].sort((a, b) => a - b).some((axis, i) => axis !== i) ||
    permutation.length !== x.shape.length
  ) {
    x.graph.fail(`Transpose of [${x.shape}] by [${permutation}]`);
  }
  return one(
    x,
    "Transpose",
    [x],
    permutation.map((axis) => x.shape[axis]!),
    { perm: permutation },
  );
}

/** `length` names the joined axis where one of the parts is dynamic. */
export function concat(parts: Value[], axis: number, length?: string): Value {
  const [first] = parts as [Value, ...Value[]];
  for (const part of parts) {
    const fits = part.shape.every((dimension, i) => i === axis || dimension === first.shape[i]);
    if (!fits || part.shape.length !== first.shape.length) {
      first.graph.fail(`Concat of [${first.shape}] and [${part.shape}] along axis ${axis}`);
    }
  }
  const total = parts.reduce((sum, part) => sum + Number(part.shape[axis]), 0);
  if (Number.isNaN(total) && length === undefined) {
    first.graph.fail(`Concat along axis ${axis}: a dynamic length needs a name`);
  }
  const shape = first.shape.map((dimension, i) => (i === axis ? (length ?? total) : dimension));
  return one(first, "Concat", parts, shape, { axis });
}

/** From `start` to `end` of an axis, which may be of dynamic length if it is known to reach that far. */
export function slice(x: Value, axis: number, start: number, end: number): Value {
  const size = x.shape[axis];
  if (size === undefined || start < 0 || (typeof size === "number" && end > size) || start >= end) {
    return x.graph.fail(`Slice of [${x.shape}] from ${start} to ${end} along axis ${axis}`);
  }
  const bounds = [[start], [end], [axis]].map((values) => x.graph.integers(values));
  const shape = x.shape.map((dimension, i) => (i === axis ? end - start : dimension));
  return one(x, "Slice", [x, ...bounds], shape);
}

/** Zeros after the end of each axis. */
export function padEnd(x: Value, amounts: number[]): Value {
  const shape = x.shape.map((dimension, i) => {
    if (amounts[i] === 0) return dimension;
    if (typeof dimension === "string") return x.graph.fail(`Pad of dynamic axis ${i} of [${x.shape}]`);
    return dimension + amounts[i]!;
  });
  const pads = x.graph.integers([...amounts.map(() => 0), ...amounts]);
  return one(x, "Pad", [x, pads, x.graph.scalar(0, x.type)], shape, { mode: "constant" });
}

/** Rows of `table`; the result has the indices' axes, then the row's. */
export function gather(table: Value, indices: Value): Value {
  return one(table, "Gather", [table, indices], [...indices.shape, ...table.shape.slice(1)], { axis: 0 });
}

// ---------------------------------------------------------------- shape inference

function elementwise(operator: string, a: Value, b: Value | number, type: ElementType = a.type): Value {
  const other = operand(a, b);
  const shape = broadcast(a, other, operator);
  return a.graph.node(operator, [a, other], [{ type, shape }])[0]!;
}

function unary(operator: string, x: Value, attributes: Attributes = {}): Value {
  return one(x, operator, [x], x.shape, attributes);
}

function one(
  typed: Value,
  operator: string,
  inputs: (Value | null)[],
  shape: readonly Dim[],
  attributes: Attributes = {},
): Value {
  return typed.graph.node(operator, inputs, [{ type: typed.type, shape }], attributes)[0]!;
}

function operand(a: Value, b: Value | number): Value {
  return typeof b === "number" ? a.graph.scalar(b, a.type) : b;
}

function lastTwo(x: Value, operator: string): [Dim, Dim] {
  if (x.shape.length < 2) x.graph.fail(`${operator} of [${x.shape}]`);
  return x.shape.slice(-2) as [Dim, Dim];
}

function broadcast(a: Value, b: Value | readonly Dim[], operator: string): Dim[] {
  const left = a.shape;
  const right = Array.isArray(b) ? (b as readonly Dim[]) : (b as Value).shape;
  const rank = Math.max(left.length, right.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = left[i - rank + left.length] ?? 1;
    const y = right[i - rank + right.length] ?? 1;
    return broadcastDim(x, y) ?? a.graph.fail(`${operator} of [${left}] and [${right}]`);
  });
}

/** "B?" is B or 1, so it gives way to B; null where the two can't meet. */
function broadcastDim(x: Dim, y: Dim): Dim | null {
  if (x === y || y === 1) return x;
  if (x === 1) return y;
  if (x === `${y}?`) return y;
  if (y === `${x}?`) return x;
  return null;
}
