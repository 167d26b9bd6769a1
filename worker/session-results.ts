/** Pure: what a session shows of a frame, at the size of the clip. */
import { emptyMask } from "./mask-rle.ts";
import type { FrameOutput } from "./memory-bank.ts";
import {
  maskOfLogits,
  maskOfVideoLogits,
  NO_OBJECT_LOGIT,
  resizeLogits,
  suppressOverlaps,
} from "./postprocess.ts";
import type { Mask } from "./protocol.ts";

export interface FrameResults {
  frameIndex: number;
  /** In the order of the session's objects. */
  objects: ObjectResult[];
}

export interface ShownOutput extends ObjectOutput {
  /** [side, side]; null where the object has no result on this frame. */
  logits: Float32Array | null;
}

export interface ObjectResult extends ShownOutput {
  /** At the size of the clip; empty for an object without a result on this frame. */
  mask: Mask;
}

export interface ObjectOutput {
  objectId: number;
  /** Null where the object has no result on this frame. */
  output: FrameOutput | null;
  /** A person said something about the object on this frame. */
  prompted: boolean;
  milliseconds: number;
}

export interface ResultRules {
  /** Of the logit maps, S/4. */
  side: number;
  /** Of the clip, pixels. */
  width: number;
  height: number;
  /** Each pixel belongs to one object at most. */
  nonOverlap: boolean;
}

export function withLogits(outputs: readonly ObjectOutput[]): Promise<ShownOutput[]> {
  return Promise.all(
    outputs.map(async (object) => ({
      ...object,
      logits: object.output ? (await object.output.pixels.read()).logits : null,
    })),
  );
}

export function toFrameResults(
  frameIndex: number,
  outputs: readonly ShownOutput[],
  rules: ResultRules,
): FrameResults {
  const masks =
    rules.nonOverlap && outputs.length > 1 ? disjointMasks(outputs, rules) : plainMasks(outputs, rules);
  return {
    frameIndex,
    objects: outputs.map((output, index) => ({ ...output, mask: masks[index] as Mask })),
  };
}

function plainMasks(outputs: readonly ShownOutput[], { side, width, height }: ResultRules): Mask[] {
  return outputs.map(({ logits }) =>
    logits ? maskOfLogits(logits, side, width, height) : emptyMask(width, height),
  );
}

function disjointMasks(outputs: readonly ShownOutput[], rules: ResultRules): Mask[] {
  const { width, height } = rules;
  return videoLogits(outputs, rules).map((logits) => maskOfVideoLogits(logits, width, height));
}

/** [height, width] logits per object, as the official predictor returns them. */
export function videoLogits(
  outputs: readonly ShownOutput[],
  { side, width, height, nonOverlap }: ResultRules,
): Float32Array[] {
  const maps = outputs.map(({ logits }) =>
    logits
      ? resizeLogits(logits, side, width, height)
      : new Float32Array(width * height).fill(NO_OBJECT_LOGIT),
  );
  if (nonOverlap) suppressOverlaps(maps);
  return maps;
}
