/**
 * A tracker without a model, as a plain object: every object is a disc that moves one pixel a frame to the
 * right from where it was clicked. Drives the session's tests in Node; the page is tested with the real one.
 */

import { exportMatte } from "../../worker/export-matte.ts";
import { arrayFrameSource } from "../../worker/frames/array-frame-source.ts";
import { encodeMask } from "../../worker/mask-rle.ts";
import type {
  ClipInfo,
  FramePrompts,
  FrameResult,
  MatteRequest,
  Outcome,
  TrackerApi,
  TrackerFailure,
} from "../../worker/protocol.ts";

export const FAKE_CLIP: ClipInfo = {
  clipId: "clip",
  name: "shot.mp4",
  width: 64,
  height: 36,
  frameCount: 20,
  timestamps: Array.from({ length: 20 }, (_, frame) => frame / 25),
  framesPerSecond: 25,
  rate: { numerator: 25, denominator: 1 },
  variableFrameRate: false,
  durationSeconds: 0.8,
  codec: "avc1",
  rotation: 0,
  pixelAspect: { numerator: 1, denominator: 1 },
};

const ok = <T>(value: T): Outcome<T> => ({ ok: true, value });
const RADIUS = 5;
const PART_MISSING: TrackerFailure = { code: "not-found", message: "A part is missing.", remedy: "" };

interface FakeState {
  /** objectId → frame → prompts */
  prompts: Map<number, Map<number, FramePrompts>>;
  tracked: Set<number>;
}

const copyOf = (state: FakeState): FakeState => ({
  prompts: new Map([...state.prompts].map(([id, frames]) => [id, new Map(frames)])),
  tracked: new Set(state.tracked),
});

export class FakeTracker implements TrackerApi {
  readonly calls: string[] = [];
  readonly exports: MatteRequest[] = [];
  /** Ids of the open clips, in the order in which they were opened. */
  readonly openClips: string[] = [];
  readonly #states = new Map<string, FakeState>();
  /** First frame of another shot. */
  cutAt: number | null = null;
  /** Object scores by frame; others are 8. */
  scores = new Map<number, number>();
  /** Fails the next call of this name. */
  failNext: { call: string; error: TrackerFailure } | null = null;
  clip: ClipInfo = FAKE_CLIP;
  modelId = "";
  /** Of the last model that was asked for. */
  options: Record<string, number | boolean> = {};
  #kept = new Map<string, FakeState>();
  #nextState = 1;
  #clips = 0;
  #stopped = false;
  #busy = false;

  /** Of the clip that was opened last. */
  get state(): FakeState {
    return this.#stateOf(this.openClips.at(-1) ?? "");
  }

  #stateOf(clipId: string): FakeState {
    const state = this.#states.get(clipId) ?? { prompts: new Map(), tracked: new Set() };
    this.#states.set(clipId, state);
    return state;
  }

  get keptStates(): number {
    return this.#kept.size;
  }

  async environment(): ReturnType<TrackerApi["environment"]> {
    const backends = [{ backend: "wasm" as const, available: true, threads: 1, reason: "one thread" }];
    return { backends, crossOriginIsolated: false, advice: "" };
  }

  async listModels() {
    const model = { id: "nano", title: "Nano", licence: "Apache-2.0", bytes: 7e6, inputSize: 512 };
    return [{ ...model, state: "builtin" as const }];
  }

  async loadModel(request: Parameters<TrackerApi["loadModel"]>[0]): ReturnType<TrackerApi["loadModel"]> {
    const { source, backend = "webgpu" } = request;
    const id = source.kind === "listed" ? source.id : source.name;
    this.calls.push(`loadModel ${id} ${backend}`);
    this.options = request.options ?? {};
    if (id !== this.modelId) this.#states.clear();
    this.modelId = id;
    const model = { id, backend, threads: 1, inputSize: 512, reason: "" };
    return this.#failure("loadModel") ?? ok({ ...model, loadMilliseconds: 1 });
  }

  async deleteModel() {
    return ok(null);
  }

  async openClip(): Promise<Outcome<ClipInfo>> {
    const failed = this.#failure<ClipInfo>("openClip");
    if (failed) return failed;
    const clipId = `clip ${++this.#clips}`;
    this.openClips.push(clipId);
    return ok({ ...this.clip, clipId });
  }

  async closeClip(clipId: string) {
    this.calls.push("closeClip");
    this.openClips.splice(this.openClips.indexOf(clipId), 1);
    this.#states.delete(clipId);
  }

  async readFrame(): Promise<Outcome<ImageBitmap>> {
    return { ok: false, error: { code: "internal", message: "no pictures here", remedy: "" } };
  }

  async warmFrame() {
    return ok(null);
  }

  async setPrompts(clip: string, objectId: number, frame: number, prompts: FramePrompts) {
    this.calls.push(`setPrompts ${objectId}@${frame} ${prompts.points.length}`);
    const failed = this.#failure<FrameResult | null>("setPrompts");
    if (failed) return failed;
    const { prompts: said } = this.#stateOf(clip);
    const frames = said.get(objectId) ?? new Map<number, FramePrompts>();
    said.set(objectId, frames);
    const says = prompts.points.length > 0 || prompts.box || prompts.mask;
    if (says) frames.set(frame, prompts);
    else frames.delete(frame);
    return ok(says ? this.#result(clip, objectId, frame) : null);
  }

  async previewClick(clip: string, objectId: number, frame: number) {
    return ok(this.#result(clip, objectId, frame));
  }

  async removeObject(clip: string, objectId: number) {
    this.#stateOf(clip).prompts.delete(objectId);
    return ok(null);
  }

  async affectedStretch(clip: string, objectId: number, frame: number) {
    const after = [...this.#stateOf(clip).tracked].filter((each) => each > frame);
    return after.length === 0 ? null : { objectId, from: frame, to: Math.max(...after) };
  }

  async track(
    clip: string,
    request: Parameters<TrackerApi["track"]>[1],
    onProgress: Parameters<TrackerApi["track"]>[2],
  ): ReturnType<TrackerApi["track"]> {
    const { from, to, zoom } = request;
    this.calls.push(
      zoom
        ? `zoom ${from}→${to} of ${request.objectIds?.join(",")}`
        : `track ${from}→${to} of ${request.objectIds?.join(",")}`,
    );
    this.#stopped = false;
    this.#busy = true;
    try {
      return await this.#run(clip, request, onProgress);
    } finally {
      this.#busy = false;
    }
  }

  async #run(
    clip: string,
    { from, to, objectIds = [], stopAtCuts = false, zoom = false }: Parameters<TrackerApi["track"]>[1],
    onProgress: Parameters<TrackerApi["track"]>[2],
  ): ReturnType<TrackerApi["track"]> {
    const step = to < from ? -1 : 1;
    const totalFrames = Math.abs(to - from) + 1;
    for (let done = 1, frame = from; done <= totalFrames; done++, frame += step) {
      const isCut = stopAtCuts && frame !== from && frame === this.cutAt;
      if (isCut) return ok({ ended: "cut", doneFrames: done - 1, resumeAt: frame });
      if (this.#stopped) return ok({ ended: "cancelled", doneFrames: done - 1, resumeAt: frame });
      const results = objectIds.map((id) => this.#result(clip, id, frame, zoom ? RADIUS - 1 : RADIUS));
      this.#stateOf(clip).tracked.add(frame);
      await onProgress({
        results,
        frameIndex: frame,
        doneFrames: done,
        totalFrames,
        secondsLeft: null,
        framesPerSecond: 10,
      });
    }
    return this.#failure("track") ?? ok({ ended: "complete", doneFrames: totalFrames, resumeAt: null });
  }

  async stop() {
    this.#stopped = true;
  }

  async keepState(clip: string) {
    const id = `state ${this.#nextState++}`;
    this.#kept.set(id, copyOf(this.#stateOf(clip)));
    return id;
  }

  async returnToState(clip: string, id: string) {
    const kept = this.#kept.get(id);
    if (!kept) throw new Error(`${id} was forgotten`);
    this.#states.set(clip, copyOf(kept));
    return ok(null);
  }

  async forgetState(id: string) {
    this.#kept.delete(id);
  }

  async exportState(clip: string, id?: string) {
    // The real one waits for the track to end; whoever waits for it inside of a track waits forever.
    if (this.#busy && id === undefined) throw new Error("exportState was called while a track runs");
    const state = id === undefined ? this.#stateOf(clip) : this.#kept.get(id)!;
    const plain = [...state.prompts].map(([id, frames]) => [id, [...frames]]);
    const json = JSON.stringify({ prompts: plain, tracked: [...state.tracked] });
    return ok({ modelId: this.modelId, bytes: new TextEncoder().encode(json) });
  }

  async importState(clip: string, state: { bytes: Uint8Array }) {
    this.calls.push("importState");
    const { prompts, tracked } = JSON.parse(new TextDecoder().decode(state.bytes));
    this.#states.set(clip, {
      prompts: new Map(
        prompts.map(([id, frames]: [number, [number, FramePrompts][]]) => [id, new Map(frames)]),
      ),
      tracked: new Set(tracked),
    });
    return ok(null);
  }

  /** One part for each tracked frame. */
  async exportStateParts(...[clip, id, known, onPart]: Parameters<TrackerApi["exportStateParts"]>) {
    const exported = await this.exportState(clip, id ?? undefined);
    if (!exported.ok) return exported;
    const { modelId, bytes } = exported.value;
    const state = id === null ? this.#stateOf(clip) : this.#kept.get(id)!;
    const parts = [...state.tracked].map((frame) => `frame ${frame}`);
    for (const name of parts)
      if (!known.includes(name)) await onPart({ name, bytes: new TextEncoder().encode(name) });
    return ok({ modelId, index: bytes, parts });
  }

  async importStateParts(...[clip, state, readPart]: Parameters<TrackerApi["importStateParts"]>) {
    for (const name of state.parts) {
      const part = await readPart(name);
      if (!part || new TextDecoder().decode(part) !== name)
        return { ok: false as const, error: PART_MISSING };
    }
    return this.importState(clip, { bytes: state.index });
  }

  async exportMatte(
    _clip: string,
    request: Parameters<TrackerApi["exportMatte"]>[1],
    onFile: Parameters<TrackerApi["exportMatte"]>[2],
  ): ReturnType<TrackerApi["exportMatte"]> {
    this.exports.push(request);
    const failed = this.#failure<{ files: number }>("exportMatte");
    if (failed) return failed;
    if (request.format === "paths") return this.#tracePaths(request, onFile);
    this.#stopped = false;
    for (let frame = request.from; frame <= request.to; frame++) {
      await onFile({ path: `${frame}.png`, bytes: new Blob([String(frame)]) });
      if (this.#stopped) return { ok: false, error: { code: "cancelled", message: "stopped", remedy: "" } };
    }
    return ok({ files: request.to - request.from + 1 });
  }

  /** The real tracing, over black pictures. */
  async #tracePaths(
    request: Parameters<TrackerApi["exportMatte"]>[1],
    onFile: Parameters<TrackerApi["exportMatte"]>[2],
  ): ReturnType<TrackerApi["exportMatte"]> {
    const { width, height, frameCount } = this.clip;
    const picture = { width, height, data: new Uint8ClampedArray(width * height * 4) };
    const frames = arrayFrameSource(new Array(frameCount).fill(picture), "clip");
    const { signal } = new AbortController();
    const job = { frames, request, maskSide: 64, signal, onFile, onProgress: () => {} };
    return ok(await exportMatte({ ...job, onFile: async (file) => onFile(file) }, async () => {}));
  }

  #failure<T = never>(call: string): Outcome<T> | null {
    if (this.failNext?.call !== call) return null;
    const { error } = this.failNext;
    this.failNext = null;
    return { ok: false, error };
  }

  /** Closer up, a disc is a pixel smaller. */
  #result(clip: string, objectId: number, frameIndex: number, radius = RADIUS): FrameResult {
    const { width, height } = this.clip;
    const frames = this.#stateOf(clip).prompts.get(objectId);
    const near =
      frames && [...frames].sort((a, b) => Math.abs(a[0] - frameIndex) - Math.abs(b[0] - frameIndex))[0];
    const at = near?.[1].points[0] ?? near?.[1].box ?? { x: width / 2, y: height / 2 };
    const [x, y] = "x" in at ? [at.x, at.y] : [(at.x0 + at.x1) / 2, (at.y0 + at.y1) / 2];
    const scale = width / 64;
    const centre = x + (frameIndex - (near?.[0] ?? frameIndex)) * scale;
    const objectScore = this.scores.get(frameIndex) ?? 8;
    const pixels = new Uint8Array(width * height);
    if (objectScore > 0)
      for (let at = 0; at < pixels.length; at++)
        if (Math.hypot((at % width) + 0.5 - centre, Math.floor(at / width) + 0.5 - y) < radius * scale)
          pixels[at] = 1;
    return {
      objectId,
      frameIndex,
      mask: encodeMask(pixels, width, height),
      objectScore,
      predictedIou: 0.9,
      area: pixels.reduce((sum, each) => sum + each, 0),
      origin: frames?.has(frameIndex) ? "prompted" : "tracked",
      milliseconds: 20,
    };
  }
}
