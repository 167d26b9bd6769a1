/**
 * The session: everything that a person can do, as one object without DOM. The page shows its `state`
 * and calls its parts; tests in Node do the same.
 */
import { effect } from "@preact/signals";
import type { ClipInfo, ClipSource, FrameResult, TrackerApi, TrackerFailure } from "../../worker/protocol.ts";
import { emptyDocument, hasPrompts, outdated, type SessionDocument } from "./document.ts";
import { Exporting } from "./exporting.ts";
import { History } from "./history.ts";
import { Keeper } from "./keeper.ts";
import { Models } from "./models.ts";
import { ObjectList } from "./object-list.ts";
import { Prompting } from "./prompting.ts";
import { decodeSession, type SavedSession, sameClip } from "./session-file.ts";
import { createSessionState, type Notice, openClipOf, report, type SessionState } from "./session-state.ts";
import type { SessionStore } from "./session-store.ts";
import { TaskQueue } from "./task-queue.ts";
import type { TrackDirection } from "./track-plan.ts";
import { Tracking } from "./tracking.ts";
import { VisibilityWords } from "./visibility.ts";

export class Session {
  readonly state: SessionState = createSessionState();
  readonly history: History;
  readonly prompts: Prompting;
  readonly objects: ObjectList;
  readonly visibility: VisibilityWords;
  readonly tracking: Tracking;
  readonly exporting: Exporting;
  readonly models: Models;
  readonly keeper: Keeper;
  readonly tracker: TrackerApi;
  readonly store: SessionStore;
  readonly #queue = new TaskQueue();
  /** Clips are opened one after another. */
  readonly #arrivals = new TaskQueue();
  #toImport: { clipId: string; saved: SavedSession } | null = null;

  constructor(tracker: TrackerApi, store: SessionStore) {
    this.tracker = tracker;
    this.store = store;
    const settle = () => this.tracking.stop();
    this.history = new History(this.state, tracker, this.#queue);
    this.prompts = new Prompting(this.state, tracker, this.history, settle);
    this.objects = new ObjectList(this.state, tracker, this.history, settle);
    this.visibility = new VisibilityWords(this.state, this.history);
    this.keeper = new Keeper(this.state, tracker, store, this.#queue);
    this.tracking = new Tracking(this.state, tracker, this.history, this.keeper);
    this.exporting = new Exporting(this.state, tracker);
    this.models = new Models(this.state, tracker, () => this.#queue.run(() => this.#replay()));
    this.#recoverFromLoss();
  }

  // ---------------------------------------------------------------- clips

  /**
   * Opens a clip and what was done on it before; `media` is kept so that a reload finds it. Where it can't be
   * opened, the clip that was open stays, with a track that runs.
   */
  openClip(source: ClipSource): Promise<boolean> {
    return this.#arrivals.run(async () => {
      const error = await this.#tryClip(source);
      this.endOpening();
      if (error) this.#refuseClip(source.name, error);
      return error === null;
    });
  }

  /** The same where another source may follow: the person isn't told, and `opening` lasts until `endOpening`. */
  tryClip(source: ClipSource): Promise<TrackerFailure | null> {
    return this.#arrivals.run(() => this.#tryClip(source));
  }

  /** No other source has followed. */
  endOpening(): void {
    this.state.opening.value = null;
  }

  /** Opens a clip that is kept on this machine. */
  async openStored(key: string): Promise<boolean> {
    const stored = (await this.store.list()).find((clip) => clip.key === key);
    const blob = await this.store.readMedia(key);
    if (!stored || !blob) return false;
    return this.openClip({ kind: "media", blob, name: stored.name });
  }

  async forgetStored(key: string): Promise<void> {
    await this.store.remove(key);
  }

  // ---------------------------------------------------------------- playhead

  goTo(frame: number): void {
    const clip = openClipOf(this.state);
    if (!clip) return;
    this.state.frame.value = Math.min(clip.frameCount - 1, Math.max(0, Math.round(frame)));
  }

  step(frames: number): void {
    this.goTo(this.state.frame.value + frames);
  }

  setIn(frame = this.state.frame.value): void {
    this.history.edit("Set in point", (document) => ({
      ...document,
      inFrame: frame,
      outFrame: Math.max(frame, document.outFrame),
    }));
  }

  setOut(frame = this.state.frame.value): void {
    this.history.edit("Set out point", (document) => ({
      ...document,
      inFrame: Math.min(frame, document.inFrame),
      outFrame: frame,
    }));
  }

  clearInOut(): void {
    const last = (openClipOf(this.state)?.frameCount ?? 1) - 1;
    this.history.edit("Clear in and out", (document) => ({ ...document, inFrame: 0, outFrame: last }));
  }

  // ---------------------------------------------------------------- tracking, with its measure

  async track(direction?: TrackDirection): Promise<void> {
    await (direction ? this.tracking.start(direction) : this.tracking.next());
    const milliseconds = this.tracking.millisecondsPerFrame;
    if (milliseconds !== null) this.models.measured(milliseconds);
  }

  async undo(): Promise<void> {
    await this.tracking.stop();
    await this.history.undo();
  }

  async redo(): Promise<void> {
    await this.tracking.stop();
    await this.history.redo();
  }

  // ---------------------------------------------------------------- as one file

  exportSession(): Promise<Uint8Array | null> {
    return this.keeper.snapshot();
  }

  async importSession(bytes: Uint8Array): Promise<boolean> {
    const clip = openClipOf(this.state);
    const refuse = (message: string, remedy: string) => {
      this.state.notice.value = { tone: "error", message, remedy };
      return false;
    };
    try {
      const saved = decodeSession(bytes);
      if (!clip || !sameClip(saved.clip, clip)) {
        const { name, width, height, frameCount } = saved.clip;
        return refuse(
          `This session belongs to ${name} (${width} × ${height}, ${frameCount} frames).`,
          "Open that video first, then import the session again.",
        );
      }
      await this.#queue.run(() => this.#restore(clip, saved));
      return true;
    } catch (error) {
      return refuse(error instanceof Error ? error.message : String(error), "Choose another file.");
    }
  }

  /** After everything that was asked for so far. */
  idle(): Promise<void> {
    return this.#queue.idle();
  }

  // ---------------------------------------------------------------- inside

  /** A graphics device that goes away takes no work with it: the same model goes on without it. */
  #recoverFromLoss(): void {
    effect(() => {
      if (!this.state.deviceLost.value) return;
      this.state.deviceLost.value = false;
      const wasTracking = this.state.document.peek().pending.length > 0;
      void this.models.loadWithoutGraphics().then(async (recovered) => {
        if (recovered && wasTracking) await this.track();
      });
    });
  }

  async #tryClip(source: ClipSource): Promise<TrackerFailure | null> {
    this.state.opening.value = source.name;
    const outcome = await this.tracker.openClip(source);
    if (!outcome.ok) return outcome.error;
    await this.#leaveClip();
    await this.#queue.run(() => this.#enterClip(source, outcome.value));
    this.endOpening();
    return null;
  }

  /** Where nothing is open the first screen says it. */
  #refuseClip(name: string, error: TrackerFailure): void {
    const open = openClipOf(this.state);
    if (!open) this.state.clip.value = { phase: "failed", name, error };
    else report(this.state, { ...error, remedy: `${error.remedy} ${open.name} stays open.`.trim() });
  }

  async #leaveClip(): Promise<void> {
    const clip = openClipOf(this.state);
    await this.tracking.stop();
    if (!clip) return;
    await this.keeper.flush();
    this.keeper.unwatch();
    this.history.clear();
    this.state.clip.value = { phase: "none" };
    await this.tracker.closeClip(clip.clipId);
  }

  async #enterClip(source: ClipSource, info: ClipInfo): Promise<void> {
    const { state } = this;
    const key = clipKey(source, info);
    this.#show(emptyDocument(info.frameCount), 0, null);
    const mine = await this.keeper.claim(key);
    state.notice.value = mine ? warningOf(info) : ELSEWHERE;
    const saved = await this.keeper.stored(key, info);
    state.clip.value = { phase: "ready", info, key };
    if (saved) await this.#restore(info, saved);
    this.keeper.watch();
    if (!saved && source.kind === "media") this.#keepMedia(key, source.blob);
  }

  /** In the background: a large file takes a while, and nothing waits for it. */
  #keepMedia(key: string, blob: Blob): void {
    if (!this.store.available) return;
    void this.store.writeMedia(key, blob).catch(() => {
      this.state.saving.value = "unavailable";
    });
  }

  async #restore(info: ClipInfo, saved: SavedSession): Promise<void> {
    this.history.clear();
    this.#show(saved.document, saved.frame, saved.selectedObjectId);
    if (this.state.model.value.phase !== "ready") {
      this.#toImport = { clipId: info.clipId, saved };
      return;
    }
    if (!(await this.#importState(info.clipId, saved))) await this.#replay();
  }

  #show(document: SessionDocument, frame: number, selectedObjectId: number | null): void {
    this.state.document.value = document;
    this.state.frame.value = frame;
    this.state.selectedObjectId.value = selectedObjectId;
    this.state.mark.value = null;
  }

  /**
   * Says all prompts again: another model answers them in its own way, and what the one before tracked is
   * shown as out of date until it is tracked again.
   */
  async #replay(): Promise<void> {
    const clip = openClipOf(this.state);
    if (!clip) return;
    this.history.clear();
    if (await this.#importWaiting(clip.clipId)) return;
    for (const object of this.state.document.value.objects) {
      for (const [frame, prompts] of object.prompts) {
        if (!hasPrompts(prompts)) continue;
        const outcome = await this.tracker.setPrompts(clip.clipId, object.id, frame, prompts);
        if (!outcome.ok) return report(this.state, outcome.error);
        this.#answerAgain(object.id, frame, outcome.value);
      }
    }
  }

  /** A session that was restored before its model was there. */
  async #importWaiting(clipId: string): Promise<boolean> {
    const waiting = this.#toImport;
    this.#toImport = null;
    return waiting?.clipId === clipId && this.#importState(clipId, waiting.saved);
  }

  /** False where there is no state that the loaded model could go on from. */
  async #importState(clipId: string, { state }: SavedSession): Promise<boolean> {
    const { clip } = this.state;
    if (!state || clip.value.phase !== "ready") return false;
    if (!("parts" in state)) return (await this.tracker.importState(clipId, state)).ok;
    const { key } = clip.value;
    const readPart = (name: string) => this.store.readPart(key, name);
    return (await this.tracker.importStateParts(clipId, state, readPart)).ok;
  }

  #answerAgain(objectId: number, frame: number, result: FrameResult | null): void {
    const { document } = this.state;
    const objects = document.value.objects.map((object) => {
      if (object.id !== objectId || !result) return object;
      const stale = outdated(object.records, frame, 0, Number.MAX_SAFE_INTEGER);
      const records = new Map(stale);
      records.set(frame, { ...result, direction: 0, agreement: null, staleSince: null });
      return { ...object, records };
    });
    document.value = { ...document.value, objects };
  }
}

const ELSEWHERE: Notice = {
  tone: "warning",
  message: "This clip is open in another tab, and that one saves it. What you do in this one is not saved.",
  remedy: "Work in the other tab. Or close it and reload this one, which goes on from what it saved.",
};

/** What is known to be wrong with a clip that can be worked on all the same. */
function warningOf({ warnings = [] }: ClipInfo): Notice | null {
  if (warnings.length === 0) return null;
  const remedy = "You can go on with what is there.";
  return { tone: "warning", message: warnings.join(" "), remedy };
}

/** The same file gives the same key, so that its session is found again; usable as a folder's name. */
function clipKey(source: ClipSource, info: ClipInfo): string {
  const bytes = sourceBytes(source);
  const name = source.name
    .normalize("NFKD")
    .replace(/[^A-Za-z0-9._-]+/g, "-")
    .slice(0, 60);
  return `${name}-${bytes}-${info.frameCount}`;
}

function sourceBytes(source: ClipSource): number {
  switch (source.kind) {
    case "media":
      return source.blob.size;
    case "ranges":
      return source.bytes;
    case "stills":
      return source.blobs.reduce((sum, blob) => sum + blob.size, 0);
  }
}
