/**
 * Runs in the tracking worker or in Node: carries the objects of a session from frame to frame.
 *
 * prompts ─▶ preflight: fresh answers get their memory and enter the banks
 *            └▶ frame: decode and preprocess (one ahead) ─▶ features ─▶ objects in batches ─▶ results
 *
 * [Note: encoding ahead]
 * On a graphics card a run goes on while JavaScript does other things. So the next frame's features are asked
 * for when the present frame has gone through all graphs: the card encodes while masks are enlarged, coded and
 * shown. Not earlier, because the present frame's mask would wait behind it. On a processor there is nothing to
 * gain: both native and WebAssembly run on JavaScript's own thread, and its cores are busy.
 */
import { assertInClip } from "./frames/frame-range.ts";
import type { Picture } from "./frames/frame-source.ts";
import { isSamePicture } from "./frames/same-picture.ts";
import { FrameChangeDetector } from "./matte/frame-change.ts";
import type { FrameOutput, MemorySelection } from "./memory-bank.ts";
import { preprocess } from "./preprocess.ts";
import { settleHistory } from "./prompt-history.ts";
import type { ImageFeatures } from "./sam2-engine.ts";
import { noPrompt } from "./session-errors.ts";
import { type FrameResults, type ObjectOutput, toFrameResults, withLogits } from "./session-results.ts";
import { encodePromptedMemory, type StepResult, trackObjects } from "./track-step.ts";
import { forgetAround, type TrackedObject } from "./tracked-object.ts";
import type { TrackingSession } from "./tracking-session.ts";

export interface PropagateRequest {
  /** Absent: the earliest conditioning frame of any object. */
  start?: number;
  /** Frames after `start`; absent: to the end of the clip. */
  maxFrames?: number;
  reverse?: boolean;
  /** Absent: all objects of the session. */
  objectIds?: readonly number[];
  /** Ends the generator before the next frame; what is done is kept. */
  signal?: AbortSignal;
  /** Given: ends the generator before the first frame of another shot, and tells which one that is. */
  onCut?: (frameIndex: number) => void;
}

export async function* propagate(
  session: TrackingSession,
  request: PropagateRequest,
): AsyncGenerator<FrameResults> {
  const { signal, reverse = false, onCut } = request;
  const objects = objectsOf(session, request.objectIds);
  for (const object of objects) await takeOverPrompts(session, object);
  const frames = framesInOrder(session, objects, request);
  if (!frames) return;
  const looksForCuts = onCut !== undefined;
  let ahead: Ahead = NOTHING_AHEAD;
  try {
    for await (const frame of preparedFrames(session, frames, looksForCuts, signal)) {
      if (signal?.aborted) return;
      if (frame.isCut) return onCut?.(frame.frameIndex);
      const milliseconds = await trackFrame(session, objects, frame, reverse);
      ahead.release();
      ahead = encodeAhead(session, objects, frame);
      yield await resultsOf(session, objects, frame.frameIndex, milliseconds);
      if (signal?.aborted) return;
    }
  } finally {
    ahead.release();
  }
}

function objectsOf(session: TrackingSession, ids: readonly number[] | undefined): TrackedObject[] {
  const objects = (ids ?? session.objectIds).map((id) => session.objectWithId(id));
  if (objects.length > 0) return objects;
  throw noPrompt("No object has a prompt");
}

/** First and last frame, both included; null where there is nothing to do. */
function framesInOrder(
  session: TrackingSession,
  objects: TrackedObject[],
  { start, maxFrames, reverse = false }: PropagateRequest,
): { from: number; to: number } | null {
  const { frameCount } = session.frames.info;
  const from = start ?? Math.min(...objects.flatMap(({ bank }) => [...bank.conditioning.keys()]));
  assertInClip(session.frames.info, from);
  const count = maxFrames ?? frameCount;
  if (!reverse) return { from, to: Math.min(from + count, frameCount - 1) };
  // Upstream's way: a backward pass from the first frame does not even give that frame.
  return from === 0 ? null : { from, to: Math.max(from - count, 0) };
}

// ---------------------------------------------------------------- before the first frame

/** Fresh answers become part of the bank, with a memory made from the mask as it is shown. */
async function takeOverPrompts(session: TrackingSession, object: TrackedObject): Promise<void> {
  const { bank, fresh } = object;
  for (const storage of ["nonConditioning", "conditioning"] as const) {
    for (const [frameIndex, output] of fresh[storage]) {
      const remembered = await withMemory(session, frameIndex, output);
      bank[storage].set(frameIndex, remembered);
      report(session, object, frameIndex, "remembered", false, null, { output: remembered, decision: null });
      forgetNeighbours(session, object, frameIndex);
    }
    fresh[storage].clear();
  }
  if (bank.conditioning.size === 0) throw noPrompt(`Object ${object.id} has no prompted frame`);
  for (const frameIndex of bank.conditioning.keys()) bank.nonConditioning.delete(frameIndex);
}

async function withMemory(
  session: TrackingSession,
  frameIndex: number,
  output: FrameOutput,
): Promise<FrameOutput> {
  const { logits, memory } = await output.pixels.read();
  if (memory) return output;
  const encoded = await session.features.use(frameIndex, { keep: true }, (features) =>
    encodePromptedMemory(session, features, output),
  );
  return { ...output, pixels: session.pixels.put({ logits, memory: encoded }) };
}

/** What upstream's `clear_non_cond_mem_around_input` is meant to do. */
function forgetNeighbours(
  { options, engine }: TrackingSession,
  { bank }: TrackedObject,
  frame: number,
): void {
  if (!options.clear_non_cond_mem_around_input) return;
  const reach = options.memory_temporal_stride_for_eval * engine.config.numMaskmem;
  forgetAround(bank.nonConditioning, frame, reach);
}

// ---------------------------------------------------------------- frames, one ahead

interface ReadFrame {
  frameIndex: number;
  encode: () => Promise<ImageFeatures>;
  /** First frame of another shot; false where nobody asked. */
  isCut: boolean;
}

interface PreparedFrame extends ReadFrame {
  /** The one after it, as soon as it is there; null after the last, and where it could not be read. */
  next: Promise<ReadFrame | null>;
}

/** The next frame is decoded and preprocessed while the runtime works on the present one. */
async function* preparedFrames(
  session: TrackingSession,
  { from, to }: { from: number; to: number },
  looksForCuts: boolean,
  signal: AbortSignal | undefined,
): AsyncGenerator<PreparedFrame> {
  const pictures = session.frames.frames(from, to, signal);
  const changes = looksForCuts ? new FrameChangeDetector() : null;
  let before: { frameIndex: number; picture: Picture } | null = null;
  const prepare = async (): Promise<ReadFrame | null> => {
    const next = await pictures.next();
    if (next.done) return null;
    const { frameIndex, picture } = next.value;
    const isCut = changes?.next(picture) === "cut";
    const repeats = before !== null && isSamePicture(before.picture, picture);
    if (repeats && before) session.features.repeat(frameIndex, before.frameIndex);
    before = next.value;
    return { frameIndex, encode: encoderOf(session, frameIndex, picture, repeats), isCut };
  };
  let upcoming = prepare();
  try {
    for (let current = await upcoming; current; current = await upcoming) {
      upcoming = prepare();
      // It may fail while the present frame is at work; its turn reports it.
      yield { ...current, next: upcoming.catch(() => null) };
    }
  } finally {
    await upcoming.catch(() => null);
    await pictures.return(undefined);
  }
}

/** Preprocesses at once where the features are neither here nor those of the frame before. */
function encoderOf(
  { engine, features }: TrackingSession,
  frameIndex: number,
  picture: Picture,
  repeats: boolean,
): () => Promise<ImageFeatures> {
  const toImage = () => preprocess(picture, engine.config.imageSize);
  const image = repeats || features.has(frameIndex) ? null : toImage();
  return () => engine.encodeImage(image ?? toImage());
}

// ---------------------------------------------------------------- one frame

/** Returns the milliseconds that it took. */
async function trackFrame(
  session: TrackingSession,
  objects: TrackedObject[],
  { frameIndex, encode }: PreparedFrame,
  reverse: boolean,
): Promise<number> {
  const started = performance.now();
  const pending = pendingOn(objects, frameIndex);
  if (pending.length > 0) {
    await session.features.use(frameIndex, { direction: reverse ? -1 : 1, encode }, (features) =>
      trackPending(session, pending, frameIndex, reverse, features),
    );
  }
  for (const object of objects) {
    object.tracked.set(frameIndex, { reverse });
    // Sticky prompts stay open to changes, however often a propagation passes them.
    if (session.semantics === "upstream") settleHistory(object, frameIndex);
    if (object.bank.conditioning.has(frameIndex)) forgetNeighbours(session, object, frameIndex);
  }
  return performance.now() - started;
}

function pendingOn(objects: TrackedObject[], frameIndex: number): TrackedObject[] {
  return objects.filter(({ bank }) => !bank.conditioning.has(frameIndex));
}

interface Ahead {
  /** The features are let go, at once or as soon as they are there. */
  release(): void;
}

const NOTHING_AHEAD: Ahead = { release: () => {} };

/** See [Note: encoding ahead]. */
function encodeAhead(session: TrackingSession, objects: TrackedObject[], { next }: PreparedFrame): Ahead {
  if (!session.engine.runtime.runsBeside) return NOTHING_AHEAD;
  const held = next.then((frame) => {
    if (!frame || frame.isCut || pendingOn(objects, frame.frameIndex).length === 0) return null;
    return session.features.hold(frame.frameIndex, { encode: frame.encode });
  });
  return { release: () => void held.then((release) => release?.()) };
}

async function trackPending(
  session: TrackingSession,
  pending: TrackedObject[],
  frameIndex: number,
  reverse: boolean,
  features: ImageFeatures,
): Promise<void> {
  const readers = pending.map((object) => ({
    object,
    selection: session.selectFor(object, frameIndex, reverse),
  }));
  for (const batch of batchesOfOneStructure(readers, session.engine.memoriesPerRun)) {
    const selections = batch.map(({ selection }) => selection);
    const steps = await trackObjects(session, features, selections);
    for (const [index, { object, selection }] of batch.entries()) {
      const step = steps[index] as StepResult;
      object.bank.nonConditioning.set(frameIndex, step.output);
      report(session, object, frameIndex, "tracked", reverse, selection, step);
    }
  }
}

interface Reader {
  object: TrackedObject;
  selection: MemorySelection;
}

/** More at once gains nothing: the graphs are busy with one already. */
const MAX_BATCH = 4;

/** Objects that read equally many memories and pointers go through the graphs together. */
function batchesOfOneStructure(readers: Reader[], memoriesPerRun: number): Reader[][] {
  const open = new Map<string, Reader[]>();
  const batches: Reader[][] = [];
  for (const reader of readers) {
    const structure = `${reader.selection.memories.length} ${reader.selection.pointers.length}`;
    const batch = open.get(structure);
    // All pointers of an object together are smaller than one memory.
    const limit = Math.min(MAX_BATCH, memoriesPerRun / (reader.selection.memories.length + 1));
    if (batch && batch.length + 1 <= limit) {
      batch.push(reader);
      continue;
    }
    const started = [reader];
    open.set(structure, started);
    batches.push(started);
  }
  return batches;
}

function report(
  session: TrackingSession,
  object: TrackedObject,
  frameIndex: number,
  kind: "remembered" | "tracked",
  reverse: boolean,
  selection: MemorySelection | null,
  step: StepResult,
): void {
  session.report({
    ...step,
    kind,
    frameIndex,
    objectId: object.id,
    initial: false,
    reverse,
    memories: selection?.memories.map((memory) => [memory.timePosition, memory.frameIndex]) ?? [],
    pointers: selection?.pointers.map((pointer) => [pointer.distance, pointer.frameIndex]) ?? [],
  });
}

async function resultsOf(
  session: TrackingSession,
  objects: TrackedObject[],
  frameIndex: number,
  milliseconds: number,
): Promise<FrameResults> {
  const outputs = objects.map(
    ({ id, bank, points, masks }): ObjectOutput => ({
      objectId: id,
      output: bank.conditioning.get(frameIndex) ?? bank.nonConditioning.get(frameIndex) ?? null,
      prompted: points.has(frameIndex) || masks.has(frameIndex),
      milliseconds,
    }),
  );
  const results = toFrameResults(frameIndex, await withLogits(outputs), session.resultRules());
  await session.pixels.settle();
  return results;
}
