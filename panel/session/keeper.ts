/** Saves the session as one goes and brings it back. No DOM. */
import { effect } from "@preact/signals";
import type { ClipInfo, StateInParts, StatePart, TrackerApi, TrackerState } from "../../worker/protocol.ts";
import { unshared } from "./document.ts";
import type { SavedSession } from "./session-file.ts";
import { decodeSession, encodeSession, sameClip } from "./session-file.ts";
import type { SessionState } from "./session-state.ts";
import type { Claim, SessionStore } from "./session-store.ts";
import type { TaskQueue } from "./task-queue.ts";

/** After the last change, milliseconds: what a reload right after an edit may cost. */
const QUIET = 250;
/** While tracking: what a crash may cost, milliseconds. */
const BETWEEN_CHECKPOINTS = 5000;
/** A long session takes long to write: at most a twentieth of a track's time goes there. */
const REST_PER_WRITE = 19;

export class Keeper {
  readonly #state: SessionState;
  readonly #tracker: TrackerApi;
  readonly #store: SessionStore;
  readonly #queue: TaskQueue;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When the next save of a track is due, milliseconds since 1970. */
  #dueAt = 0;
  #writing: Promise<void> = Promise.resolve();
  #stopWatching: (() => void) | undefined;
  /** The right to write; null where the browser keeps nothing, or another tab has it. */
  #claim: Claim | null = null;

  constructor(state: SessionState, tracker: TrackerApi, store: SessionStore, queue: TaskQueue) {
    this.#state = state;
    this.#tracker = tracker;
    this.#store = store;
    this.#queue = queue;
  }

  /** Whether this page is the one that saves this clip; another tab of the browser may be. */
  async claim(key: string): Promise<boolean> {
    this.#claim = this.#store.available ? await this.#store.claim(key) : null;
    return this.#claim !== null || !this.#store.available;
  }

  /** Saves a while after each change from now on. */
  watch(): void {
    this.#dueAt = Date.now() + BETWEEN_CHECKPOINTS;
    this.#stopWatching?.();
    if (!this.#claim) {
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
    this.#claim?.release();
    this.#claim = null;
  }

  /** Saves now, after what is queued. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    return this.#queue.run(() => this.#save());
  }

  /** While tracking: whether the last save is long enough ago. */
  isDue(): boolean {
    return this.#claim !== null && Date.now() >= this.#dueAt;
  }

  /** Within a track, between two frames: holds this moment; it is written while the track goes on. */
  async checkpoint(): Promise<void> {
    const { clip, model } = this.#state;
    if (clip.value.phase !== "ready" || model.value.phase !== "ready") return;
    const { key, info } = clip.value;
    this.#dueAt = Number.POSITIVE_INFINITY;
    const stateId = await this.#tracker.keepState(info.clipId);
    const session = withoutState(this.#state, info);
    void this.#write(key, info.name, async () => {
      const state = await this.#writeParts(key, info.clipId, stateId);
      void this.#tracker.forgetState(stateId);
      return { ...session, state };
    });
  }

  /** The present session as bytes; null when no clip is open. */
  async snapshot(): Promise<Uint8Array | null> {
    const { clip } = this.#state;
    if (clip.value.phase !== "ready") return null;
    const { info } = clip.value;
    const session = withoutState(this.#state, info);
    return encodeSession({ ...session, state: await this.#wholeState(info.clipId) }, breath);
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
    const { clip } = this.#state;
    if (clip.value.phase !== "ready" || !this.#claim) return;
    const { key, info } = clip.value;
    await this.#write(key, info.name, async () => {
      const session = withoutState(this.#state, info);
      return { ...session, state: await this.#writeParts(key, info.clipId, null) };
    });
  }

  /** One after another: what was held earlier never replaces what came later. */
  #write(key: string, name: string, session: () => Promise<SavedSession>): Promise<void> {
    this.#writing = this.#writing.then(async () => {
      const started = Date.now();
      try {
        await this.#writeNow(key, name, session);
      } catch (error) {
        this.#tellUnsaved(error);
      }
      this.#dueAt = Date.now() + Math.max(BETWEEN_CHECKPOINTS, REST_PER_WRITE * (Date.now() - started));
    });
    return this.#writing;
  }

  async #writeNow(key: string, name: string, session: () => Promise<SavedSession>): Promise<void> {
    const { saving } = this.#state;
    saving.value = "saving";
    const present = await session();
    await this.#store.write(key, name, await encodeSession(present, breath));
    // Only now: until here the session on disk was the one before, with its own parts.
    if (present.state && "parts" in present.state) await this.#store.keepParts(key, present.state.parts);
    if (saving.value === "saving") saving.value = "saved";
  }

  #tellUnsaved(error: unknown): void {
    const { saving, notice } = this.#state;
    saving.value = "unavailable";
    const message = `The session could not be saved: ${error instanceof Error ? error.message : String(error)}`;
    const remedy = "Free disk space, or export the session as a file.";
    notice.value = { tone: "warning", message, remedy };
  }

  /** Writes what is not on disk yet, a frame at a time; `stateId` null: of the present state. */
  async #writeParts(key: string, clipId: string, stateId: string | null): Promise<StateInParts | null> {
    if (this.#state.model.value.phase !== "ready") return null;
    let failure: unknown = null;
    const write = async (part: StatePart) => {
      try {
        await this.#store.writePart(key, part);
      } catch (error) {
        failure = error;
        throw error;
      }
    };
    const known = await this.#store.parts(key);
    const outcome = await this.#tracker.exportStateParts(clipId, stateId, known, write);
    if (failure) throw failure;
    return outcome.ok ? outcome.value : null;
  }

  async #wholeState(clipId: string): Promise<TrackerState | null> {
    if (this.#state.model.value.phase !== "ready") return null;
    const outcome = await this.#tracker.exportState(clipId);
    return outcome.ok ? outcome.value : null;
  }
}

/** What the panel itself knows at this moment; a running track's own maps grow on, these stay. */
function withoutState(state: SessionState, info: ClipInfo): Omit<SavedSession, "state"> {
  const { name, width, height, frameCount } = info;
  return {
    clip: { name, width, height, frameCount },
    document: unshared(state.document.value),
    frame: state.frame.value,
    selectedObjectId: state.selectedObjectId.value,
  };
}

/** Lets whatever waits for the page have its turn. */
const breath = () => new Promise<void>((resolve) => setTimeout(resolve));
