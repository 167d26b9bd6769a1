/**
 * Runs in the tracking worker or in Node: small objects are tracked a second time, through a window that
 * follows them. Ours, not upstream's: it reads what was tracked and leaves the session as it is.
 *
 * tracked masks ─▶ windows ─▶ a session of its own, same prompts, seen through them ─▶ blended with the tracked masks
 */
import { windowFrameSource } from "./frames/window-frame-source.ts";
import { decodeMask, maskBox, subtractMasks, unionMasks } from "./mask-rle.ts";
import type { Box } from "./matte/alpha-region.ts";
import { blendZoom } from "./matte/zoom-blend.ts";
import { zoomWindows } from "./matte/zoom-window.ts";
import type { FrameOutput } from "./memory-bank.ts";
import { maskOfLogits } from "./postprocess.ts";
import type { Mask } from "./protocol.ts";
import type { FrameResults, ObjectResult } from "./session-results.ts";
import { outputOn, type TrackedObject } from "./tracked-object.ts";
import { TrackingSession } from "./tracking-session.ts";

export interface ZoomRequest {
  objectIds: readonly number[];
  /** First and last frame whose masks are wanted, both included, in either order. */
  from: number;
  to: number;
  signal?: AbortSignal;
}

/** What is to be done; `frames`: how many results will come. */
export interface ZoomPlan {
  objects: ZoomedObject[];
  frames: number;
}

interface ZoomedObject {
  object: TrackedObject;
  /** Frames that the pass goes over; its prompts and all of what is wanted lie in it. */
  first: number;
  windows: Box[];
  /** Frames with a prompt that shows the object, ascending. */
  prompted: number[];
  /** Wanted frames that were tracked. */
  wanted: Set<number>;
}

/** Leaves out what is not small, was not tracked, or has no prompt that shows it. */
export async function planZoom(session: TrackingSession, request: ZoomRequest): Promise<ZoomPlan> {
  const planned = [];
  for (const id of request.objectIds)
    planned.push(await planObject(session, session.objectWithId(id), request));
  const objects = planned.filter((plan) => plan !== null);
  return { objects, frames: objects.reduce((sum, { wanted }) => sum + wanted.size, 0) };
}

async function planObject(
  session: TrackingSession,
  object: TrackedObject,
  { from, to }: ZoomRequest,
): Promise<ZoomedObject | null> {
  const known = knownFrames(object);
  const wanted = new Set(known.filter((frame) => frame >= Math.min(from, to) && frame <= Math.max(from, to)));
  const [first, last] = [known[0], known.at(-1)];
  if (wanted.size === 0 || first === undefined || last === undefined) return null;
  const boxes = await Promise.all(
    Array.from({ length: last - first + 1 }, (_, index) => boxOn(session, object, first + index)),
  );
  const windows = zoomWindows(boxes, session.frames.info, session.engine.maskSide);
  const prompted = [...conditioningFrames(object)]
    .filter((frame) => boxes[frame - first])
    .sort((a, b) => a - b);
  return windows && prompted.length > 0 ? { object, first, windows, prompted, wanted } : null;
}

function knownFrames({ bank, fresh }: TrackedObject): number[] {
  const frames = [bank, fresh].flatMap(({ conditioning, nonConditioning }) => [
    ...conditioning.keys(),
    ...nonConditioning.keys(),
  ]);
  return [...new Set(frames)].sort((a, b) => a - b);
}

function conditioningFrames({ bank, fresh }: TrackedObject): Set<number> {
  return new Set([...bank.conditioning.keys(), ...fresh.conditioning.keys()]);
}

async function boxOn(
  session: TrackingSession,
  object: TrackedObject,
  frameIndex: number,
): Promise<Box | null> {
  const output = outputOn(object, frameIndex);
  const box = output && maskBox((await shownOf(session, output)).mask);
  return box && { x: box.x0, y: box.y0, width: box.x1 - box.x0, height: box.y1 - box.y0 };
}

async function shownOf(
  session: TrackingSession,
  { pixels }: FrameOutput,
): Promise<{ mask: Mask; logits: Float32Array }> {
  const { width, height } = session.frames.info;
  const { logits } = await pixels.read();
  return { mask: maskOfLogits(logits, session.engine.maskSide, width, height), logits };
}

// ---------------------------------------------------------------- the pass

/** One object after the other, each frame once; forward from a prompt, then backward. */
export async function* zoomPass(
  session: TrackingSession,
  { objects }: ZoomPlan,
  signal?: AbortSignal,
): AsyncGenerator<FrameResults> {
  for (const zoomed of objects) {
    const through = sessionThrough(session, zoomed);
    try {
      for (const frame of zoomed.prompted) await repeatPrompt(session, through, zoomed, frame);
      yield* bothWays(session, through, zoomed, signal);
    } finally {
      through.close();
    }
    if (signal?.aborted) return;
  }
}

function sessionThrough(session: TrackingSession, { windows, first }: ZoomedObject): TrackingSession {
  const { engine, semantics, openSpill } = session;
  const last = windows.length - 1;
  const windowAt = (frame: number) => windows[Math.min(last, Math.max(0, frame - first))] as Box;
  const frames = windowFrameSource(session.frames, windowAt, engine.config.imageSize);
  const options = { ...session.options, non_overlap_masks: false };
  return new TrackingSession({ engine, frames, options, semantics, openSpill });
}

/** Overlap (IoU) with the tracked mask that the answer to the same clicks must reach through the window. */
const SAME_ANSWER = 0.5;

/** The person's own mask, the same clicks, or the tracked mask where the clicks mean something else up close. */
async function repeatPrompt(
  session: TrackingSession,
  through: TrackingSession,
  { object, windows, first }: ZoomedObject,
  frameIndex: number,
): Promise<void> {
  const window = windows[frameIndex - first] as Box;
  const output = outputOn(object, frameIndex) as FrameOutput;
  const mask = output.maskPrompt ?? (await shownOf(session, output)).mask;
  const seen = throughWindow(mask, window);
  const points = output.maskPrompt ? undefined : object.points.get(frameIndex);
  if (points) {
    const said = pointsThrough(points, window, session);
    const { objects } = await through.addPoints(frameIndex, object.id, said);
    if (overlapAt(objects[0]?.logits ?? null, through.engine.maskSide, seen) >= SAME_ANSWER) return;
  }
  await through.addMask(frameIndex, object.id, seen);
}

interface Pixels {
  width: number;
  height: number;
  pixels: Uint8Array;
}

function throughWindow(mask: Mask, { x, y, width, height }: Box): Pixels {
  const all = decodeMask(mask);
  const pixels = new Uint8Array(width * height);
  for (let row = 0; row < height; row++) {
    const from = (y + row) * mask.width + x;
    pixels.set(all.subarray(from, from + width), row * width);
  }
  return { width, height, pixels };
}

/** `points`: in model pixels of the whole frame. A window has S of its own units on each side. */
function pointsThrough(
  { coordinates, labels }: { coordinates: Float32Array; labels: Float32Array },
  window: Box,
  session: TrackingSession,
): { points: [number, number][]; labels: number[] } {
  const { width, height } = session.frames.info;
  const side = session.engine.config.imageSize;
  const points = [...labels].map((_, index): [number, number] => [
    (((coordinates[2 * index] as number) * width) / side - window.x) * (side / window.width),
    (((coordinates[2 * index + 1] as number) * height) / side - window.y) * (side / window.height),
  ]);
  return { points, labels: [...labels] };
}

function overlapAt(logits: Float32Array | null, side: number, { width, height, pixels }: Pixels): number {
  if (!logits) return 0;
  const answer = decodeMask(maskOfLogits(logits, side, width, height));
  let [both, either] = [0, 0];
  for (let i = 0; i < pixels.length; i++) {
    both += (answer[i] as number) & (pixels[i] as number);
    either += (answer[i] as number) | (pixels[i] as number);
  }
  return either === 0 ? 0 : both / either;
}

async function* bothWays(
  session: TrackingSession,
  through: TrackingSession,
  zoomed: ZoomedObject,
  signal: AbortSignal | undefined,
): AsyncGenerator<FrameResults> {
  const wanted = [...zoomed.wanted];
  const [from, to] = [Math.min(...wanted), Math.max(...wanted)];
  const start = zoomed.prompted.findLast((frame) => frame <= from) ?? (zoomed.prompted[0] as number);
  const passes = [
    { reverse: false, maxFrames: to - start },
    { reverse: true, maxFrames: start - from },
  ].filter(({ maxFrames, reverse }) => maxFrames > 0 || (!reverse && maxFrames === 0));
  const left = new Set(wanted);
  for (const pass of passes) {
    const run = through.propagate({ start, ...pass, ...(signal && { signal }) });
    for await (const { frameIndex, objects } of run) {
      const found = objects[0];
      if (!found || !left.delete(frameIndex)) continue;
      yield { frameIndex, objects: [await blended(session, zoomed, frameIndex, found)] };
    }
    if (signal?.aborted) return;
  }
}

async function blended(
  session: TrackingSession,
  { object, windows, first }: ZoomedObject,
  frameIndex: number,
  { logits: zoomed, milliseconds }: ObjectResult,
): Promise<ObjectResult> {
  const output = outputOn(object, frameIndex) as FrameOutput;
  const { mask: tracked, logits } = await shownOf(session, output);
  const window = windows[frameIndex - first] as Box;
  const maps = zoomed && { side: session.engine.maskSide, tracked: logits, zoomed, window };
  const prompted = object.points.has(frameIndex) || object.masks.has(frameIndex);
  const whole = maps ? blendZoom(tracked, maps) : tracked;
  const mask = await apart(session, object.id, frameIndex, whole);
  return { objectId: object.id, output, prompted, milliseconds, logits: null, mask };
}

/** With `non_overlap_masks`, what belongs to another object there stays its own. */
async function apart(
  session: TrackingSession,
  objectId: number,
  frameIndex: number,
  mask: Mask,
): Promise<Mask> {
  if (!session.options.non_overlap_masks || session.objects.size < 2) return mask;
  const { objects } = await session.resultsOn(frameIndex, "conditioning");
  const others = objects.filter((other) => other.objectId !== objectId).map((other) => other.mask);
  return others.length > 0 ? subtractMasks(mask, others.reduce(unionMasks)) : mask;
}
