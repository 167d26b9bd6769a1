/** How far the host's work is, for a bar and in words. Pure. */
import type { HostTimelineState } from "./host-timeline.ts";

/** `total` is 0 where nobody knows; no words where nothing is under way. */
export function progressOf(state: HostTimelineState): [done: number, total: number, words: string] {
  switch (state.phase) {
    case "reading":
      return [
        state.doneFrames,
        state.totalFrames,
        `Frame ${state.doneFrames} of ${state.totalFrames} from the host`,
      ];
    case "writing":
      return [state.doneFiles, state.totalFiles, `Matte frame ${state.doneFiles} of ${state.totalFiles}`];
    case "placing":
      return state.total === 0
        ? [0, 0, "Placing it on the timeline …"]
        : [state.done, state.total, `Keyframe ${state.done} of ${state.total}`];
    case "checking":
      return [0, 0, "Trying it out …"];
    case "checked":
    case "idle":
    case "written":
      return [0, 0, ""];
  }
}
