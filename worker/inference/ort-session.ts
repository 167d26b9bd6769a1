/** Runs wherever ONNX Runtime does: sessions and tensors over its common JavaScript interface. */
import type * as OrtCommon from "onnxruntime-common";
import type { OnnxGraph } from "../../models/onnx/onnx-graph.ts";
import type { Backend } from "../protocol.ts";
import { TrackerError } from "../tracker-error.ts";
import { DeviceJoin } from "./device-join.ts";
import type {
  InferenceRuntime,
  InferenceSession,
  SessionOptions,
  Tensor,
  TensorPart,
} from "./inference-session.ts";

/** onnxruntime-node and onnxruntime-web are both of this shape. */
export type Ort = Pick<typeof OrtCommon, "InferenceSession" | "Tensor">;

export interface OrtRuntimeOptions {
  backend: Backend;
  threads: number;
  sessionOptions: OrtCommon.InferenceSession.SessionOptions;
  /** One run at a time: the asynchronous WebAssembly build cannot be entered twice. */
  oneAtATime: boolean;
  /** The graphics card has 16-bit shaders. */
  half?: boolean;
  lost?: Promise<string>;
  /** Given: results are joined on this graphics card, the one that the sessions run on. */
  device?: GPUDevice;
}

export function createOrtRuntime(ort: Ort, options: OrtRuntimeOptions): InferenceRuntime {
  const lost = options.lost ?? new Promise<string>(() => {});
  const health: Health = { lostBecause: null, abandon: null };
  void lost.then((reason) => {
    health.lostBecause = reason;
    health.abandon?.(new Error(reason));
  });
  const enqueue = options.oneAtATime ? createQueue() : immediately;
  return {
    backend: options.backend,
    threads: options.threads,
    half: options.half ?? false,
    runsBeside: options.backend === "webgpu",
    lost,
    createSession: (graph, sessionOptions) =>
      enqueue(() => createSession(ort, graph, options, sessionOptions ?? {}, enqueue, health)),
    tensor: (data, shape) => new OrtTensor(new ort.Tensor("float32", data, [...shape])),
    indexTensor: (data, shape) => new OrtTensor(new ort.Tensor("int64", data, [...shape])),
    ...(options.device && { join: joinOn(ort, new DeviceJoin(options.device)) }),
  };
}

function joinOn(ort: Ort, device: DeviceJoin): NonNullable<InferenceRuntime["join"]> {
  return (parts, shape) => {
    const bytes = shape.reduce((product, length) => product * length, Float32Array.BYTES_PER_ELEMENT);
    const buffer = device.join(parts.map(joinable), bytes);
    const dispose = () => device.giveBack(buffer);
    return new OrtTensor(
      ort.Tensor.fromGpuBuffer(buffer, { dataType: "float32", dims: [...shape], dispose }),
    );
  };
}

function joinable(part: TensorPart | Float32Array) {
  if (part instanceof Float32Array) return part;
  if (part.tensor instanceof OrtTensor) return { buffer: part.tensor.inner.gpuBuffer as GPUBuffer, part };
  throw new TypeError("Only tensors of this runtime can be joined.");
}

interface Health {
  lostBecause: string | null;
  /** Ends the run in progress: on a lost device some runs would never end by themselves. */
  abandon: ((cause: Error) => void) | null;
}

type Enqueue = <T>(work: () => Promise<T>) => Promise<T>;

const immediately: Enqueue = (work) => work();

function createQueue(): Enqueue {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const result = last.then(work);
    last = result.catch(() => {});
    return result;
  };
}

async function createSession(
  ort: Ort,
  graph: OnnxGraph,
  runtime: OrtRuntimeOptions,
  { keepOnDevice = [] }: SessionOptions,
  enqueue: Enqueue,
  health: Health,
): Promise<InferenceSession> {
  const options: OrtCommon.InferenceSession.SessionOptions = {
    ...runtime.sessionOptions,
    externalData: graph.externalData.map(({ path, data }) => ({ path, data })),
    ...(runtime.backend === "webgpu" && { preferredOutputLocation: outputPlaces(graph, keepOnDevice) }),
  };
  try {
    const session = await ort.InferenceSession.create(graph.model, options);
    return new OrtSession(graph, session, enqueue, health);
  } catch (cause) {
    throw explain(graph.name, "load", cause, health);
  }
}

function outputPlaces(
  graph: OnnxGraph,
  keepOnDevice: readonly string[],
): Record<string, "gpu-buffer" | "cpu"> {
  return Object.fromEntries(
    graph.outputs.map(({ name }) => [name, keepOnDevice.includes(name) ? "gpu-buffer" : "cpu"] as const),
  );
}

const UNEXPECTED = "Try another backend; if it fails there too, please report it with the model's name.";

function explain(graph: string, what: "load" | "run", cause: unknown, { lostBecause }: Health): TrackerError {
  const said = cause instanceof Error ? cause.message : String(cause);
  if (lostBecause !== null || /device.{0,12}lost/i.test(said)) {
    return new TrackerError(
      "device-lost",
      `The graphics device was lost in the graph ${graph} (${lostBecause ?? said}).`,
      "Load the model again; everything tracked so far is kept.",
      cause,
    );
  }
  if (/bad_alloc|out of memory|allocation failed|failed to allocate/i.test(said)) {
    return new TrackerError(
      "out-of-memory",
      `There is not enough memory to ${what} the graph ${graph}: ${said}`,
      "Choose a smaller model, track fewer objects at once, or close other programs.",
      cause,
    );
  }
  return new TrackerError(
    "internal",
    `ONNX Runtime could not ${what} the graph ${graph}: ${said}`,
    UNEXPECTED,
    cause,
  );
}

class OrtTensor implements Tensor {
  readonly inner: OrtCommon.Tensor;

  constructor(inner: OrtCommon.Tensor) {
    this.inner = inner;
  }

  get shape(): readonly number[] {
    return this.inner.dims;
  }

  async read(): Promise<Float32Array> {
    const data = await this.inner.getData();
    if (data instanceof Float32Array) return data;
    throw new TypeError(`Only float32 tensors can be read, got ${this.inner.type}.`);
  }

  release(): void {
    this.inner.dispose();
  }
}

class OrtSession implements InferenceSession {
  readonly #graph: OnnxGraph;
  readonly #session: OrtCommon.InferenceSession;
  readonly #enqueue: Enqueue;
  readonly #health: Health;

  constructor(graph: OnnxGraph, session: OrtCommon.InferenceSession, enqueue: Enqueue, health: Health) {
    // Not the weights: the runtime has its own copy, ours must be free to go.
    this.#graph = { ...graph, model: new Uint8Array(), externalData: [] };
    this.#session = session;
    this.#enqueue = enqueue;
    this.#health = health;
  }

  get graph() {
    return this.#graph.name;
  }

  run(inputs: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> {
    return this.#enqueue(async () => {
      try {
        const results = await this.#unlessLost(() => this.#session.run(this.#feeds(inputs)));
        return Object.fromEntries(
          Object.entries(results).map(([name, tensor]) => [name, new OrtTensor(tensor as OrtCommon.Tensor)]),
        );
      } catch (cause) {
        throw explain(this.graph, "run", cause, this.#health);
      }
    });
  }

  async #unlessLost<T>(work: () => Promise<T>): Promise<T> {
    const health = this.#health;
    if (health.lostBecause !== null) throw new Error(health.lostBecause);
    try {
      return await new Promise<T>((resolve, reject) => {
        health.abandon = reject;
        work().then(resolve, reject);
      });
    } finally {
      health.abandon = null;
    }
  }

  #feeds(inputs: Readonly<Record<string, Tensor>>): Record<string, OrtCommon.Tensor> {
    return Object.fromEntries(
      this.#graph.inputs.map(({ name }) => {
        const tensor = inputs[name];
        if (tensor instanceof OrtTensor) return [name, tensor.inner];
        throw new TypeError(
          `The graph ${this.graph} needs the input ${name}, got ${Object.keys(inputs).join(", ")}.`,
        );
      }),
    );
  }

  release(): Promise<void> {
    return this.#enqueue(async () => {
      // With the device all of the session's memory has gone.
      if (this.#health.lostBecause === null) await this.#session.release();
    });
  }
}
