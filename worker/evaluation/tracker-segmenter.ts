/** Runs anywhere: the tracker as what is evaluated, through the same interface that the panel uses. */
import type { FramePrompts, FrameResult, Outcome, TrackerApi } from "../protocol.ts";
import { TrackerError } from "../tracker-error.ts";
import type { DatasetClip } from "./dataset-clip.ts";
import type { ClipSegmenter, SegmentedFrame, Segmenter } from "./segmenter.ts";

export class TrackerSegmenter implements Segmenter {
  readonly id: string;
  readonly understandsClicks = true;
  readonly #tracker: TrackerApi;
  readonly #release: () => Promise<void>;

  /** `tracker` has its model loaded; `release` is called once by `close`. */
  constructor(id: string, tracker: TrackerApi, release: () => Promise<void> = async () => {}) {
    this.id = id;
    this.#tracker = tracker;
    this.#release = release;
  }

  async open(clip: DatasetClip): Promise<ClipSegmenter> {
    const blobs = await Promise.all(clip.framePaths.map((path) => clip.folder.blob(path)));
    const { name, framesPerSecond } = clip;
    const info = unwrap(await this.#tracker.openClip({ kind: "stills", blobs, name, framesPerSecond }));
    return new TrackedClipSession(this.#tracker, info.clipId);
  }

  close(): Promise<void> {
    return this.#release();
  }
}

class TrackedClipSession implements ClipSegmenter {
  readonly #tracker: TrackerApi;
  readonly #clipId: string;

  constructor(tracker: TrackerApi, clipId: string) {
    this.#tracker = tracker;
    this.#clipId = clipId;
  }

  async prompt(objectId: number, frameIndex: number, prompts: FramePrompts): Promise<SegmentedFrame> {
    const result: FrameResult | null = unwrap(
      await this.#tracker.setPrompts(this.#clipId, objectId, frameIndex, prompts),
    );
    if (result === null) throw new RangeError("A prompt must not be empty.");
    return result;
  }

  async forget(objectId: number): Promise<void> {
    unwrap(await this.#tracker.removeObject(this.#clipId, objectId));
  }

  async track(
    objectIds: number[],
    from: number,
    to: number,
    onFrame: (results: SegmentedFrame[]) => boolean,
  ): Promise<void> {
    let goOn = true;
    const outcome = await this.#tracker.track(this.#clipId, { objectIds, from, to }, ({ results }) => {
      // The tracker stops at the next frame, which may already be on its way.
      if (!goOn) return;
      goOn = onFrame(results);
      if (!goOn) void this.#tracker.stop();
    });
    unwrap(outcome);
  }

  async close(): Promise<void> {
    await this.#tracker.closeClip(this.#clipId);
  }
}

function unwrap<T>(outcome: Outcome<T>): T {
  if (outcome.ok) return outcome.value;
  throw new TrackerError(outcome.error.code, outcome.error.message, outcome.error.remedy);
}
