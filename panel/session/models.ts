/** The model picker's model: lists, loads, deletes, measures. No DOM. */
import type { Backend, ModelSource, TrackerApi } from "../../worker/protocol.ts";
import { report, type SessionState } from "./session-state.ts";
import { computesInHalf, type SpeedName, speedKey, speedOption, speedsOf } from "./speed-options.ts";

export class Models {
  readonly #state: SessionState;
  readonly #tracker: TrackerApi;
  /** Tells the tracker again what the person said, after another model has taken over. */
  readonly #replay: () => Promise<void>;

  #ready: { source: ModelSource; listingId: string; modelId: string; backend?: Backend } | null = null;

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

  /** The same model with another speed option; where that fails, with the one before. */
  async useSpeed(speed: SpeedName): Promise<void> {
    const chosen = this.#state.speed;
    const [before, ready] = [chosen.value, this.#ready];
    chosen.value = speed;
    if (!ready || (await this.load(ready.source, ready.backend))) return;
    chosen.value = before;
    await this.load(ready.source, ready.backend);
  }

  /** The one that `source` is loaded with: not every model takes every option. */
  #speedFor(source: ModelSource, backend?: Backend) {
    const listing = source.kind === "listed" ? this.#listing(source.id) : undefined;
    const half = computesInHalf(this.#state.environment.value, backend);
    const offered = speedsOf(listing, half).some(({ name }) => name === this.#state.speed.value);
    const name = offered ? this.#state.speed.value : "exact";
    return { name, options: speedOption(name).options(listing?.inputSize ?? 0) };
  }

  #listing(id: string) {
    return this.#state.models.value.find((listing) => listing.id === id);
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
    const { options } = this.#speedFor(source, backend);
    const request = { source, semantics: "sticky" as const, options, ...(backend ? { backend } : {}) };
    const outcome = await this.#tracker.loadModel(request, (progress) => {
      if (model.value.phase === "loading") model.value = { phase: "loading", id, progress };
    });
    if (!outcome.ok) {
      model.value = { phase: "failed", id, error: outcome.error };
      report(this.#state, outcome.error);
      return false;
    }
    const another = this.#ready?.modelId !== outcome.value.id;
    this.#ready = { source, listingId: id, modelId: outcome.value.id, ...(backend ? { backend } : {}) };
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
    if (model.value.phase !== "ready" || !this.#ready) return;
    const { source, listingId } = this.#ready;
    const { backend } = model.value.model;
    const key = speedKey(listingId, backend, this.#speedFor(source, backend).name);
    speeds.value = { ...speeds.value, [key]: millisecondsPerFrame };
  }
}
