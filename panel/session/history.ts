/** Undo and redo: a document and the tracker's state that belongs to it. No DOM. */
import type { TrackerApi } from "../../worker/protocol.ts";
import { objectOf, type SessionDocument } from "./document.ts";
import { openClipOf, report, type SessionState } from "./session-state.ts";
import type { TaskQueue } from "./task-queue.ts";

interface Entry {
  label: string;
  document: SessionDocument;
  /** Null where the action did not touch the tracker. */
  stateId: string | null;
}

/** Each entry holds masks that no other one holds only where they changed, so a hundred cost little. */
const MAX_ENTRIES = 100;

export class History {
  readonly #state: SessionState;
  readonly #tracker: TrackerApi;
  readonly #queue: TaskQueue;
  #undo: Entry[] = [];
  #redo: Entry[] = [];

  constructor(state: SessionState, tracker: TrackerApi, queue: TaskQueue) {
    this.#state = state;
    this.#tracker = tracker;
    this.#queue = queue;
  }

  /** An edit of the document alone. */
  edit(label: string, change: (document: SessionDocument) => SessionDocument): void {
    const before = this.#state.document.value;
    const after = change(before);
    if (after === before) return;
    this.#state.document.value = after;
    this.#record({ label, document: before, stateId: null });
  }

  /** An edit that also changes the tracker; queued. Nothing is recorded where the document stays as it was. */
  act(label: string, action: () => Promise<void>): Promise<void> {
    return this.#queue.run(async () => {
      const clip = openClipOf(this.#state);
      if (!clip) return;
      const document = this.#state.document.value;
      const stateId = await this.#keep(clip.clipId);
      try {
        await action();
      } finally {
        const entry = { label, document, stateId };
        if (this.#state.document.value === document) this.#forget([entry]);
        else this.#record(entry);
      }
    });
  }

  undo(): Promise<void> {
    return this.#queue.run(() => this.#step(this.#undo, this.#redo));
  }

  redo(): Promise<void> {
    return this.#queue.run(() => this.#step(this.#redo, this.#undo));
  }

  /** Drops everything: the tracker's states belong to one clip and one model. */
  clear(): void {
    this.#forget([...this.#undo, ...this.#redo]);
    this.#undo = [];
    this.#redo = [];
    this.#publish();
  }

  /** Without a model the tracker has no state to keep. */
  async #keep(clipId: string): Promise<string | null> {
    return this.#state.model.value.phase === "ready" ? this.#tracker.keepState(clipId) : null;
  }

  #record(entry: Entry): void {
    this.#undo.push(entry);
    if (this.#undo.length > MAX_ENTRIES) this.#forget(this.#undo.splice(0, 1));
    this.#forget(this.#redo);
    this.#redo = [];
    this.#publish();
  }

  async #step(from: Entry[], to: Entry[]): Promise<void> {
    const entry = from[from.length - 1];
    const clip = openClipOf(this.#state);
    if (!entry || !clip) return;
    const stateId = entry.stateId === null ? null : await this.#keep(clip.clipId);
    if (entry.stateId !== null) {
      const outcome = await this.#tracker.returnToState(clip.clipId, entry.stateId);
      if (!outcome.ok) return report(this.#state, outcome.error);
      await this.#tracker.forgetState(entry.stateId);
    }
    from.pop();
    to.push({ label: entry.label, document: this.#state.document.value, stateId });
    this.#state.document.value = entry.document;
    this.#keepSelection();
    this.#publish();
  }

  #keepSelection(): void {
    const { document, selectedObjectId } = this.#state;
    if (objectOf(document.value, selectedObjectId.value)) return;
    selectedObjectId.value = document.value.objects[0]?.id ?? null;
  }

  #forget(entries: Entry[]): void {
    for (const { stateId } of entries) if (stateId !== null) void this.#tracker.forgetState(stateId);
  }

  #publish(): void {
    this.#state.undoLabel.value = this.#undo[this.#undo.length - 1]?.label ?? null;
    this.#state.redoLabel.value = this.#redo[this.#redo.length - 1]?.label ?? null;
  }
}
