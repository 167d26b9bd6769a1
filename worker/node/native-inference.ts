/** Runs in Node: onnxruntime-node, the fastest backend on a processor. */
import { availableParallelism } from "node:os";
import type { ExecutionProvider, ProviderReport } from "../inference/execution-provider.ts";
import { createOrtRuntime, type Ort } from "../inference/ort-session.ts";

/** An optional package: loaded when wanted, so that a machine without it still runs on WebAssembly. */
const loadPackage = () => import("onnxruntime-node");

/**
 * Each of the four graphs has threads of its own, which after a run spin for a while, waiting for the next. The next
 * run is another graph's: on as many cores as threads the waiting ones take them from the working ones. So they stop
 * with the run (ONNX Runtime, onnxruntime_session_options_config_keys.h); measured in tests/PERFORMANCE.md.
 */
const CALM_THREADS = { session: { force_spinning_stop: "1" } };

export interface NativeOptions {
  /** Processor threads of one run; absent: all cores that this process may use. */
  threads?: number;
}

export function nativeProvider({ threads = availableParallelism() }: NativeOptions = {}): ExecutionProvider {
  return {
    backend: "native",
    probe: () => probeNative(threads),
    open: async () => {
      const ort = await loadPackage();
      return createOrtRuntime(ort as Ort, {
        backend: "native",
        threads,
        sessionOptions: {
          executionProviders: ["cpu"],
          graphOptimizationLevel: "all",
          intraOpNumThreads: threads,
          interOpNumThreads: 1,
          executionMode: "sequential",
          logSeverityLevel: 3,
          extra: CALM_THREADS,
        },
        oneAtATime: false,
      });
    },
  };
}

async function probeNative(threads: number): Promise<ProviderReport> {
  try {
    await loadPackage();
    return { available: true, threads, reason: `onnxruntime-node, ${threads} threads` };
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    return {
      available: false,
      threads,
      reason: `onnxruntime-node is not usable on ${process.platform} ${process.arch}: ${said}`,
    };
  }
}
