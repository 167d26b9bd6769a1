/** Pure: everything that the tracker holds about one object, with upstream's distinctions. */
import type { FrameOutput, FrameOutputs, MemoryBank } from "./memory-bank.ts";
import type { PointInputs } from "./prompt-encoding.ts";
import type { Mask } from "./protocol.ts";

export interface TrackedObject {
  readonly id: number;
  /** What a person said, by frame; a frame has points or a mask, never both. */
  points: Map<number, PointInputs>;
  masks: Map<number, Mask>;
  bank: MemoryBank;
  /** Answers to prompts that tracking has not taken over into the bank yet. */
  fresh: MemoryBank;
  /** Frames that a propagation went over, and in which direction it went last. */
  tracked: Map<number, { reverse: boolean }>;
}

export type StorageKey = keyof MemoryBank;

export function createObject(id: number): TrackedObject {
  return {
    id,
    points: new Map(),
    masks: new Map(),
    bank: emptyBank(),
    fresh: emptyBank(),
    tracked: new Map(),
  };
}

function emptyBank(): MemoryBank {
  return { conditioning: new Map(), nonConditioning: new Map() };
}

/** Shares the outputs, which nobody changes: cost is a few numbers per frame. */
export function copyObject({ id, points, masks, bank, fresh, tracked }: TrackedObject): TrackedObject {
  return {
    id,
    points: new Map(points),
    masks: new Map(masks),
    bank: copyBank(bank),
    fresh: copyBank(fresh),
    tracked: new Map(tracked),
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
