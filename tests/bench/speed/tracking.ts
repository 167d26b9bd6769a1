/** Benchmark support: the whole tracker on the demo clip: frames, clicks, objects, memory held. */
import { arrayFrameSource } from "../../../worker/frames/array-frame-source.ts";
import type { FrameSource, Picture } from "../../../worker/frames/frame-source.ts";
import { openFileSpill } from "../../../worker/node/file-spill.ts";
import { predictorOptionsFor, withOptions } from "../../../worker/predictor-options.ts";
import type { Sam2Engine } from "../../../worker/sam2-engine.ts";
import { TrackingSession } from "../../../worker/tracking-session.ts";
import { demoPictures } from "./demo-clip.ts";
import { bestOf, median } from "./timing.ts";

const WIDTH = 1280;
const HEIGHT = 720;

/** Frames until conditioning frame, 6 memories and 16 pointers are all there. */
const FRAMES_TO_FILL_BANK = 17;

export interface TrackingRow {
  objects: number;
  /** Median of the frames after the bank was full. */
  millisecondsPerFrame: number;
}

/** Different pictures, there and back; made beforehand, so that making them isn't timed. */
const PICTURES = await demoPictures(12);

/** The demo clip, enlarged: masks of real things, which code as few runs. */
function swingingClip(frameCount: number): FrameSource {
  const period = 2 * (PICTURES.length - 1);
  const swung = Array.from({ length: frameCount }, (_, index) => {
    const at = index % period;
    return PICTURES[Math.min(at, period - at)] as Picture;
  });
  return arrayFrameSource(swung, "demo");
}

function sessionOn(
  engine: Sam2Engine,
  frameCount: number,
  flags: Record<string, number | boolean> = {},
): TrackingSession {
  const options = withOptions(predictorOptionsFor(engine.config), flags);
  const frames = swingingClip(frameCount);
  return new TrackingSession({ engine, frames, options, openSpill: openFileSpill });
}

async function clickObjects(session: TrackingSession, objects: number): Promise<void> {
  for (let id = 1; id <= objects; id++) {
    await session.addPoints(0, id, { points: [[(WIDTH * id) / (objects + 1), HEIGHT / 2]], labels: [1] });
  }
}

export async function measureTracking(
  engine: Sam2Engine,
  objects: number,
  frames: number,
  flags: Record<string, number | boolean>,
): Promise<TrackingRow> {
  const count = FRAMES_TO_FILL_BANK + frames;
  const session = sessionOn(engine, count, flags);
  await clickObjects(session, objects);
  const times: number[] = [];
  let last = performance.now();
  for await (const { frameIndex } of session.propagate()) {
    const now = performance.now();
    if (frameIndex >= FRAMES_TO_FILL_BANK) times.push(now - last);
    last = now;
  }
  session.close();
  return { objects, millisecondsPerFrame: median(times) };
}

/** Milliseconds from a click to its mask, the frame's features being cached. */
export async function measureClick(engine: Sam2Engine, repeats: number): Promise<number> {
  const session = sessionOn(engine, 1);
  await session.warm(0);
  let x = 0;
  const milliseconds = await bestOf(repeats, async () => {
    x += 50;
    await session.addPoints(0, x, { points: [[x % WIDTH, HEIGHT / 2]], labels: [1] });
  });
  session.close();
  return milliseconds;
}

/** Resident megabytes after the given frames of one long track. */
export async function measureMemory(
  engine: Sam2Engine,
  marks: readonly number[],
): Promise<Record<number, number>> {
  const session = sessionOn(engine, Math.max(...marks) + 1);
  await clickObjects(session, 1);
  const held: Record<number, number> = {};
  for await (const { frameIndex } of session.propagate()) {
    if (marks.includes(frameIndex)) held[frameIndex] = residentMegabytes();
  }
  session.close();
  return held;
}

/** After a collection where Node was started with --expose-gc, so that garbage isn't counted. */
function residentMegabytes(): number {
  globalThis.gc?.();
  return Math.round(process.memoryUsage().rss / 2 ** 20);
}
