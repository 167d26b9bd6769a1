/** In Node and a real Chromium: recorded scenarios in a Web Worker, on WebAssembly and on WebGPU. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launchChromium } from "../support/chromium.ts";
import {
  goldenPath,
  hasGolden,
  readGoldenScenario,
  readGoldenTensors,
  readScenarioClip,
} from "../support/golden.ts";
import type { BrowserJob, BrowserReport, EncodedTensor } from "../support/parity-job.ts";
import {
  type BrowserMeasurement,
  END_TO_END_TOLERANCES,
  writeBrowserTable,
} from "../support/parity-table.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";

/** What the comparison asks for; the rest of a recording stays on the disk. */
const NEEDED = /pred_masks|obj_ptr|object_score_logits|ious|maskmem_features|video_res_masks|mask_prompt/;

/**
 * SwiftShader compiles shaders for 25 seconds and then takes 7 to 14 for a frame's image encoder and 5 for the
 * rest: the shortest one (two tracked frames), and two to measure.
 */
const WEBGPU_SCENARIOS = process.env.WRITE_PARITY ? ["s05_box_point", "s07_mask_empty"] : ["s05_box_point"];

const measured: BrowserMeasurement[] = [];

describe.skipIf(!hasGolden).each([
  { backend: "wasm", isolated: false, threads: 1, joined: 0, scenarios: ["s02_posneg", "s13_multi_objects"] },
  { backend: "wasm", isolated: true, threads: 2, joined: 0, scenarios: ["s06_mask", "s15_occluded"] },
  // One memory on the first tracked frame, two on the second.
  { backend: "webgpu", isolated: false, threads: 1, joined: 3, scenarios: WEBGPU_SCENARIOS },
] as const)("scenarios on $backend in Chromium, cross-origin isolated: $isolated", (setting) => {
  const { backend, isolated, threads, joined, scenarios } = setting;
  let browser: Browser;
  let server: TestServer;

  beforeAll(async () => {
    browser = await launchChromium({ webgpu: backend === "webgpu" });
    const folders = { "/golden/": goldenPath("") };
    const worker = new URL("../support/parity-worker.ts", import.meta.url);
    server = await startTestServer({ worker, folders, isolated });
  });

  afterAll(async () => {
    await browser.close();
    await server.close();
  });

  test.each(scenarios)(
    "%s",
    async (name) => {
      const report = await playInBrowser(browser, server, backend, name);
      measured.push({
        place: `${backend}, threads: ${report.threads > 1 ? "several" : "one"}`,
        name,
        report,
      });
      expect(report.differences).toEqual([]);
      expect(report.wrongPixels).toBe(0);
      expect(report.compared).toBeGreaterThan(15);
      expect(report.joined).toBeGreaterThanOrEqual(joined);
      expect(report.threads).toBeGreaterThanOrEqual(threads);
      for (const [what, worst] of Object.entries(report.worst)) {
        expect(worst, what).toBeLessThanOrEqual(END_TO_END_TOLERANCES[what]?.value ?? 0);
      }
    },
    600_000,
  );
});

afterAll(() => {
  if (process.env.WRITE_PARITY && measured.length > 0) writeBrowserTable(measured);
});

async function playInBrowser(
  browser: Browser,
  server: TestServer,
  backend: BrowserJob["backend"],
  name: string,
): Promise<BrowserReport> {
  const scenario = readGoldenScenario(name);
  const model = `mini/${scenario.config}`;
  const job: BrowserJob = { backend, model, scenario, tensors: encodeTensors(name) };
  server.answer("/job", JSON.stringify(job));
  const clip = readScenarioClip(scenario);
  const pictures = Array.from({ length: clip.frameCount }, (_, index) => clip.frame(index));
  server.answer("/clip", Buffer.concat(pictures));
  const page = await browser.newPage();
  try {
    await page.goto(server.url);
    const answer = await page.evaluate(askWorker);
    if ("error" in answer) throw new Error(answer.error);
    return answer;
  } finally {
    await page.close();
  }
}

/** Runs in the page. */
function askWorker(): Promise<BrowserReport | { error: string }> {
  return new Promise((resolve) => {
    const worker = new Worker("/worker.js", { type: "module" });
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => resolve({ error: message || "the worker did not start" });
    worker.postMessage({ jobUrl: "/job" });
  });
}

function encodeTensors(name: string): Record<string, EncodedTensor> {
  const tensors = [...readGoldenTensors(`mini/${name}.safetensors`)].filter(([key]) => NEEDED.test(key));
  return Object.fromEntries(
    tensors.map(([key, { dtype, shape, data }]) => {
      const base64 = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64");
      return [key, { dtype, shape, base64 }];
    }),
  );
}
