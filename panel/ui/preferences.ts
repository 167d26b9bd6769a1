/** How the person likes to look at things: view, tool, theme. In the page; kept in local storage. */
import { effect, type Signal, signal } from "@preact/signals";

export type ViewMode = "overlay" | "outline" | "matte" | "cutout" | "wipe";
export type Backdrop = "checker" | "black" | "white" | "green";
export type Tool = "point" | "box" | "brush" | "lasso" | "hand";
export type Theme = "auto" | "dark" | "light";

export interface Preferences {
  view: Signal<ViewMode>;
  backdrop: Signal<Backdrop>;
  tool: Signal<Tool>;
  theme: Signal<Theme>;
  /** Whether hovering shows what a click would select. */
  hover: Signal<boolean>;
  /** Diameter in pixels of the source frame. */
  brushSize: Signal<number>;
  /** 0 to 1 */
  opacity: Signal<number>;
  /** Whether the viewer shows the matte as it will be exported, edges treated. */
  treated: Signal<boolean>;
  /** Share of the width left of the wipe. */
  wipe: Signal<number>;
}

const KEY = "masklet-preferences";

const stored = (): Record<string, unknown> => {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "{}") as Record<string, unknown>;
  } catch {
    // Storage is forbidden or damaged: defaults will do.
    return {};
  }
};

export function createPreferences(): Preferences {
  const before = stored();
  const kept = <T>(name: string, otherwise: T) =>
    signal(typeof before[name] === typeof otherwise ? (before[name] as T) : otherwise);
  const preferences: Preferences = {
    view: kept<ViewMode>("view", "overlay"),
    backdrop: kept<Backdrop>("backdrop", "checker"),
    tool: signal<Tool>("point"),
    theme: kept<Theme>("theme", "auto"),
    hover: kept("hover", true),
    brushSize: kept("brushSize", 40),
    opacity: kept("opacity", 0.45),
    treated: signal(false),
    wipe: signal(0.5),
  };
  effect(() => {
    const { view, backdrop, theme, hover, brushSize, opacity } = preferences;
    const values = {
      view: view.value,
      backdrop: backdrop.value,
      theme: theme.value,
      hover: hover.value,
      brushSize: brushSize.value,
      opacity: opacity.value,
    };
    try {
      localStorage.setItem(KEY, JSON.stringify(values));
    } catch {
      // Not kept, then.
    }
  });
  return preferences;
}
