/** The model picker's model: lists, loads, deletes, measures. No DOM. */
import type { Backend, ModelSource, TrackerApi } from "../../worker/protocol.ts";
import { report, type SessionState } from "./session-state.ts";

export class Models {
  readonly #state: SessionState;
  readonly #tracker: TrackerApi;
  /** Tells the tracker again what the person said, after another model has taken over. */
  readonly #replay: () => Promise<void>;

  #ready: { source: ModelSource; modelId: string; backend?: Backend } | null = null;

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
    const loaded = await this.#try(source, backend);
    if (loaded) return true;
    // The tracker has let the model before go: bring it back, so that work can go on.
    const before = this.#ready;
    const { model } = this.#state;
    const failure = model.value;
    if (before && before.source !== source && (await this.#try(before.source, before.backend))) return false;
    model.value = failure;
    return false;
  }

  /** The same model on the processor, where what was tracked stays valid. */
  async loadWithoutGraphics(): Promise<boolean> {
    if (!this.#ready) return false;
    const loaded = await this.#try(this.#ready.source, "wasm");
    if (loaded) {
      const message = "The graphics device was lost. Masklet goes on with WebAssembly; nothing is lost.";
      const remedy = "To use the device again, choose the model once more.";
      this.#state.notice.value = { tone: "warning", message, remedy };
    }
    return loaded;
  }

  async #try(source: ModelSource, backend?: Backend): Promise<boolean> {
    const { model } = this.#state;
    const id = source.kind === "listed" ? source.id : source.name;
    model.value = { phase: "loading", id, progress: null };
    // Corrections stick: in the product, what a person says on a frame is never overwritten by a track.
    const request = { source, semantics: "sticky" as const, ...(backend ? { backend } : {}) };
    const outcome = await this.#tracker.loadModel(request, (progress) => {
      if (model.value.phase === "loading") model.value = { phase: "loading", id, progress };
    });
    if (!outcome.ok) {
      model.value = { phase: "failed", id, error: outcome.error };
      report(this.#state, outcome.error);
      return false;
    }
    const another = this.#ready?.modelId !== outcome.value.id;
    this.#ready = { source, modelId: outcome.value.id, ...(backend ? { backend } : {}) };
    // Ready means: it knows what was said before. Until then nothing may be asked of it.
    if (another) await this.#replay();
    model.value = { phase: "ready", model: outcome.value, id };
    await this.refresh();
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
