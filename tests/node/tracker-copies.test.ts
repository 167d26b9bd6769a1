/** A guard against copies and hoards, counted at 1024 pixels, where they are large: bytes, never time. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { officialConfig } from "../../models/sam2/official-configs.ts";
import { arrayFrameSource } from "../../worker/frames/array-frame-source.ts";
import { openFileSpill } from "../../worker/node/file-spill.ts";
import { Sam2Engine } from "../../worker/sam2-engine.ts";
import { CountingRuntime } from "../support/counting-runtime.ts";
import { hollowModel, hollowRuntime } from "../support/hollow-model.ts";
import { miniSession } from "../support/tracker-realm.ts";

setFlagsFromString("--expose_gc");
const collectGarbage = runInNewContext("gc") as () => void;

const MIB = 2 ** 20;
const CONFIG = officialConfig("2.1", "tiny");
/** The clicked frame and 6 recent memories are all there. */
const FULL = 7;

let runtime: CountingRuntime;
let engine: Sam2Engine;

beforeEach(() => openEngine(false));

/** `joins`: as where results lie on an accelerator. */
async function openEngine(joins: boolean): Promise<void> {
  runtime = new CountingRuntime(hollowRuntime(CONFIG), { joins });
  engine = await Sam2Engine.load(hollowModel(CONFIG), runtime);
}

afterEach(() => engine.release());

const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);

async function sessionWith(objects: number, frameCount: number) {
  const session = miniSession(engine, frameCount, { openSpill: openFileSpill });
  for (let id = 1; id <= objects; id++)
    await session.addPoints(0, id, { points: [[18 * id, 32]], labels: [1] });
  return session;
}

describe("bytes that cross between JavaScript and the runtime, tiny at 1024, a frame with a full bank", () => {
  async function countFrame(objects: number) {
    const session = await sessionWith(objects, FULL + 2);
    for await (const { frameIndex } of session.propagate()) if (frameIndex === FULL) runtime.startAnew();
    session.close();
    return { handedOver: { ...runtime.handedOver }, readBack: runtime.readBack };
  }

  /** MiB of one object: 7 memories as float32, the picture, masks of 256 by 256. */
  test("are what the graphs can't do without: nothing that one of them made for another", async () => {
    const { handedOver, readBack } = await countFrame(1);
    expect((handedOver["image-encoder"] ?? 0) / MIB).toBe(12);
    expect((handedOver["memory-attention"] ?? 0) / MIB).toBeLessThanOrEqual(7.02);
    expect((handedOver["mask-decoder"] ?? 0) / MIB).toBeLessThanOrEqual(0.26);
    expect((handedOver["memory-encoder"] ?? 0) / MIB).toBeLessThanOrEqual(0.26);
    // Four candidate masks and the memory; features and the conditioned feature stay where they are.
    expect(readBack / MIB).toBeLessThanOrEqual(2.01);
  });

  test("are 12.6 MiB instead of 19.5 where results lie on an accelerator: memories are read there", async () => {
    await engine.release();
    await openEngine(true);
    const { handedOver, readBack } = await countFrame(1);
    expect((handedOver["memory-attention"] ?? 0) / MIB).toBeLessThanOrEqual(0.02);
    expect(sum(Object.values(handedOver)) / MIB).toBeLessThanOrEqual(12.6);
    expect(readBack / MIB).toBeLessThanOrEqual(2.01);
  });

  test("are the picture once, and per object all the rest", async () => {
    const [one, five] = [await countFrame(1), await countFrame(5)];
    expect(five.handedOver["image-encoder"]).toBe(one.handedOver["image-encoder"]);
    expect((five.handedOver["memory-attention"] ?? 0) / (one.handedOver["memory-attention"] ?? 1)).toBe(5);
    expect(five.readBack / one.readBack).toBe(5);
  });
});

/** Bytes that JavaScript and its array buffers hold after a full collection. */
function heldBytes(): number {
  collectGarbage();
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** Masks and memories have reached their bound by then; what grows beyond it is in tracker-memory.test.ts. */
const LATE = 100;

test("a long track holds hardly more than one of 50 frames, at 1024 pixels", async () => {
  // A still, so that nothing is spent on pictures; how many features are kept is in tracker-features.test.ts.
  const still = { width: 2, height: 2, data: new Uint8ClampedArray(16) };
  const frames = arrayFrameSource(
    Array.from({ length: LATE + 1 }, () => still),
    "still",
  );
  const session = miniSession(engine, 1, { frames, openSpill: openFileSpill });
  await session.addPoints(0, 1, { points: [[1, 1]], labels: [1] });
  const held: Record<number, number> = {};
  for await (const { frameIndex } of session.propagate()) {
    if (frameIndex === 50 || frameIndex === LATE) held[frameIndex] = heldBytes();
  }
  // 64 MiB and no more, of which frame 50 has 38: 2 % of the 1.4 GB that tiny takes with ONNX Runtime's part.
  expect(((held[LATE] ?? 0) - (held[50] ?? 0)) / MIB).toBeLessThanOrEqual(32);
  session.close();
}, 300_000);
