/**
 * Pure: collects the nodes and weights of one ONNX graph. Shapes are known while it grows, so that a
 * mistake is reported with the layer it is in. Weights are read only at the end, one at a time.
 */
import { create, toBinary } from "@bufbuild/protobuf";
import {
  type AttributeProto,
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProto_DataLocation,
  TensorProto_DataType,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "onnx-buf";
import { toFloat16 } from "./float16.ts";
import type { GraphName, OnnxGraph, TensorSpec, TensorType } from "./onnx-graph.ts";

/** A number, or the name of a dynamic length. "B?" is B or 1. */
export type Dim = number | string;

export type ElementType = TensorType | "bool";

/** A tensor in the graph that is being built. */
export interface Value {
  readonly graph: GraphBuilder;
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly Dim[];
}

export type Attributes = Record<string, number | string | readonly number[] | { float: number }>;

/** Operators up to 20, of which LayerNormalization (17) and Gelu (20) are the newest that are used. */
const OPSET = 20;
/** What opset 20 came with. */
const IR_VERSION = 9n;
/** Smaller weights stay in the message, where graph optimisers can see them. */
const MAX_INLINE_BYTES = 1024;

const DATA_TYPES: Record<ElementType, TensorProto_DataType> = {
  float32: TensorProto_DataType.FLOAT,
  float16: TensorProto_DataType.FLOAT16,
  int64: TensorProto_DataType.INT64,
  int32: TensorProto_DataType.INT32,
  uint8: TensorProto_DataType.UINT8,
  bool: TensorProto_DataType.BOOL,
};

type TensorData = Float32Array | BigInt64Array | Int32Array;

interface Initializer {
  name: string;
  type: ElementType;
  shape: readonly number[];
  load: () => Promise<TensorData> | TensorData;
}

/** One node with the shapes around it, for counting work; see `count-work.ts`. */
export interface Operation {
  operator: string;
  inputs: readonly (readonly Dim[])[];
  outputs: readonly (readonly Dim[])[];
  attributes: Attributes;
}

export interface GraphOptions {
  /** Inner tensors, by the names that `tap` is called with, to add as outputs. */
  taps?: readonly string[];
  /** Whether attention is one operator of ONNX Runtime's own, or made of standard ones. */
  fusedAttention?: boolean;
  /** What of the values between layers a processor's cache holds; absent where there is no such cache. */
  cacheBytes?: number;
  /** Weights are float16, and layers compute in it: see [Note: half precision] in `layers/half-precision.ts`. */
  half?: boolean;
}

export class GraphBuilder {
  readonly name: GraphName;
  readonly options: GraphOptions;
  readonly operations: Operation[] = [];
  readonly #nodes: NodeProto[] = [];
  readonly #inputs: Value[] = [];
  readonly #outputs: TensorSpec[] = [];
  readonly #initializers = new Map<string, Initializer>();
  readonly #taps: Set<string>;
  readonly #knownTaps: string[] = [];
  readonly #scopes: string[] = [];
  #counter = 0;

  constructor(name: GraphName, options: GraphOptions = {}) {
    this.name = name;
    this.options = options;
    this.#taps = new Set(options.taps);
  }

  /** Everything built inside belongs to this layer; an error says so. */
  layer<T>(name: string, build: () => T): T {
    this.#scopes.push(name);
    const result = build();
    this.#scopes.pop();
    return result;
  }

  fail(message: string): never {
    throw new Error(`${[this.name, ...this.#scopes].join(" / ")}: ${message}`);
  }

  input(name: string, type: TensorType, shape: Dim[]): Value {
    const value = { graph: this, name, type, shape };
    this.#inputs.push(value);
    return value;
  }

  output(name: string, value: Value, shape: Dim[]): void {
    if (value.shape.join() !== shape.join()) {
      this.fail(`output "${name}" should be [${shape}], is [${value.shape}]`);
    }
    this.#nameOutput(name, value);
  }

  /** Adds an inner tensor to the outputs where the builder was asked for it; else `value` is not made. */
  tap(name: string, value: Value | (() => Value)): void {
    this.#knownTaps.push(name);
    if (this.#taps.delete(name)) this.#nameOutput(name, typeof value === "function" ? value() : value);
  }

  node(
    operator: string,
    inputs: readonly (Value | null)[],
    outputs: readonly { type: ElementType; shape: readonly Dim[] }[],
    attributes: Attributes = {},
    domain = "",
  ): Value[] {
    this.#checkPrecision(operator, inputs);
    const id = `${[...this.#scopes, operator].join("/")}_${this.#counter++}`;
    const values = outputs.map((output, i) => ({
      graph: this,
      name: outputs.length > 1 ? `${id}.${i}` : id,
      ...output,
    }));
    this.operations.push({
      operator,
      inputs: inputs.map((input) => input?.shape ?? []),
      outputs: outputs.map(({ shape }) => shape),
      attributes,
    });
    this.#nodes.push(
      create(NodeProtoSchema, {
        name: id,
        opType: operator,
        domain,
        input: inputs.map((input) => input?.name ?? ""),
        output: values.map((value) => value.name),
        attribute: Object.entries(attributes).map(([name, value]) => attributeOf(name, value)),
      }),
    );
    return values;
  }

  /** What weights are stored in, if nothing else is said. */
  get floats(): "float32" | "float16" {
    return this.options.half ? "float16" : "float32";
  }

  /**
   * A weight or table; `load` runs once, when the graph is finished. The same name is the same tensor. Floats are
   * loaded as float32 and rounded where they are stored as float16.
   */
  initializer(
    name: string,
    shape: readonly number[],
    load: Initializer["load"],
    type: ElementType = this.floats,
  ): Value {
    const stored = type === "float16" ? `${name} half` : name;
    if (!this.#initializers.has(stored)) this.#initializers.set(stored, { name: stored, type, shape, load });
    return { graph: this, name: stored, type, shape };
  }

  scalar(value: number, type: ElementType = this.floats): Value {
    return this.initializer(`scalar ${value}`, [], () => Float32Array.of(value), type);
  }

  integers(values: readonly number[]): Value {
    const load = () => BigInt64Array.from(values, BigInt);
    return this.initializer(`integers ${values}`, [values.length], load, "int64");
  }

  /** Reads the weights, one at a time, and writes the message. */
  async finish(): Promise<OnnxGraph> {
    if (this.#taps.size > 0) {
      this.fail(`there is no inner tensor "${[...this.#taps][0]}"; there are ${this.#knownTaps.join(", ")}`);
    }
    const externalData: OnnxGraph["externalData"] = [];
    const tensors: TensorProto[] = [];
    for (const initializer of this.#initializers.values()) {
      tensors.push(await this.#storeInitializer(initializer, externalData));
    }
    return {
      name: this.name,
      model: this.#encode(tensors),
      externalData,
      inputs: this.#inputs.map(specOf),
      outputs: this.#outputs,
    };
  }

  /** ONNX mixes no precisions, apart from the operators whose second input says how, not what. */
  #checkPrecision(operator: string, inputs: readonly (Value | null)[]): void {
    const floats = new Set(inputs.map((input) => input?.type).filter((type) => type?.startsWith("float")));
    if (floats.size > 1 && operator !== "Resize") this.fail(`${operator} of float16 and float32`);
  }

  /** The world outside is float32. */
  #nameOutput(name: string, value: Value): void {
    const type = value.type === "float16" ? "float32" : value.type;
    if (type === value.type) this.node("Identity", [value], [value]);
    else this.node("Cast", [value], [{ type, shape: value.shape }], { to: DATA_TYPES[type] });
    const last = this.#nodes[this.#nodes.length - 1]!;
    last.output = [name];
    this.#outputs.push({ ...specOf({ ...value, type }), name });
  }

  async #storeInitializer(
    { name, type, shape, load }: Initializer,
    externalData: OnnxGraph["externalData"],
  ): Promise<TensorProto> {
    const values = await load();
    const expected = shape.reduce((product, dimension) => product * dimension, 1);
    if (values.length !== expected)
      this.fail(`"${name}" should have ${expected} values, has ${values.length}`);
    const stored = type === "float16" ? toFloat16(values as Float32Array) : values;
    const data = new Uint8Array(stored.buffer as ArrayBuffer, stored.byteOffset, stored.byteLength);
    const tensor = create(TensorProtoSchema, { name, dataType: DATA_TYPES[type], dims: shape.map(BigInt) });
    if (data.length <= MAX_INLINE_BYTES) {
      tensor.rawData = data;
      return tensor;
    }
    const path = `${this.name}.${externalData.length}.bin`;
    externalData.push({ path, data });
    tensor.dataLocation = TensorProto_DataLocation.EXTERNAL;
    tensor.externalData = Object.entries({ location: path, offset: "0", length: String(data.length) }).map(
      ([key, value]) => create(StringStringEntryProtoSchema, { key, value }),
    );
    return tensor;
  }

  #encode(initializer: TensorProto[]): Uint8Array {
    const domains = new Set(this.#nodes.map((node) => node.domain));
    return toBinary(
      ModelProtoSchema,
      create(ModelProtoSchema, {
        irVersion: IR_VERSION,
        producerName: "masklet",
        opsetImport: [...domains].map((domain) =>
          create(OperatorSetIdProtoSchema, { domain, version: domain === "" ? BigInt(OPSET) : 1n }),
        ),
        graph: create(GraphProtoSchema, {
          name: this.name,
          node: this.#nodes,
          initializer,
          input: this.#inputs.map(valueInfo),
          output: this.#outputs.map(valueInfo),
        }),
      }),
    );
  }
}

function specOf({ name, type, shape }: Value): TensorSpec {
  return { name, type: type as TensorType, shape: [...shape] };
}

function valueInfo({ name, type, shape }: TensorSpec | Value): ValueInfoProto {
  const dim = shape.map((dimension) =>
    create(TensorShapeProto_DimensionSchema, {
      value:
        typeof dimension === "number"
          ? { case: "dimValue", value: BigInt(dimension) }
          : { case: "dimParam", value: dimension },
    }),
  );
  const tensorType = create(TypeProto_TensorSchema, {
    elemType: DATA_TYPES[type],
    shape: create(TensorShapeProtoSchema, { dim }),
  });
  const typeProto = create(TypeProtoSchema, { value: { case: "tensorType", value: tensorType } });
  return create(ValueInfoProtoSchema, { name, type: typeProto });
}

/** A bare number is an integer attribute, a list one of integers; `{ float }` is a float. */
function attributeOf(name: string, value: Attributes[string]): AttributeProto {
  if (typeof value === "number") {
    return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.INT, i: BigInt(value) });
  }
  if (typeof value === "string") {
    const s = Uint8Array.from(value, (character) => character.charCodeAt(0));
    return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.STRING, s });
  }
  if ("float" in value) {
    return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.FLOAT, f: value.float });
  }
  return create(AttributeProtoSchema, {
    name,
    type: AttributeProto_AttributeType.INTS,
    ints: value.map(BigInt),
  });
}
