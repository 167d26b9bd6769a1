/**
 * Pure: what the tracker remembers of one object, and which of it a frame reads.
 *
 * Outputs are never changed once they are in a bank; copies of a bank share them, so a kept state is cheap.
 */
import type { StoredPixels } from "./pixel-store.ts";
import type { PredictorOptions } from "./predictor-options.ts";
import type { Mask } from "./protocol.ts";

/** What one frame left behind for one object. */
export interface FrameOutput {
  /** Logits after gating and hole filling (shown, fed back with the next click), and the memory. */
  pixels: StoredPixels;
  /** [d], after gating by the object's score. */
  pointer: Float32Array;
  /** Logit; above 0 means visible. */
  objectScore: number;
  /** Of the selected mask, 0 to 1. */
  predictedIou: number;
  /** What a person gave as a mask, as finely as it was given; `pixels` holds it at the model's size. */
  maskPrompt?: Mask;
}

export type FrameOutputs = Map<number, FrameOutput>;

/** Frames in order of arrival, which is the order in which upstream's dictionaries give them. */
export interface MemoryBank {
  conditioning: FrameOutputs;
  nonConditioning: FrameOutputs;
}

interface Memory {
  /** 0 for conditioning frames; then 1 (oldest) to numMaskmem - 1 (the frame before). */
  timePosition: number;
  frameIndex: number;
  output: FrameOutput;
}

interface Pointer {
  /** Frames from the pointer to the current frame, as its time encoding sees them. */
  distance: number;
  frameIndex: number;
  output: FrameOutput;
}

export interface MemorySelection {
  memories: Memory[];
  pointers: Pointer[];
  /** Divides the pointers' distances: min(frames of the clip, max_obj_ptrs_in_encoder) - 1, at least 1. */
  longestDistance: number;
}

export interface SelectionContext {
  frameIndex: number;
  frameCount: number;
  reverse: boolean;
  numMaskmem: number;
  useObjectPointers: boolean;
  options: PredictorOptions;
}

/** Which memories and pointers a frame reads, in upstream's order. */
export function selectMemories(bank: MemoryBank, context: SelectionContext): MemorySelection {
  const { frameIndex, frameCount, options } = context;
  const { selected, unselected } = selectConditioningFrames(
    frameIndex,
    bank.conditioning,
    options.max_cond_frames_in_attn,
  );
  return {
    memories: [...conditioningMemories(selected), ...recentMemories(bank, unselected, context)],
    pointers: context.useObjectPointers
      ? [...conditioningPointers(selected, context), ...recentPointers(bank, unselected, context)]
      : [],
    // A clip of one frame would divide by 0 (upstream gets not-a-number there); its only distance is 0.
    longestDistance: Math.max(Math.min(frameCount, options.max_obj_ptrs_in_encoder) - 1, 1),
  };
}

/** Whether both read the very same outputs from the same distances. */
export function isSameSelection(a: MemorySelection, b: MemorySelection): boolean {
  return (
    a.longestDistance === b.longestDistance &&
    a.memories.length === b.memories.length &&
    a.pointers.length === b.pointers.length &&
    a.memories.every(({ output, timePosition }, index) => {
      const other = b.memories[index];
      return other?.output === output && other.timePosition === timePosition;
    }) &&
    a.pointers.every(({ output, distance }, index) => {
      const other = b.pointers[index];
      return other?.output === output && other.distance === distance;
    })
  );
}

/**
 * Up to `limit` conditioning frames (-1: all): the nearest before, the nearest at or after, then by distance.
 */
export function selectConditioningFrames(
  frameIndex: number,
  conditioning: FrameOutputs,
  limit: number,
): { selected: FrameOutputs; unselected: FrameOutputs } {
  if (limit === -1 || conditioning.size <= limit) return { selected: conditioning, unselected: new Map() };
  const frames = [...conditioning.keys()];
  const before = Math.max(...frames.filter((frame) => frame < frameIndex));
  const after = Math.min(...frames.filter((frame) => frame >= frameIndex));
  const nearest = [before, after].filter(Number.isFinite);
  const others = frames
    .filter((frame) => !nearest.includes(frame))
    .sort((a, b) => Math.abs(a - frameIndex) - Math.abs(b - frameIndex))
    .slice(0, limit - nearest.length);
  const chosen = [...nearest, ...others];
  const pick = (list: number[]) => new Map(list.map((frame) => [frame, outputAt(conditioning, frame)]));
  return { selected: pick(chosen), unselected: pick(frames.filter((frame) => !chosen.includes(frame))) };
}

function outputAt(outputs: FrameOutputs, frameIndex: number): FrameOutput {
  const output = outputs.get(frameIndex);
  if (output) return output;
  throw new Error(`Expected an output of frame ${frameIndex} in the memory bank.`);
}

// ---------------------------------------------------------------- spatial memories

function conditioningMemories(selected: FrameOutputs): Memory[] {
  return [...selected].map(([frameIndex, output]) => ({ timePosition: 0, frameIndex, output }));
}

/** The frames before this one in tracking order, oldest first; absent ones are skipped, not padded. */
function recentMemories(bank: MemoryBank, unselected: FrameOutputs, context: SelectionContext): Memory[] {
  const memories: Memory[] = [];
  for (let timePosition = 1; timePosition < context.numMaskmem; timePosition++) {
    const frameIndex = recentFrame(context, context.numMaskmem - timePosition);
    const output = bank.nonConditioning.get(frameIndex) ?? unselected.get(frameIndex);
    if (output) memories.push({ timePosition, frameIndex, output });
  }
  return memories;
}

/** The frame `back` steps before: the last one always, beyond that every `stride`-th frame of the clip. */
function recentFrame({ frameIndex, reverse, options }: SelectionContext, back: number): number {
  const stride = options.memory_temporal_stride_for_eval;
  if (back === 1) return reverse ? frameIndex + 1 : frameIndex - 1;
  if (!reverse) return Math.floor((frameIndex - 2) / stride) * stride - (back - 2) * stride;
  return Math.ceil((frameIndex + 2) / stride) * stride + (back - 2) * stride;
}

// ---------------------------------------------------------------- object pointers

function conditioningPointers(selected: FrameOutputs, context: SelectionContext): Pointer[] {
  const { frameIndex, reverse, options } = context;
  const sign = reverse ? -1 : 1;
  return [...selected]
    .filter(([frame]) => {
      if (!options.only_obj_ptrs_in_the_past_for_eval) return true;
      return reverse ? frame >= frameIndex : frame <= frameIndex;
    })
    .map(([frame, output]) => {
      const signed = (frameIndex - frame) * sign;
      const distance = options.use_signed_tpos_enc_to_obj_ptrs ? signed : Math.abs(signed);
      return { distance, frameIndex: frame, output };
    });
}

function recentPointers(bank: MemoryBank, unselected: FrameOutputs, context: SelectionContext): Pointer[] {
  const { frameIndex, frameCount, reverse, options } = context;
  const pointers: Pointer[] = [];
  const count = Math.min(frameCount, options.max_obj_ptrs_in_encoder);
  for (let distance = 1; distance < count; distance++) {
    const frame = reverse ? frameIndex + distance : frameIndex - distance;
    if (frame < 0 || frame >= frameCount) break;
    const output = bank.nonConditioning.get(frame) ?? unselected.get(frame);
    if (output) pointers.push({ distance, frameIndex: frame, output });
  }
  return pointers;
}
