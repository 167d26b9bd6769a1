/** In Node: every recorded stage of the official implementation, on both ONNX Runtimes. */
import { readFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { memorySource } from "../../models/byte-source.ts";
import { openCheckpoint } from "../../models/checkpoint/open-checkpoint.ts";
import { openSam2 } from "../../models/sam2/build-sam2.ts";
import { parseSam2Config } from "../../models/sam2/config.ts";
import type { Sam2Model } from "../../models/sam2/sam2-model.ts";
import { graphOptionsFor } from "../../worker/inference/graph-options.ts";
import {
  GOLDEN_SCENARIOS,
  type GoldenScenario,
  type GoldenStep,
  type GoldenTensors,
  goldenPath,
  hasGolden,
  readGoldenScenario,
  readGoldenTensors,
  readScenarioClip,
} from "../support/golden.ts";
import { BACKENDS, openGraph } from "../support/graph-session.ts";
import { type Measured, noteError, type ParityColumn, writeStageTable } from "../support/parity-report.ts";
import { type StageError, StageReplay } from "../support/stage-replay.ts";
import { openWebgpuPage, type WebgpuPage } from "../support/webgpu-page.ts";

/**
 * What two builds of the official implementation differ by in the same stage (torch with MKL against torch
 * with generic BLAS), over all recordings. Ours must not differ by more.
 */
const TOLERANCES: Record<string, number> = {
  "image encoder: inside": 4e-5,
  "image encoder: features": 4e-5,
  "prompt encoder: points": 1.3e-4,
  "prompt encoder: mask": 1.3e-4,
  "memory attention: layers": 3e-4,
  "memory attention": 1.1e-3,
  "mask decoder: tokens": 6e-5,
  "mask decoder: image tokens": 6e-5,
  "mask decoder: masks": 1.7e-3,
  "mask decoder: predicted IoU": 4.7e-5,
  "mask decoder: object score": 1.3e-3,
  "object pointer": 1.1e-4,
  "memory encoder: mask": 5.8e-4,
  "memory encoder: features": 5.8e-4,
  "memory encoder: stored (bfloat16 steps)": 3,
};

/** WebGPU on a processor takes minutes: a few scenarios, measured when the report is written. */
const everything = process.env.WRITE_PARITY === "1";
const ON_WEBGPU: (typeof GOLDEN_SCENARIOS)[number][] = ["s01_click", "s03_incremental_clicks", "s17_sam20"];
const columns: readonly ParityColumn[] = everything ? [...BACKENDS, "webgpu"] : BACKENDS;
const measured: Measured = new Map();

function note(errors: StageError[], backend: ParityColumn): void {
  for (const { stage, where, error } of errors) {
    expect(error, `${stage}: ${where}`).toBeLessThanOrEqual(TOLERANCES[stage]!);
    noteError(measured, stage, backend, error);
  }
}

async function goldenModel(config: string): Promise<Sam2Model> {
  const checkpoint = await openCheckpoint(memorySource(readFileSync(goldenPath(`mini/${config}.pt`))));
  return openSam2(checkpoint, parseSam2Config(readFileSync(goldenPath(`mini/${config}.yaml`), "utf8")));
}

const frameName = (frame: number) => `f${String(frame).padStart(3, "0")}`;

describe.skipIf(!hasGolden).each(columns)(
  "on %s, as recorded from the official implementation",
  (backend) => {
    const replays = new Map<string, Promise<StageReplay>>();
    let page: Promise<WebgpuPage> | null = null;
    const openReplay = async (config: string) => {
      const model = await goldenModel(config);
      if (backend !== "webgpu") {
        return StageReplay.open(model, (graph) => openGraph(graph, backend), graphOptionsFor(backend));
      }
      page ??= openWebgpuPage();
      const { open } = await page;
      return StageReplay.open(model, open, graphOptionsFor(backend));
    };
    const replayFor = (config: string) => {
      const replay = replays.get(config) ?? openReplay(config);
      replays.set(config, replay);
      return replay;
    };

    afterAll(async () => {
      for (const replay of replays.values()) await (await replay).close();
      await (await page)?.close();
    });

    it.each(backend === "webgpu" ? ON_WEBGPU : GOLDEN_SCENARIOS)(
      "%s: every stage gives what was recorded",
      { timeout: 900_000 },
      async (name) => {
        const scenario = readGoldenScenario(name);
        const golden = readGoldenTensors(`mini/${name}.safetensors`);
        const replay = await replayFor(scenario.config);
        const clip = readScenarioClip(scenario);
        const featuresOf = (frame: number) => replay.features(clip, scenario.clip.replace(/\d+$/, ""), frame);
        if (golden.has("img.f000.fpn_final.0")) {
          note(replay.compareEncoder(await featuresOf(0), golden, "img.f000"), backend);
        }
        for (const step of scenario.steps) {
          const prefix = step.preflight
            ? `op${step.op}.preflight.${frameName(step.frame)}.n${step.n}`
            : `op${step.op}.${frameName(step.frame)}.o${step.obj}`;
          if (golden.has(`${prefix}.memattn.memory`)) {
            note(await replay.compareAttention(golden, prefix, step), backend);
          }
          if (golden.has(`${prefix}.decoder.masks4`)) {
            note(await replay.compareDecoder(golden, prefix, step, await featuresOf(step.frame)), backend);
          }
          const logits = maskOf(golden, scenario, step, prefix);
          if (logits !== null && golden.has(`${prefix}.maskmem_features`)) {
            const binarize =
              step.preflight === true && scenario.attrs.binarize_mask_from_pts_for_mem_enc !== false;
            const inputs = { logits, binarize, visible: (step.object_score ?? 0) > 0 };
            note(await replay.compareMemory(golden, prefix, inputs, await featuresOf(step.frame)), backend);
          }
        }
      },
    );
  },
);

/** The mask that a step's memory was made of, where it was recorded in full precision. */
function maskOf(
  golden: GoldenTensors,
  scenario: GoldenScenario,
  step: GoldenStep,
  prefix: string,
): Float32Array | null {
  if (step.preflight) {
    if (step.n !== 0 || scenario.steps.some((other) => other.preflight && other.n === 1)) return null;
    for (let op = step.op - 1; op >= 0; op--) {
      const mask = golden.get(`op${op}.${frameName(step.frame)}.o0.pred_masks`);
      if (mask !== undefined) return mask.dtype === "F32" ? (mask.data as Float32Array) : null;
    }
    return null;
  }
  const mask = golden.get(`${prefix}.pred_masks`);
  return mask?.dtype === "F32" && scenario.name !== "s16_fill_holes" ? (mask.data as Float32Array) : null;
}

afterAll(() => {
  if (everything) writeStageTable(measured, TOLERANCES);
});
