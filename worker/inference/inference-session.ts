/**
 * How the tracker runs ONNX graphs, wherever it runs. Types only: `ort-session.ts` implements them.
 *
 * Whoever receives a tensor releases it. A tensor may lie on the accelerator; reading copies it here.
 */
import type { GraphName, OnnxGraph } from "../../models/onnx/onnx-graph.ts";
import type { Backend } from "../protocol.ts";

export interface Tensor {
  readonly shape: readonly number[];
  /** The values on this side; the array may be the tensor's own memory, valid until release. */
  read(): Promise<Float32Array>;
  release(): void;
}

/** Some values of a tensor, counted in elements. */
export interface TensorPart {
  tensor: Tensor;
  start: number;
  length: number;
}

export interface InferenceSession {
  readonly graph: GraphName;
  /**
   * Runs once; the inputs stay the caller's. Results come back by name, all of them, and are the caller's.
   * @throws TrackerError `device-lost` where the accelerator went away, `out-of-memory`, or `internal`.
   */
  run(inputs: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>>;
  release(): Promise<void>;
}

export interface SessionOptions {
  /** Outputs that only other graphs read: they stay on the accelerator where there is one. */
  keepOnDevice?: readonly string[];
}

/** One loaded runtime; makes sessions and tensors. */
export interface InferenceRuntime {
  readonly backend: Backend;
  readonly threads: number;
  /** Computes in float16 by itself. A processor turns every value into float32 first, which is right and slow. */
  readonly half: boolean;
  /** A run goes on while JavaScript does other things, so that work handed over early is done early. */
  readonly runsBeside: boolean;
  createSession(graph: OnnxGraph, options?: SessionOptions): Promise<InferenceSession>;
  /** float32; the data is not copied, so leave it alone until the run is over. */
  tensor(data: Float32Array, shape: readonly number[]): Tensor;
  /** int64. */
  indexTensor(data: BigInt64Array, shape: readonly number[]): Tensor;
  /**
   * Where results lie on an accelerator: parts of them, and values from here, one after the other as one tensor
   * there. Absent where there is no accelerator.
   */
  join?(parts: readonly (TensorPart | Float32Array)[], shape: readonly number[]): Tensor;
  /** Settles when the accelerator is lost, with the reason; never where there is none. */
  readonly lost: Promise<string>;
}
