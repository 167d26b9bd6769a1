/** In Chromium: the graphs give on WebGPU what they give on native ONNX Runtime, for every state of the bank. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { roundToBfloat16 } from "../../models/layers/bfloat16.ts";
import { GraphBuilder } from "../../models/onnx/graph-builder.ts";
import type { GraphName } from "../../models/onnx/onnx-graph.ts";
import type { Sam2Model } from "../../models/sam2/sam2-model.ts";
import { attentionInputs, decoderInputs, encoderInputs, imageInputs } from "../support/graph-inputs.ts";
import { openGraph, type TestTensor, worstError } from "../support/graph-session.ts";
import { miniModel, seededRandom } from "../support/mini-model.ts";
import { openWebgpuPage, type WebgpuPage } from "../support/webgpu-page.ts";

/** Shaders may take sines and exponentials to about 2^-11 of their range; here they are far better. */
const TOLERANCE = 1e-4;

const CASES: [GraphName, Record<string, () => Record<string, TestTensor>>][] = [
  ["image-encoder", { "a picture": imageInputs }],
  ["mask-decoder", { "three points of two objects": () => decoderInputs(2, 3) }],
  [
    "memory-attention",
    {
      "one memory and no pointer": () => attentionInputs(1, 1, 0),
      "a full bank of two objects": () => attentionInputs(2, 7, 16),
      "pointers alone": () => attentionInputs(1, 0, 4),
    },
  ],
  ["memory-encoder", { "three objects": () => encoderInputs(3) }],
];

describe("on WebGPU", () => {
  let page: WebgpuPage;
  let model: Sam2Model;
  beforeAll(async () => {
    page = await openWebgpuPage();
    model = await miniModel();
  });
  afterAll(() => page?.close());

  it.each(CASES)("%s gives what it gives on the processor", async (name, cases) => {
    const graph = await model.buildGraph(name);
    const [webgpu, native] = [await page.open(graph), await openGraph(graph, "native")];
    for (const [title, inputs] of Object.entries(cases)) {
      const [actual, expected] = [await webgpu.run(inputs()), await native.run(inputs())];
      for (const [output, { data, shape }] of Object.entries(expected)) {
        expect(actual[output]!.shape, `${output} of ${title}`).toEqual(shape);
        const tolerance = output === "memories" ? 2 ** -7 : TOLERANCE; // one step of bfloat16 near 1
        expect(worstError(actual[output]!.data, data), `${output} of ${title}`).toBeLessThanOrEqual(
          tolerance,
        );
      }
    }
    await Promise.all([webgpu.close(), native.close()]);
  });

  it("rounding to bfloat16 gives torch's bits", async () => {
    const builder = new GraphBuilder("memory-encoder");
    builder.output("rounded", roundToBfloat16(builder.input("x", "float32", ["N"])), ["N"]);
    const random = seededRandom("bfloat16 on WebGPU");
    const bits = Uint32Array.from({ length: 4096 }, (_, i) => {
      const lower = [0, 0x7fff, 0x8000, 0x8001, Math.floor(65536 * random())][i % 5]!;
      const sign = random() < 0.5 ? 0 : 0x80000000;
      return (sign | ((127 - 20 + (i % 40)) << 23) | (Math.floor(128 * random()) << 16) | lower) >>> 0;
    });
    const expected = bits.map((value) => (value + 0x7fff + ((value >>> 16) & 1)) & 0xffff0000);
    const data = new Float32Array(bits.buffer);
    const session = await page.open(await builder.finish());
    const { rounded } = await session.run({ x: { data, shape: [data.length] } });
    await session.close();
    expect(new Uint32Array(rounded!.data.buffer)).toEqual(expected);
  });
});
