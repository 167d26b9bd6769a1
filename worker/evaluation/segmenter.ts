/** Types only: what is evaluated. Something that turns prompts on frames into masks on frames. */
import type { FrameSource } from "../frames/frame-source.ts";
import type { FramePrompts, Mask } from "../protocol.ts";
import type { DatasetClip } from "./dataset-clip.ts";

export interface SegmentedFrame {
  objectId: number;
  frameIndex: number;
  mask: Mask;
  /** Logit; above 0 means that the object is visible. */
  objectScore: number;
}

export interface Segmenter {
  /** Shown in reports, and part of what a stopped run must share with its continuation. */
  readonly id: string;
  /** Whether points and boxes mean something to it; a baseline may only know masks. */
  readonly understandsClicks: boolean;
  /** `frames` are the clip's; they stay the caller's to close. */
  open(clip: DatasetClip, frames: FrameSource): Promise<ClipSegmenter>;
  close(): Promise<void>;
}

export interface ClipSegmenter {
  /** All prompts of one object on one frame, replacing what was said there. */
  prompt(objectId: number, frameIndex: number, prompts: FramePrompts): Promise<SegmentedFrame>;
  /** Forgets all prompts and results of an object. */
  forget(objectId: number): Promise<void>;
  /** Tracks forward over from..to, both included; `onFrame` returns false to stop after that frame. */
  track(
    objectIds: number[],
    from: number,
    to: number,
    onFrame: (results: SegmentedFrame[]) => boolean,
  ): Promise<void>;
  close(): Promise<void>;
}
