/** Clicking with the keyboard: a crosshair that arrow keys move. In the page. */
import type { Panel } from "../panel-context.ts";
import { openClipOf } from "../session/session-state.ts";

/** Pixels of the source frame; with Shift one pixel. */
const STEP = 10;

const DIRECTIONS: Record<string, readonly [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

export function useCrosshairKeys({ session, viewer }: Panel) {
  return (event: KeyboardEvent) => {
    const clip = openClipOf(session.state);
    if (!clip || event.target !== event.currentTarget) return;
    const at = viewer.crosshair.value ?? { x: clip.width / 2, y: clip.height / 2 };
    const direction = DIRECTIONS[event.key];
    if (direction && event.ctrlKey) {
      const step = event.shiftKey ? 1 : STEP;
      const within = (value: number, size: number) => Math.min(size - 0.5, Math.max(0.5, value));
      const [dx, dy] = direction;
      viewer.crosshair.value = {
        x: within(at.x + dx * step, clip.width),
        y: within(at.y + dy * step, clip.height),
      };
      viewer.hoverAt(viewer.crosshair.value);
      event.preventDefault();
    } else if (event.key === "Enter") {
      viewer.crosshair.value = at;
      void session.prompts.addPoint({ ...at, label: event.altKey ? 0 : 1 });
      event.preventDefault();
    }
  };
}
