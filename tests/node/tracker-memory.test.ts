/** Runs in Node: what a long track and a lost device leave behind. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import type { InferenceRuntime } from "../../worker/inference/inference-session.ts";
import { openFileSpill } from "../../worker/node/file-spill.ts";
import { nativeProvider } from "../../worker/node/native-inference.ts";
import type { FrameResult } from "../../worker/protocol.ts";
import { TrackerError } from "../../worker/tracker-error.ts";
import { CountingRuntime } from "../support/counting-runtime.ts";
import { miniEngine, miniSession, openMiniTracker } from "../support/tracker-realm.ts";

setFlagsFromString("--expose_gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Bytes that JavaScript and its array buffers hold after a full collection. */
function heldBytes(): number {
  collectGarbage();
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

test("500 frames hold no more than 100, beyond a little for each frame", async () => {
  const engine = await miniEngine();
  const session = miniSession(engine, 501, { pixelBudget: 100_000, openSpill: openFileSpill });
  await session.addPoints(0, 1, { points: [[22, 32]], labels: [1] });
  let early = 0;
  for await (const { frameIndex } of session.propagate()) if (frameIndex === 100) early = heldBytes();
  const grown = heldBytes() - early;
  // A frame's logits and memory are 5 KiB here; its pointer and bookkeeping are well below 2.
  expect(grown / 400).toBeLessThan(2048);
  session.close();
  await engine.release();
}, 600_000);

test("every tensor and every feature is released by the one who made it", async () => {
  const runtime = new CountingRuntime(await nativeProvider({ threads: 1 }).open());
  const engine = await miniEngine(runtime);
  const session = miniSession(engine, 6);
  await session.addPoints(0, 1, { points: [[22, 32]], labels: [1] });
  await session.addPoints(0, 2, { points: [[60, 32]], labels: [1] });
  for await (const _ of session.propagate());
  await session.addPoints(3, 1, { points: [[40, 30]], labels: [0] });
  session.close();
  await new Promise(setImmediate);
  expect(runtime.aliveTensors).toBe(0);
  await engine.release();
});

test("a lost device is reported as such, and the reloaded model goes on where it stopped", async () => {
  const undisturbed = await trackUntilLost(null);
  const disturbed = await trackUntilLost(4);
  expect(disturbed.failure).toMatchObject({ code: "device-lost", remedy: expect.stringMatching(/kept/) });
  expect(disturbed.masks).toEqual(undisturbed.masks);
});

/** Tracks 8 frames; where `lostAt` is given, the device goes on that frame, and the model is loaded again. */
async function trackUntilLost(lostAt: number | null) {
  let remaining = lostAt === null ? Number.POSITIVE_INFINITY : lostAt;
  const provider = nativeProvider({ threads: 1 });
  const failing = {
    ...provider,
    open: async () =>
      losing(await provider.open(), () => {
        if (remaining-- > 0) return;
        remaining = Number.POSITIVE_INFINITY;
        throw new TrackerError("device-lost", "The graphics device was lost.", "Everything is kept.");
      }),
  };
  const { tracker, clipId } = await openMiniTracker(8, "sticky", { providers: [failing] });
  await tracker.setPrompts(clipId, 1, 0, { points: [{ x: 22, y: 32, label: 1 }] });
  const results: FrameResult[] = [];
  const run = (from: number) =>
    tracker.track(clipId, { from, to: 7 }, (step) => void results.push(...step.results));
  const outcome = await run(0);
  if (!outcome.ok) {
    await tracker.loadModel({ source: { kind: "listed", id: "mini" } }, () => {});
    await run(results.length);
  }
  return { masks: results.map(({ mask }) => mask.counts), failure: outcome.ok ? null : outcome.error };
}

/** A real runtime whose memory attention may fail. */
function losing(runtime: InferenceRuntime, check: () => void): InferenceRuntime {
  return {
    ...runtime,
    createSession: async (graph, options) => {
      const session = await runtime.createSession(graph, options);
      if (graph.name !== "memory-attention") return session;
      return {
        graph: session.graph,
        release: () => session.release(),
        run: async (inputs) => {
          check();
          return session.run(inputs);
        },
      };
    },
  };
}
