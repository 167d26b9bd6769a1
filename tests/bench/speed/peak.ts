/** Benchmark support: what the machine can do at best, measured with the same runtime in the same run. */
import { GraphBuilder } from "../../../models/onnx/graph-builder.ts";
import { matMul } from "../../../models/onnx/ops.ts";
import type { InferenceRuntime } from "../../../worker/inference/inference-session.ts";
import { bestOf, noise } from "./timing.ts";

/** Large enough to fill the caches, small enough to take a fraction of a second. */
const SIDE = 1536;

/** GFLOP/s of one square matrix product, the best of a few. */
export async function matrixPeak(runtime: InferenceRuntime): Promise<number> {
  const graph = new GraphBuilder("image-encoder");
  const a = graph.input("a", "float32", [SIDE, SIDE]);
  const b = graph.input("b", "float32", [SIDE, SIDE]);
  graph.output("product", matMul(a, b), [SIDE, SIDE]);
  const session = await runtime.createSession(await graph.finish());
  const inputs = {
    a: runtime.tensor(noise(SIDE * SIDE), [SIDE, SIDE]),
    b: runtime.tensor(noise(SIDE * SIDE), [SIDE, SIDE]),
  };
  const milliseconds = await bestOf(5, () => runAndRelease(session, inputs));
  await session.release();
  return (2 * SIDE ** 3) / milliseconds / 1e6;
}

export async function runAndRelease(
  session: Awaited<ReturnType<InferenceRuntime["createSession"]>>,
  inputs: Parameters<typeof session.run>[0],
): Promise<void> {
  for (const tensor of Object.values(await session.run(inputs))) tensor.release();
}
