/** Runs in Node: no frame's features are computed twice while they are at hand, and the answer is the same. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { arrayFrameSource } from "../../worker/frames/array-frame-source.ts";
import type { FrameSource, Picture } from "../../worker/frames/frame-source.ts";
import { nativeProvider } from "../../worker/node/native-inference.ts";
import type { Sam2Engine } from "../../worker/sam2-engine.ts";
import type { FrameResults } from "../../worker/session-results.ts";
import { decodeState, encodeState } from "../../worker/session-state-file.ts";
import type { TrackingSession } from "../../worker/tracking-session.ts";
import { CountingRuntime } from "../support/counting-runtime.ts";
import { miniEngine, miniSession } from "../support/tracker-realm.ts";

const CLICK = { points: [[22, 32]] as const, labels: [1] };

let runtime: CountingRuntime;
let engine: Sam2Engine;

beforeEach(async () => {
  runtime = new CountingRuntime(await nativeProvider({ threads: 1 }).open());
  engine = await miniEngine(runtime);
});

afterEach(() => engine.release());

async function trackAll(
  session: TrackingSession,
  request: Parameters<TrackingSession["propagate"]>[0] = {},
): Promise<FrameResults[]> {
  const all: FrameResults[] = [];
  for await (const results of session.propagate(request)) all.push(results);
  return all;
}

const answers = (results: FrameResults[]) =>
  results.map(({ frameIndex, objects }) => [
    frameIndex,
    ...objects.map(({ mask, output }) => [mask.counts, output?.objectScore, output?.predictedIou]),
  ]);

// ---------------------------------------------------------------- frames that repeat

/** The clip's pictures in this order, each a copy; `alpha` of each, which no model sees. */
async function repeating(order: number[], alpha: (position: number) => number): Promise<FrameSource> {
  const { frames } = miniSession(engine, Math.max(...order) + 1);
  const pictures = order.map(async (frameIndex, position): Promise<Picture> => {
    const { data, ...size } = await frames.frame(frameIndex);
    return { ...size, data: data.map((value, i) => (i % 4 === 3 ? alpha(position) : value)) };
  });
  return arrayFrameSource(await Promise.all(pictures), "repeating");
}

describe("frames that show the same pixels", () => {
  const HELD = [0, 1, 1, 1, 2, 3, 3, 4];

  test.each([false, true])("are encoded once, with the same answers (backward: %s)", async (reverse) => {
    const track = async (alpha: (position: number) => number) => {
      const session = miniSession(engine, 1, { frames: await repeating(HELD, alpha) });
      await session.addPoints(reverse ? HELD.length - 1 : 0, 1, CLICK);
      runtime.startAnew();
      const results = await trackAll(session, { reverse, start: reverse ? HELD.length - 1 : 0 });
      session.close();
      return { results: answers(results), encoded: runtime.timesRun("image-encoder") };
    };
    const shared = await track(() => 255);
    const apart = await track((position) => 255 - position);
    expect(shared.results).toEqual(apart.results);
    expect(apart.encoded).toBe(7); // all but the clicked one
    expect(shared.encoded).toBe(4);
  });

  test("need no encoding for a click on any of them later", async () => {
    const session = miniSession(engine, 1, { frames: await repeating(HELD, () => 255) });
    await session.addPoints(0, 1, CLICK);
    await trackAll(session);
    runtime.startAnew();
    for (const frameIndex of [1, 2, 3, 6]) await session.addPoints(frameIndex, 1, CLICK);
    expect(runtime.timesRun("image-encoder")).toBe(0);
    session.close();
  });
});

// ---------------------------------------------------------------- objects and corrections

test("five objects cost one run of the image encoder a frame, and two of each other graph", async () => {
  const session = miniSession(engine, 4);
  for (let id = 1; id <= 5; id++) await session.addPoints(0, id, { points: [[18 * id, 32]], labels: [1] });
  runtime.startAnew();
  await trackAll(session, { start: 1 });
  expect(runtime.timesRun("image-encoder")).toBe(3);
  // Batches of four and one; the five memories of the clicked frame are encoded one by one.
  expect(runtime.timesRun("memory-attention")).toBe(3 * 2);
  expect(runtime.timesRun("mask-decoder")).toBe(3 * 2);
  expect(runtime.timesRun("memory-encoder")).toBe(3 * 2 + 5);
  session.close();
});

test("a correction and tracking again from it encode nothing that is at hand", async () => {
  const session = miniSession(engine, 8);
  await session.addPoints(0, 1, CLICK);
  await trackAll(session);
  runtime.startAnew();
  await session.addPoints(4, 1, { points: [[40, 30]], labels: [0] });
  await trackAll(session, { start: 4 });
  expect(runtime.timesRun("image-encoder")).toBe(0);
  expect(runtime.timesRun("memory-attention")).toBeGreaterThan(3);
  session.close();
});

// ---------------------------------------------------------------- encoding ahead

describe("where a run goes on beside JavaScript", () => {
  beforeEach(async () => {
    await engine.release();
    runtime = new CountingRuntime(await nativeProvider({ threads: 1 }).open(), { runsBeside: true });
    engine = await miniEngine(runtime);
  });

  test("the next frame is encoded after the present one's graphs and before its result is out", async () => {
    const session = miniSession(engine, 5);
    await session.addPoints(0, 1, CLICK);
    await trackAll(session, { maxFrames: 0 });
    runtime.startAnew();
    const seen: number[] = [];
    for await (const _ of session.propagate({ start: 1 })) {
      await new Promise(setImmediate);
      seen.push(runtime.timesRun("image-encoder"));
    }
    expect(seen).toEqual([2, 3, 4, 4]);
    const one = ["memory-attention", "mask-decoder", "memory-encoder", "image-encoder"];
    expect(runtime.runs.slice(0, 9)).toEqual(["image-encoder", ...one, ...one]);
    session.close();
  });

  test("the answers are those of one frame after the other", async () => {
    const plain = await miniEngine(await nativeProvider({ threads: 1 }).open());
    const [ahead, after] = [miniSession(engine, 8), miniSession(plain, 8)];
    for (const session of [ahead, after]) await session.addPoints(3, 1, CLICK);
    for (const reverse of [false, true]) {
      const request = { start: 3, reverse };
      expect(answers(await trackAll(ahead, request))).toEqual(answers(await trackAll(after, request)));
    }
    ahead.close();
    await plain.release();
  });

  test("a track that is left half-way leaves nothing behind", async () => {
    const session = miniSession(engine, 8);
    await session.addPoints(0, 1, CLICK);
    for await (const { frameIndex } of session.propagate()) if (frameIndex === 3) break;
    session.close();
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(runtime.aliveTensors).toBe(0);
  });
});

// ---------------------------------------------------------------- memories on the accelerator

describe("where results lie on an accelerator", () => {
  beforeEach(async () => {
    await engine.release();
    runtime = new CountingRuntime(await nativeProvider({ threads: 1 }).open(), { joins: true });
    engine = await miniEngine(runtime);
  });

  async function trackTwo(of: Sam2Engine) {
    const session = miniSession(of, 12);
    await session.addPoints(0, 1, CLICK);
    await session.addPoints(0, 2, { points: [[60, 32]], labels: [1] });
    const results = answers(await trackAll(session));
    await session.addPoints(6, 1, { points: [[40, 30]], labels: [0] });
    runtime.startAnew();
    results.push(...answers(await trackAll(session, { start: 6 })));
    return { session, results };
  }

  test("memories are read there, with the same answers, and let go with the model", async () => {
    const plain = await miniEngine(await nativeProvider({ threads: 1 }).open());
    const [there, here] = [await trackTwo(engine), await trackTwo(plain)];
    expect(there.results).toEqual(here.results);
    there.session.close();
    await engine.release();
    await new Promise(setImmediate);
    expect(runtime.aliveTensors).toBe(0);
    engine = plain;
  });

  test("no memory is handed over that a graph made here", async () => {
    const { session } = await trackTwo(engine);
    const runs = runtime.timesRun("memory-attention");
    const attention = runtime.handedOver["memory-attention"] ?? 0;
    // Per run, of two objects at most: 13 pointers of 32 numbers, and the places in time. One memory is 2 KiB.
    expect(runs).toBeGreaterThan(5);
    expect(attention / runs).toBeLessThan(2 * 13 * (32 + 1) * 4 + 2 * 7 * 8);
    session.close();
  });

  test("those of a saved state are handed over, and answer the same", async () => {
    const session = miniSession(engine, 6);
    await session.addPoints(0, 1, CLICK);
    await trackAll(session, { maxFrames: 3 });
    const other = miniSession(engine, 6);
    const bytes = await encodeState(session.keep(), session.stateShape());
    other.restore(decodeState(bytes, other.stateShape(), other.pixels));
    runtime.startAnew();
    const restored = answers(await trackAll(other, { start: 4 }));
    expect(runtime.handedOver["memory-attention"]).toBeGreaterThan(4 * 2048);
    expect(restored).toEqual(answers(await trackAll(session, { start: 4 })));
    for (const each of [session, other]) each.close();
  });
});
