/** What the panel shows of the engine, and the tracker that uses it. No DOM. */
import { type Signal, signal } from "@preact/signals";
import type { ConnectedTracker } from "./engine-tracker.ts";
import { RecoveringTracker, type TrackerSupply } from "./recovering-tracker.ts";

export type EngineState =
  | { phase: "starting" }
  | { phase: "running"; nodeVersion: string; codecsProblem: string; residentBytes: number | null }
  | { phase: "restarting"; why: string }
  /** A worker in the page does the job. */
  | { phase: "absent"; why: string };

export interface Engine {
  tracker: RecoveringTracker;
  state: Signal<EngineState>;
  /** Takes a report of the engine. */
  measured(residentBytes: number): void;
}

/** `recovered`: undo steps from before are gone, everything else is where it was. */
export function trackWithEngine(supply: TrackerSupply, recovered: (why: string) => void): Engine {
  const state = signal<EngineState>({ phase: "starting" });
  let why = "";
  const tracker = new RecoveringTracker(supply, {
    connected: ({ greeting }: ConnectedTracker) => {
      if (!greeting) return;
      const { nodeVersion, codecsProblem } = greeting;
      state.value = { phase: "running", nodeVersion, codecsProblem, residentBytes: null };
    },
    lost: (reason) => {
      why = reason;
      state.value = { phase: "restarting", why };
    },
    recovered: () => recovered(why),
    noEngine: (reason) => {
      state.value = { phase: "absent", why: reason };
    },
  });
  return {
    tracker,
    state,
    measured: (residentBytes) => {
      if (state.value.phase === "running") state.value = { ...state.value, residentBytes };
    },
  };
}
