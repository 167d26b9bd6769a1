/** Benchmark support, in Node: a model of true size on one backend. */
import { readFileSync } from "node:fs";
import { memorySource } from "../../../models/byte-source.ts";
import { openCheckpoint } from "../../../models/checkpoint/open-checkpoint.ts";
import { openSam2 } from "../../../models/sam2/build-sam2.ts";
import { parseSam2Config, type Sam2Config } from "../../../models/sam2/config.ts";
import { officialConfig, type Sam2Size } from "../../../models/sam2/official-configs.ts";
import type { Sam2Model } from "../../../models/sam2/sam2-model.ts";
import type { InferenceRuntime } from "../../../worker/inference/inference-session.ts";
import { createOrtRuntime, type Ort } from "../../../worker/inference/ort-session.ts";
import { nativeProvider } from "../../../worker/node/native-inference.ts";
import { seededCheckpoint } from "../../support/mini-model.ts";

export type BenchBackend = "native" | "wasm" | "webgpu";

export function configOf(model: string, inputSize: number | null): Sam2Config {
  const config = model === "builtin" ? builtinConfig() : officialConfig("2.1", model as Sam2Size);
  return inputSize === null ? config : { ...config, imageSize: inputSize };
}

function builtinConfig(): Sam2Config {
  return parseSam2Config(readFileSync("models/embedded/masklet-nano.yaml", "utf8"));
}

export function builtinBytes(): Uint8Array {
  return readFileSync("models/embedded/masklet-nano.pt");
}

/**
 * The built-in model's own weights, seeded ones elsewhere, so that no download is needed. The graphs' speed does not
 * depend on their values, but that of coding a mask does: seeded ones give masks of noise.
 */
export function weightsOf(model: string, config: Sam2Config): Uint8Array {
  return model === "builtin" ? builtinBytes() : seededBytes(config);
}

export function seededBytes(config: Sam2Config): Uint8Array {
  return seededCheckpoint(config);
}

export async function openModel(bytes: Uint8Array, config: Sam2Config): Promise<Sam2Model> {
  return openSam2(await openCheckpoint(memorySource(bytes)), config);
}

export function openBackend(backend: BenchBackend, threads: number): Promise<InferenceRuntime> {
  if (backend === "webgpu") return openNativeWebgpu();
  return backend === "native" ? nativeProvider({ threads }).open() : openWasm(threads);
}

/** The WebGPU provider that onnxruntime-node brings along: the page's kernels on Vulkan, Metal or D3D12. */
async function openNativeWebgpu(): Promise<InferenceRuntime> {
  const ort = await import("onnxruntime-node");
  return createOrtRuntime(ort as Ort, {
    backend: "webgpu",
    threads: 1,
    half: true, // a card without it says so itself
    sessionOptions: { executionProviders: ["webgpu"], graphOptimizationLevel: "all", logSeverityLevel: 3 },
    oneAtATime: true,
  });
}

/** The build that pages get, with threads: `wasmProvider` gives Node one, because it asks for an isolated page. */
async function openWasm(threads: number): Promise<InferenceRuntime> {
  const ort = await import("onnxruntime-web");
  ort.env.logLevel = "error";
  ort.env.wasm.numThreads = threads;
  return createOrtRuntime(ort, {
    backend: "wasm",
    threads,
    sessionOptions: { executionProviders: ["wasm"], graphOptimizationLevel: "all" },
    oneAtATime: true,
  });
}
