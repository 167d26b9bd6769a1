/** Pictures of the clip, fetched from the tracker one at a time, the most wanted first. In the page. */
import { type Signal, signal } from "@preact/signals";
import type { TrackerApi } from "../../worker/protocol.ts";

/** About sixteen 1080p frames: enough for stepping to and fro, little enough for a host's web view. */
const MAX_BYTES = 128e6;

export class FrameCache {
  /** Counts up whenever a picture has come; the viewer redraws then. */
  readonly version: Signal<number> = signal(0);
  readonly #tracker: TrackerApi;
  readonly #width: () => number;
  readonly #frames = new Map<number, ImageBitmap>();
  #clipId: string | null = null;
  /** Its picture is here. */
  #shown: number | null = null;
  #wanted: number | null = null;
  #fetching: Promise<void> | null = null;
  #bytes = 0;

  /** `width`: of the pictures that are of use now, pixels; a large clip is rarely shown in its full size. */
  constructor(tracker: TrackerApi, width: () => number) {
    this.#tracker = tracker;
    this.#width = width;
  }

  /** Forgets the pictures of the clip before. */
  open(clipId: string | null): void {
    if (clipId === this.#clipId) return;
    for (const bitmap of this.#frames.values()) bitmap.close();
    this.#frames.clear();
    this.#bytes = 0;
    this.#shown = null;
    this.#clipId = clipId;
    this.version.value = this.version.peek() + 1;
  }

  get(frame: number): ImageBitmap | null {
    return this.#frames.get(frame) ?? null;
  }

  /**
   * Which frame to show while `frame` is under the playhead: itself, or until its picture has come the one
   * that came last, so that nothing goes black between two frames.
   */
  toShow(frame: number): number {
    if (this.#frames.has(frame)) this.#shown = frame;
    return this.#shown ?? frame;
  }

  /** Asks for a frame; of several asked for meanwhile only the last is fetched. */
  want(frame: number): Promise<void> {
    if (this.#isSharp(frame) || this.#clipId === null) return Promise.resolve();
    this.#wanted = frame;
    this.#fetching ??= this.#fetchWanted().finally(() => {
      this.#fetching = null;
    });
    return this.#fetching;
  }

  async #fetchWanted(): Promise<void> {
    while (this.#wanted !== null && this.#clipId !== null) {
      const frame = this.#wanted;
      const clipId = this.#clipId;
      this.#wanted = null;
      if (this.#isSharp(frame)) continue;
      const outcome = await this.#tracker.readFrame(clipId, frame, this.#width());
      if (!outcome.ok) continue;
      if (clipId === this.#clipId) this.#keep(frame, outcome.value);
      else outcome.value.close();
    }
  }

  /** Its picture is here, and large enough. */
  #isSharp(frame: number): boolean {
    const bitmap = this.#frames.get(frame);
    return bitmap !== undefined && bitmap.width >= this.#width();
  }

  #keep(frame: number, bitmap: ImageBitmap): void {
    this.#drop(frame);
    this.#frames.set(frame, bitmap);
    this.#shown = frame;
    this.#bytes += bytesOf(bitmap);
    for (const oldest of this.#frames.keys()) {
      if (this.#bytes <= MAX_BYTES || oldest === frame) break;
      this.#drop(oldest);
    }
    this.version.value = this.version.peek() + 1;
  }

  #drop(frame: number): void {
    const bitmap = this.#frames.get(frame);
    if (!bitmap) return;
    this.#frames.delete(frame);
    this.#bytes -= bytesOf(bitmap);
    bitmap.close();
  }
}

const bytesOf = ({ width, height }: ImageBitmap) => width * height * 4;
