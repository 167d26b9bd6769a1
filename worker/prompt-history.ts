/**
 * Runs in the tracking worker or in Node: prompts as a person states them, all at once for a frame, become
 * the official predictor's clicks, one after the other, each refining the mask of the one before.
 *
 * Declarative: what a frame was before its first prompt is remembered, and so is the answer to each click.
 * The same prompts always give the same mask; one more click costs one decoder run, taking it back none.
 */
import { ALTERNATIVES, isAlternative } from "./alternatives.ts";
import { decodeMask, runsOfMask } from "./mask-rle.ts";
import type { FrameOutput } from "./memory-bank.ts";
import { appendPoints, encodePoints, type PointsOrBox } from "./prompt-encoding.ts";
import type { BoxPrompt, FramePrompts, Mask, PointPrompt } from "./protocol.ts";
import { badPrompt } from "./session-errors.ts";
import {
  clearPrompts,
  type FrameState,
  frameStateOf,
  putFrameState,
  type TrackedObject,
  UNPROMPTED,
} from "./tracked-object.ts";
import type { TrackingSession } from "./tracking-session.ts";

type Step =
  | { kind: "box"; box: BoxPrompt }
  | { kind: "point"; point: PointPrompt }
  | { kind: "mask"; mask: Mask };

/** Never changed, only replaced: kept states share it. */
export interface PromptHistory {
  /** The frame before the first of `steps`; null: as it is found when the next prompt comes. */
  before: FrameState | null;
  /** Prompts that were there before, and which a propagation has settled. */
  settled: readonly Step[];
  /** Whether `steps` go on from the settled prompts, or start over. */
  goesOn: boolean;
  steps: readonly { step: Step; answer: FrameOutput }[];
}

/** Makes `prompts` all that is said about the object on the frame; empty prompts clear it. */
export async function applyPrompts(
  session: TrackingSession,
  objectId: number,
  frameIndex: number,
  prompts: FramePrompts,
): Promise<void> {
  const wanted = toSteps(prompts, session.frames.info);
  const object = session.objects.get(objectId);
  if (wanted.length === 0) {
    if (object) clear(session, object, frameIndex);
    return;
  }
  const history = object?.history.get(frameIndex) ?? UNTOUCHED;
  const before = history.before ?? (object ? frameStateOf(object, frameIndex) : null);
  if (object && history.before) putFrameState(object, frameIndex, history.before);
  const plan = planSteps(history, wanted);
  if (object) repeat(session, object, frameIndex, history, plan);
  let steps = plan.known;
  for (const [index, step] of plan.added.entries()) {
    const isFirst = !plan.goesOn && plan.known.length + index === 0;
    await give(session, objectId, frameIndex, step, isFirst);
    const answered = session.objectWithId(objectId);
    steps = [...steps, { step, answer: newestAnswer(answered, frameIndex) }];
    const { goesOn } = plan;
    const state = before ?? UNPROMPTED;
    answered.history.set(frameIndex, { before: state, settled: history.settled, goesOn, steps });
  }
}

/** Called when a propagation passes a frame: its prompts are part of the bank now. */
export function settleHistory(object: TrackedObject, frameIndex: number): void {
  const history = object.history.get(frameIndex);
  if (!history) return;
  const said = history.steps.map(({ step }) => step);
  const settled = history.goesOn ? [...history.settled, ...said] : said;
  object.history.set(frameIndex, { before: null, settled, goesOn: false, steps: [] });
}

const UNTOUCHED: PromptHistory = { before: null, settled: [], goesOn: false, steps: [] };

/** Upstream turns a cleared frame into an ordinary one; otherwise it becomes what it was before any prompt. */
function clear(session: TrackingSession, object: TrackedObject, frameIndex: number): void {
  const before = object.history.get(frameIndex)?.before;
  if (session.semantics === "sticky" && before) putFrameState(object, frameIndex, before);
  else clearPrompts(object, frameIndex);
  object.history.delete(frameIndex);
}

interface Plan {
  goesOn: boolean;
  known: PromptHistory["steps"];
  added: Step[];
}

/** Which of the wanted steps are answered already, and which are to be given. */
function planSteps({ settled, goesOn, steps }: PromptHistory, wanted: Step[]): Plan {
  const continues = settled.length > 0 && isPrefix(settled, wanted);
  const rest = continues ? wanted.slice(settled.length) : wanted;
  const answered = goesOn === continues ? steps : [];
  const differs = rest.findIndex((step, index) => !isSameStep(step, answered[index]?.step));
  const shared = differs === -1 ? rest.length : differs;
  return { goesOn: continues, known: answered.slice(0, shared), added: rest.slice(shared) };
}

function isPrefix(prefix: readonly Step[], steps: readonly Step[]): boolean {
  return prefix.every((step, index) => isSameStep(step, steps[index]));
}

function isSameStep(a: Step, b: Step | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function toSteps({ points, box, mask }: FramePrompts, frame: { width: number; height: number }): Step[] {
  if (mask && (points.length > 0 || box)) {
    throw badPrompt("A frame has points and a box, or a mask; it got both.");
  }
  if (mask) return [{ kind: "mask", mask: ofFrameSize(mask, frame) }];
  for (const point of points) checkPoint(point, frame);
  if (box) checkBox(box, frame);
  return [
    ...(box ? [{ kind: "box", box } as const] : []),
    ...points.map((point) => ({ kind: "point", point }) as const),
  ];
}

/** Upstream would stretch any mask over the frame; here it is more likely a mistake. */
function ofFrameSize(mask: Mask, { width, height }: { width: number; height: number }): Mask {
  if (mask.width === width && mask.height === height) return undamaged(mask);
  throw badPrompt(
    `A mask has the size of the clip, ${width} x ${height} pixels; got ${mask.width} x ${mask.height}.`,
  );
}

function undamaged(mask: Mask): Mask {
  try {
    runsOfMask(mask);
    return mask;
  } catch (error) {
    throw badPrompt(error instanceof Error ? error.message : String(error));
  }
}

function checkPoint(
  { x, y, alternative = 0 }: PointPrompt,
  { width, height }: { width: number; height: number },
): void {
  if (!isAlternative(alternative)) {
    throw badPrompt(`A click has ${ALTERNATIVES.length} masks, counted from 0; got ${alternative}.`);
  }
  if (x >= 0 && y >= 0 && x <= width && y <= height) return;
  throw badPrompt(`A point lies inside the frame (${width} x ${height} pixels), got ${x}, ${y}.`);
}

/** Corners may lie outside, as a person drags; something must be left inside. */
function checkBox(box: BoxPrompt, { width, height }: { width: number; height: number }): void {
  const { x0, y0, x1, y1 } = box;
  const across = Math.min(x1, width) - Math.max(x0, 0);
  const down = Math.min(y1, height) - Math.max(y0, 0);
  if (across > 0 && down > 0) return;
  throw badPrompt(
    `A box goes from its top left to its bottom right corner and covers part of the frame (${width} x ${height} pixels), got ${x0}, ${y0} to ${x1}, ${y1}.`,
  );
}

/** Puts the known answers in place. */
function repeat(
  session: TrackingSession,
  object: TrackedObject,
  frameIndex: number,
  history: PromptHistory,
  { known, goesOn }: Plan,
): void {
  const last = known.at(-1);
  if (!last) return;
  object.fresh[session.situationOf(object, frameIndex).storage].set(frameIndex, last.answer);
  for (const [index, { step }] of known.entries()) {
    remember(session, object, frameIndex, step, !goesOn && index === 0);
  }
  object.history.set(frameIndex, { ...history, goesOn, steps: known });
}

/** What `give` leaves in the object besides its answer. */
function remember(
  session: TrackingSession,
  object: TrackedObject,
  frameIndex: number,
  step: Step,
  isFirst: boolean,
): void {
  if (step.kind === "mask") {
    object.points.delete(frameIndex);
    object.masks.add(frameIndex);
    return;
  }
  const added = encodePoints(toPoints(step), session.frames.info, session.engine.config.imageSize);
  const old = isFirst ? undefined : object.points.get(frameIndex);
  object.points.set(frameIndex, appendPoints(old, added));
  object.masks.delete(frameIndex);
}

function toPoints(step: Exclude<Step, { kind: "mask" }>): PointsOrBox {
  if (step.kind === "point") {
    return { points: [[step.point.x, step.point.y]], labels: [step.point.label] };
  }
  const { x0, y0, x1, y1 } = step.box;
  return { box: [x0, y0, x1, y1] };
}

async function give(
  session: TrackingSession,
  objectId: number,
  frameIndex: number,
  step: Step,
  isFirst: boolean,
): Promise<void> {
  if (step.kind === "mask") {
    const { width, height } = step.mask;
    await session.addMask(frameIndex, objectId, { width, height, pixels: decodeMask(step.mask) });
    return;
  }
  const clearOldPoints = isFirst || step.kind === "box";
  const alternative = step.kind === "point" ? (step.point.alternative ?? 0) : 0;
  await session.addPoints(frameIndex, objectId, { ...toPoints(step), clearOldPoints, alternative });
}

function newestAnswer({ fresh }: TrackedObject, frameIndex: number): FrameOutput {
  const answer = fresh.conditioning.get(frameIndex) ?? fresh.nonConditioning.get(frameIndex);
  if (answer) return answer;
  throw new Error(`Expected an answer to the prompt on frame ${frameIndex}, got none.`);
}
