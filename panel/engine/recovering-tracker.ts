/**
 * A tracker that outlives its process. No DOM.
 *
 *   connecting ──▶ working ──process gone──▶ connecting, and everything that was said is said again
 *       └── no engine, or gone too often ──▶ a worker in the page, which goes on from the same place
 *
 * For each clip it keeps the last state that was exported (the session saves itself every few seconds) and
 * what was asked since. A call that was under way is asked again, and reports only what it hadn't reported.
 */
import { ChannelLost } from "../../worker/engine/peer.ts";
import type {
  ClipInfo,
  ClipSource,
  LoadModelRequest,
  Outcome,
  TrackerApi,
  TrackerFailure,
  TrackerState,
  TrackRequest,
  TrackSummary,
} from "../../worker/protocol.ts";
import type { ConnectedTracker } from "./engine-tracker.ts";

export interface TrackerSupply {
  /** Rejects with words for the person where there is none. */
  engine(): Promise<ConnectedTracker>;
  /** The slower way that is always there. */
  worker(): Promise<ConnectedTracker>;
}

export interface RecoveryEvents {
  connected(tracker: ConnectedTracker): void;
  /** The engine is gone; it is being started again, or, where that is no use, the worker is. */
  lost(why: string): void;
  /** Everything is where it was. */
  recovered(): void;
  noEngine(why: string): void;
}

/** More than this many ends within the time count as: it can't run here. */
const MOST_CRASHES = 3;
const CRASH_WINDOW = 120_000;
/** A call during which the engine ends this often is given up. */
const MOST_TRIES = 2;

type Step = (api: TrackerApi, clipId: string) => Promise<unknown>;

interface KnownClip {
  source: ClipSource;
  /** The current process's name for it; the panel's own name never changes. */
  innerId: string;
  /** Brings back the last state that was exported. */
  snapshot: Step | null;
  /** What such a state consists of, where it came in parts. */
  parts: Map<string, Uint8Array>;
  /** What was asked since the snapshot, in order, each with its number. */
  since: { number: number; step: Step }[];
  /** Steps asked so far. */
  asked: number;
  running: RunningTrack | null;
}

interface RunningTrack {
  reported: Set<number>;
  /** Reported frames that the snapshot has already. */
  saved: number;
}

interface KnownState {
  innerId: string;
  generation: number;
  /** Where the clip stood: steps asked, and frames reported of the track under way. */
  asked: number;
  running: RunningTrack | null;
  reported: number;
}

export class RecoveringTracker implements TrackerApi {
  readonly #supply: TrackerSupply;
  readonly #events: RecoveryEvents;
  readonly #clips = new Map<string, KnownClip>();
  readonly #states = new Map<string, KnownState>();
  #model: { request: LoadModelRequest; id: string } | null = null;
  #current: Promise<ConnectedTracker>;
  #lastLost: ConnectedTracker | null = null;
  /** Counts processes: a kept state belongs to one. */
  #generation = 0;
  #crashes: number[] = [];
  #count = 0;
  #stops = 0;

  constructor(supply: TrackerSupply, events: RecoveryEvents) {
    this.#supply = supply;
    this.#events = events;
    this.#current = this.#connect();
  }

  /** Ends the process. */
  async close(): Promise<void> {
    (await this.#current).close();
  }

  // -------------------------------------------------------------- calls that change nothing here

  environment: TrackerApi["environment"] = () => this.#run((api) => api.environment());
  listModels: TrackerApi["listModels"] = () => this.#run((api) => api.listModels());
  deleteModel: TrackerApi["deleteModel"] = (id) => this.#outcome((api) => api.deleteModel(id));

  readFrame: TrackerApi["readFrame"] = (clipId, frameIndex, maxWidth) =>
    this.#onClip(clipId, (api, inner) => api.readFrame(inner, frameIndex, maxWidth));

  warmFrame: TrackerApi["warmFrame"] = (clipId, frameIndex) =>
    this.#onClip(clipId, (api, inner) => api.warmFrame(inner, frameIndex));

  previewClick: TrackerApi["previewClick"] = (clipId, ...rest) =>
    this.#onClip(clipId, (api, inner) => api.previewClick(inner, ...rest));

  affectedStretch: TrackerApi["affectedStretch"] = (clipId, objectId, frameIndex) =>
    this.#run((api) => api.affectedStretch(this.#inner(clipId), objectId, frameIndex));

  /** While everything is being said again, too: then it ends the repetition's running step. */
  async stop(): Promise<void> {
    this.#stops++;
    await (await this.#current).api.stop().catch(ignoreLoss);
  }

  // -------------------------------------------------------------- calls that are remembered

  async loadModel(...[request, onProgress]: Parameters<TrackerApi["loadModel"]>) {
    const outcome = await this.#outcome((api) => api.loadModel(request, onProgress));
    if (!outcome.ok) return outcome;
    // Another model can't read the memories of the one before; the session says its prompts anew.
    if (this.#model?.id !== outcome.value.id) {
      for (const clip of this.#clips.values())
        Object.assign(clip, { snapshot: null, parts: new Map(), since: [] });
    }
    this.#model = { request, id: outcome.value.id };
    return outcome;
  }

  async openClip(source: ClipSource): Promise<Outcome<ClipInfo>> {
    const outcome = await this.#outcome((api) => api.openClip(source));
    if (!outcome.ok) return outcome;
    const clipId = `clip-${++this.#count}`;
    this.#clips.set(clipId, {
      source,
      innerId: outcome.value.clipId,
      snapshot: null,
      parts: new Map(),
      since: [],
      asked: 0,
      running: null,
    });
    return { ok: true, value: { ...outcome.value, clipId } };
  }

  async closeClip(clipId: string): Promise<void> {
    const inner = this.#inner(clipId);
    this.#clips.delete(clipId);
    await (await this.#current).api.closeClip(inner).catch(ignoreLoss);
  }

  setPrompts: TrackerApi["setPrompts"] = (clipId, ...rest) =>
    this.#remembered(clipId, (api, inner) => api.setPrompts(inner, ...rest));

  removeObject: TrackerApi["removeObject"] = (clipId, objectId) =>
    this.#remembered(clipId, (api, inner) => api.removeObject(inner, objectId));

  async track(...[clipId, request, onProgress]: Parameters<TrackerApi["track"]>) {
    // It changes nothing that is to be said again, and after a loss it starts over.
    if (request.zoom) return this.#onClip(clipId, (api, inner) => api.track(inner, request, onProgress));
    const stops = this.#stops;
    const running: RunningTrack = { reported: new Set(), saved: 0 };
    const clip = this.#clips.get(clipId);
    if (clip) clip.running = running;
    let tries = 0;
    const outcome = await this.#onClip<TrackSummary>(clipId, async (api, inner) => {
      const { reported, saved } = running;
      if (tries++ > 0 && this.#stops !== stops) return stoppedAt(request, reported.size);
      const rest = withoutFirst(request, saved);
      if (!rest) return stoppedAt(request, reported.size);
      return api.track(inner, rest, async (progress) => {
        if (reported.has(progress.frameIndex)) return;
        reported.add(progress.frameIndex);
        await onProgress({ ...progress, doneFrames: reported.size, totalFrames: lengthOf(request) });
      });
    });
    this.#trackEnded(clipId, request, running);
    if (!outcome.ok) return outcome;
    return { ok: true as const, value: { ...outcome.value, doneFrames: running.reported.size } };
  }

  #trackEnded(clipId: string, request: TrackRequest, running: RunningTrack): void {
    const clip = this.#clips.get(clipId);
    if (!clip) return;
    clip.running = null;
    const rest = withoutFirst(firstOf(request, running.reported.size), running.saved);
    if (rest) remember(clip, (api, inner) => api.track(inner, rest, () => {}));
  }

  /** Of a kept state, or of the present one. */
  async exportState(clipId: string, stateId?: string): Promise<Outcome<TrackerState>> {
    if (stateId === undefined) {
      const outcome = await this.#onClip(clipId, (api, inner) => api.exportState(inner));
      if (outcome.ok) this.#snapshot(clipId, (api, inner) => api.importState(inner, outcome.value));
      return outcome;
    }
    const kept = this.#states.get(stateId);
    if (kept?.generation !== this.#generation) return { ok: false, error: STATE_LOST };
    const outcome = await this.#onClip(clipId, (api, inner) => api.exportState(inner, kept.innerId));
    if (outcome.ok) this.#keptSnapshot(clipId, kept, (api, inner) => api.importState(inner, outcome.value));
    return outcome;
  }

  /** Of a kept state: what was asked after it stays to be asked again. */
  #keptSnapshot(clipId: string, kept: KnownState, snapshot: Step): void {
    const clip = this.#clips.get(clipId);
    if (!clip) return;
    clip.snapshot = snapshot;
    clip.since = clip.since.filter(({ number }) => number >= kept.asked);
    if (clip.running && clip.running === kept.running) clip.running.saved = kept.reported;
  }

  async exportStateParts(...[clipId, stateId, known, onPart]: Parameters<TrackerApi["exportStateParts"]>) {
    const kept = stateId === null ? null : (this.#states.get(stateId) ?? null);
    if (stateId !== null && kept?.generation !== this.#generation) {
      return { ok: false as const, error: STATE_LOST };
    }
    const parts = this.#clips.get(clipId)?.parts ?? new Map<string, Uint8Array>();
    const there = known.filter((name) => parts.has(name));
    const outcome = await this.#onClip(clipId, (api, inner) =>
      api.exportStateParts(inner, kept?.innerId ?? null, there, async (part) => {
        parts.set(part.name, part.bytes);
        await onPart(part);
      }),
    );
    if (!outcome.ok) return outcome;
    const step: Step = (api, inner) =>
      api.importStateParts(inner, outcome.value, async (name) => parts.get(name) ?? null);
    if (kept) this.#keptSnapshot(clipId, kept, step);
    else this.#snapshot(clipId, step);
    const needed = new Set(outcome.value.parts);
    for (const name of parts.keys()) if (!needed.has(name)) parts.delete(name);
    return outcome;
  }

  async importStateParts(...[clipId, state, readPart]: Parameters<TrackerApi["importStateParts"]>) {
    const parts = this.#clips.get(clipId)?.parts ?? new Map<string, Uint8Array>();
    const keepPart = async (name: string) => {
      const bytes = parts.get(name) ?? (await readPart(name));
      if (bytes) parts.set(name, bytes);
      return bytes;
    };
    const step = (api: TrackerApi, inner: string) => api.importStateParts(inner, state, keepPart);
    const outcome = await this.#onClip(clipId, step);
    if (outcome.ok) this.#snapshot(clipId, step);
    return outcome;
  }

  async importState(clipId: string, state: TrackerState): Promise<Outcome<null>> {
    const step = (api: TrackerApi, inner: string) => api.importState(inner, state);
    const outcome = await this.#onClip(clipId, step);
    if (outcome.ok) this.#snapshot(clipId, step);
    return outcome;
  }

  async exportMatte(...[clipId, request, onFile, onProgress]: Parameters<TrackerApi["exportMatte"]>) {
    const delivered = new Set<string>();
    return this.#onClip(clipId, (api, inner) =>
      api.exportMatte(
        inner,
        request,
        async (file) => {
          if (delivered.has(file.path)) return;
          await onFile(file);
          delivered.add(file.path);
        },
        onProgress,
      ),
    );
  }

  // -------------------------------------------------------------- states for undo

  async keepState(clipId: string): Promise<string> {
    const innerId = await this.#run((api) => api.keepState(this.#inner(clipId)));
    const id = `state-${++this.#count}`;
    const { asked = 0, running = null } = this.#clips.get(clipId) ?? {};
    const reported = running?.reported.size ?? 0;
    this.#states.set(id, { innerId, generation: this.#generation, asked, running, reported });
    return id;
  }

  async returnToState(clipId: string, stateId: string): Promise<Outcome<null>> {
    const kept = this.#states.get(stateId);
    if (kept?.generation !== this.#generation) return { ok: false, error: STATE_LOST };
    const outcome = await this.#onClip(clipId, (api, inner) => api.returnToState(inner, kept.innerId));
    // What was asked before no longer leads here: a fresh snapshot does.
    if (outcome.ok && this.#model) await this.exportState(clipId);
    return outcome;
  }

  async forgetState(stateId: string): Promise<void> {
    const kept = this.#states.get(stateId);
    this.#states.delete(stateId);
    if (kept?.generation !== this.#generation) return;
    await (await this.#current).api.forgetState(kept.innerId).catch(ignoreLoss);
  }

  // -------------------------------------------------------------- asking, and asking again

  #inner(clipId: string): string {
    return this.#clips.get(clipId)?.innerId ?? clipId;
  }

  #snapshot(clipId: string, snapshot: Step): void {
    const clip = this.#clips.get(clipId);
    if (clip) Object.assign(clip, { snapshot, since: [] });
  }

  #onClip<T>(clipId: string, work: (api: TrackerApi, inner: string) => Promise<Outcome<T>>) {
    return this.#outcome((api) => work(api, this.#inner(clipId)));
  }

  async #remembered<T>(clipId: string, work: (api: TrackerApi, inner: string) => Promise<Outcome<T>>) {
    const outcome = await this.#onClip(clipId, work);
    const clip = this.#clips.get(clipId);
    if (outcome.ok && clip) remember(clip, work);
    return outcome;
  }

  async #outcome<T>(work: (api: TrackerApi) => Promise<Outcome<T>>): Promise<Outcome<T>> {
    try {
      return await this.#run(work);
    } catch (error) {
      return { ok: false, error: givenUp(error) };
    }
  }

  async #run<T>(work: (api: TrackerApi) => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      const connected = await this.#current;
      try {
        return await work(connected.api);
      } catch (error) {
        if (!(error instanceof ChannelLost)) throw error;
        this.#recover(connected, error.message);
        if (tries === MOST_TRIES) throw error;
      }
    }
  }

  // -------------------------------------------------------------- connecting, and connecting again

  /** Once for each loss, however many calls notice it. */
  #recover(lost: ConnectedTracker, why: string): void {
    if (this.#lastLost === lost) return;
    this.#lastLost = lost;
    this.#current = this.#reconnect(why);
  }

  async #reconnect(why: string): Promise<ConnectedTracker> {
    let reason = why;
    for (;;) {
      const now = Date.now();
      this.#crashes = [...this.#crashes.filter((time) => now - time < CRASH_WINDOW), now];
      this.#events.lost(reason);
      const connected = await this.#connect(reason);
      this.#generation++;
      try {
        await this.#sayAgain(connected.api);
        this.#events.recovered();
        return connected;
      } catch (error) {
        if (!(error instanceof ChannelLost)) throw error;
        reason = error.message;
      }
    }
  }

  async #connect(why = ""): Promise<ConnectedTracker> {
    const connected = await this.#engine(why).catch((error: unknown) => {
      this.#events.noEngine(error instanceof Error ? error.message : String(error));
      return this.#supply.worker();
    });
    this.#events.connected(connected);
    return connected;
  }

  async #engine(why: string): Promise<ConnectedTracker> {
    if (this.#crashes.length <= MOST_CRASHES) return this.#supply.engine().catch(this.#onceMore);
    throw new Error(`The engine ended ${this.#crashes.length} times in two minutes, at last so: ${why}`);
  }

  /** What ended while it started may have been ended by the person, or by a scanner; what isn't there stays so. */
  readonly #onceMore = (error: unknown): Promise<ConnectedTracker> => {
    if (!(error instanceof ChannelLost)) throw error;
    this.#crashes.push(Date.now());
    return this.#supply.engine();
  };

  async #sayAgain(api: TrackerApi): Promise<void> {
    if (this.#model) {
      // The backend that was asked for may be the engine's own.
      const { backend: _, ...request } = this.#model.request;
      await api.loadModel(request, () => {});
    }
    for (const clip of this.#clips.values()) await openAgain(api, clip);
  }
}

async function openAgain(api: TrackerApi, clip: KnownClip): Promise<void> {
  const opened = await api.openClip(clip.source);
  if (!opened.ok) return;
  clip.innerId = opened.value.clipId;
  await clip.snapshot?.(api, clip.innerId);
  for (const { step } of clip.since) await step(api, clip.innerId);
}

function remember(clip: KnownClip, step: Step): void {
  clip.since.push({ number: clip.asked++, step });
}

const lengthOf = ({ from, to }: TrackRequest) => Math.abs(to - from) + 1;

const directionOf = ({ from, to }: TrackRequest) => (to < from ? -1 : 1);

/** Null where no frame is left. */
function withoutFirst(request: TrackRequest | null, frames: number): TrackRequest | null {
  if (!request || frames >= lengthOf(request)) return null;
  return { ...request, from: request.from + directionOf(request) * frames };
}

/** Null for none. */
function firstOf(request: TrackRequest, frames: number): TrackRequest | null {
  if (frames === 0) return null;
  return { ...request, to: request.from + directionOf(request) * (frames - 1) };
}

function stoppedAt(request: TrackRequest, doneFrames: number): Outcome<TrackSummary> {
  const resumeAt = request.from + directionOf(request) * doneFrames;
  const complete = doneFrames >= lengthOf(request);
  return {
    ok: true,
    value: { ended: complete ? "complete" : "cancelled", doneFrames, resumeAt: complete ? null : resumeAt },
  };
}

/** The loss is noticed by the next call that needs an answer. */
function ignoreLoss(error: unknown): void {
  if (!(error instanceof ChannelLost)) throw error;
}

function givenUp(error: unknown): TrackerFailure {
  const message = error instanceof Error ? error.message : String(error);
  const remedy =
    error instanceof ChannelLost
      ? "Nothing that was tracked is lost. Try again, or take a smaller model if memory is short."
      : "This is a fault in Masklet. Please report it with what you did.";
  return { code: "internal", message, remedy };
}

const STATE_LOST: TrackerFailure = {
  code: "not-found",
  message: "The engine was started anew since, so this step can't be taken back.",
  remedy: "Go on from the present state.",
};
