/** In Node: graphs of half precision give nearly what exact ones give, and are refused where they can't run. */
import { describe, expect, it } from "vitest";
import { toFloat32 } from "../../models/checkpoint/dtype.ts";
import { toFloat16 } from "../../models/onnx/float16.ts";
import type { GraphName, OnnxGraph } from "../../models/onnx/onnx-graph.ts";
import { parseSam2Config, type Sam2Config, withHalfPrecision } from "../../models/sam2/config.ts";
import { Sam2Engine } from "../../worker/sam2-engine.ts";
import { attentionInputs, imageInputs } from "../support/graph-inputs.ts";
import { openGraph, type TestTensor } from "../support/graph-session.ts";
import { hollowModel, hollowRuntime } from "../support/hollow-model.ts";
import { MINI_MODEL_YAML, miniModel } from "../support/mini-model.ts";
import { openRuntime } from "../support/tracking.ts";

const EXACT = parseSam2Config(MINI_MODEL_YAML);
const HALF = withHalfPrecision(EXACT, true);

describe("float16", () => {
  const every = Uint16Array.from({ length: 65536 }, (_, i) => i);
  const asFloats = toFloat32(new Uint8Array(every.buffer), "f16");

  it("keeps every half as it is", () => {
    const numbers = every.filter((_, i) => !Number.isNaN(asFloats[i]!));
    expect(toFloat16(asFloats.filter((value) => !Number.isNaN(value)))).toEqual(numbers);
    expect(toFloat16(Float32Array.of(Number.NaN))[0]! & 0x7fff).toBeGreaterThan(0x7c00);
  });

  it("rounds to the nearest, and to the even one of two", () => {
    for (let half = 0; half < 0x7bff; half++) {
      const [low, high] = [asFloats[half]!, asFloats[half + 1]!];
      const tie = (low + high) / 2;
      const even = half % 2 === 0 ? half : half + 1;
      const around = Float32Array.of(tie - (high - low) / 8, tie, tie + (high - low) / 8);
      expect([...toFloat16(around)]).toEqual([half, even, half + 1]);
    }
  });

  it("ends at 65504, beyond which there is infinity", () => {
    expect([...toFloat16(Float32Array.of(65519, 65520, -1e9, 1e-9))]).toEqual([0x7bff, 0x7c00, 0xfc00, 0]);
  });
});

/** Root of the mean square of the differences, as a share of the expected values' own. */
function relativeError(actual: Float32Array, expected: Float32Array): number {
  let [errors, squares] = [0, 0];
  expected.forEach((value, i) => {
    errors += (value - actual[i]!) ** 2;
    squares += value ** 2;
  });
  return Math.sqrt(errors / squares);
}

const CASES: [GraphName, string, () => Record<string, TestTensor>][] = [
  ["image-encoder", "a picture", imageInputs],
  ["memory-attention", "one memory and no pointer", () => attentionInputs(1, 1, 0)],
  ["memory-attention", "a full bank of two objects", () => attentionInputs(2, 7, 16)],
  ["memory-attention", "pointers alone", () => attentionInputs(1, 0, 4)],
];

/** float16 has 11 bits, 4.9e-4; measured here 3e-4 to 6e-4, with real 16-bit shaders 2e-3 to 4e-3. */
const TOLERANCE = 1.5e-3;

function bytesOf(graph: OnnxGraph): number {
  return graph.externalData.reduce((sum, { data }) => sum + data.length, 0);
}

describe.each(["plain", "fused"])("half precision, attention %s,", (form) => {
  const options = form === "fused" ? { fusedAttention: true } : {};

  it.each(CASES)("%s: %s", async (name, _, inputs) => {
    const built = await Promise.all(
      [EXACT, HALF].map(async (config) => (await miniModel(config)).buildGraph(name, options)),
    );
    const [exact, half] = await Promise.all(built.map((graph) => openGraph(graph, "native")));
    const [expected, actual] = [await exact!.run(inputs()), await half!.run(inputs())];
    for (const [output, { data, shape }] of Object.entries(expected)) {
      expect(actual[output]!.shape).toEqual(shape);
      const error = relativeError(actual[output]!.data, data);
      expect(error, output).toBeLessThan(TOLERANCE);
      expect(error, `${output} is not exact: it was computed in 16 bits`).toBeGreaterThan(1e-5);
    }
    const [wide, narrow] = built.map(bytesOf);
    expect(narrow! / wide!).toBeLessThan(0.55);
    await Promise.all([exact!.close(), half!.close()]);
  });
});

describe("half precision", () => {
  it("leaves decoder and memory encoder exact", async () => {
    const [exact, half] = [await miniModel(EXACT), await miniModel(HALF)];
    for (const name of ["mask-decoder", "memory-encoder"] as const) {
      const [a, b] = [await half.buildGraph(name), await exact.buildGraph(name)];
      expect(Buffer.compare(a.model, b.model)).toBe(0);
      expect(bytesOf(a)).toBe(bytesOf(b));
    }
  });

  it("says so where numbers leave its range, instead of giving an empty mask", async () => {
    const bright = new Float32Array(3 * EXACT.imageSize ** 2).fill(1e6);
    const prompt = { coordinates: Float32Array.of(64, 64), labels: Float32Array.of(1), maskLogits: null };
    const click = async (config: Sam2Config) => {
      const engine = await Sam2Engine.load(await miniModel(config), await openRuntime("native"));
      const features = await engine.encodeImage(bright);
      return engine.decode(features, features.s16, true, [prompt]).finally(() => engine.release());
    };
    expect(Number.isFinite((await click(EXACT))[0]!.objectScore)).toBe(true);
    await expect(click(HALF)).rejects.toThrow(/range of 16 bits/);
  });

  it("is refused in words by a graphics card without 16-bit shaders, and taken by one that has them", async () => {
    const runtime = { ...hollowRuntime(HALF), backend: "webgpu" as const };
    await expect(Sam2Engine.load(hollowModel(HALF), runtime)).rejects.toThrow(/16-bit shaders/);
    await (await Sam2Engine.load(hollowModel(HALF), { ...runtime, half: true })).release();
  });
});
