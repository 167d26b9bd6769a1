/** In Node: the graph's own sines and cosines are float32's best, near zero and many turns away. */
import { describe, expect, it } from "vitest";
import { sinesAndCosines } from "../../models/layers/sine.ts";
import { GraphBuilder } from "../../models/onnx/graph-builder.ts";
import { BACKENDS, openGraph } from "../support/graph-session.ts";

describe.each(BACKENDS)("sines and cosines on %s", (backend) => {
  it("are exact to float32 for up to 20 turns", async () => {
    const graph = new GraphBuilder("mask-decoder");
    const turns = Float32Array.from({ length: 4001 }, (_, i) => (i - 2000) / 100 + (i % 7) / 1000);
    const x = graph.input("turns", "float32", [1, turns.length]);
    graph.output("y", sinesAndCosines(x), [1, 2 * turns.length]);
    const session = await openGraph(await graph.finish(), backend);
    const { y } = await session.run({ turns: { data: turns, shape: [1, turns.length] } });
    await session.close();
    for (const [i, turn] of turns.entries()) {
      expect(Math.abs(y!.data[i]! - Math.sin(2 * Math.PI * turn)), `sine of ${turn}`).toBeLessThan(3e-7);
      const cosine = y!.data[turns.length + i]!;
      expect(Math.abs(cosine - Math.cos(2 * Math.PI * turn)), `cosine of ${turn}`).toBeLessThan(3e-7);
    }
  });
});
