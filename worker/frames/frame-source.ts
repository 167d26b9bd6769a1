/** Frames of a clip, in presentation order, whatever they come from. Runs in a worker or in Node. */
import type { ClipInfo } from "../protocol.ts";

/** 8-bit RGBA, rows from the top, not premultiplied; displayed size (after rotation, square pixels). */
export interface Picture {
  width: number;
  height: number;
  /** width * height * 4 bytes. */
  data: Uint8ClampedArray;
}

export interface FrameSource {
  readonly info: ClipInfo;
  /** Random access; frameIndex within 0..frameCount-1. */
  frame(frameIndex: number, signal?: AbortSignal): Promise<Picture>;
  /** Streams frames from..to, both included; from > to runs backward. Holds a bounded number of them. */
  frames(
    from: number,
    to: number,
    signal?: AbortSignal,
  ): AsyncGenerator<{ frameIndex: number; picture: Picture }>;
  close(): void;
}
