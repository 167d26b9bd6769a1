/** Runs in Node: whole scenarios, operation for operation, against the official video predictor. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Sam2Engine } from "../../worker/sam2-engine.ts";
import {
  GOLDEN_SCENARIOS,
  hasGolden,
  readGoldenScenario,
  readGoldenTensors,
  readScenarioClip,
} from "../support/golden.ts";
import { compareScenario } from "../support/parity.ts";
import { framesOf, NODE_BACKENDS, openGoldenEngine } from "../support/tracking.ts";

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
    console.log(
      name,
      report.compared,
      JSON.stringify(Object.fromEntries(report.worst)),
      report.wrongPixels,
      report.differences,
    );
    expect(report.differences).toEqual([]);
    expect(report.wrongPixels).toBe(0);
  });
});
