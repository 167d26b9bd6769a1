/** Runs in Node: whole scenarios, operation for operation, against the official video predictor. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Sam2Engine } from "../../worker/sam2-engine.ts";
import {
  GOLDEN_SCENARIOS,
  type GoldenScenario,
  goldenPath,
  hasGolden,
  readGoldenClip,
  readGoldenScenario,
  readGoldenTensors,
  readScenarioClip,
} from "../support/golden.ts";
import { compareScenario, type ParityReport } from "../support/parity.ts";
import { END_TO_END_TOLERANCES, ParityTable } from "../support/parity-table.ts";
import { framesOf } from "../support/rgb-frames.ts";
import { tinyModel } from "../support/tiny-model.ts";
import { NODE_BACKENDS, openGoldenEngine, openRuntime } from "../support/tracking.ts";

const table = new ParityTable();

function expectParity(report: ParityReport): void {
  expect(report.differences).toEqual([]);
  expect(report.wrongPixels).toBe(0);
  expect(report.compared).toBeGreaterThan(5);
  for (const [what, worst] of report.worst) {
    const tolerance = END_TO_END_TOLERANCES[what]?.value;
    expect(tolerance, `a tolerance for ${what}`).toBeDefined();
    expect(worst, what).toBeLessThanOrEqual(tolerance ?? 0);
  }
}

describe.skipIf(!hasGolden).each(NODE_BACKENDS)("scenarios of the official predictor on %s", (backend) => {
  const engines = new Map<string, Sam2Engine>();

  beforeAll(async () => {
    for (const config of ["mini21", "mini20"]) {
      engines.set(config, await openGoldenEngine(`mini/${config}`, backend));
    }
  });

  afterAll(async () => {
    for (const engine of engines.values()) await engine.release();
  });

  test.each(GOLDEN_SCENARIOS)("%s", async (name) => {
    const scenario = readGoldenScenario(name);
    const engine = engines.get(scenario.config) as Sam2Engine;
    const tensors = readGoldenTensors(`mini/${name}.safetensors`);
    const report = await compareScenario(engine, framesOf(readScenarioClip(scenario)), scenario, tensors);
    table.add(backend, report);
    expectParity(report);
  });
});

describe.skipIf(!hasGolden)("the full-size tiny model on native", () => {
  let engine: Sam2Engine;

  beforeAll(async () => {
    engine = await Sam2Engine.load(await tinyModel(), await openRuntime("native"));
  }, 600_000);

  afterAll(() => engine.release());

  test("four frames of real footage from one click", async () => {
    const recorded = JSON.parse(
      readFileSync(goldenPath("tiny/bedroom4_click.json"), "utf8"),
    ) as GoldenScenario;
    const scenario = { ...recorded, attrs: {}, cc_extension: false };
    const clip = readGoldenClip("tiny/clip_bedroom4_960x540.npy.gz");
    const tensors = readGoldenTensors("tiny/bedroom4_click.safetensors");
    const report = await compareScenario(engine, framesOf(clip), scenario, tensors, subsampled);
    table.add("tiny", report);
    expectParity(report);
  }, 600_000);
});

afterAll(() => {
  if (process.env.WRITE_PARITY) table.write();
});

/** The recording keeps every second or fourth value of the large tensors, along both axes. */
function subsampled(name: string, values: Float32Array): ArrayLike<number> {
  if (name.endsWith("pred_masks")) return everyNth(values, 256, 256, 2);
  if (name.endsWith("maskmem_features")) return everyNth(values, 64, 64, 2);
  if (name.endsWith("video_res_masks")) return everyNth(values, 960, 540, 4);
  return values;
}

/** Of [..., height, width]. */
function everyNth(values: Float32Array, width: number, height: number, step: number): number[] {
  const kept: number[] = [];
  for (let start = 0; start < values.length; start += width * height) {
    for (let y = 0; y < height; y += step) {
      for (let x = 0; x < width; x += step) kept.push(values[start + y * width + x] ?? Number.NaN);
    }
  }
  return kept;
}
