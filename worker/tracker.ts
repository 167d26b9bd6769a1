/**
 * Runs in the tracking worker or in Node: the tracker behind `TrackerApi`. A plain class; comlink appears in
 * `web-worker.ts` only. Calls that touch a clip's session wait for each other, `stop` doesn't.
 */
import { openSam2 } from "../models/sam2/build-sam2.ts";
import { affectedStretch } from "./affected-stretch.ts";
import { assertInClip } from "./frames/frame-range.ts";
import type { FrameSource } from "./frames/frame-source.ts";
import { chooseRuntime, describeEnvironment } from "./inference/execution-provider.ts";
import { configUnder, type PredictorOptions, predictorOptionsFor, withOptions } from "./predictor-options.ts";
import { applyPrompts } from "./prompt-history.ts";
import type {
  AffectedStretch,
  ClipInfo,
  ClipSource,
  ExportProgress,
  FramePrompts,
  FrameResult,
  LoadedModel,
  LoadModelRequest,
  LoadProgress,
  MatteFile,
  MatteRequest,
  ModelListing,
  Outcome,
  PointPrompt,
  Semantics,
  StateInParts,
  StatePart,
  TrackerApi,
  TrackerEnvironment,
  TrackerState,
  TrackProgress,
  TrackRequest,
  TrackSummary,
} from "./protocol.ts";
import { Sam2Engine } from "./sam2-engine.ts";
import { decodeParts, decodeState, encodeParts, encodeState } from "./session-state-file.ts";
import { resultOfObject, track } from "./track-run.ts";
import { outputOn } from "./tracked-object.ts";
import { failureOf, TrackerError } from "./tracker-error.ts";
import type { ExportJob, TrackerRealm } from "./tracker-realm.ts";
import { type SessionState, TrackingSession } from "./tracking-session.ts";

interface Model {
  id: string;
  engine: Sam2Engine;
  options: PredictorOptions;
  semantics: Semantics;
}

interface Clip {
  frames: FrameSource;
  /** Made when the first prompt comes, for the model of that moment. */
  session: { modelId: string; tracking: TrackingSession } | null;
}

interface KeptState {
  clipId: string;
  /** Whose memories these are; null for the state before any. */
  modelId: string | null;
  state: SessionState;
}

export class Tracker implements TrackerApi {
  readonly #realm: TrackerRealm;
  readonly #clips = new Map<string, Clip>();
  readonly #states = new Map<string, KeptState>();
  #model: Model | null = null;
  #count = 0;
  #last: Promise<unknown> = Promise.resolve();
  #running: AbortController | null = null;
  /** A track waits for its progress to be taken: the session rests between two frames. */
  #rests = false;

  constructor(realm: TrackerRealm) {
    this.#realm = realm;
  }

  environment(): Promise<TrackerEnvironment> {
    return describeEnvironment(this.#realm.providers, globalThis.crossOriginIsolated === true);
  }

  // -------------------------------------------------------------- models

  listModels(): Promise<ModelListing[]> {
    return this.#realm.models.list();
  }

  deleteModel(id: string): Promise<Outcome<null>> {
    return outcome(async () => {
      await this.#realm.models.delete(id);
      return null;
    });
  }

  loadModel(
    request: LoadModelRequest,
    onProgress: (progress: LoadProgress) => void,
  ): Promise<Outcome<LoadedModel>> {
    return this.#stoppable((signal) => this.#load(request, onProgress, signal));
  }

  async #load(
    request: LoadModelRequest,
    onProgress: (progress: LoadProgress) => void,
    signal: AbortSignal,
  ): Promise<LoadedModel> {
    const started = performance.now();
    await this.#releaseModel();
    const opened = await this.#realm.models.open(request.source, onProgress, signal);
    try {
      const { semantics = "sticky", options: flags = {} } = request;
      const options = withOptions(predictorOptionsFor(opened.config), flags);
      const sam2 = await openSam2(opened.checkpoint, configUnder(opened.config, options));
      const { runtime, reason } = await chooseRuntime(this.#realm.providers, request.backend);
      const engine = await Sam2Engine.load(sam2, runtime, (phase, graph) => {
        signal.throwIfAborted();
        onProgress({ phase, graph });
      });
      const id = idUnder(opened.id, options.input_size, opened.config.imageSize);
      this.#model = { id, engine, semantics, options };
      return {
        id,
        backend: runtime.backend,
        threads: runtime.threads,
        inputSize: engine.config.imageSize,
        reason,
        loadMilliseconds: performance.now() - started,
      };
    } finally {
      opened.close();
    }
  }

  async #releaseModel(): Promise<void> {
    for (const { session } of this.#clips.values()) session?.tracking.release();
    const model = this.#model;
    this.#model = null;
    await model?.engine.release();
  }

  // -------------------------------------------------------------- clips

  openClip(source: ClipSource): Promise<Outcome<ClipInfo>> {
    return outcome(async () => {
      const frames = await this.#realm.openClip(source, `clip-${++this.#count}`);
      this.#clips.set(frames.info.clipId, { frames, session: null });
      return frames.info;
    });
  }

  closeClip(clipId: string): Promise<void> {
    return this.#exclusive(async () => {
      const clip = this.#clips.get(clipId);
      this.#clips.delete(clipId);
      for (const [id, kept] of this.#states) if (kept.clipId === clipId) this.#states.delete(id);
      clip?.session?.tracking.close();
      clip?.frames.close();
    });
  }

  readFrame(clipId: string, frameIndex: number, maxWidth?: number): Promise<Outcome<ImageBitmap>> {
    return outcome(async () => {
      const { frames } = this.#clip(clipId);
      assertInClip(frames.info, frameIndex);
      return this.#realm.toBitmap(await frames.frame(frameIndex), maxWidth);
    });
  }

  warmFrame(clipId: string, frameIndex: number): Promise<Outcome<null>> {
    return this.#withSession(clipId, async (session) => {
      await session.warm(frameIndex);
      return null;
    });
  }

  // -------------------------------------------------------------- prompts

  setPrompts(
    clipId: string,
    objectId: number,
    frameIndex: number,
    prompts: FramePrompts,
  ): Promise<Outcome<FrameResult | null>> {
    return this.#withSession(clipId, (session) =>
      orUnchanged(session, () => answerPrompts(session, objectId, frameIndex, prompts)),
    );
  }

  previewClick(
    clipId: string,
    objectId: number,
    frameIndex: number,
    point: PointPrompt,
    current: FramePrompts,
  ): Promise<Outcome<FrameResult>> {
    return this.#withSession(clipId, async (session) => {
      const before = session.keep();
      const { mask: _, ...pointsAndBox } = current;
      const prompts = { ...pointsAndBox, points: [...current.points, point] };
      try {
        const result = await answerPrompts(session, objectId, frameIndex, prompts);
        if (result) return result;
        throw new Error("Expected an answer to a click, got none.");
      } finally {
        session.restore(before);
      }
    });
  }

  removeObject(clipId: string, objectId: number): Promise<Outcome<null>> {
    return this.#withSession(clipId, async (session) => {
      await session.removeObject(objectId);
      return null;
    });
  }

  affectedStretch(clipId: string, objectId: number, frameIndex: number): Promise<AffectedStretch | null> {
    return this.#exclusive(async () => {
      const object = this.#clips.get(clipId)?.session?.tracking.objects.get(objectId);
      return object ? affectedStretch(object, frameIndex) : null;
    });
  }

  // -------------------------------------------------------------- tracking

  track(
    clipId: string,
    request: TrackRequest,
    onProgress: (progress: TrackProgress) => void | Promise<void>,
  ): Promise<Outcome<TrackSummary>> {
    const resting = async (progress: TrackProgress) => {
      this.#rests = true;
      try {
        await onProgress(progress);
      } finally {
        this.#rests = false;
      }
    };
    return this.#stoppable((signal) => track(this.#session(clipId), request, resting, signal));
  }

  async stop(): Promise<void> {
    this.#running?.abort();
  }

  // -------------------------------------------------------------- state

  async keepState(clipId: string): Promise<string> {
    return this.#rests ? this.#keep(clipId) : this.#exclusive(async () => this.#keep(clipId));
  }

  #keep(clipId: string): string {
    const id = `state-${++this.#count}`;
    // Before the first prompt there is nothing to keep, and no model is needed for it.
    const { session } = this.#clip(clipId);
    const state = session?.tracking.keep() ?? { objects: new Map() };
    this.#states.set(id, { clipId, modelId: session?.modelId ?? null, state });
    return id;
  }

  returnToState(clipId: string, stateId: string): Promise<Outcome<null>> {
    return this.#exclusive(() => outcome(() => this.#returnTo(clipId, stateId)));
  }

  async #returnTo(clipId: string, stateId: string): Promise<null> {
    const kept = this.#kept(clipId, stateId);
    const { session } = this.#clip(clipId);
    if (kept.state.objects.size > 0 && kept.modelId !== session?.modelId) throw ofAnotherModel(kept.modelId);
    session?.tracking.restore(kept.state);
    return null;
  }

  #kept(clipId: string, stateId: string): KeptState {
    const kept = this.#states.get(stateId);
    if (kept?.clipId === clipId) return kept;
    const remedy = "Go on from the present state.";
    throw new TrackerError("not-found", `There is no kept state ${stateId} of this clip.`, remedy);
  }

  async forgetState(stateId: string): Promise<void> {
    this.#states.delete(stateId);
  }

  exportState(clipId: string, stateId?: string): Promise<Outcome<TrackerState>> {
    if (stateId !== undefined) return outcome(() => this.#exportKept(clipId, stateId));
    return this.#withSession(clipId, async (session) => ({
      modelId: this.#needModel().id,
      bytes: await encodeState(session.keep(), session.stateShape()),
    }));
  }

  async #exportKept(clipId: string, stateId: string): Promise<TrackerState> {
    const { modelId, state, shape } = this.#keptOfModel(clipId, stateId);
    return { modelId, bytes: await encodeState(state, shape) };
  }

  #keptOfModel(clipId: string, stateId: string) {
    const { modelId, state } = this.#kept(clipId, stateId);
    const { session } = this.#clip(clipId);
    if (!session || modelId !== session.modelId) throw ofAnotherModel(modelId, session?.modelId);
    return { modelId: session.modelId, state, shape: session.tracking.stateShape() };
  }

  exportStateParts(
    clipId: string,
    stateId: string | null,
    known: readonly string[],
    onPart: (part: StatePart) => void | Promise<void>,
  ): Promise<Outcome<StateInParts>> {
    if (stateId !== null) {
      return outcome(async () => {
        const { modelId, state, shape } = this.#keptOfModel(clipId, stateId);
        return { modelId, ...(await encodeParts(state, shape, new Set(known), onPart)) };
      });
    }
    return this.#withSession(clipId, async (session) => ({
      modelId: this.#needModel().id,
      ...(await encodeParts(session.keep(), session.stateShape(), new Set(known), onPart)),
    }));
  }

  importStateParts(
    clipId: string,
    { modelId, index }: StateInParts,
    readPart: (name: string) => Promise<Uint8Array | null>,
  ): Promise<Outcome<null>> {
    return this.#withSession(clipId, async (session) => {
      const { id } = this.#needModel();
      if (id !== modelId) throw ofAnotherModel(modelId, id);
      session.restore(await decodeParts(index, session.stateShape(), session.pixels, readPart));
      return null;
    });
  }

  importState(clipId: string, { modelId, bytes }: TrackerState): Promise<Outcome<null>> {
    return this.#withSession(clipId, async (session) => {
      const { id } = this.#needModel();
      if (id !== modelId) throw ofAnotherModel(modelId, id);
      session.restore(decodeState(bytes, session.stateShape(), session.pixels));
      return null;
    });
  }

  // -------------------------------------------------------------- mattes

  exportMatte(
    clipId: string,
    request: MatteRequest,
    onFile: (file: MatteFile) => void | Promise<void>,
    onProgress: (progress: ExportProgress) => void,
  ): Promise<Outcome<{ files: number }>> {
    return this.#stoppable((signal) => {
      const { frames } = this.#clip(clipId);
      assertInClip(frames.info, request.from);
      assertInClip(frames.info, request.to);
      const maskSide = this.#model?.engine.maskSide ?? DEFAULT_MASK_SIDE;
      const logitsOf = this.#logitsOf(clipId);
      const job = { frames, request, maskSide, onFile, onProgress, signal };
      return this.#realm.exportMatte(logitsOf ? { ...job, logitsOf } : job);
    });
  }

  /** Undefined where nothing of the loaded model's was tracked on the clip. */
  #logitsOf(clipId: string): ExportJob["logitsOf"] {
    const session = this.#clip(clipId).session;
    if (!session || session.modelId !== this.#model?.id) return undefined;
    return async (objectId, frameIndex) => {
      const object = session.tracking.objects.get(objectId);
      const output = object && outputOn(object, frameIndex);
      return output ? (await output.pixels.read()).logits : null;
    };
  }

  // -------------------------------------------------------------- order of calls

  #exclusive<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => {});
    return result;
  }

  #withSession<T>(clipId: string, work: (session: TrackingSession) => Promise<T>): Promise<Outcome<T>> {
    return this.#exclusive(() => outcome(() => work(this.#session(clipId))));
  }

  #stoppable<T>(work: (signal: AbortSignal) => Promise<T>): Promise<Outcome<T>> {
    return this.#exclusive(async () => {
      const running = new AbortController();
      this.#running = running;
      try {
        return await outcome(() => work(running.signal));
      } finally {
        this.#running = null;
      }
    });
  }

  // -------------------------------------------------------------- what is open

  #clip(clipId: string): Clip {
    const clip = this.#clips.get(clipId);
    if (clip) return clip;
    throw new TrackerError("not-found", `There is no open clip ${clipId}.`, "Open the clip again.");
  }

  #needModel(): Model {
    if (this.#model) return this.#model;
    throw new TrackerError("no-model", "No model is loaded.", "Load a model first.");
  }

  /** A reloaded model takes the session over; another one can't read its memories, the session starts anew. */
  #session(clipId: string): TrackingSession {
    const clip = this.#clip(clipId);
    const { id, engine, options, semantics } = this.#needModel();
    const old = clip.session?.modelId === id ? clip.session.tracking : null;
    if (old?.engine === engine) return old;
    if (old) {
      old.useEngine(engine, options, semantics);
      return old;
    }
    clip.session?.tracking.close();
    const openSpill = this.#realm.openSpill?.bind(this.#realm);
    const tracking = new TrackingSession({ engine, frames: clip.frames, options, semantics, openSpill });
    clip.session = { modelId: id, tracking };
    return tracking;
  }
}

/** Of a 1024-pixel model, for mattes that are written while none is loaded. */
const DEFAULT_MASK_SIDE = 256;

/** Memories have the size of the input: a model of another size can't read them, so it is another model. */
function idUnder(id: string, inputSize: number, ownSize: number): string {
  return inputSize === ownSize ? id : `${id} at ${inputSize} px`;
}

function ofAnotherModel(modelId: string | null, loaded = "another one"): TrackerError {
  return new TrackerError(
    "bad-checkpoint",
    `The saved tracking belongs to the model ${modelId}; ${loaded} is loaded.`,
    `Load ${modelId} and open the saved tracking again, or track anew.`,
  );
}

async function outcome<T>(work: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    return { ok: false, error: failureOf(error) };
  }
}

/** Where a prompt fails half-way, nothing was said. */
async function orUnchanged<T>(session: TrackingSession, work: () => Promise<T>): Promise<T> {
  const before = session.keep();
  try {
    return await work();
  } catch (error) {
    session.restore(before);
    throw error;
  }
}

async function answerPrompts(
  session: TrackingSession,
  objectId: number,
  frameIndex: number,
  prompts: FramePrompts,
): Promise<FrameResult | null> {
  const started = performance.now();
  assertInClip(session.frames.info, frameIndex);
  await applyPrompts(session, objectId, frameIndex, prompts);
  const object = session.objects.get(objectId);
  if (!object || (prompts.points.length === 0 && !prompts.box && !prompts.mask)) return null;
  const { storage } = session.situationOf(object, frameIndex);
  const results = await session.resultsOn(frameIndex, storage, performance.now() - started);
  return resultOfObject(results, objectId);
}
