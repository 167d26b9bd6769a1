/** Runs in Node: the built-in model on a clip in memory, prompted with true masks, for the matte benchmark. */
import { openSam2 } from "../../models/sam2/build-sam2.ts";
import type { BinaryMask } from "../../worker/evaluation/binary-mask.ts";
import { arrayFrameSource } from "../../worker/frames/array-frame-source.ts";
import { decodeMask } from "../../worker/mask-rle.ts";
import { nativeProvider } from "../../worker/node/native-inference.ts";
import { openWantedModel } from "../../worker/node/node-library.ts";
import { predictorOptionsFor } from "../../worker/predictor-options.ts";
import type { Mask } from "../../worker/protocol.ts";
import { Sam2Engine } from "../../worker/sam2-engine.ts";
import { TrackingSession } from "../../worker/tracking-session.ts";
import type { ComposedFrame } from "./composed-clips.ts";

export async function builtinEngine(): Promise<Sam2Engine> {
  const { checkpoint, config, close } = await openWantedModel({
    model: process.env.MASKLET_BENCH_MODEL ?? "builtin",
  });
  try {
    const runtime = await nativeProvider({ threads: 1 }).open();
    return await Sam2Engine.load(await openSam2(checkpoint, config), runtime);
  } finally {
    close();
  }
}

export interface TrackedClip {
  session: TrackingSession;
  masks: BinaryMask[];
  /** Logits; above 0 means visible. */
  scores: number[];
  ious: number[];
  milliseconds: number;
}

/** The object's true mask is given on `prompted` frames; the session is the caller's to close. */
export async function trackClip(
  engine: Sam2Engine,
  frames: readonly ComposedFrame[],
  prompted: readonly number[],
): Promise<TrackedClip> {
  const source = arrayFrameSource(
    frames.map(({ picture }) => picture),
    "clip",
  );
  const session = new TrackingSession({
    engine,
    frames: source,
    options: predictorOptionsFor(engine.config),
  });
  for (const frame of prompted) {
    const { width, height, data } = frames[frame]!.mask;
    await session.addMask(frame, 1, { width, height, pixels: data });
  }
  const tracked: TrackedClip = { session, masks: [], scores: [], ious: [], milliseconds: 0 };
  const started = performance.now();
  for await (const { frameIndex, objects } of session.propagate({ start: 0 })) {
    const { mask, output } = objects[0]!;
    tracked.masks[frameIndex] = binaryOf(mask);
    tracked.scores[frameIndex] = output!.objectScore;
    tracked.ious[frameIndex] = output!.predictedIou;
  }
  tracked.milliseconds = performance.now() - started;
  return tracked;
}

export const binaryOf = (mask: Mask): BinaryMask => ({ ...mask, data: decodeMask(mask) });
