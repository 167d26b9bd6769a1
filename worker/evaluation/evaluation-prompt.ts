/** Runs anywhere: which prompt an evaluation gives, and giving it as a careful person would. */
import { ALTERNATIVES, type Alternative } from "../alternatives.ts";
import { decodeMask, encodeMask } from "../mask-rle.ts";
import type { FramePrompts, PointPrompt } from "../protocol.ts";
import { TrackerError } from "../tracker-error.ts";
import type { BinaryMask } from "./binary-mask.ts";
import { boxAround, nextClick } from "./click-sampling.ts";
import { jaccard } from "./jaccard-and-boundary.ts";
import type { ClipSegmenter, SegmentedFrame } from "./segmenter.ts";

/** What is given on the frame on which an object first appears. */
export type EvaluationPrompt =
  | { kind: "mask" }
  | { kind: "box" }
  | { kind: "clicks"; count: number }
  /** One click, and of its masks the best one: what a person does who goes through them. */
  | { kind: "best-click" };

/** "click", "best-click", "box", "mask" or "clicks:N". @throws TrackerError */
export function parsePrompt(text: string): EvaluationPrompt {
  if (text === "mask" || text === "box" || text === "best-click") return { kind: text };
  if (text === "click") return { kind: "clicks", count: 1 };
  const count = Number(/^clicks:(\d+)$/.exec(text)?.[1]);
  if (count >= 1 && count <= MOST_CLICKS) return { kind: "clicks", count };
  throw new TrackerError(
    "bad-config",
    `A prompt is click, best-click, box, mask or clicks:N with N from 1 to ${MOST_CLICKS}, got "${text}".`,
    "Correct --prompt.",
  );
}

/** As many as the interactive-segmentation literature counts; whoever needs more has given up. */
export const MOST_CLICKS = 20;

export interface Prompted {
  result: SegmentedFrame;
  /** Everything that was said on the frame so far. */
  prompts: FramePrompts;
  /** Clicks of this time. */
  clicks: number;
}

/** The first prompt of an object; `truth` is its mask on that frame and must not be empty. */
export async function givePrompt(
  segmenter: ClipSegmenter,
  objectId: number,
  frameIndex: number,
  truth: BinaryMask,
  prompt: EvaluationPrompt,
): Promise<Prompted> {
  if (prompt.kind === "clicks") {
    const given = await giveCorrections(segmenter, objectId, frameIndex, truth, null, prompt.count);
    if (given === null) throw absent();
    return given;
  }
  if (prompt.kind === "best-click") return giveBestClick(segmenter, objectId, frameIndex, truth);
  const prompts: FramePrompts =
    prompt.kind === "mask"
      ? { points: [], mask: encodeMask(truth.data, truth.width, truth.height) }
      : { points: [], box: boxAround(truth)! };
  return { result: await segmenter.prompt(objectId, frameIndex, prompts), prompts, clicks: 0 };
}

const absent = () => new RangeError("An object must be there on the frame that it is prompted on.");

/** Each mask is asked for afresh: upstream refines what a frame has already. */
async function giveBestClick(
  segmenter: ClipSegmenter,
  objectId: number,
  frameIndex: number,
  truth: BinaryMask,
): Promise<Prompted> {
  const click = nextClick(truth, null);
  if (click === null) throw absent();
  const give = async (alternative: Alternative) => {
    const prompts: FramePrompts = { points: [{ ...click, alternative }] };
    return { result: await segmenter.prompt(objectId, frameIndex, prompts), prompts, clicks: 1 };
  };
  let best: { alternative: Alternative; J: number } = { alternative: 0, J: -1 };
  for (const alternative of ALTERNATIVES) {
    const J = jaccard(binaryMaskOf((await give(alternative)).result), truth);
    await segmenter.forget(objectId);
    if (J > best.J) best = { alternative, J };
  }
  return give(best.alternative);
}

/** What a frame shows, and what was said there before. */
export interface FrameSoFar {
  shown: BinaryMask;
  prompts: FramePrompts;
}

/**
 * Clicks one after the other, each where the largest error of the mask so far is, added to what was said
 * on the frame before (null: nothing, and nothing is shown). Ends early when no error is left; without any
 * error there is no click and the result is null.
 */
export async function giveCorrections(
  segmenter: ClipSegmenter,
  objectId: number,
  frameIndex: number,
  truth: BinaryMask,
  soFar: FrameSoFar | null,
  count: number,
): Promise<Prompted | null> {
  let given: Prompted | null = null;
  let current = soFar?.shown ?? null;
  let { mask: _, ...prompts } = soFar?.prompts ?? { points: [] };
  for (let clicks = 1; clicks <= count; clicks++) {
    const click = nextClick(truth, current);
    if (click === null) break;
    prompts = { ...prompts, points: [...prompts.points, click] };
    given = { result: await segmenter.prompt(objectId, frameIndex, prompts), prompts, clicks };
    current = binaryMaskOf(given.result);
  }
  return given;
}

/**
 * Clicks needed on one frame until J reaches `goal`; null when `MOST_CLICKS` don't suffice. Leaves the
 * object forgotten, so that a track afterwards starts afresh.
 */
export async function clicksToReach(
  goal: number,
  segmenter: ClipSegmenter,
  objectId: number,
  frameIndex: number,
  truth: BinaryMask,
): Promise<number | null> {
  const points: PointPrompt[] = [];
  let current: BinaryMask | null = null;
  let reached: number | null = null;
  while (reached === null && points.length < MOST_CLICKS) {
    const click = nextClick(truth, current);
    if (click === null) break;
    points.push(click);
    current = binaryMaskOf(await segmenter.prompt(objectId, frameIndex, { points: [...points] }));
    if (jaccard(current, truth) >= goal) reached = points.length;
  }
  await segmenter.forget(objectId);
  return reached;
}

export function binaryMaskOf({ mask }: SegmentedFrame): BinaryMask {
  return { width: mask.width, height: mask.height, data: decodeMask(mask) };
}
