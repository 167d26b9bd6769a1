/** How long a frame took with each model on this machine, and the speed option chosen; kept from visit to visit. In the page. */
import { effect } from "@preact/signals";
import type { SessionState } from "../session/session-state.ts";
import { SPEED_OPTIONS } from "../session/speed-options.ts";

const KEY = "masklet-speeds";
const CHOICE_KEY = "masklet-speed";

export function keepSpeeds({ speeds, speed }: Pick<SessionState, "speeds" | "speed">): void {
  try {
    const before: unknown = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    if (before && typeof before === "object") speeds.value = before as Record<string, number>;
    const chosen = localStorage.getItem(CHOICE_KEY);
    speed.value = SPEED_OPTIONS.find(({ name }) => name === chosen)?.name ?? "exact";
  } catch {
    // Storage is forbidden or damaged: measured anew, then.
  }
  effect(() => {
    const text = JSON.stringify(speeds.value);
    const chosen = speed.value;
    try {
      localStorage.setItem(CHOICE_KEY, chosen);
      localStorage.setItem(KEY, text);
    } catch {
      // Not kept, then.
    }
  });
}
