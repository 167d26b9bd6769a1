/** Runs in a Web Worker, a page or Node: onnxruntime-web on WebAssembly and on WebGPU. */
import type { Env } from "onnxruntime-common";
import { GraphBuilder } from "../../models/onnx/graph-builder.ts";
import type { ExecutionProvider, ProviderReport } from "./execution-provider.ts";
import type { InferenceRuntime } from "./inference-session.ts";
import { createOrtRuntime, type Ort, type OrtRuntimeOptions } from "./ort-session.ts";

/** Beyond this many threads WebAssembly gains nothing: the graphs' loops are too short. */
const MAX_THREADS = 8;

/**
 * Where the runtime's WebAssembly comes from, always the same origin: bytes in hand (a single-file panel
 * has nothing to fetch from), or a folder's address. Absent: the package's own files, as in Node.
 */
interface WasmAssets {
  bytes?: Uint8Array;
  /** Ends in a slash. */
  baseUrl?: string;
  /** There is only the binary that knows WebGPU: it serves the processor too, a little slower. */
  onlyBinary?: boolean;
}

type FindAssets = () => Promise<WasmAssets>;

const fromPackage: FindAssets = async () => ({});

// ---------------------------------------------------------------- WebAssembly

export function wasmProvider(findAssets = fromPackage): ExecutionProvider {
  return {
    backend: "wasm",
    probe: async () => wasmReport(),
    open: async () => {
      const assets = await findAssets();
      const ort = assets.onlyBinary
        ? await import("onnxruntime-web/webgpu")
        : await import("onnxruntime-web/wasm");
      // Threads start from the runtime's own file, which a page of one file has not.
      const threads = assets.onlyBinary ? 1 : wasmReport().threads;
      configure(ort.env, assets, threads);
      const sessionOptions: OrtSessionOptions = {
        executionProviders: ["wasm"],
        graphOptimizationLevel: "all",
      };
      await compile(ort as Ort, sessionOptions);
      return createOrtRuntime(ort as Ort, { backend: "wasm", threads, sessionOptions, oneAtATime: true });
    },
  };
}

function wasmReport(): ProviderReport {
  if (!hasIsolation()) {
    return {
      available: true,
      threads: 1,
      reason: "one thread, because the page is not cross-origin isolated",
    };
  }
  const threads = Math.min(navigator.hardwareConcurrency, MAX_THREADS);
  return { available: true, threads, reason: `${threads} threads` };
}

/** The condition for shared memory, and so for threads. In Node it is false: use the native backend there. */
function hasIsolation(): boolean {
  return globalThis.crossOriginIsolated === true && typeof SharedArrayBuffer !== "undefined";
}

function configure(env: Env, { bytes, baseUrl }: WasmAssets, threads: number): void {
  env.logLevel = "error";
  env.wasm.numThreads = threads;
  env.wasm.proxy = false;
  if (baseUrl !== undefined) env.wasm.wasmPaths = baseUrl;
  if (bytes) env.wasm.wasmBinary = bytes;
}

type OrtSessionOptions = OrtRuntimeOptions["sessionOptions"];

/**
 * ONNX Runtime fetches and compiles its WebAssembly for the first session: here for one that does nothing. What
 * fails is for the first real session to report.
 */
async function compile(ort: Ort, sessionOptions: OrtSessionOptions): Promise<void> {
  try {
    const session = await ort.InferenceSession.create(await doingNothing(), sessionOptions);
    await session.release();
  } catch {}
}

async function doingNothing(): Promise<Uint8Array> {
  const graph = new GraphBuilder("mask-decoder");
  graph.output("result", graph.input("value", "float32", [1]), [1]);
  return (await graph.finish()).model;
}

// ---------------------------------------------------------------- WebGPU

/** WebGPU's name for float16 in shaders. */
const HALF: GPUFeatureName = "shader-f16";

export function webgpuProvider(findAssets = fromPackage): ExecutionProvider {
  return { backend: "webgpu", probe: probeWebgpu, open: async () => openWebgpu(await findAssets()) };
}

async function probeWebgpu(): Promise<ProviderReport> {
  const none = (reason: string) => ({ available: false, threads: 1, reason });
  if (typeof navigator === "undefined" || !navigator.gpu) {
    return none("this browser has no WebGPU (it needs a current version and a secure page)");
  }
  const adapter = await navigator.gpu.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) return none("the browser finds no graphics card that WebGPU can use");
  const { vendor, architecture, description } = adapter.info;
  const name = description || [vendor, architecture].filter(Boolean).join(" ") || "unnamed adapter";
  return { available: true, threads: 1, reason: name, half: adapter.features.has(HALF) };
}

async function openWebgpu(assets: WasmAssets): Promise<InferenceRuntime> {
  const ort = await import("onnxruntime-web/webgpu");
  configure(ort.env, assets, 1);
  const device = await requestDevice();
  const sessionOptions: OrtSessionOptions = {
    executionProviders: [{ name: "webgpu", device }],
    graphOptimizationLevel: "all",
  };
  await compile(ort as Ort, sessionOptions);
  return createOrtRuntime(ort as Ort, {
    backend: "webgpu",
    threads: 1,
    sessionOptions,
    oneAtATime: true,
    device,
    half: device.features.has(HALF),
    lost: device.lost.then(({ message, reason }) => message || reason || "no reason given"),
  });
}

/** A device of our own, so that its loss is seen and its limits are the adapter's, not the defaults. */
async function requestDevice(): Promise<GPUDevice> {
  const adapter = await navigator.gpu.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) throw new Error("WebGPU offers no graphics adapter.");
  const { limits } = adapter;
  const wanted: GPUFeatureName[] = [HALF, "subgroups", "timestamp-query"];
  return adapter.requestDevice({
    requiredFeatures: wanted.filter((feature) => adapter.features.has(feature)),
    requiredLimits: {
      maxBufferSize: limits.maxBufferSize,
      maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
      maxStorageBuffersPerShaderStage: limits.maxStorageBuffersPerShaderStage,
      maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
      maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
      maxComputeWorkgroupSizeX: limits.maxComputeWorkgroupSizeX,
      maxComputeWorkgroupSizeY: limits.maxComputeWorkgroupSizeY,
      maxComputeWorkgroupSizeZ: limits.maxComputeWorkgroupSizeZ,
      maxComputeWorkgroupsPerDimension: limits.maxComputeWorkgroupsPerDimension,
    },
  });
}
