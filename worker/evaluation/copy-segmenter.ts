/** Runs anywhere: the baseline that every tracker must beat, the given mask repeated on every frame. */
import { decodeMask } from "../mask-rle.ts";
import type { FramePrompts, Mask } from "../protocol.ts";
import type { ClipSegmenter, SegmentedFrame, Segmenter } from "./segmenter.ts";

export class CopySegmenter implements Segmenter {
  readonly id = "copy";
  readonly understandsClicks = false;

  async open(): Promise<ClipSegmenter> {
    return new CopyClip();
  }

  async close(): Promise<void> {}
}

class CopyClip implements ClipSegmenter {
  readonly #given = new Map<number, { frameIndex: number; mask: Mask }[]>();

  async prompt(objectId: number, frameIndex: number, { mask }: FramePrompts): Promise<SegmentedFrame> {
    if (!mask) {
      throw new Error("The copy baseline repeats a mask: it needs --prompt mask, got a click or a box.");
    }
    this.#given.set(objectId, [...(this.#given.get(objectId) ?? []), { frameIndex, mask }]);
    return segmented(objectId, frameIndex, mask);
  }

  async forget(objectId: number): Promise<void> {
    this.#given.delete(objectId);
  }

  async track(
    objectIds: number[],
    from: number,
    to: number,
    onFrame: (results: SegmentedFrame[]) => boolean,
  ): Promise<void> {
    for (let frame = from; frame <= to; frame++) {
      const results = objectIds.flatMap((id) => {
        const latest = this.#given.get(id)?.findLast(({ frameIndex }) => frameIndex <= frame);
        return latest ? [segmented(id, frame, latest.mask)] : [];
      });
      if (!onFrame(results)) return;
    }
  }

  async close(): Promise<void> {}
}

function segmented(objectId: number, frameIndex: number, mask: Mask): SegmentedFrame {
  return { objectId, frameIndex, mask, objectScore: decodeMask(mask).includes(1) ? 10 : -10 };
}
