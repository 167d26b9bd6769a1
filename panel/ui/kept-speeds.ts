/** How long a frame took with each model on this machine, kept from visit to visit. In the page. */
import { effect, type Signal } from "@preact/signals";

const KEY = "masklet-speeds";

export function keepSpeeds(speeds: Signal<Record<string, number>>): void {
  try {
    const before: unknown = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    if (before && typeof before === "object") speeds.value = before as Record<string, number>;
  } catch {
    // Storage is forbidden or damaged: measured anew, then.
  }
  effect(() => {
    const text = JSON.stringify(speeds.value);
    try {
      localStorage.setItem(KEY, text);
    } catch {
      // Not kept, then.
    }
  });
}
