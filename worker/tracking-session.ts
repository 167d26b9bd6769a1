/**
 * Runs in the tracking worker or in Node: the official video predictor's operations on one clip, with its
 * semantics. One call at a time; a propagation is a call until its generator ends.
 */
import type { Alternative } from "./alternatives.ts";
import { assertInClip } from "./frames/frame-range.ts";
import type { FrameSource } from "./frames/frame-source.ts";
import { ImageFeatureCache } from "./image-feature-cache.ts";
import { encodeMask } from "./mask-rle.ts";
import { isSameSelection, type MemorySelection, selectMemories } from "./memory-bank.ts";
import { PixelStore, type SpillFile } from "./pixel-store.ts";
import { maskPromptToModelSize } from "./postprocess.ts";
import type { PredictorOptions } from "./predictor-options.ts";
import { preprocess } from "./preprocess.ts";
import { appendPoints, encodePoints, type PointInputs, type PointsOrBox } from "./prompt-encoding.ts";
import { type PropagateRequest, propagate } from "./propagate.ts";
import type { Semantics } from "./protocol.ts";
import type { ImageFeatures, Sam2Engine } from "./sam2-engine.ts";
import { badPrompt, noPrompt } from "./session-errors.ts";
import { type FrameResults, type ResultRules, toFrameResults, withLogits } from "./session-results.ts";
import type { StateShape } from "./session-state-file.ts";
import { type Embedding, type StepResult, segmentMask, segmentPoints } from "./track-step.ts";
import {
  clearPrompts,
  copyObject,
  createObject,
  newestOutput,
  promptedFrames,
  type StorageKey,
  type TrackedObject,
} from "./tracked-object.ts";
import { TrackerError } from "./tracker-error.ts";

export interface SessionInit {
  engine: Sam2Engine;
  frames: FrameSource;
  options: PredictorOptions;
  /** `upstream` where absent. */
  semantics?: Semantics;
  /** Where frames go that leave working memory; absent: none do. */
  openSpill?: (() => Promise<SpillFile | null>) | undefined;
  /** Bytes of working memory for frames; absent: 85 frames of one object. */
  pixelBudget?: number;
  /** Told of every inference and what was decided in it. */
  onStep?: (step: StepReport) => void;
}

/** One inference of one object: what it read and what came of it. */
export interface StepReport extends StepResult {
  /** `remembered`: the memory of a prompted frame was encoded, nothing was segmented. */
  kind: "prompted" | "remembered" | "tracked";
  frameIndex: number;
  objectId: number;
  initial: boolean;
  reverse: boolean;
  /** [time position, frame] of each memory and [distance, frame] of each pointer, in order. */
  memories: [number, number][];
  pointers: [number, number][];
}

export interface PointPrompts extends PointsOrBox {
  /** False adds to the points that are already on this frame. */
  clearOldPoints?: boolean;
  /** Which of the masks that these points can mean; absent: 0. */
  alternative?: Alternative;
}

/** Everything that a session knows, without pixels and features; see `keep`. */
export interface SessionState {
  objects: Map<number, TrackedObject>;
}

export class TrackingSession {
  readonly frames: FrameSource;
  readonly features: ImageFeatureCache;
  readonly pixels: PixelStore;
  readonly report: (step: StepReport) => void;
  readonly openSpill: SessionInit["openSpill"];
  engine: Sam2Engine;
  options: PredictorOptions;
  semantics: Semantics;
  /** In order of arrival, which is upstream's object index. */
  objects = new Map<number, TrackedObject>();
  /** The last click's memory-conditioned feature: most often the next click reads the same bank. */
  #click: ClickEmbedding | null = null;

  constructor({ engine, frames, options, semantics = "upstream", onStep, ...memory }: SessionInit) {
    this.engine = engine;
    this.frames = frames;
    this.semantics = semantics;
    this.options = optionsUnder(semantics, options, engine);
    this.features = new ImageFeatureCache((frameIndex) => this.#encodeFrame(frameIndex));
    const { logits, memory: memoryLength } = this.stateShape();
    this.pixels = new PixelStore({
      recordBytes: logits * Float32Array.BYTES_PER_ELEMENT + memoryLength * Uint16Array.BYTES_PER_ELEMENT,
      openSpill: memory.openSpill,
      ...(memory.pixelBudget !== undefined && { budget: memory.pixelBudget }),
    });
    this.report = onStep ?? (() => {});
    this.openSpill = memory.openSpill;
  }

  get objectIds(): number[] {
    return [...this.objects.keys()];
  }

  // -------------------------------------------------------------- prompts

  /** Points or a box of one object on one frame; answers with all objects' masks on this frame. */
  async addPoints(frameIndex: number, objectId: number, prompts: PointPrompts): Promise<FrameResults> {
    assertInClip(this.frames.info, frameIndex);
    const { clearOldPoints = true, alternative = 0, ...pointsOrBox } = prompts;
    if (prompts.box && !clearOldPoints) {
      throw badPrompt("A box starts a frame's prompts: give it with clearOldPoints, before any point.");
    }
    const added = encodePoints(pointsOrBox, this.frames.info, this.engine.config.imageSize);
    const object = this.#objectFor(objectId);
    const points = appendPoints(clearOldPoints ? undefined : object.points.get(frameIndex), added);
    object.points.set(frameIndex, points);
    object.masks.delete(frameIndex);
    return this.#answer(object, frameIndex, (features, situation) =>
      this.#segmentPoints(object, frameIndex, features, situation, points, alternative),
    );
  }

  /** `pixels`: width * height, row by row, anything but 0 belongs to the object; any size. */
  async addMask(
    frameIndex: number,
    objectId: number,
    mask: { width: number; height: number; pixels: Uint8Array },
  ): Promise<FrameResults> {
    assertInClip(this.frames.info, frameIndex);
    const { width, height, pixels } = mask;
    if (pixels.length !== width * height || pixels.length === 0) {
      throw badPrompt(`A ${width} x ${height} mask needs ${width * height} pixels, got ${pixels.length}.`);
    }
    const { imageSize } = this.engine.config;
    const binary = Uint8Array.from(pixels, (value) => (value === 0 ? 0 : 1));
    const prompt = maskPromptToModelSize(binary, width, height, imageSize);
    const object = this.#objectFor(objectId);
    object.masks.add(frameIndex);
    object.points.delete(frameIndex);
    return this.#answer(object, frameIndex, async (features, situation) => {
      const embedding = () => this.#embeddingFor(object, frameIndex, features, situation);
      const step = await segmentMask(this, features, embedding, prompt, situation.initial);
      return { ...step, output: { ...step.output, maskPrompt: encodeMask(binary, width, height) } };
    });
  }

  /** Takes all prompts of one object on one frame away. */
  async clearFrame(frameIndex: number, objectId: number): Promise<FrameResults> {
    const object = this.objectWithId(objectId);
    clearPrompts(object, frameIndex);
    return this.#resultsAfterClearing(frameIndex);
  }

  /** Returns the frames on which the object had prompts, with what the others look like there now. */
  async removeObject(objectId: number): Promise<FrameResults[]> {
    const object = this.objectWithId(objectId);
    const frames = promptedFrames(object);
    this.objects.delete(objectId);
    if (this.objects.size === 0) return [];
    return Promise.all(frames.map((frame) => this.#resultsAfterClearing(frame)));
  }

  /** Forgets all objects; the clip stays open. */
  reset(): void {
    this.objects.clear();
  }

  #resultsAfterClearing(frameIndex: number): Promise<FrameResults> {
    const conditioning = [...this.objects.values()].some(({ fresh }) => fresh.conditioning.has(frameIndex));
    return this.resultsOn(frameIndex, conditioning ? "conditioning" : "nonConditioning");
  }

  // -------------------------------------------------------------- tracking

  /** Frame after frame from `start`; `maxFrames` n gives n + 1 frames, as upstream. */
  propagate(request: PropagateRequest = {}): AsyncGenerator<FrameResults> {
    return propagate(this, request);
  }

  // -------------------------------------------------------------- state

  /** A copy of the state that shares all tensors with the session. */
  keep(): SessionState {
    return { objects: new Map([...this.objects].map(([id, object]) => [id, copyObject(object)])) };
  }

  /** Goes back to what `keep` gave; that copy stays good for another time. */
  restore(state: SessionState): void {
    this.objects = new Map([...state.objects].map(([id, object]) => [id, copyObject(object)]));
  }

  /** Continues with the same model loaded anew: after the device was lost, or with other options. */
  useEngine(engine: Sam2Engine, options: PredictorOptions, semantics: Semantics): void {
    this.release();
    this.engine = engine;
    this.semantics = semantics;
    this.options = optionsUnder(semantics, options, engine);
  }

  /** What a state of this session can be exchanged with. */
  stateShape(): StateShape {
    const { config, maskSide, featureSide } = this.engine;
    return {
      frameCount: this.frames.info.frameCount,
      pointer: config.neck.dModel,
      logits: maskSide ** 2,
      memory: featureSide ** 2 * config.memoryEncoder.memoryDim,
    };
  }

  /** Encodes a frame ahead of a click. */
  async warm(frameIndex: number): Promise<void> {
    assertInClip(this.frames.info, frameIndex);
    await this.features.use(frameIndex, { keep: true }, async () => {});
  }

  /** Lets features go; prompts and results stay, and so does the session. */
  release(): void {
    this.#forgetClick();
    this.features.clear();
  }

  /** The end of the session; the frames and the engine are their owner's. */
  close(): void {
    this.release();
    this.objects.clear();
    this.pixels.close();
  }

  // -------------------------------------------------------------- parts shared with propagate.ts

  objectWithId(objectId: number): TrackedObject {
    const object = this.objects.get(objectId);
    if (object) return object;
    const known = this.objectIds.join(", ") || "none";
    throw new TrackerError(
      "not-found",
      `There is no object ${objectId}; the clip has ${known}.`,
      "Choose one of these, or add a prompt for a new object.",
    );
  }

  /** What all objects look like on a frame; an object without a result there is absent. */
  async resultsOn(frameIndex: number, storage: StorageKey, milliseconds = 0): Promise<FrameResults> {
    const outputs = [...this.objects.values()].map((object) => ({
      objectId: object.id,
      output: newestOutput(object, storage, frameIndex),
      prompted: object.points.has(frameIndex) || object.masks.has(frameIndex),
      milliseconds,
    }));
    return toFrameResults(frameIndex, await withLogits(outputs), this.resultRules());
  }

  resultRules(): ResultRules {
    const { width, height } = this.frames.info;
    return { side: this.engine.maskSide, width, height, nonOverlap: this.options.non_overlap_masks };
  }

  selectFor(object: TrackedObject, frameIndex: number, reverse: boolean) {
    if (object.bank.conditioning.size === 0) throw noPrompt(`Object ${object.id} has no prompted frame`);
    return selectMemories(object.bank, {
      frameIndex,
      reverse,
      frameCount: this.frames.info.frameCount,
      numMaskmem: this.engine.config.numMaskmem,
      useObjectPointers: this.engine.config.useObjectPointers,
      options: this.options,
    });
  }

  /**
   * A frame that was never tracked is segmented without memory and conditions the others. A tracked one is
   * a correction: it reads the bank, and joins the conditioning frames only where an option says so.
   */
  situationOf(object: TrackedObject, frameIndex: number): Situation {
    const tracked = object.tracked.get(frameIndex);
    // Upstream fails where nothing is left to remember; a sticky session starts over from this frame.
    const orphaned = this.semantics === "sticky" && object.bank.conditioning.size === 0;
    const initial = tracked === undefined || orphaned;
    const conditioning = initial || this.options.add_all_frames_to_correct_as_cond;
    return {
      initial,
      reverse: tracked !== undefined && !initial && tracked.reverse,
      storage: conditioning ? "conditioning" : "nonConditioning",
    };
  }

  // -------------------------------------------------------------- one prompted frame

  #objectFor(objectId: number): TrackedObject {
    const object = this.objects.get(objectId) ?? createObject(objectId);
    this.objects.set(objectId, object);
    return object;
  }

  async #answer(
    object: TrackedObject,
    frameIndex: number,
    segment: (features: ImageFeatures, situation: Situation) => Promise<StepResult>,
  ): Promise<FrameResults> {
    const started = performance.now();
    const situation = this.situationOf(object, frameIndex);
    const step = await this.features.use(frameIndex, { keep: true }, (features) =>
      segment(features, situation),
    );
    object.fresh[situation.storage].set(frameIndex, step.output);
    this.#reportPrompt(object, frameIndex, situation, step);
    return this.resultsOn(frameIndex, situation.storage, performance.now() - started);
  }

  async #segmentPoints(
    object: TrackedObject,
    frameIndex: number,
    features: ImageFeatures,
    situation: Situation,
    points: PointInputs,
    alternative: Alternative,
  ): Promise<StepResult> {
    const embedding = await this.#embeddingFor(object, frameIndex, features, situation);
    const previous = newestOutput(object, situation.storage, frameIndex);
    return segmentPoints(this, features, embedding, {
      points,
      initial: situation.initial,
      previousLogits: previous ? (await previous.pixels.read()).logits : null,
      alternative,
    });
  }

  /** Stays the session's or the cache's: not to be released by the caller. */
  async #embeddingFor(
    object: TrackedObject,
    frameIndex: number,
    features: ImageFeatures,
    { initial, reverse }: Situation,
  ): Promise<Embedding> {
    if (initial) return { tensor: features.s16, noMemory: true };
    const selection = this.selectFor(object, frameIndex, reverse);
    if (this.#click?.frameIndex === frameIndex && isSameSelection(this.#click.selection, selection)) {
      return { tensor: this.#click.tensor, noMemory: false };
    }
    const tensor = await this.engine.attendToMemory(features, [selection]);
    this.#forgetClick();
    this.#click = { frameIndex, selection, tensor };
    return { tensor, noMemory: false };
  }

  #forgetClick(): void {
    this.#click?.tensor.release();
    this.#click = null;
  }

  #reportPrompt(
    object: TrackedObject,
    frameIndex: number,
    { initial, reverse }: Situation,
    step: StepResult,
  ): void {
    const selection = initial || step.decision === null ? null : this.selectFor(object, frameIndex, reverse);
    this.report({
      ...step,
      kind: "prompted",
      frameIndex,
      objectId: object.id,
      initial,
      reverse,
      memories: selection?.memories.map((memory) => [memory.timePosition, memory.frameIndex]) ?? [],
      pointers: selection?.pointers.map((pointer) => [pointer.distance, pointer.frameIndex]) ?? [],
    });
  }

  async #encodeFrame(frameIndex: number): Promise<ImageFeatures> {
    const picture = await this.frames.frame(frameIndex);
    return this.engine.encodeImage(preprocess(picture, this.engine.config.imageSize));
  }
}

function optionsUnder(semantics: Semantics, options: PredictorOptions, engine: Sam2Engine): PredictorOptions {
  const result = { ...options };
  if (semantics === "sticky") result.add_all_frames_to_correct_as_cond = true;
  if (engine.runtime.backend === "webgpu" && options.max_cond_frames_in_attn === -1) {
    // Room for the ordinary memories and the pointers; 25 prompted frames of a 1024-pixel model.
    result.max_cond_frames_in_attn = Math.max(2, engine.memoriesPerRun - engine.config.numMaskmem);
  }
  return result;
}

/** How a prompt on a frame is to be understood. */
export interface Situation {
  initial: boolean;
  reverse: boolean;
  storage: StorageKey;
}

interface ClickEmbedding {
  frameIndex: number;
  selection: MemorySelection;
  tensor: Embedding["tensor"];
}
