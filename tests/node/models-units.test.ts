/** In Node: single pieces of the architecture against single functions of the official implementation. */
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { memorySource } from "../../models/byte-source.ts";
import { openCheckpoint } from "../../models/checkpoint/open-checkpoint.ts";
import type { StateDict } from "../../models/checkpoint/state-dict.ts";
import { WeightStore } from "../../models/layers/weights.ts";
import { GraphBuilder } from "../../models/onnx/graph-builder.ts";
import { reshape, resize } from "../../models/onnx/ops.ts";
import { parseSam2Config, type Sam2Config } from "../../models/sam2/config.ts";
import { hieraBlock, hieraBlocks } from "../../models/sam2/hiera.ts";
import {
  bicubic,
  rotaryOrder,
  rotaryTables,
  sinePositions,
  timePeriods,
} from "../../models/sam2/position-encoding.ts";
import { densePosition } from "../../models/sam2/prompt-encoder.ts";
import { reordered, rowNumbers, type TokenMap, toGrid } from "../../models/sam2/token-map.ts";
import { type GoldenTensors, goldenPath, hasGolden, readGoldenTensors } from "../support/golden.ts";
import { openGraph, worstError } from "../support/graph-session.ts";
import { MINI_MODEL_YAML, seededCheckpoint, seededRandom } from "../support/mini-model.ts";

/** A step of float32 near 1 or two: the tables are computed in double precision, upstream's in float32. */
const TABLE_TOLERANCE = 1e-6;
/** Positions of up to 63 radians in float32 leave this much. */
const ANGLE_TOLERANCE = 8e-6;

const POSITION = { temperature: 10000, normalize: true, scale: 2 * Math.PI };

/** [channels, places] to [places, channels]. */
function channelsLast(data: ArrayLike<number>, channels: number): number[] {
  const places = data.length / channels;
  return Array.from(
    { length: data.length },
    (_, i) => data[(i % channels) * places + Math.floor(i / channels)]!,
  );
}

describe.skipIf(!hasGolden)("position encodings", () => {
  let units: GoldenTensors;
  beforeAll(() => {
    units = readGoldenTensors("mini/units.safetensors");
  });
  const expected = (name: string) => units.get(name)!.data;

  it("of a place: sine and cosine of y, then of x", () => {
    const table = sinePositions(20, 12, 32, POSITION);
    expect(worstError(table, channelsLast(expected("sine_pe.32_20x12"), 32))).toBeLessThan(TABLE_TOLERANCE);
  });

  it("of a large map", () => {
    const table = sinePositions(64, 64, 256, POSITION);
    const eighth = Array.from({ length: 64 }, (_, i) => (Math.floor(i / 8) * 8 * 64 + (i % 8) * 8) * 256);
    const thinned = eighth.flatMap((at) => [...table.subarray(at, at + 256)]);
    expect(worstError(thinned, channelsLast(expected("sine_pe.256_64x64_stride8"), 256))).toBeLessThan(
      TABLE_TOLERANCE,
    );
  });

  it("of a distance in time", () => {
    const periods = timePeriods(256);
    const times = Array.from({ length: 31 }, (_, i) => Math.fround((i - 15) / 15));
    const encoded = times.flatMap((time) => {
      const angles = Array.from(periods, (period) => time / period);
      return [...angles.map(Math.sin), ...angles.map(Math.cos)];
    });
    expect(worstError(encoded, expected("pe1d.256_pos_-15_15_over_15"))).toBeLessThan(TABLE_TOLERANCE);
  });

  it("by rotation: the angles of upstream's complex numbers", () => {
    const { cos, sin } = rotaryTables(64, 256, 10000);
    const turned: number[] = [];
    for (let row = 0; row < 111; row++) {
      const at = row * 37 * 256;
      // Upstream: cosine and sine of each pair; here: cosines, and sines in the second half.
      for (let pair = 0; pair < 128; pair++) turned.push(cos[at + pair]!, sin[at + 128 + pair]!);
    }
    expect(worstError(turned, expected("axial_cis.256_64x64_every37"))).toBeLessThan(ANGLE_TOLERANCE);
  });

  it("by rotation, applied: neighbouring channels turn together", () => {
    const query = expected("rope.q");
    const { cos, sin } = rotaryTables(4, 8, 10000);
    const order = rotaryOrder(8);
    const result = new Float32Array(query.length);
    for (let token = 0; token < 16; token++) {
      const ordered = order.map((channel) => query[token * 8 + channel]!);
      const swapped = [...ordered.slice(4), ...ordered.slice(0, 4)];
      order.forEach((channel, i) => {
        result[token * 8 + channel] = ordered[i]! * cos[token * 8 + i]! + swapped[i]! * sin[token * 8 + i]!;
      });
    }
    expect(worstError(result, expected("rope.q_out"))).toBeLessThan(TABLE_TOLERANCE);
  });

  it.each([
    ["7to64", 7, 64, "out", 1],
    ["7to256", 7, 256, "out_stride5", 5],
    ["14to256", 14, 256, "out_stride5", 5],
  ])("enlarged: %s", (name, from, to, out, stride) => {
    const input = expected(`bicubic_posembed.${name}.in`) as Float32Array;
    const enlarged = bicubic(input, 2, [from, from], to);
    const thinned: number[] = [];
    for (let plane = 0; plane < 2; plane++) {
      for (let y = 0; y < to; y += stride) {
        for (let x = 0; x < to; x += stride) thinned.push(enlarged[(plane * to + y) * to + x]!);
      }
    }
    expect(worstError(thinned, expected(`bicubic_posembed.${name}.${out}`))).toBeLessThan(2e-6);
  });
});

describe.skipIf(!hasGolden)("pieces of the miniature model", () => {
  let units: GoldenTensors;
  let checkpoint: StateDict;
  let config: Sam2Config;
  beforeAll(async () => {
    units = readGoldenTensors("mini/units.safetensors");
    checkpoint = await openCheckpoint(memorySource(readFileSync(goldenPath("mini/mini21.pt"))));
    config = parseSam2Config(readFileSync(goldenPath("mini/mini21.yaml"), "utf8"));
  });

  it.each([0, 3, 4, 5, 6])(
    "block %i of the trunk on 20 x 20 tokens, which its windows do not divide",
    async (index) => {
      const input = units.get(`mini21.block${index}.in_20x20`)!;
      const output = units.get(`mini21.block${index}.out`)!;
      const [, side, , channels] = input.shape as [number, number, number, number];
      for (const fusedAttention of [false, true]) {
        const graph = new GraphBuilder("image-encoder", { fusedAttention });
        const x = graph.input("x", "float32", [1, side, side, channels]);
        const weights = new WeightStore(checkpoint).root().at("image_encoder").at("trunk");
        const map = { tokens: reshape(x, [1, side * side, channels]), side, window: side };
        const block = hieraBlocks(config.trunk)[index]!;
        graph.output("y", toGrid(hieraBlock(map, weights.at(`blocks.${index}`), block)), output.shape);
        const session = await openGraph(await graph.finish(), "native");
        const { y } = await session.run({ x: { data: input.data as Float32Array, shape: input.shape } });
        await session.close();
        expect(worstError(y!.data, output.data)).toBeLessThan(2e-5);
      }
    },
  );

  it("the place of each vision feature as the mask decoder sees it", async () => {
    const graph = new GraphBuilder("mask-decoder");
    const x = graph.input("x", "float32", [256, 32]);
    const weights = new WeightStore(checkpoint).root().at("sam_prompt_encoder");
    graph.output("y", densePosition(x, weights, 16, 32), [256, 32]);
    const session = await openGraph(await graph.finish(), "native");
    const { y } = await session.run({ x: { data: new Float32Array(256 * 32), shape: [256, 32] } });
    await session.close();
    const golden = units.get("mini21.dense_pe")!.data;
    expect(worstError(y!.data, channelsLast(golden, 32))).toBeLessThan(2e-6);
  });

  it("nearest enlargement of the feature pyramid", async () => {
    const input = units.get("fpn_nearest.in")!;
    const output = units.get("fpn_nearest.out")!;
    const graph = new GraphBuilder("image-encoder");
    const x = graph.input("x", "float32", input.shape);
    graph.output("y", resize(x, 10, 10, "nearest"), output.shape);
    const session = await openGraph(await graph.finish(), "native");
    const { y } = await session.run({ x: { data: input.data as Float32Array, shape: input.shape } });
    await session.close();
    expect(worstError(y!.data, output.data)).toBe(0);
  });
});

describe("window order", () => {
  it("names every token once", () => {
    expect(rowNumbers(4, 2)).toEqual([0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15]);
    expect(new Set(rowNumbers(24, 8)).size).toBe(24 * 24);
  });

  it.each([0, 4, 6, 8])("does not change what a pooling block with windows of %i gives", async (window) => {
    const config = parseSam2Config(MINI_MODEL_YAML);
    const checkpoint = await openCheckpoint(memorySource(seededCheckpoint(config)));
    const weights = new WeightStore(checkpoint).root().at("image_encoder").at("trunk").at("blocks.1");
    const block = { ...hieraBlocks(config.trunk)[1]!, window };
    const graph = new GraphBuilder("image-encoder");
    const tokens = graph.input("x", "float32", [1, 64, 8]);
    const rows: TokenMap = { tokens, side: 8, window: 8 };
    graph.output("rows", toGrid(hieraBlock(rows, weights, block)), [1, 4, 4, 16]);
    graph.output("windows", toGrid(hieraBlock(reordered(rows, 4), weights, block)), [1, 4, 4, 16]);
    const random = seededRandom("window order");
    const session = await openGraph(await graph.finish(), "native");
    const data = Float32Array.from({ length: 64 * 8 }, () => 2 * random() - 1);
    const outputs = await session.run({ x: { data, shape: [1, 64, 8] } });
    await session.close();
    expect(worstError(outputs.rows!.data, outputs.windows!.data)).toBeLessThan(1e-5);
  });
});
