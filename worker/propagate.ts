/**
 * Runs in the tracking worker or in Node: carries the objects of a session from frame to frame.
 *
 * prompts ─▶ preflight: fresh answers get their memory and enter the banks
 *            └▶ frame: decode and preprocess (one ahead) ─▶ features ─▶ objects in batches ─▶ results
 */
import { assertInClip } from "./frames/frame-range.ts";
import type { Picture } from "./frames/frame-source.ts";
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
  for await (const { frameIndex, image, isCut } of preparedFrames(session, frames, looksForCuts, signal)) {
    if (signal?.aborted) return;
    if (isCut) return onCut?.(frameIndex);
    yield await trackFrame(session, objects, frameIndex, reverse, image);
    if (signal?.aborted) return;
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
  const encoded = await session.features.use(frameIndex, true, (features) =>
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

interface PreparedFrame {
  frameIndex: number;
  /** [3, S, S], normalised; null where the features are cached already. */
  image: Float32Array | null;
  /** First frame of another shot; false where nobody asked. */
  isCut: boolean;
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
  const prepare = async (): Promise<PreparedFrame | null> => {
    const next = await pictures.next();
    if (next.done) return null;
    const { frameIndex, picture } = next.value;
    const isCut = changes?.next(picture) === "cut";
    return { frameIndex, image: toImage(session, frameIndex, picture), isCut };
  };
  let upcoming = prepare();
  try {
    for (let current = await upcoming; current; current = await upcoming) {
      upcoming = prepare();
      upcoming.catch(() => null); // it may fail while the present frame is at work; its turn reports it
      yield current;
    }
  } finally {
    await upcoming.catch(() => null);
    await pictures.return(undefined);
  }
}

function toImage(session: TrackingSession, frameIndex: number, picture: Picture): Float32Array | null {
  if (session.features.has(frameIndex)) return null;
  return preprocess(picture, session.engine.config.imageSize);
}

// ---------------------------------------------------------------- one frame

async function trackFrame(
  session: TrackingSession,
  objects: TrackedObject[],
  frameIndex: number,
  reverse: boolean,
  image: Float32Array | null,
): Promise<FrameResults> {
  const started = performance.now();
  const pending = objects.filter(({ bank }) => !bank.conditioning.has(frameIndex));
  if (pending.length > 0) {
    const encode = image ? () => session.engine.encodeImage(image) : undefined;
    await session.features.use(
      frameIndex,
      false,
      (features) => trackPending(session, pending, frameIndex, reverse, features),
      encode,
    );
  }
  for (const object of objects) {
    object.tracked.set(frameIndex, { reverse });
    // Sticky prompts stay open to changes, however often a propagation passes them.
    if (session.semantics === "upstream") settleHistory(object, frameIndex);
    if (object.bank.conditioning.has(frameIndex)) forgetNeighbours(session, object, frameIndex);
  }
  const results = await resultsOf(session, objects, frameIndex, performance.now() - started);
  await session.pixels.settle();
  return results;
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
  return toFrameResults(frameIndex, await withLogits(outputs), session.resultRules());
}
