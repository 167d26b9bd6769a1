/** In Node: rounding to bfloat16 by arithmetic gives torch's bits, on both runtimes, optimised graphs too. */
import * as native from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { roundToBfloat16 } from "../../models/layers/bfloat16.ts";
import { GraphBuilder } from "../../models/onnx/graph-builder.ts";
import { BACKENDS, openGraph } from "../support/graph-session.ts";
import { seededRandom } from "../support/mini-model.ts";

function roundingGraph() {
  const graph = new GraphBuilder("memory-encoder");
  const x = graph.input("x", "float32", ["N"]);
  graph.output("rounded", roundToBfloat16(x), ["N"]);
  return graph.finish();
}

/** Round to nearest, ties to even, on the bits: what torch does. */
function expectedBits(values: Float32Array): Uint32Array {
  return new Uint32Array(values.buffer).map((bits) => {
    const rounded = bits + 0x7fff + ((bits >>> 16) & 1);
    return rounded & 0xffff0000;
  });
}

/** Every exponent that memories can have, with ties, their neighbours, ends of binades and plain values. */
function interestingValues(): Float32Array {
  const random = seededRandom("bfloat16");
  const bits: number[] = [0, 0x80000000];
  for (let exponent = 127 - 40; exponent <= 127 + 40; exponent++) {
    for (const upper of [0, 1, 2, 63, 64, 125, 126, 127, Math.floor(128 * random())]) {
      for (const lower of [0, 1, 0x7fff, 0x8000, 0x8001, 0xffff, Math.floor(65536 * random())]) {
        const magnitude = (exponent << 23) | (upper << 16) | lower;
        bits.push(magnitude, (magnitude | 0x80000000) >>> 0);
      }
    }
  }
  return new Float32Array(Uint32Array.from(bits).buffer);
}

describe("rounding to bfloat16", () => {
  it.each(BACKENDS)("is bit for bit on %s", async (backend) => {
    const values = interestingValues();
    const session = await openGraph(await roundingGraph(), backend);
    const { rounded } = await session.run({ x: { data: values, shape: [values.length] } });
    await session.close();
    expect(new Uint32Array(rounded!.data.slice().buffer)).toEqual(expectedBits(values));
  });

  it.each(["disabled", "basic", "extended", "all"] as const)(
    "stays bit for bit when the graph is optimised: %s",
    async (graphOptimizationLevel) => {
      const { model } = await roundingGraph();
      const session = await native.InferenceSession.create(model, { graphOptimizationLevel });
      const values = interestingValues();
      const outputs = await session.run({ x: new native.Tensor("float32", values, [values.length]) });
      const rounded = outputs.rounded!.data as Float32Array;
      await session.release();
      expect(new Uint32Array(rounded.slice().buffer)).toEqual(expectedBits(values));
    },
  );
});
