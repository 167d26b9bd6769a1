/** In Node: models of every shape that the architecture allows give what the official implementation gives. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import type { GraphName } from "../../models/onnx/onnx-graph.ts";
import { parseSam2Config } from "../../models/sam2/config.ts";
import { graphOptionsFor } from "../../worker/inference/graph-options.ts";
import { BACKENDS, type GraphSession, openGraph, worstError } from "../support/graph-session.ts";
import { miniModel } from "../support/mini-model.ts";
import { MODEL_VARIANTS, runVariant, sampled, writeVariant } from "../support/model-variants.ts";
import { type Measured, noteError, writeVariantTable } from "../support/parity-report.ts";

const FIXTURE = fileURLToPath(new URL("../fixtures/official-variants.json", import.meta.url));
const RECORDED = JSON.parse(readFileSync(FIXTURE, "utf8")) as Record<string, number[]>[];

const GRAPHS: GraphName[] = ["image-encoder", "memory-attention", "mask-decoder", "memory-encoder"];

/** Values of up to 12, in float32 and in another order of summation: measured, at most 1.1e-5. */
const TOLERANCE = 3e-5;

const measured: Measured = new Map();

describe.each(BACKENDS)("on %s, a model", (backend) => {
  it.each(Object.entries(MODEL_VARIANTS))("%s", async (name, yaml) => {
    const config = parseSam2Config(yaml);
    const index = Object.keys(MODEL_VARIANTS).indexOf(name);
    if (process.env.WRITE_VARIANTS) writeVariant(process.env.WRITE_VARIANTS, index, yaml, config);
    const model = await miniModel(config);
    const sessions = new Map<GraphName, GraphSession>();
    for (const graph of GRAPHS) {
      const built = await model.buildGraph(graph, graphOptionsFor(backend));
      sessions.set(graph, await openGraph(built, backend));
    }
    const outputs = await runVariant(config, (graph) => sessions.get(graph)!);
    for (const session of sessions.values()) await session.close();
    expect(Object.keys(outputs).sort()).toEqual(Object.keys(RECORDED[index]!).sort());
    for (const [output, expected] of Object.entries(RECORDED[index]!)) {
      const error = worstError(sampled(outputs[output]!), expected);
      expect(error, output).toBeLessThan(TOLERANCE);
      noteError(measured, name, backend, error);
    }
  });
});

afterAll(() => {
  if (process.env.WRITE_PARITY === "1") writeVariantTable(measured, TOLERANCE);
});
