/** A guard against graphs that grow: counted work, never time. */
import { describe, expect, it } from "vitest";
import { countWork } from "../../models/onnx/count-work.ts";
import { GraphBuilder } from "../../models/onnx/graph-builder.ts";
import type { GraphName } from "../../models/onnx/onnx-graph.ts";
import { matMul } from "../../models/onnx/ops.ts";
import { withMemoryPooling } from "../../models/sam2/config.ts";
import { FULL_BANK, frameWork } from "../../models/sam2/frame-work.ts";
import { officialConfig } from "../../models/sam2/official-configs.ts";

const MIB = 2 ** 20;
/** What upstream does for one frame of tiny at 1024 with a full bank, GFLOP. */
const UPSTREAM_GFLOP = 913;

describe("counting work", () => {
  it("counts two operations per multiply-add of a matrix product and finds the largest tensor", () => {
    const graph = new GraphBuilder("image-encoder");
    const a = graph.input("a", "float32", ["B", 3, 5]);
    matMul(
      a,
      graph.initializer("w", [5, 7], () => new Float32Array(35)),
    );
    expect(countWork(graph.operations, { B: 2 })).toEqual({
      nodes: 1,
      flops: 2 * (2 * 3 * 7) * 5,
      largestTensorBytes: 2 * 3 * 7 * 4,
    });
  });

  it("says which length is missing", () => {
    const graph = new GraphBuilder("image-encoder");
    matMul(graph.input("a", "float32", ["B", 5]), graph.input("b", "float32", [5, 7]));
    expect(() => countWork(graph.operations, {})).toThrow('"B"');
  });
});

const total = (frame: ReturnType<typeof frameWork>) =>
  Object.values(frame).reduce((sum, { flops }) => sum + flops, 0);

describe("one frame of tiny at 1024 with a full bank", () => {
  const work = frameWork(officialConfig("2.1", "tiny"), FULL_BANK);
  const ceilings: Record<GraphName, { nodes: number; gflop: number; mebibytes: number }> = {
    "image-encoder": { nodes: 600, gflop: 282, mebibytes: 96 },
    // Scores of one block of queries.
    "memory-attention": { nodes: 760, gflop: 418, mebibytes: 32 },
    "mask-decoder": { nodes: 310, gflop: 4, mebibytes: 16 },
    "memory-encoder": { nodes: 90, gflop: 12, mebibytes: 16 },
  };

  it.each(Object.entries(ceilings))("keeps %s within its ceilings", (name, ceiling) => {
    const { nodes, flops, largestTensorBytes } = work[name as GraphName];
    expect(nodes).toBeLessThanOrEqual(ceiling.nodes);
    expect(flops / 1e9).toBeLessThanOrEqual(ceiling.gflop);
    expect(largestTensorBytes / MIB).toBeLessThanOrEqual(ceiling.mebibytes);
  });

  it("with memory_pooling=2 does less than half of memory attention, and all the rest", () => {
    const pooled = frameWork(withMemoryPooling(officialConfig("2.1", "tiny"), 2), FULL_BANK);
    expect(pooled["memory-attention"].flops / work["memory-attention"].flops).toBeLessThan(0.5);
    expect({ ...pooled, "memory-attention": null }).toEqual({ ...work, "memory-attention": null });
  });

  it("of five objects does 1.3 times that of one outside of memory attention, and 5 times within", () => {
    const five = frameWork(officialConfig("2.1", "tiny"), { ...FULL_BANK, objects: 5 });
    const attention = five["memory-attention"].flops / work["memory-attention"].flops;
    const rest = (frame: typeof five) => total(frame) - frame["memory-attention"].flops;
    expect(attention).toBeLessThanOrEqual(5);
    expect(rest(five) / rest(work)).toBeLessThanOrEqual(1.3);
  });

  it("does at most 0.8 of upstream's operations", () => {
    expect(total(work) / 1e9).toBeLessThanOrEqual(0.8 * UPSTREAM_GFLOP);
  });
});

it.each(["tiny", "small", "base-plus", "large"] as const)(
  "%s needs no buffer above the 128 MiB that every WebGPU device binds, in a bank of twice the usual length",
  (size) => {
    const work = frameWork(officialConfig("2.1", size), { ...FULL_BANK, memories: 14, pointers: 32 });
    for (const { largestTensorBytes } of Object.values(work)) {
      expect(largestTensorBytes / MIB).toBeLessThanOrEqual(128);
    }
  },
);
