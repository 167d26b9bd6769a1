/** Benchmark support: each graph alone, with a filling and a full bank, against the machine's peak. */
import type { GraphName, OnnxGraph, TensorSpec } from "../../../models/onnx/onnx-graph.ts";
import { FULL_BANK, frameWork, type Situation } from "../../../models/sam2/frame-work.ts";
import type { Sam2Model } from "../../../models/sam2/sam2-model.ts";
import { graphOptionsFor } from "../../../worker/inference/graph-options.ts";
import type { InferenceRuntime, Tensor } from "../../../worker/inference/inference-session.ts";
import { matrixPeak, runAndRelease } from "./peak.ts";
import { bestOf, noise } from "./timing.ts";

export interface StageRow {
  stage: string;
  milliseconds: number;
  gflop: number;
  gflopPerSecond: number;
  /** Of the matrix product measured just before: 1 is the machine's best. */
  fractionOfPeak: number;
}

const STAGES: [label: string, graph: GraphName, situation: Situation][] = [
  ["image encoder", "image-encoder", FULL_BANK],
  ["memory attention, 1 memory", "memory-attention", { ...FULL_BANK, memories: 1, pointers: 1 }],
  ["memory attention, full bank", "memory-attention", FULL_BANK],
  ["prompt encoder + mask decoder", "mask-decoder", FULL_BANK],
  ["memory encoder", "memory-encoder", FULL_BANK],
];

export async function measureStages(
  model: Sam2Model,
  runtime: InferenceRuntime,
  repeats: number,
): Promise<StageRow[]> {
  const rows: StageRow[] = [];
  for (const [label, name, situation] of STAGES) {
    const graph = await model.buildGraph(name, graphOptionsFor(runtime.backend));
    const session = await runtime.createSession(graph);
    const inputs = inputsFor(graph, situation, model, runtime);
    // The peak is taken on both sides of every stage, because these machines drift.
    const before = await matrixPeak(runtime);
    const milliseconds = await bestOf(repeats, () => runAndRelease(session, inputs));
    const peak = Math.max(before, await matrixPeak(runtime));
    await session.release();
    const gflop = frameWork(model.config, situation)[name].flops / 1e9;
    const gflopPerSecond = (gflop / milliseconds) * 1000;
    rows.push({ stage: label, milliseconds, gflop, gflopPerSecond, fractionOfPeak: gflopPerSecond / peak });
  }
  return rows;
}

function inputsFor(
  graph: OnnxGraph,
  situation: Situation,
  model: Sam2Model,
  runtime: InferenceRuntime,
): Record<string, Tensor> {
  return Object.fromEntries(
    graph.inputs.map((spec) => [spec.name, inputFor(spec, situation, model, runtime)]),
  );
}

function inputFor(
  spec: TensorSpec,
  situation: Situation,
  model: Sam2Model,
  runtime: InferenceRuntime,
): Tensor {
  const { objects, memories, pointers, points } = situation;
  const lengths: Record<string, number> = { B: objects, "B?": objects, M: memories, P: pointers, N: points };
  const shape = spec.shape.map((dimension) =>
    typeof dimension === "number" ? dimension : lengths[dimension]!,
  );
  const size = shape.reduce((product, length) => product * length, 1);
  if (spec.type === "int64") {
    const rows = model.config.numMaskmem;
    return runtime.indexTensor(
      BigInt64Array.from({ length: size }, (_, index) => BigInt(index % rows)),
      shape,
    );
  }
  return runtime.tensor(noise(size), shape);
}
