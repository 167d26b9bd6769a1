/** Tells the person when the engine was started again, and when there is none. No DOM. */
import { effect, type Signal } from "@preact/signals";
import type { Notice, SessionState } from "../session/session-state.ts";
import type { EngineState } from "./engine-state.ts";

/**
 * What it costs; why and what to do go before. The numbers: a matrix product runs at 50 GFLOP/s with WebAssembly
 * and at 250 natively, both with two threads (`tests/PERFORMANCE.md`); a panel may get one.
 */
export const WITHOUT_ENGINE =
  "Tracking goes on inside this panel, with WebAssembly: the same masks, but an official model takes five to ten " +
  "times as long. To try the engine again, close the panel and open it.";

/** Again with the first clip, whose opening takes earlier notices away. */
export function tellOfEngine(engine: Signal<EngineState>, { clip, opening, notice }: SessionState): void {
  let told = false;
  effect(() => {
    const { phase } = clip.value;
    if (engine.value.phase !== "absent" || told || opening.value !== null || phase === "failed") return;
    told = phase === "ready";
    notice.value = { tone: "warning", message: engine.value.why, remedy: WITHOUT_ENGINE };
  });
}

export function recoveredNotice(why: string): Notice {
  return {
    tone: "warning",
    message: `${why} It was started again, and what was tracked is all there.`,
    remedy: "Steps from before can't be undone. If it comes again, take a smaller model.",
  };
}
