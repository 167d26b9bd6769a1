/** Runs in a worker or in Node: the tracker as what is evaluated, called exactly as upstream's predictor. */
import type { FrameSource } from "../frames/frame-source.ts";
import { decodeMask } from "../mask-rle.ts";
import { type PredictorOptions, predictorOptionsFor, withOptions } from "../predictor-options.ts";
import type { FramePrompts, Semantics } from "../protocol.ts";
import type { Sam2Engine } from "../sam2-engine.ts";
import type { FrameResults } from "../session-results.ts";
import { TrackingSession } from "../tracking-session.ts";
import type { DatasetClip } from "./dataset-clip.ts";
import type { ClipSegmenter, SegmentedFrame, Segmenter } from "./segmenter.ts";

export type PredictorFlags = Readonly<Record<string, number | boolean>>;

export class SessionSegmenter implements Segmenter {
  readonly id: string;
  readonly understandsClicks = true;
  readonly #engine: Sam2Engine;
  readonly #semantics: Semantics;
  readonly #options: PredictorOptions;

  /** `flags`: of the predictor, by their official names. The engine is released by `close`. */
  constructor(id: string, engine: Sam2Engine, semantics: Semantics, flags: PredictorFlags = {}) {
    this.id = id;
    this.#engine = engine;
    this.#semantics = semantics;
    this.#options = withOptions(predictorOptionsFor(engine.config), flags);
  }

  async open(clip: DatasetClip, frames: FrameSource): Promise<ClipSegmenter> {
    // Upstream's `tools/vos_inference.py`: no overlaps where one file holds all objects.
    const options: PredictorOptions = { ...this.#options, non_overlap_masks: clip.exclusive };
    const semantics = this.#semantics;
    return new SessionClip(new TrackingSession({ engine: this.#engine, frames, options, semantics }));
  }

  close(): Promise<void> {
    return this.#engine.release();
  }
}

class SessionClip implements ClipSegmenter {
  readonly #session: TrackingSession;
  /** By object and frame, what was said there: more points are added to it, not said again. */
  readonly #said = new Map<number, Map<number, FramePrompts>>();

  constructor(session: TrackingSession) {
    this.#session = session;
  }

  async prompt(objectId: number, frameIndex: number, prompts: FramePrompts): Promise<SegmentedFrame> {
    const said = this.#said.get(objectId) ?? new Map<number, FramePrompts>();
    const results = await this.#add(objectId, frameIndex, prompts, said.get(frameIndex));
    this.#said.set(objectId, said.set(frameIndex, prompts));
    return ofObject(results, objectId);
  }

  /** A further click goes in as upstream's demo gives it: added, with the mask so far as a prompt. */
  #add(
    objectId: number,
    frameIndex: number,
    { points, box, mask }: FramePrompts,
    before: FramePrompts | undefined,
  ): Promise<FrameResults> {
    if (mask) {
      const pixels = decodeMask(mask);
      return this.#session.addMask(frameIndex, objectId, { width: mask.width, height: mask.height, pixels });
    }
    const continues = before !== undefined && !before.mask && points.length > before.points.length;
    const added = continues ? points.slice(before.points.length) : points;
    return this.#session.addPoints(frameIndex, objectId, {
      points: added.map(({ x, y }) => [x, y] as const),
      labels: added.map(({ label }) => label),
      alternative: added.at(-1)?.alternative ?? 0,
      ...(box && !continues ? { box: [box.x0, box.y0, box.x1, box.y1] as const } : {}),
      clearOldPoints: !continues,
    });
  }

  async forget(objectId: number): Promise<void> {
    this.#session.removeObject(objectId);
    this.#said.delete(objectId);
  }

  async track(
    objectIds: number[],
    from: number,
    to: number,
    onFrame: (results: SegmentedFrame[]) => boolean,
  ): Promise<void> {
    const range = { start: from, maxFrames: to - from, objectIds };
    for await (const results of this.#session.propagate(range)) {
      if (!onFrame(objectIds.map((id) => ofObject(results, id)))) return;
    }
  }

  async close(): Promise<void> {
    this.#session.release();
  }
}

/** An object without a result on the frame is absent there. */
function ofObject({ frameIndex, objects }: FrameResults, objectId: number): SegmentedFrame {
  const own = objects.find((object) => object.objectId === objectId)!;
  return { objectId, frameIndex, mask: own.mask, objectScore: own.output?.objectScore ?? -10 };
}
