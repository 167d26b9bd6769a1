/** Test support: a real runtime that counts its runs, its living tensors and the bytes that cross to and from it. */
import type { GraphName, OnnxGraph } from "../../models/onnx/onnx-graph.ts";
import type {
  InferenceRuntime,
  InferenceSession,
  SessionOptions,
  Tensor,
  TensorPart,
} from "../../worker/inference/inference-session.ts";

export class CountingRuntime implements InferenceRuntime {
  readonly backend;
  readonly threads;
  readonly lost;
  readonly half;
  readonly runsBeside: boolean;
  readonly join?: NonNullable<InferenceRuntime["join"]>;
  /** Graphs in the order in which they were run. */
  runs: GraphName[] = [];
  /** Bytes of tensors made of JavaScript's arrays, by the graph that read them first. */
  handedOver: Partial<Record<GraphName, number>> = {};
  /** Bytes that JavaScript read of results. */
  readBack = 0;
  readonly #alive = new Map<Tensor, number>();
  /** Bytes that the run which reads them first is handed. */
  readonly #notYetRead = new Map<Tensor, number>();
  readonly #results = new WeakMap<Tensor, Float32Array>();
  readonly #runtime: InferenceRuntime;

  /** `joins`: behaves as if results lay on an accelerator. */
  constructor(runtime: InferenceRuntime, { runsBeside = runtime.runsBeside, joins = false } = {}) {
    this.#runtime = runtime;
    this.backend = runtime.backend;
    this.threads = runtime.threads;
    this.lost = runtime.lost;
    this.half = runtime.half;
    this.runsBeside = runsBeside;
    if (joins) this.join = (parts, shape) => this.#join(parts, shape);
  }

  /** What comes from here is counted as handed over; what was a result already is not. */
  #join(parts: readonly (TensorPart | Float32Array)[], shape: readonly number[]): Tensor {
    const values = parts.map((part) =>
      part instanceof Float32Array
        ? part
        : this.#valuesOf(part.tensor).subarray(part.start, part.start + part.length),
    );
    const joined = new Float32Array(sum(values.map(({ length }) => length)));
    let at = 0;
    for (const value of values) {
      joined.set(value, at);
      at += value.length;
    }
    const fromHere = parts.filter((part) => part instanceof Float32Array);
    const tensor = this.#watch(this.#runtime.tensor(joined, shape), 4);
    this.#notYetRead.set(tensor, 4 * sum(fromHere.map(({ length }) => length)));
    return tensor;
  }

  #valuesOf(tensor: Tensor): Float32Array {
    const values = this.#results.get(tensor);
    if (values) return values;
    throw new Error("Expected a result that was read before it is joined.");
  }

  get aliveTensors(): number {
    return this.#alive.size;
  }

  get aliveBytes(): number {
    return sum([...this.#alive.values()]);
  }

  /** Forgets what was counted so far; living tensors live on. */
  startAnew(): void {
    this.runs = [];
    this.handedOver = {};
    this.readBack = 0;
  }

  timesRun(graph: GraphName): number {
    return this.runs.filter((name) => name === graph).length;
  }

  get handedOverBytes(): number {
    return sum(Object.values(this.handedOver));
  }

  tensor(data: Float32Array, shape: readonly number[]): Tensor {
    return this.#made(this.#runtime.tensor(data, shape), 4);
  }

  indexTensor(data: BigInt64Array, shape: readonly number[]): Tensor {
    return this.#made(this.#runtime.indexTensor(data, shape), 8);
  }

  async createSession(graph: OnnxGraph, options?: SessionOptions): Promise<InferenceSession> {
    const session = await this.#runtime.createSession(graph, options);
    return {
      graph: session.graph,
      release: () => session.release(),
      run: async (inputs) => {
        this.runs.push(graph.name);
        for (const tensor of Object.values(inputs)) this.#countInput(graph.name, tensor);
        const outputs = await session.run(inputs);
        for (const tensor of Object.values(outputs)) this.#watchResult(tensor);
        return outputs;
      },
    };
  }

  #made(tensor: Tensor, bytesEach: number): Tensor {
    this.#watch(tensor, bytesEach);
    this.#notYetRead.set(tensor, this.#alive.get(tensor) ?? 0);
    return tensor;
  }

  #countInput(graph: GraphName, tensor: Tensor): void {
    this.handedOver[graph] = (this.handedOver[graph] ?? 0) + (this.#notYetRead.get(tensor) ?? 0);
    this.#notYetRead.delete(tensor);
  }

  #watchResult(tensor: Tensor): void {
    const read = tensor.read.bind(tensor);
    tensor.read = async () => {
      this.readBack += this.#alive.get(tensor) ?? 0;
      const values = await read();
      this.#results.set(tensor, values);
      return values;
    };
    this.#watch(tensor, 4);
  }

  #watch(tensor: Tensor, bytesEach: number): Tensor {
    const release = tensor.release.bind(tensor);
    tensor.release = () => {
      this.#alive.delete(tensor);
      release();
    };
    this.#alive.set(
      tensor,
      tensor.shape.reduce((product, length) => product * length, bytesEach),
    );
    return tensor;
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
