/** Saves the session as one goes and brings it back. No DOM. */
import { effect } from "@preact/signals";
import type { ClipInfo, TrackerApi, TrackerState } from "../../worker/protocol.ts";
import type { SavedSession } from "./session-file.ts";
import { decodeSession, encodeSession, sameClip } from "./session-file.ts";
import type { SessionState } from "./session-state.ts";
import type { SessionStore } from "./session-store.ts";
import type { TaskQueue } from "./task-queue.ts";

/** After the last change, milliseconds. */
const QUIET = 800;
/** While tracking: what a crash may cost, milliseconds. */
const BETWEEN_CHECKPOINTS = 5000;

export class Keeper {
  readonly #state: SessionState;
  readonly #tracker: TrackerApi;
  readonly #store: SessionStore;
  readonly #queue: TaskQueue;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #lastSave = 0;
  #writing: Promise<void> = Promise.resolve();
  #stopWatching: (() => void) | undefined;

  constructor(state: SessionState, tracker: TrackerApi, store: SessionStore, queue: TaskQueue) {
    this.#state = state;
    this.#tracker = tracker;
    this.#store = store;
    this.#queue = queue;
  }

  /** Saves a while after each change from now on. */
  watch(): void {
    this.#lastSave = Date.now();
    this.#stopWatching?.();
    if (!this.#store.available) {
      this.#state.saving.value = "unavailable";
      return;
    }
    let first = true;
    this.#stopWatching = effect(() => {
      const { document, frame, selectedObjectId, tracking } = this.#state;
      void [document.value, frame.value, selectedObjectId.value];
      const tracksNow = tracking.value.phase !== "idle";
      if (!first && !tracksNow) this.#schedule();
      first = false;
    });
  }

  unwatch(): void {
    this.#stopWatching?.();
    this.#stopWatching = undefined;
    clearTimeout(this.#timer);
  }

  /** Saves now, after what is queued. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    return this.#queue.run(() => this.#save());
  }

  /** While tracking: whether the last save is long enough ago. */
  isDue(): boolean {
    return this.#store.available && Date.now() - this.#lastSave >= BETWEEN_CHECKPOINTS;
  }

  /** Saves at once; for between two pieces of a track, which holds the queue. */
  save(): Promise<void> {
    return this.#save();
  }

  /** The present session as bytes; null when no clip is open. */
  async snapshot(): Promise<Uint8Array | null> {
    const { clip } = this.#state;
    return clip.value.phase === "ready" ? this.#encoded(clip.value.info) : null;
  }

  /** Null where nothing is stored for the clip, or what is stored does not fit it. */
  async stored(key: string, info: ClipInfo): Promise<SavedSession | null> {
    const bytes = await this.#store.read(key);
    if (!bytes) return null;
    try {
      const session = decodeSession(bytes);
      return sameClip(session.clip, info) ? session : null;
    } catch {
      // A damaged session must not keep the clip from opening; the next save replaces it.
      return null;
    }
  }

  #schedule(): void {
    this.#state.saving.value = "unsaved";
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.flush(), QUIET);
  }

  async #save(): Promise<void> {
    const { clip, saving, notice } = this.#state;
    if (clip.value.phase !== "ready" || !this.#store.available) return;
    const { key, info } = clip.value;
    this.#lastSave = Date.now();
    saving.value = "saving";
    try {
      const bytes = await this.#encoded(info);
      this.#writing = this.#writing.then(() => this.#store.write(key, info.name, bytes));
      await this.#writing;
      if (saving.value === "saving") saving.value = "saved";
    } catch (error) {
      this.#writing = Promise.resolve();
      saving.value = "unavailable";
      const message = `The session could not be saved: ${error instanceof Error ? error.message : String(error)}`;
      notice.value = {
        tone: "warning",
        message,
        remedy: "Free disk space, or export the session as a file.",
      };
    }
  }

  async #encoded(info: ClipInfo): Promise<Uint8Array> {
    return encodeSession(await this.#session(info), breath);
  }

  async #session(info: ClipInfo): Promise<SavedSession> {
    const { document, frame, selectedObjectId } = this.#state;
    const identity = { name: info.name, width: info.width, height: info.height, frameCount: info.frameCount };
    return {
      clip: identity,
      document: document.value,
      frame: frame.value,
      selectedObjectId: selectedObjectId.value,
      state: await this.#trackerState(info.clipId),
    };
  }

  async #trackerState(clipId: string): Promise<TrackerState | null> {
    if (this.#state.model.value.phase !== "ready") return null;
    const outcome = await this.#tracker.exportState(clipId);
    return outcome.ok ? outcome.value : null;
  }
}

/** Lets whatever waits for the page have its turn. */
const breath = () => new Promise<void>((resolve) => setTimeout(resolve));
