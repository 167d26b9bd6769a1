/**
 * Runs in the tracking worker or in Node: one frame of one object (or of several whose memories have the
 * same structure) through memory attention, mask decoder and memory encoder.
 */
import type { Alternative } from "./alternatives.ts";
import type { Tensor } from "./inference/inference-session.ts";
import {
  gatePointer,
  type MaskDecision,
  type SelectedMask,
  selectMask,
  usesMultimask,
} from "./mask-selection.ts";
import type { FrameOutput, MemorySelection } from "./memory-bank.ts";
import type { PixelStore } from "./pixel-store.ts";
import { downsampleMaskPrompt, fillHoles, maskPromptLogits, resizeAntialiased } from "./postprocess.ts";
import type { PredictorOptions } from "./predictor-options.ts";
import { clampPreviousLogits, type PointInputs, toDecoderPrompt } from "./prompt-encoding.ts";
import type { DecoderPrompt, ImageFeatures, Sam2Engine } from "./sam2-engine.ts";

export interface StepContext {
  engine: Sam2Engine;
  pixels: PixelStore;
  options: PredictorOptions;
}

export interface StepResult {
  output: FrameOutput;
  /** Null where the mask prompt itself is the result. */
  decision: MaskDecision | null;
}

/** A frame's feature as the decoder gets it: with memory, or with the sign for "no memory yet". */
export interface Embedding {
  tensor: Tensor;
  noMemory: boolean;
}

// ---------------------------------------------------------------- prompted frames

export interface PointStep {
  points: PointInputs;
  /** The frame has no earlier result: it is segmented without any memory. */
  initial: boolean;
  previousLogits: Float32Array | null;
  alternative: Alternative;
}

export async function segmentPoints(
  context: StepContext,
  features: ImageFeatures,
  embedding: Embedding,
  { points, initial, previousLogits, alternative }: PointStep,
): Promise<StepResult> {
  const multimask = usesMultimask(initial, points.labels.length, context.options);
  const previous = previousLogits && clampPreviousLogits(previousLogits);
  return runDecoder(context, features, embedding, toDecoderPrompt(points, previous), multimask, alternative);
}

/** `mask`: [S, S] of 0 and 1. Models that decode mask prompts read `embedding`; the others don't. */
export async function segmentMask(
  context: StepContext,
  features: ImageFeatures,
  embedding: () => Promise<Embedding>,
  mask: Uint8Array,
  initial: boolean,
): Promise<StepResult> {
  if (context.options.use_mask_input_as_output_without_sam) {
    return { output: await maskAsOutput(context, features, mask), decision: null };
  }
  const { imageSize } = context.engine.config;
  const { maskSide } = context.engine;
  const prompt = resizeAntialiased(mask, imageSize, imageSize, maskSide, maskSide);
  const multimask = usesMultimask(initial, 0, context.options);
  return runDecoder(context, features, await embedding(), toDecoderPrompt(null, prompt), multimask);
}

async function runDecoder(
  context: StepContext,
  features: ImageFeatures,
  { tensor, noMemory }: Embedding,
  prompt: DecoderPrompt,
  multimask: boolean,
  alternative: Alternative = 0,
): Promise<StepResult> {
  const [candidates] = await context.engine.decode(features, tensor, noMemory, [prompt]);
  if (!candidates) throw new Error("Expected the decoder to answer for one object, got none.");
  const selected = selectMask(candidates, multimask, rulesOf(context), alternative);
  return { output: toOutput(context, selected, null), decision: selected.decision };
}

/** The mask prompt is the result; the decoder only makes the pointer, and the object is there if any pixel is. */
async function maskAsOutput(
  context: StepContext,
  features: ImageFeatures,
  mask: Uint8Array,
): Promise<FrameOutput> {
  const { imageSize } = context.engine.config;
  const logits = maskPromptLogits(mask, imageSize);
  const present = mask.includes(1);
  const pointer = await maskPointer(context, features, mask);
  return {
    pixels: context.pixels.put({ logits: withoutHoles(context, logits), memory: null }),
    pointer: gatePointer(pointer, present ? 1 : 0, rulesOf(context)),
    objectScore: present ? 10 : -10,
    predictedIou: 1,
  };
}

/** Gated by the decoder's own score first, as upstream does; the raw feature, without the sign for no memory. */
async function maskPointer(
  context: StepContext,
  features: ImageFeatures,
  mask: Uint8Array,
): Promise<Float32Array> {
  const { config, constants } = context.engine;
  if (!constants.maskDownsample) return new Float32Array(config.neck.dModel);
  const maskLogits = downsampleMaskPrompt(mask, config.imageSize, constants.maskDownsample);
  const embedding = { tensor: features.s16, noMemory: false };
  const { output } = await runDecoder(context, features, embedding, toDecoderPrompt(null, maskLogits), false);
  return output.pointer;
}

// ---------------------------------------------------------------- tracked frames

/** All selections have the same numbers of memories and pointers; results come in their order. */
export async function trackObjects(
  context: StepContext,
  features: ImageFeatures,
  selections: MemorySelection[],
): Promise<StepResult[]> {
  const selected = await decodeWithMemory(context, features, selections);
  const memories = await context.engine.encodeMemories(
    features,
    selected.map(({ logits, objectScore }) => ({ logits, binarize: false, visible: objectScore > 0 })),
  );
  return selected.map((mask, index) => ({
    output: toOutput(context, mask, memories[index] as Uint16Array),
    decision: mask.decision,
  }));
}

async function decodeWithMemory(
  context: StepContext,
  features: ImageFeatures,
  selections: MemorySelection[],
): Promise<SelectedMask[]> {
  const { engine, options } = context;
  const conditioned = await engine.attendToMemory(features, selections);
  try {
    const prompts = selections.map(() => toDecoderPrompt(null, null));
    const candidates = await engine.decode(features, conditioned, false, prompts);
    const multimask = usesMultimask(false, 0, options);
    return candidates.map((candidate) => selectMask(candidate, multimask, rulesOf(context)));
  } finally {
    conditioned.release();
  }
}

/** The memory of a prompted frame, made when tracking starts, from the mask as it is shown. */
export async function encodePromptedMemory(
  { engine, options }: StepContext,
  features: ImageFeatures,
  { pixels, objectScore }: FrameOutput,
): Promise<Uint16Array> {
  const { logits } = await pixels.read();
  const binarize = options.binarize_mask_from_pts_for_mem_enc;
  const [memory] = await engine.encodeMemories(features, [{ logits, binarize, visible: objectScore > 0 }]);
  if (!memory) throw new Error("Expected one encoded memory, got none.");
  return memory;
}

// ---------------------------------------------------------------- shared

function rulesOf({ engine, options }: StepContext) {
  return { config: engine.config, options, noObjectPointer: engine.constants.noObjectPointer };
}

/** What is stored has its holes filled; the memory of a tracked frame was made before that. */
function toOutput(context: StepContext, selected: SelectedMask, memory: Uint16Array | null): FrameOutput {
  const { logits, pointer, objectScore, predictedIou } = selected;
  const pixels = context.pixels.put({ logits: withoutHoles(context, logits), memory });
  return { pixels, pointer, objectScore, predictedIou };
}

function withoutHoles({ engine, options }: StepContext, logits: Float32Array): Float32Array {
  if (options.fill_hole_area === 0) return logits;
  return fillHoles(logits, engine.maskSide, options.fill_hole_area);
}
