/** Test support, in Node: runs a built graph on ONNX Runtime, native or WASM. */
import * as native from "onnxruntime-node";
import * as web from "onnxruntime-web";
import type { OnnxGraph } from "../../models/onnx/onnx-graph.ts";

export const BACKENDS = ["native", "wasm"] as const;
export type TestBackend = (typeof BACKENDS)[number];

/** A tensor as tests write it: float32 unless the data says otherwise. */
export interface TestTensor {
  data: Float32Array | BigInt64Array;
  shape: number[];
}

export interface GraphSession {
  run(inputs: Record<string, TestTensor>): Promise<Record<string, { data: Float32Array; shape: number[] }>>;
  close(): Promise<void>;
}

export async function openGraph(graph: OnnxGraph, backend: TestBackend): Promise<GraphSession> {
  const runtime = backend === "native" ? native : web;
  const options = {
    externalData: graph.externalData,
    executionProviders: [backend === "native" ? "cpu" : "wasm"],
    intraOpNumThreads: 1,
    logSeverityLevel: 3 as const,
  };
  if (backend === "wasm") web.env.wasm.numThreads = 1;
  const session = await runtime.InferenceSession.create(graph.model, options);
  return {
    run: async (inputs) => {
      const feeds: Record<string, native.Tensor> = {};
      for (const [name, { data, shape }] of Object.entries(inputs)) {
        feeds[name] =
          data instanceof BigInt64Array
            ? new runtime.Tensor("int64", data, shape)
            : new runtime.Tensor("float32", data, shape);
      }
      const results = await session.run(feeds);
      return Object.fromEntries(
        Object.entries(results).map(([name, tensor]) => [
          name,
          { data: tensor.data as Float32Array, shape: [...tensor.dims] },
        ]),
      );
    },
    close: () => session.release(),
  };
}

/** The largest absolute difference; infinite where the lengths differ or a value is no number. */
export function worstError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let worst = 0;
  for (let i = 0; i < actual.length; i++) {
    const error = Math.abs(actual[i]! - expected[i]!);
    if (!(error <= worst)) worst = Number.isNaN(error) ? Number.POSITIVE_INFINITY : error;
  }
  return worst;
}
