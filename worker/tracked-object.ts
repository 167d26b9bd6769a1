/** Pure: everything that the tracker holds about one object, with upstream's distinctions. */
import type { FrameOutput, FrameOutputs, MemoryBank } from "./memory-bank.ts";
import type { PointInputs } from "./prompt-encoding.ts";
import type { PromptHistory } from "./prompt-history.ts";

export interface TrackedObject {
  readonly id: number;
  /** What a person said, by frame; a frame has points or a mask, never both. */
  points: Map<number, PointInputs>;
  masks: Set<number>;
  bank: MemoryBank;
  /** Answers to prompts that tracking has not taken over into the bank yet. */
  fresh: MemoryBank;
  /** Frames that a propagation went over, and in which direction it went last. */
  tracked: Map<number, { reverse: boolean }>;
  /** How prompted frames came about, for prompts that are stated all at once. */
  history: Map<number, PromptHistory>;
}

export type StorageKey = keyof MemoryBank;

export function createObject(id: number): TrackedObject {
  return {
    id,
    points: new Map(),
    masks: new Set(),
    bank: emptyBank(),
    fresh: emptyBank(),
    tracked: new Map(),
    history: new Map(),
  };
}

function emptyBank(): MemoryBank {
  return { conditioning: new Map(), nonConditioning: new Map() };
}

/** Shares the outputs, which nobody changes: cost is a few numbers per frame. */
export function copyObject({
  id,
  points,
  masks,
  bank,
  fresh,
  tracked,
  history,
}: TrackedObject): TrackedObject {
  return {
    id,
    points: new Map(points),
    masks: new Set(masks),
    bank: copyBank(bank),
    fresh: copyBank(fresh),
    tracked: new Map(tracked),
    history: new Map(history),
  };
}

function copyBank({ conditioning, nonConditioning }: MemoryBank): MemoryBank {
  return { conditioning: new Map(conditioning), nonConditioning: new Map(nonConditioning) };
}

/** The newest output on a frame: a fresh answer of this kind, else what the bank has. */
export function newestOutput(
  { fresh, bank }: TrackedObject,
  storage: StorageKey,
  frameIndex: number,
): FrameOutput | null {
  return (
    fresh[storage].get(frameIndex) ??
    bank.conditioning.get(frameIndex) ??
    bank.nonConditioning.get(frameIndex) ??
    null
  );
}

/** What is shown of a frame: the answer to its newest prompt, else what tracking made of it. */
export function outputOn(object: TrackedObject, frameIndex: number): FrameOutput | null {
  const corrected = object.fresh.nonConditioning.get(frameIndex);
  return corrected ?? newestOutput(object, "conditioning", frameIndex);
}

/** Frames with a prompt, ascending. */
export function promptedFrames({ points, masks }: TrackedObject): number[] {
  return [...new Set([...points.keys(), ...masks.keys()])].sort((a, b) => a - b);
}

export function hasConditioningFrame({ fresh, bank }: TrackedObject): boolean {
  return fresh.conditioning.size > 0 || bank.conditioning.size > 0;
}

/** Takes the prompts of a frame away; what tracking made of them stays as an ordinary frame's output. */
export function clearPrompts(object: TrackedObject, frameIndex: number): void {
  object.points.delete(frameIndex);
  object.masks.delete(frameIndex);
  object.fresh.conditioning.delete(frameIndex);
  object.fresh.nonConditioning.delete(frameIndex);
  const output = object.bank.conditioning.get(frameIndex);
  if (!output) return;
  object.bank.conditioning.delete(frameIndex);
  object.bank.nonConditioning.set(frameIndex, output);
  object.tracked.delete(frameIndex);
}

/** Forgets ordinary frames within `reach` of a frame. */
export function forgetAround(outputs: FrameOutputs, frameIndex: number, reach: number): void {
  for (const frame of [...outputs.keys()]) {
    if (Math.abs(frame - frameIndex) <= reach) outputs.delete(frame);
  }
}

// ---------------------------------------------------------------- one frame of an object

/** All that an object holds about one frame. */
export interface FrameState {
  points: PointInputs | null;
  mask: boolean;
  bank: { conditioning: FrameOutput | null; nonConditioning: FrameOutput | null };
  fresh: { conditioning: FrameOutput | null; nonConditioning: FrameOutput | null };
  tracked: { reverse: boolean } | null;
}

/** A frame of which an object knows nothing. */
export const UNPROMPTED: FrameState = {
  points: null,
  mask: false,
  bank: { conditioning: null, nonConditioning: null },
  fresh: { conditioning: null, nonConditioning: null },
  tracked: null,
};

export function frameStateOf(object: TrackedObject, frameIndex: number): FrameState {
  return {
    points: object.points.get(frameIndex) ?? null,
    mask: object.masks.has(frameIndex),
    bank: outputsOn(object.bank, frameIndex),
    fresh: outputsOn(object.fresh, frameIndex),
    tracked: object.tracked.get(frameIndex) ?? null,
  };
}

function outputsOn({ conditioning, nonConditioning }: MemoryBank, frameIndex: number): FrameState["bank"] {
  return {
    conditioning: conditioning.get(frameIndex) ?? null,
    nonConditioning: nonConditioning.get(frameIndex) ?? null,
  };
}

export function putFrameState(object: TrackedObject, frameIndex: number, state: FrameState): void {
  put(object.points, frameIndex, state.points);
  if (state.mask) object.masks.add(frameIndex);
  else object.masks.delete(frameIndex);
  for (const storage of ["conditioning", "nonConditioning"] as const) {
    put(object.bank[storage], frameIndex, state.bank[storage]);
    put(object.fresh[storage], frameIndex, state.fresh[storage]);
  }
  put(object.tracked, frameIndex, state.tracked);
}

function put<T>(map: Map<number, T>, key: number, value: T | null): void {
  if (value === null) map.delete(key);
  else map.set(key, value);
}
