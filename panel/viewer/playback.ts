/** Plays the clip with its masks, in its own time. In the page. */
import type { Session } from "../session/session.ts";
import { openClipOf } from "../session/session-state.ts";
import type { ViewerModel } from "./viewer-model.ts";

export class Playback {
  readonly #session: Session;
  readonly #viewer: ViewerModel;

  constructor(session: Session, viewer: ViewerModel) {
    this.#session = session;
    this.#viewer = viewer;
  }

  toggle(): void {
    if (this.#viewer.playing.value) this.#viewer.playing.value = false;
    else void this.#play();
  }

  stop(): void {
    this.#viewer.playing.value = false;
  }

  async #play(): Promise<void> {
    const { state } = this.#session;
    const clip = openClipOf(state);
    if (!clip || state.tracking.value.phase !== "idle") return;
    const { outFrame, inFrame } = state.document.value;
    if (state.frame.value >= outFrame) this.#session.goTo(inFrame);
    this.#viewer.playing.value = true;
    const firstTime = clip.timestamps[state.frame.value] ?? 0;
    const startedAt = performance.now();
    while (this.#viewer.playing.value && state.frame.value < outFrame) {
      await nextPaint();
      const due = firstTime + (performance.now() - startedAt) / 1000;
      const frame = frameAt(clip.timestamps, due, state.frame.value);
      if (frame === state.frame.value) continue;
      // Slower than the clip: frames are left out, so that time stays right.
      await this.#viewer.frames.want(Math.min(frame, outFrame));
      if (this.#viewer.playing.value) this.#session.goTo(Math.min(frame, outFrame));
    }
    this.#viewer.playing.value = false;
  }
}

const nextPaint = () => new Promise<void>((resolve) => requestAnimationFrame(() => resolve()));

/** The last frame from `from` on whose time has come. */
function frameAt(timestamps: readonly number[], seconds: number, from: number): number {
  let frame = from;
  while (frame + 1 < timestamps.length && timestamps[frame + 1]! <= seconds) frame++;
  return frame;
}
