/** In Node: the four graphs of a miniature model keep their contract, on both ONNX Runtimes. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { GraphName } from "../../models/onnx/onnx-graph.ts";
import { withMemoryPooling } from "../../models/sam2/config.ts";
import type { Sam2Model } from "../../models/sam2/sam2-model.ts";
import {
  attentionInputs,
  D,
  decoderInputs,
  encoderInputs,
  imageInputs,
  M,
  noise,
  SIDE,
  SIZE,
  TOKENS,
} from "../support/graph-inputs.ts";
import {
  BACKENDS,
  type GraphSession,
  openGraph,
  type TestTensor,
  worstError,
} from "../support/graph-session.ts";
import { miniModel } from "../support/mini-model.ts";

const GRAPHS: GraphName[] = ["image-encoder", "mask-decoder", "memory-attention", "memory-encoder"];
/** Float32 sums in another order; the values are of the order of 1. */
const ROUNDING = 2e-5;
/** The widest values of one window of the first stage: 8 x 8 tokens of 4 * 8 channels. */
const WINDOW_BYTES = 8 * 8 * 4 * 8 * 4;

let model: Sam2Model;
const sessions: Record<string, GraphSession> = {};

beforeAll(async () => {
  model = await miniModel();
  for (const backend of BACKENDS) {
    for (const name of GRAPHS) {
      sessions[`${backend} ${name}`] = await openGraph(await model.buildGraph(name), backend);
    }
  }
});

afterAll(async () => {
  for (const session of Object.values(sessions)) await session.close();
});

/** Row `index` of a batched tensor, as a batch of one. */
function row({ data, shape }: TestTensor, index: number): TestTensor {
  const size = data.length / shape[0]!;
  return {
    shape: [1, ...shape.slice(1)],
    data: data.slice(index * size, (index + 1) * size) as Float32Array,
  };
}

/** Inputs that all objects share keep their batch of one. */
function rowOfAll(inputs: Record<string, TestTensor>, index: number): Record<string, TestTensor> {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, tensor]) => [
      name,
      tensor.shape[0] === 1 ? tensor : row(tensor, index),
    ]),
  );
}

describe.each(BACKENDS)("on %s", (backend) => {
  const run = (name: GraphName, inputs: Record<string, TestTensor>) =>
    sessions[`${backend} ${name}`]!.run(inputs);

  it("the image encoder gives three feature maps of the sizes it names", async () => {
    const outputs = await run("image-encoder", imageInputs());
    expect(outputs.features_s4?.shape).toEqual([1, D / 8, SIZE / 4, SIZE / 4]);
    expect(outputs.features_s8?.shape).toEqual([1, D / 4, SIZE / 8, SIZE / 8]);
    expect(outputs.features_s16?.shape).toEqual([1, D, SIDE, SIDE]);
    for (const { data } of Object.values(outputs)) expect(data.every(Number.isFinite)).toBe(true);
  });

  it.each([1, 2, 5])("the mask decoder takes %i points of two objects", async (points) => {
    const outputs = await run("mask-decoder", decoderInputs(2, points));
    expect(outputs.masks?.shape).toEqual([2, 4, 4 * SIDE, 4 * SIDE]);
    expect(outputs.ious?.shape).toEqual([2, 4]);
    expect(outputs.object_pointers?.shape).toEqual([2, 4, D]);
    expect(outputs.object_score?.shape).toEqual([2, 1]);
    for (const { data } of Object.values(outputs)) expect(data.every(Number.isFinite)).toBe(true);
  });

  it.each([
    [1, 1, 0],
    [1, 1, 1],
    [2, 3, 0],
    [2, 7, 16],
    [1, 9, 20],
    [1, 0, 4],
  ])(
    "memory attention takes %i objects, %i memories and %i pointers",
    async (objects, memories, pointers) => {
      const outputs = await run("memory-attention", attentionInputs(objects, memories, pointers));
      expect(outputs.conditioned?.shape).toEqual([objects, D, SIDE, SIDE]);
      expect(outputs.conditioned?.data.every(Number.isFinite)).toBe(true);
    },
  );

  it("the memory encoder gives the same memory in both layouts, rounded in one", async () => {
    const { memory_features: features, memories } = await run("memory-encoder", encoderInputs(2));
    expect(features?.shape).toEqual([2, M, SIDE, SIDE]);
    expect(memories?.shape).toEqual([2, TOKENS, M]);
    for (let i = 0; i < memories!.data.length; i++) {
      const channel = i % M;
      const token = Math.floor(i / M) % TOKENS;
      const object = Math.floor(i / (M * TOKENS));
      const exact = features!.data[(object * M + channel) * TOKENS + token]!;
      expect(Math.abs(memories!.data[i]! - exact)).toBeLessThanOrEqual(Math.abs(exact) / 256);
    }
  });

  it.each([
    ["mask-decoder", () => decoderInputs(2, 3)],
    ["memory-attention", () => attentionInputs(2, 2, 3)],
    ["memory-encoder", () => encoderInputs(2)],
  ] as const)("%s gives a batch of two what it gives each of the two", async (name, inputs) => {
    const both = await run(name, inputs());
    for (const index of [0, 1]) {
      const alone = await run(name, rowOfAll(inputs(), index));
      for (const [output, tensor] of Object.entries(alone)) {
        expect(worstError(tensor.data, row(both[output]!, index).data as Float32Array), output).toBeLessThan(
          ROUNDING,
        );
      }
    }
  });

  it.each(GRAPHS)("%s gives the same bits twice", async (name) => {
    const inputs = INPUTS[name]();
    const [first, second] = [await run(name, inputs), await run(name, inputs)];
    for (const [output, tensor] of Object.entries(first)) expect(second[output]?.data).toEqual(tensor.data);
  });
});

const INPUTS: Record<GraphName, () => Record<string, TestTensor>> = {
  "image-encoder": imageInputs,
  "mask-decoder": () => decoderInputs(1, 2),
  "memory-attention": () => attentionInputs(1, 2, 3),
  "memory-encoder": () => encoderInputs(1),
};

const TWO_OBJECTS: Record<GraphName, () => Record<string, TestTensor>> = {
  "image-encoder": imageInputs,
  "mask-decoder": () => decoderInputs(2, 3),
  "memory-attention": () => attentionInputs(2, 3, 0),
  "memory-encoder": () => encoderInputs(2),
};

describe("both runtimes and all ways of cutting", () => {
  it.each(GRAPHS)("%s gives the same on native and WASM", async (name) => {
    const [native, wasm] = [
      await sessions[`native ${name}`]!.run(INPUTS[name]()),
      await sessions[`wasm ${name}`]!.run(INPUTS[name]()),
    ];
    for (const [output, tensor] of Object.entries(native)) {
      const tolerance = output === "memories" ? 2 ** -7 : ROUNDING; // one step of bfloat16 near 1
      expect(worstError(tensor.data, wasm[output]!.data), output).toBeLessThanOrEqual(tolerance);
    }
  });

  it.each(GRAPHS)("%s gives the same with fused attention, for one object and for two", async (name) => {
    const session = await openGraph(await model.buildGraph(name, { fusedAttention: true }), "native");
    for (const inputs of [INPUTS[name](), TWO_OBJECTS[name]()]) {
      const [fused, plain] = [await session.run(inputs), await sessions[`native ${name}`]!.run(inputs)];
      for (const [output, tensor] of Object.entries(plain)) {
        expect(worstError(tensor.data, fused[output]!.data), output).toBeLessThanOrEqual(ROUNDING);
      }
    }
    await session.close();
  });

  it.each([
    ["one window", WINDOW_BYTES],
    ["three windows", 3 * WINDOW_BYTES],
    ["all windows", 2 ** 24],
  ])("the image encoder gives the very same when %s at a time fit the cache", async (_, cacheBytes) => {
    const taps = ["block0", "block1", "block2", "block3"];
    const whole = await openGraph(await model.buildGraph("image-encoder", { taps }), "native");
    const parts = await openGraph(await model.buildGraph("image-encoder", { taps, cacheBytes }), "native");
    const [expected, outputs] = [await whole.run(imageInputs()), await parts.run(imageInputs())];
    for (const session of [whole, parts]) await session.close();
    expect(Object.keys(outputs)).toEqual(Object.keys(expected));
    for (const [name, { data }] of Object.entries(outputs)) expect(data, name).toEqual(expected[name]!.data);
  });

  it.each([1, 7, 16, 63, 64, 1000])(
    "memory attention in blocks of %i queries gives the same",
    async (queryBlock) => {
      const session = await openGraph(await model.buildGraph("memory-attention", { queryBlock }), "native");
      const inputs = attentionInputs(2, 2, 3);
      const blocked = await session.run(inputs);
      const whole = await sessions["native memory-attention"]!.run(inputs);
      await session.close();
      expect(worstError(blocked.conditioned!.data, whole.conditioned!.data)).toBeLessThan(ROUNDING);
    },
  );

  it("memories averaged over squares are the same where all cells are equal, and only there", async () => {
    const coarse = await miniModel(withMemoryPooling(model.config, 2));
    const session = await openGraph(await coarse.buildGraph("memory-attention"), "native");
    const inputs = attentionInputs(2, 2, 0);
    const even = {
      ...inputs,
      memories: { shape: [2, 2, TOKENS, M], data: new Float32Array(4 * TOKENS * M).fill(0.3) },
    };
    const errors: number[] = [];
    for (const given of [even, inputs]) {
      const [pooled, exact] = [
        await session.run(given),
        await sessions["native memory-attention"]!.run(given),
      ];
      errors.push(worstError(pooled.conditioned!.data, exact.conditioned!.data));
    }
    await session.close();
    expect(errors[0]).toBeLessThan(ROUNDING);
    expect(errors[1]).toBeGreaterThan(1e-3);
  });

  it("pointers and memories change what memory attention sees, and so does their place in time", async () => {
    const run = (inputs: Record<string, TestTensor>) => sessions["native memory-attention"]!.run(inputs);
    const inputs = attentionInputs(1, 2, 2);
    const base = (await run(inputs)).conditioned!.data;
    const changed: Record<string, TestTensor> = {
      memories: noise("other memories", [1, 2, TOKENS, M]),
      memory_time: { shape: [1, 2], data: BigInt64Array.of(0n, 1n) },
      object_pointers: noise("other pointers", [1, 2, D]),
      pointer_time: noise("other time", [1, 2]),
    };
    for (const [name, tensor] of Object.entries(changed)) {
      const other = (await run({ ...inputs, [name]: tensor })).conditioned!.data;
      expect(worstError(base, other), name).toBeGreaterThan(1e-4);
    }
  });

  it("a tap that does not exist is refused with the names of those that do", async () => {
    await expect(model.buildGraph("memory-attention", { taps: ["layer9"] })).rejects.toThrow(
      /memory-attention: there is no inner tensor "layer9"; there are layer0, layer1/,
    );
  });
});
