/** The model picker's model: lists, loads, deletes, measures. No DOM. */
import type { Backend, ModelSource, TrackerApi } from "../../worker/protocol.ts";
import { report, type SessionState } from "./session-state.ts";

export class Models {
  readonly #state: SessionState;
  readonly #tracker: TrackerApi;
  /** Tells the tracker again what the person said, after another model has taken over. */
  readonly #replay: () => Promise<void>;

  constructor(state: SessionState, tracker: TrackerApi, replay: () => Promise<void>) {
    this.#state = state;
    this.#tracker = tracker;
    this.#replay = replay;
  }

  async refresh(): Promise<void> {
    this.#state.environment.value = await this.#tracker.environment();
    this.#state.models.value = await this.#tracker.listModels();
  }

  /** True when the model is ready to answer clicks. */
  async load(source: ModelSource, backend?: Backend): Promise<boolean> {
    const { model } = this.#state;
    const before = model.value;
    const id = source.kind === "listed" ? source.id : source.name;
    model.value = { phase: "loading", id, progress: null };
    // Corrections stick: in the product, what a person says on a frame is never overwritten by a track.
    const request = { source, semantics: "sticky" as const, ...(backend ? { backend } : {}) };
    const outcome = await this.#tracker.loadModel(request, (progress) => {
      if (model.value.phase === "loading") model.value = { phase: "loading", id, progress };
    });
    if (!outcome.ok) {
      const kept = outcome.error.code === "cancelled" && before.phase === "ready";
      model.value = kept ? before : { phase: "failed", id, error: outcome.error };
      report(this.#state, outcome.error);
      return false;
    }
    model.value = { phase: "ready", model: outcome.value, id };
    await this.refresh();
    if (before.phase !== "none") await this.#replay();
    return true;
  }

  /** Ends a running download; what has arrived is kept for the next try. */
  cancel(): Promise<void> {
    return this.#tracker.stop();
  }

  async remove(id: string): Promise<void> {
    const outcome = await this.#tracker.deleteModel(id);
    if (!outcome.ok) report(this.#state, outcome.error);
    await this.refresh();
  }

  /** Remembers how long a frame takes here. */
  measured(millisecondsPerFrame: number): void {
    const { model, speeds } = this.#state;
    if (model.value.phase !== "ready") return;
    const key = `${model.value.model.id}/${model.value.model.backend}`;
    speeds.value = { ...speeds.value, [key]: millisecondsPerFrame };
  }
}
