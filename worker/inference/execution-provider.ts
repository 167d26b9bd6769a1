/** Runs anywhere: which backends this machine has, and the choice among them, with reasons in words. */
import type { Backend, TrackerEnvironment } from "../protocol.ts";
import { TrackerError } from "../tracker-error.ts";
import type { InferenceRuntime } from "./inference-session.ts";

/** One way to run graphs. `worker/` has those of the web, `worker/node/` the native one. */
export interface ExecutionProvider {
  readonly backend: Backend;
  /** Cheap: loads no runtime. `reason` says in words why not, or with what. */
  probe(): Promise<ProviderReport>;
  /** Loads the runtime; may be called once more after a device was lost. */
  open(): Promise<InferenceRuntime>;
}

export interface ProviderReport {
  available: boolean;
  threads: number;
  reason: string;
  /** Computes in float16; absent: no. */
  half?: boolean;
}

export interface ChosenRuntime {
  runtime: InferenceRuntime;
  /** Why not a faster one; empty when it is the fastest. */
  reason: string;
}

/** Best first, as the product prefers them. */
const PREFERENCE: readonly Backend[] = ["native", "webgpu", "wasm"];

/** The wanted backend or nothing else; without a wish, the best one that opens. */
export async function chooseRuntime(
  providers: readonly ExecutionProvider[],
  wanted?: Backend,
): Promise<ChosenRuntime> {
  const candidates = wanted ? providers.filter(({ backend }) => backend === wanted) : inOrder(providers);
  const reasons: string[] = [];
  if (candidates.length === 0) reasons.push(`${wanted ?? "any backend"}: not part of this build`);
  for (const provider of candidates) {
    const report = await provider.probe();
    if (!report.available) {
      reasons.push(`${provider.backend}: ${report.reason}`);
      continue;
    }
    try {
      return { runtime: await provider.open(), reason: reasons.join("; ") };
    } catch (error) {
      reasons.push(`${provider.backend}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new TrackerError(
    "internal",
    `No backend can run models here (${reasons.join("; ")}).`,
    "Choose another backend, or use a current browser or the command line.",
  );
}

/** What the panel and `masklet info` show. */
export async function describeEnvironment(
  providers: readonly ExecutionProvider[],
  isolated: boolean,
): Promise<TrackerEnvironment> {
  const backends = await Promise.all(
    inOrder(providers).map(async (provider) => ({ backend: provider.backend, ...(await provider.probe()) })),
  );
  return { backends, crossOriginIsolated: isolated, advice: adviceFor(backends) };
}

function inOrder(providers: readonly ExecutionProvider[]): ExecutionProvider[] {
  return [...providers].sort((a, b) => PREFERENCE.indexOf(a.backend) - PREFERENCE.indexOf(b.backend));
}

function adviceFor(backends: TrackerEnvironment["backends"]): string {
  const best = backends.find(({ available }) => available);
  if (!best) return "No backend can run models here; use a current browser or the command line.";
  if (best.backend !== "wasm") return "";
  if (backends.some(({ backend }) => backend === "webgpu"))
    return "Tracking runs on the processor; with WebGPU, on a graphics card, it would be faster.";
  return best.threads === 1 ? "Tracking runs on one processor thread; the native backend is faster." : "";
}
