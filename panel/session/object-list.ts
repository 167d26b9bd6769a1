/** Several objects: made, named, ordered, shown, locked, deleted. No DOM. */
import type { TrackerApi } from "../../worker/protocol.ts";
import { newObject, objectOf, type TrackedObject, withObject } from "./document.ts";
import type { History } from "./history.ts";
import { openClipOf, report, type SessionState } from "./session-state.ts";

/** What a person sets on an object, and what undo calls it. */
type Setting = Partial<Pick<TrackedObject, "name" | "colour" | "shown" | "solo" | "locked" | "operation">>;

export class ObjectList {
  readonly #state: SessionState;
  readonly #tracker: TrackerApi;
  readonly #history: History;
  readonly #settle: () => Promise<void>;

  constructor(state: SessionState, tracker: TrackerApi, history: History, settle: () => Promise<void>) {
    this.#state = state;
    this.#tracker = tracker;
    this.#history = history;
    this.#settle = settle;
  }

  add(): void {
    const id = this.#state.document.value.nextObjectId;
    this.#history.edit("Add object", (document) => ({
      ...document,
      objects: [...document.objects, newObject(id)],
      nextObjectId: id + 1,
    }));
    this.#state.selectedObjectId.value = id;
  }

  select(id: number): void {
    if (objectOf(this.#state.document.value, id)) this.#state.selectedObjectId.value = id;
  }

  set(id: number, setting: Setting): void {
    const [name] = Object.keys(setting);
    this.#history.edit(`Change ${name ?? "object"}`, (document) => withObject(document, id, () => setting));
  }

  /** Moves an object by `steps` places: the order decides what subtracts from what. */
  move(id: number, steps: number): void {
    this.#history.edit("Reorder objects", (document) => {
      const objects = [...document.objects];
      const at = objects.findIndex((object) => object.id === id);
      const to = at + steps;
      const [moved] = at >= 0 && to >= 0 && to < objects.length ? objects.splice(at, 1) : [];
      if (!moved) return document;
      objects.splice(to, 0, moved);
      return { ...document, objects };
    });
  }

  async remove(id: number): Promise<void> {
    await this.#settle();
    const name = objectOf(this.#state.document.value, id)?.name ?? "object";
    await this.#history.act(`Delete ${name}`, async () => {
      const clip = openClipOf(this.#state);
      if (!clip) return;
      const outcome = await this.#tracker.removeObject(clip.clipId, id);
      if (!outcome.ok && outcome.error.code !== "not-found") return report(this.#state, outcome.error);
      const document = this.#state.document.value;
      const objects = document.objects.filter((object) => object.id !== id);
      const pending = document.pending
        .map((leg) => ({ ...leg, objectIds: leg.objectIds.filter((each) => each !== id) }))
        .filter((leg) => leg.objectIds.length > 0);
      this.#state.document.value = { ...document, objects, pending };
      if (this.#state.selectedObjectId.value === id)
        this.#state.selectedObjectId.value = objects[0]?.id ?? null;
    });
  }
}
