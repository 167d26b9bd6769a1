/** Pure: the prompts and the range of a command line become the operations of a session. */
import { assertInClip } from "../../frames/frame-range.ts";
import type { ClipInfo } from "../../protocol.ts";
import { TrackerError } from "../../tracker-error.ts";
import { UsageError } from "../terminal/command.ts";
import type { MaskOperation, Operation, PointsOperation, PropagateOperation } from "./operation.ts";
import type { ObjectPrompt, TrackOptions } from "./track-options.ts";

type Range = Pick<TrackOptions, "from" | "to" | "direction">;

/** @throws UsageError, or TrackerError `out-of-range`. */
export function planOperations(prompts: readonly ObjectPrompt[], range: Range, info: ClipInfo): Operation[] {
  const frameOf = (frame: number | null) => frame ?? range.from ?? 0;
  const said = new Map<string, PointsOperation | MaskOperation>();
  for (const { object, prompt } of prompts) {
    const frame = frameOf(prompt.frame);
    assertInClip(info, frame);
    const key = `${frame} ${object}`;
    said.set(key, joined(said.get(key), object, frame, prompt));
  }
  const operations = [...said.values()];
  return [
    ...operations,
    ...passes(
      operations.map((operation) => operation.frame),
      range,
      info,
    ),
  ];
}

/** All points and the box of one object on one frame are said in one go. */
function joined(
  before: PointsOperation | MaskOperation | undefined,
  object: string,
  frame: number,
  prompt: ObjectPrompt["prompt"],
): PointsOperation | MaskOperation {
  const where = `object "${object}" on frame ${frame}`;
  if (prompt.kind === "mask") {
    if (before) throw new UsageError(`A mask says everything about ${where}: give nothing else there.`);
    return { op: "mask", frame, object, file: prompt.file };
  }
  if (before?.op === "mask")
    throw new UsageError(`A mask says everything about ${where}: give nothing else there.`);
  const said = before ?? { op: "points", frame, object, points: [], labels: [], clearOldPoints: true };
  if (prompt.kind === "point") {
    return {
      ...said,
      points: [...said.points, [prompt.x, prompt.y]],
      labels: [...said.labels, prompt.label],
      ...(prompt.alternative > 0 && { alternative: prompt.alternative }),
    };
  }
  if (said.box) throw new UsageError(`There is more than one box for ${where}; one is enough.`);
  return { ...said, box: prompt.box };
}

/** Forward from the earliest prompt, backward from the latest; both meet at the earliest. */
function passes(promptFrames: readonly number[], range: Range, info: ClipInfo): PropagateOperation[] {
  const low = range.from ?? 0;
  const high = range.to ?? info.frameCount - 1;
  assertLastFrame(high, info);
  const earliest = Math.min(...promptFrames);
  const latest = Math.max(...promptFrames);
  const passes: PropagateOperation[] = [];
  if (range.direction !== "backward") passes.push(forward(Math.max(low, earliest), high));
  if (range.direction === "backward") passes.push(backward(Math.min(high, latest), low));
  if (range.direction === "both" && earliest > low) passes.push(backward(Math.min(high, earliest), low));
  return passes;
}

function forward(start: number, last: number): PropagateOperation {
  if (start > last) throw new UsageError(`The prompt is on frame ${start}, after --to ${last}.`);
  return { op: "propagate", start, maxFrames: last - start, reverse: false };
}

function backward(start: number, first: number): PropagateOperation {
  if (start < first) throw new UsageError(`The prompt is on frame ${start}, before --from ${first}.`);
  return { op: "propagate", start, maxFrames: start - first, reverse: true };
}

function assertLastFrame(frame: number, { name, frameCount }: ClipInfo): void {
  if (frame < frameCount) return;
  throw new TrackerError(
    "out-of-range",
    `--to ${frame} is not in ${name}: its frames are 0 to ${frameCount - 1}.`,
    `Choose a frame from 0 to ${frameCount - 1}.`,
  );
}
