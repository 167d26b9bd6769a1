/** What the timeline strip says about each frame of an object. Pure. */
import { hasPrompts, type TrackedObject } from "../session/document.ts";
import { stretchesOf } from "../session/visibility.ts";

export type FrameStatus = "none" | "tracked" | "hidden" | "uncertain" | "stale";

/** Frames `from` to `to`, both included. */
interface StatusRun {
  from: number;
  to: number;
  status: FrameStatus;
}

export interface ObjectRow {
  runs: StatusRun[];
  /** Frames with a person's word on them. */
  prompted: number[];
}

/** As few runs as possible, ascending; frames without a record are in none. */
export function objectRow(object: TrackedObject): ObjectRow {
  const records = [...object.records.values()].sort((a, b) => a.frameIndex - b.frameIndex);
  const runs: StatusRun[] = [];
  const put = (frame: number, status: FrameStatus) => {
    const last = runs[runs.length - 1];
    if (last && last.status === status && last.to + 1 === frame) last.to = frame;
    else runs.push({ from: frame, to: frame, status });
  };
  const states = statesByFrame(object);
  for (const { frameIndex, staleSince } of records)
    put(frameIndex, staleSince === null ? (states.get(frameIndex) ?? "tracked") : "stale");
  const prompted = [...object.prompts].filter(([, prompts]) => hasPrompts(prompts)).map(([frame]) => frame);
  return { runs, prompted: prompted.sort((a, b) => a - b) };
}

function statesByFrame(object: TrackedObject): Map<number, FrameStatus> {
  const states = new Map<number, FrameStatus>();
  for (const { from, to, state } of stretchesOf(object))
    for (let frame = from; frame <= to; frame++) states.set(frame, state === "visible" ? "tracked" : state);
  return states;
}

export const statusAt = (row: ObjectRow, frame: number): FrameStatus =>
  row.runs.find((run) => frame >= run.from && frame <= run.to)?.status ?? "none";

/** For people, one word each. */
export const STATUS_WORDS: Record<FrameStatus, string> = {
  none: "not tracked yet",
  tracked: "tracked",
  hidden: "hidden",
  uncertain: "uncertain",
  stale: "out of date",
};
