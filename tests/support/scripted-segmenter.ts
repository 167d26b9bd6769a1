/** A segmenter that errs where it is told to: knows the truth, and shows it wherever a prompt holds good. */

import type { Alternative } from "../../worker/alternatives.ts";
import type { BinaryMask } from "../../worker/evaluation/binary-mask.ts";
import type { DatasetClip } from "../../worker/evaluation/dataset-clip.ts";
import type { ClipSegmenter, SegmentedFrame, Segmenter } from "../../worker/evaluation/segmenter.ts";
import { encodeMask } from "../../worker/mask-rle.ts";
import type { FramePrompts } from "../../worker/protocol.ts";

export interface Script {
  /** Points needed on a frame before it shows the truth there. */
  pointsNeeded: number;
  /** Frames after a good prompt that it still follows; then it repeats the last mask it had right. */
  followsFrames: number;
  /** Which mask of a click is the true one; the others are empty. Absent: 0. */
  rightMask?: Alternative;
}

export class ScriptedSegmenter implements Segmenter {
  readonly id = "scripted";
  readonly understandsClicks = true;
  /** "prompt 1 @0 x2", "track 1 0-5", "forget 1", in order. */
  readonly calls: string[] = [];
  readonly opened: string[] = [];
  readonly #script: Script;

  constructor(script: Script) {
    this.#script = script;
  }

  async open(clip: DatasetClip): Promise<ClipSegmenter> {
    this.opened.push(clip.name);
    return new ScriptedClip(clip, this.#script, this.calls);
  }

  async close(): Promise<void> {}
}

class ScriptedClip implements ClipSegmenter {
  readonly #clip: DatasetClip;
  readonly #script: Script;
  readonly #calls: string[];
  readonly #good = new Map<number, number[]>();

  constructor(clip: DatasetClip, script: Script, calls: string[]) {
    this.#clip = clip;
    this.#script = script;
    this.#calls = calls;
  }

  async prompt(objectId: number, frameIndex: number, prompts: FramePrompts): Promise<SegmentedFrame> {
    this.#calls.push(`prompt ${objectId} @${frameIndex} x${prompts.points.length}`);
    const { pointsNeeded, rightMask = 0 } = this.#script;
    const { points } = prompts;
    const clicked = points.length >= pointsNeeded && (points.at(-1)?.alternative ?? 0) === rightMask;
    const enough = prompts.mask || prompts.box || clicked;
    if (enough) this.#good.set(objectId, [...(this.#good.get(objectId) ?? []), frameIndex]);
    return this.#show(objectId, frameIndex, enough ? frameIndex : null);
  }

  async forget(objectId: number): Promise<void> {
    this.#calls.push(`forget ${objectId}`);
    this.#good.delete(objectId);
  }

  async track(
    objectIds: number[],
    from: number,
    to: number,
    onFrame: (results: SegmentedFrame[]) => boolean,
  ): Promise<void> {
    this.#calls.push(`track ${objectIds} ${from}-${to}`);
    for (let frame = from; frame <= to; frame++) {
      const results = await Promise.all(objectIds.map((id) => this.#track(id, frame)));
      if (!onFrame(results)) return;
    }
  }

  async close(): Promise<void> {}

  #track(objectId: number, frame: number): Promise<SegmentedFrame> {
    const prompted = this.#good.get(objectId)?.findLast((good) => good <= frame) ?? null;
    const shown = prompted === null ? null : Math.min(frame, prompted + this.#script.followsFrames);
    return this.#show(objectId, frame, shown);
  }

  /** The true mask of frame `of`, as the result of frame `frameIndex`. */
  async #show(objectId: number, frameIndex: number, of: number | null): Promise<SegmentedFrame> {
    const { width, height } = this.#clip;
    const nothing: BinaryMask = { width, height, data: new Uint8Array(width * height) };
    const mask = of === null ? nothing : ((await this.#clip.truth(of)).get(objectId) ?? nothing);
    return {
      objectId,
      frameIndex,
      mask: encodeMask(mask.data, width, height),
      objectScore: mask.data.includes(1) ? 4 : -4,
    };
  }
}
