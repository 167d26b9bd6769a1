/** Runs in the tracking worker or in Node: one run over a stretch of a clip, with its progress and its end. */
import { assertInClip } from "./frames/frame-range.ts";
import { maskArea } from "./mask-rle.ts";
import type { FrameResult, TrackProgress, TrackRequest, TrackSummary } from "./protocol.ts";
import type { FrameResults, ObjectResult } from "./session-results.ts";
import { hasConditioningFrame } from "./tracked-object.ts";
import { isAbort } from "./tracker-error.ts";
import type { TrackingSession } from "./tracking-session.ts";
import { planZoom, type ZoomRequest, zoomPass } from "./zoom-pass.ts";

export async function track(
  session: TrackingSession,
  request: TrackRequest,
  onProgress: (progress: TrackProgress) => void | Promise<void>,
  signal: AbortSignal,
): Promise<TrackSummary> {
  const { objectIds, from, to, stopAtCuts = false, zoom = false } = request;
  assertInClip(session.frames.info, from);
  assertInClip(session.frames.info, to);
  const ids = objectIds ?? promptedObjects(session);
  if (zoom) return zoomIn(session, { objectIds: ids, from, to, signal }, onProgress);
  const step = from <= to ? 1 : -1;
  const totalFrames = Math.abs(to - from) + 1;
  let cutAt: number | null = null;
  const onCut = (frameIndex: number) => {
    cutAt = frameIndex;
  };
  const run = session.propagate({
    start: from,
    maxFrames: totalFrames - 1,
    reverse: step < 0,
    objectIds: ids,
    signal,
    ...(stopAtCuts && { onCut }),
  });
  const doneFrames = await takeAll(run, totalFrames, onProgress);
  if (doneFrames === totalFrames) return { ended: "complete", doneFrames, resumeAt: null };
  if (cutAt !== null) return { ended: "cut", doneFrames, resumeAt: cutAt };
  return { ended: "cancelled", doneFrames, resumeAt: from + step * doneFrames };
}

/** There is nothing to resume: what is not done keeps its tracked masks. */
async function zoomIn(
  session: TrackingSession,
  request: ZoomRequest,
  onProgress: (progress: TrackProgress) => void | Promise<void>,
): Promise<TrackSummary> {
  const plan = await planZoom(session, request);
  const doneFrames = await takeAll(zoomPass(session, plan, request.signal), plan.frames, onProgress);
  return { ended: doneFrames === plan.frames ? "complete" : "cancelled", doneFrames, resumeAt: null };
}

/** Returns how many came before the end or the signal. */
async function takeAll(
  run: AsyncIterable<FrameResults>,
  totalFrames: number,
  onProgress: (progress: TrackProgress) => void | Promise<void>,
): Promise<number> {
  const clock = new FrameClock(totalFrames);
  let doneFrames = 0;
  try {
    for await (const results of run) {
      doneFrames++;
      await onProgress({ ...toProgress(results), ...clock.tick() });
    }
  } catch (error) {
    if (!isAbort(error)) throw error;
  }
  return doneFrames;
}

function promptedObjects(session: TrackingSession): number[] {
  return [...session.objects.values()].filter(hasConditioningFrame).map(({ id }) => id);
}

function toProgress({ frameIndex, objects }: FrameResults): Pick<TrackProgress, "results" | "frameIndex"> {
  const results = objects.flatMap((object) => resultOf(frameIndex, object) ?? []);
  return { frameIndex, results };
}

/** Frames a second and time left, from the second frame on: the first one warms the runtime up. */
class FrameClock {
  readonly #totalFrames: number;
  #doneFrames = 0;
  #firstDone = 0;

  constructor(totalFrames: number) {
    this.#totalFrames = totalFrames;
  }

  tick(): Pick<TrackProgress, "doneFrames" | "totalFrames" | "secondsLeft" | "framesPerSecond"> {
    const now = performance.now();
    this.#doneFrames++;
    if (this.#doneFrames === 1) this.#firstDone = now;
    const [doneFrames, totalFrames] = [this.#doneFrames, this.#totalFrames];
    const seconds = (now - this.#firstDone) / 1000;
    const isKnown = doneFrames > 1 && seconds > 0;
    const framesPerSecond = isKnown ? (doneFrames - 1) / seconds : null;
    const secondsLeft = framesPerSecond ? (totalFrames - doneFrames) / framesPerSecond : null;
    return { doneFrames, totalFrames, secondsLeft, framesPerSecond };
  }
}

// ---------------------------------------------------------------- results as the interface says them

/** Null where the object has no result on this frame. */
export function resultOfObject(results: FrameResults, objectId: number): FrameResult | null {
  const object = results.objects.find((candidate) => candidate.objectId === objectId);
  return object ? resultOf(results.frameIndex, object) : null;
}

function resultOf(frameIndex: number, { objectId, mask, output, prompted, milliseconds }: ObjectResult) {
  if (!output) return null;
  const { objectScore, predictedIou } = output;
  const origin = prompted ? ("prompted" as const) : ("tracked" as const);
  return {
    objectId,
    frameIndex,
    mask,
    objectScore,
    predictedIou,
    area: maskArea(mask),
    origin,
    milliseconds,
  };
}
