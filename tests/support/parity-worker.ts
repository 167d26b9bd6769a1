/** Test support, in a Web Worker of a real browser: plays a recorded scenario on a backend of the browser. */
import { memorySource } from "../../models/byte-source.ts";
import { openCheckpoint } from "../../models/checkpoint/open-checkpoint.ts";
import { openSam2 } from "../../models/sam2/build-sam2.ts";
import { parseSam2Config } from "../../models/sam2/config.ts";
import type { InferenceRuntime } from "../../worker/inference/inference-session.ts";
import { wasmProvider, webgpuProvider } from "../../worker/inference/web-inference.ts";
import { Sam2Engine } from "../../worker/sam2-engine.ts";
import { failureOf } from "../../worker/tracker-error.ts";
import type { GoldenTensors } from "./golden.ts";
import { compareScenario } from "./parity.ts";
import type { BrowserJob, BrowserReport, EncodedTensor } from "./parity-job.ts";
import { framesOf } from "./rgb-frames.ts";

self.onmessage = async ({ data }: MessageEvent<{ jobUrl: string }>) => {
  try {
    const job = (await (await fetch(data.jobUrl)).json()) as BrowserJob;
    self.postMessage(await play(job));
  } catch (error) {
    const { message } = failureOf(error);
    self.postMessage({ error: error instanceof Error ? `${message}\n${error.stack}` : message });
  }
};

async function play({ backend, model, scenario, tensors }: BrowserJob): Promise<BrowserReport> {
  const config = parseSam2Config(await (await fetch(`/golden/${model}.yaml`)).text());
  const bytes = new Uint8Array(await (await fetch(`/golden/${model}.pt`)).arrayBuffer());
  const assets = async () => ({ baseUrl: new URL("/ort/", self.location.href).href });
  const runtime = await (backend === "webgpu" ? webgpuProvider(assets) : wasmProvider(assets)).open();
  const joins = countJoins(runtime);
  const engine = await Sam2Engine.load(
    await openSam2(await openCheckpoint(memorySource(bytes)), config),
    joins.runtime,
  );
  const started = performance.now();
  const golden: GoldenTensors = new Map(
    Object.entries(tensors).map(([name, tensor]) => [name, decode(tensor)]),
  );
  const [height, width] = scenario.video_hw;
  const clip = new Uint8Array(await (await fetch("/clip")).arrayBuffer());
  const frame = (index: number) =>
    clip.subarray(index * width * height * 3, (index + 1) * width * height * 3);
  const frames = framesOf({ frameCount: scenario.num_frames, width, height, frame });
  const report = await compareScenario(engine, frames, scenario, golden);
  await engine.release();
  return {
    threads: runtime.threads,
    joined: joins.count(),
    seconds: (performance.now() - started) / 1000,
    worst: Object.fromEntries(report.worst),
    compared: report.compared,
    wrongPixels: report.wrongPixels,
    differences: report.differences,
  };
}

function countJoins(runtime: InferenceRuntime) {
  let count = 0;
  const { join } = runtime;
  const counting: InferenceRuntime["join"] = (parts, shape) => {
    count += parts.filter((part) => !(part instanceof Float32Array)).length;
    return join!(parts, shape);
  };
  return { runtime: join ? { ...runtime, join: counting } : runtime, count: () => count };
}

function decode({ dtype, shape, base64 }: EncodedTensor) {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  return { dtype, shape, data: dtype === "U8" ? bytes : new Float32Array(bytes.buffer) };
}
