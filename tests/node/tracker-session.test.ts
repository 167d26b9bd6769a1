/** Runs in Node: a session on the seeded miniature model, what holds for any weights. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { wasmProvider } from "../../worker/inference/web-inference.ts";
import { decodeMask, maskArea, subtractMasks } from "../../worker/mask-rle.ts";
import { type FrameOutput, selectConditioningFrames } from "../../worker/memory-bank.ts";
import { PixelStore, type SpillFile } from "../../worker/pixel-store.ts";
import {
  configUnder,
  parseOptionValue,
  predictorOptionsFor,
  withOptions,
} from "../../worker/predictor-options.ts";
import type { Sam2Engine } from "../../worker/sam2-engine.ts";
import type { FrameResults } from "../../worker/session-results.ts";
import type { StepReport, TrackingSession } from "../../worker/tracking-session.ts";
import { miniEngine, miniSession } from "../support/tracker-realm.ts";

let engine: Sam2Engine;

beforeAll(async () => {
  engine = await miniEngine();
});

afterAll(() => engine.release());

const CLICK = { points: [[22, 32]] as const, labels: [1] };

async function trackAll(
  session: TrackingSession,
  request: Parameters<TrackingSession["propagate"]>[0] = {},
): Promise<FrameResults[]> {
  const all: FrameResults[] = [];
  for await (const results of session.propagate(request)) all.push(results);
  return all;
}

const masksOf = (results: FrameResults[]) =>
  results.map(({ objects }) => objects.map(({ mask }) => mask.counts));

describe("order and extent of a propagation", () => {
  test("n frames to track give n + 1 frames, forward and backward", async () => {
    const session = miniSession(engine, 8);
    await session.addPoints(4, 1, CLICK);
    const frames = async (request: Parameters<typeof trackAll>[1]) =>
      (await trackAll(session, request)).map(({ frameIndex }) => frameIndex);
    expect(await frames({ maxFrames: 2 })).toEqual([4, 5, 6]);
    expect(await frames({ start: 5, maxFrames: 9, reverse: true })).toEqual([5, 4, 3, 2, 1, 0]);
    expect(await frames({ start: 0, reverse: true })).toEqual([]);
  });

  test("a frame that the clip lacks and a session without prompts are refused in words", async () => {
    const session = miniSession(engine, 4);
    await expect(trackAll(session)).rejects.toThrow(/needs a point, a box or a mask/);
    await expect(session.addPoints(4, 1, CLICK)).rejects.toThrow(/frames are 0 to 3/);
    await expect(session.addPoints(0, 1, {})).rejects.toThrow(/at least one point or a box/);
    await expect(session.addPoints(0, 1, { ...CLICK, labels: [] })).rejects.toThrow(/one label per point/);
    await expect(session.removeObject(9)).rejects.toThrow(/no object 9/);
  });

  test("an object whose only prompt was cleared stops the propagation, as upstream", async () => {
    const session = miniSession(engine, 4);
    await session.addPoints(0, 1, CLICK);
    await trackAll(session);
    await session.clearFrame(0, 1);
    await expect(trackAll(session, { start: 0 })).rejects.toThrow(/Object 1 has no prompted frame/);
  });
});

describe("objects", () => {
  test("tracked together they are tracked as if each were alone", async () => {
    const alone: string[][] = [];
    for (const id of [1, 2]) {
      const session = miniSession(engine, 6);
      await session.addPoints(0, id, { points: [[20 + 20 * id, 30]], labels: [1] });
      alone.push(masksOf(await trackAll(session)).flat());
    }
    const together = miniSession(engine, 6);
    for (const id of [1, 2]) {
      await together.addPoints(0, id, { points: [[20 + 20 * id, 30]], labels: [1] });
    }
    // One run for two objects may add up in another order than two runs: a pixel on the outline, no more.
    for (const [frame, { objects }] of (await trackAll(together)).entries()) {
      for (const [index, { mask }] of objects.entries()) {
        const single = { ...mask, counts: alone[index]?.[frame] ?? "" };
        const differing = maskArea(subtractMasks(mask, single)) + maskArea(subtractMasks(single, mask));
        expect(differing).toBeLessThanOrEqual(2);
      }
    }
  });

  test("with non_overlap_masks no pixel belongs to two of them", async () => {
    const session = miniSession(engine, 4, { flags: { non_overlap_masks: true } });
    await session.addPoints(0, 1, CLICK);
    await session.addPoints(0, 2, { points: [[60, 30]], labels: [1] });
    for (const { objects } of await trackAll(session)) {
      const [first, second] = objects.map(({ mask }) => decodeMask(mask));
      expect(first?.some((value, index) => value && second?.[index])).toBe(false);
    }
  });

  test("one that is removed leaves the others as they were", async () => {
    const session = miniSession(engine, 5);
    await session.addPoints(0, 1, CLICK);
    await session.addPoints(0, 2, { points: [[60, 30]], labels: [1] });
    const before = masksOf(await trackAll(session));
    const shown = await session.removeObject(1);
    expect(shown.map(({ frameIndex, objects }) => [frameIndex, objects.length])).toEqual([[0, 1]]);
    expect(masksOf(await trackAll(session))).toEqual(before.map(([, second]) => [second]));
  });
});

describe("backends", () => {
  test("native and WebAssembly track alike", async () => {
    const wasm = await miniEngine(await wasmProvider().open());
    const [scores, areas] = [new Map<Sam2Engine, number[]>(), new Map<Sam2Engine, number[]>()];
    for (const each of [engine, wasm]) {
      const session = miniSession(each, 5);
      await session.addPoints(0, 1, CLICK);
      const objects = (await trackAll(session)).flatMap((results) => results.objects);
      scores.set(
        each,
        objects.map(({ output }) => output?.objectScore ?? Number.NaN),
      );
      areas.set(
        each,
        objects.map(({ mask }) => maskArea(mask)),
      );
    }
    for (const [index, score] of (scores.get(wasm) ?? []).entries()) {
      expect(score).toBeCloseTo(scores.get(engine)?.[index] ?? Number.NaN, 2);
      const area = areas.get(engine)?.[index] ?? Number.NaN;
      expect(Math.abs((areas.get(wasm)?.[index] ?? 0) - area)).toBeLessThanOrEqual(5);
    }
    await wasm.release();
  });
});

describe("corrections", () => {
  async function correct(semantics: "upstream" | "sticky") {
    const steps: StepReport[] = [];
    const session = miniSession(engine, 8, { semantics, onStep: (step) => steps.push(step) });
    await session.addPoints(0, 1, CLICK);
    const first = masksOf(await trackAll(session));
    const corrected = await session.addPoints(4, 1, {
      points: [
        [30, 30],
        [80, 10],
      ],
      labels: [1, 0],
    });
    steps.length = 0;
    const second = masksOf(await trackAll(session, { start: 4 }));
    return { first, corrected: masksOf([corrected])[0], second, steps };
  }

  test("are overwritten by the next propagation with upstream's semantics", async () => {
    const { first, corrected, second } = await correct("upstream");
    expect(corrected).not.toEqual(first[4]);
    expect(second).toEqual(first.slice(4));
  });

  test("stick with the named option, and later frames remember them", async () => {
    const { corrected, second, steps, first } = await correct("sticky");
    expect(second[0]).toEqual(corrected);
    expect(second.slice(1)).not.toEqual(first.slice(5));
    const tracked = steps.filter(({ kind }) => kind === "tracked");
    expect(tracked.map(({ frameIndex }) => frameIndex)).toEqual([5, 6, 7]);
    expect(tracked[0]?.memories.slice(0, 2)).toEqual([
      [0, 0],
      [0, 4],
    ]);
  });
});

describe("cancelling", () => {
  test("keeps what is done, and going on gives what an undisturbed run gives", async () => {
    const undisturbed = miniSession(engine, 8);
    await undisturbed.addPoints(0, 1, CLICK);
    const expected = masksOf(await trackAll(undisturbed));

    const session = miniSession(engine, 8);
    await session.addPoints(0, 1, CLICK);
    const stop = new AbortController();
    const done: FrameResults[] = [];
    for await (const results of session.propagate({ signal: stop.signal })) {
      done.push(results);
      if (results.frameIndex === 3) stop.abort();
    }
    expect(masksOf(done)).toEqual(expected.slice(0, 4));
    expect(masksOf(await trackAll(session, { start: 4 }))).toEqual(expected.slice(4));
  });
});

describe("kept states", () => {
  test("come back exactly, as often as wanted", async () => {
    const session = miniSession(engine, 6);
    await session.addPoints(0, 1, CLICK);
    const first = masksOf(await trackAll(session));
    const kept = session.keep();
    for (let round = 0; round < 2; round++) {
      await session.addPoints(2, 1, { points: [[70, 50]], labels: [1] });
      await session.removeObject(1);
      session.restore(kept);
      expect(masksOf(await trackAll(session, { start: 0 }))).toEqual(first);
    }
  });
});

describe("working memory", () => {
  test("has a bound: older frames go to the spill file and come back unchanged", async () => {
    const spill = memorySpill();
    const plain = miniSession(engine, 12);
    const bounded = miniSession(engine, 12, { pixelBudget: 40_000, openSpill: async () => spill });
    for (const session of [plain, bounded]) await session.addPoints(0, 1, CLICK);
    expect(masksOf(await trackAll(bounded))).toEqual(masksOf(await trackAll(plain)));
    expect(spill.writes).toBeGreaterThan(0);
    // Backward from the end, the first memories come from the file.
    const request = { start: 8, maxFrames: 4, reverse: true };
    expect(masksOf(await trackAll(bounded, request))).toEqual(masksOf(await trackAll(plain, request)));
    expect(spill.reads).toBeGreaterThan(0);
  });

  test("without a spill file nothing is lost", async () => {
    const store = new PixelStore({ budget: 1, recordBytes: 16 });
    const stored = store.put({ logits: Float32Array.of(1, 2), memory: Uint16Array.of(3, 4) });
    await store.settle();
    expect(await stored.read()).toEqual({ logits: Float32Array.of(1, 2), memory: Uint16Array.of(3, 4) });
  });
});

function memorySpill(): SpillFile & { writes: number; reads: number } {
  const bytes = new Map<number, Uint8Array>();
  return {
    writes: 0,
    reads: 0,
    async write(position, data) {
      this.writes++;
      bytes.set(position, data.slice());
    },
    async read(position, byteLength) {
      this.reads++;
      return bytes.get(position)?.slice(0, byteLength) ?? new Uint8Array(0);
    },
    close: () => {},
  };
}

describe("flags", () => {
  test("are checked by name, type and range", () => {
    const options = predictorOptionsFor(engine.config);
    expect(options).toMatchObject({ fill_hole_area: 0, binarize_mask_from_pts_for_mem_enc: true });
    expect(withOptions(options, { max_cond_frames_in_attn: 2 }).max_cond_frames_in_attn).toBe(2);
    expect(() => withOptions(options, { no_such_flag: 1 })).toThrow(/no flag "no_such_flag"; it has add_all/);
    expect(() => withOptions(options, { non_overlap_masks: 1 })).toThrow(/is a boolean, got 1/);
    expect(() => withOptions(options, { max_cond_frames_in_attn: 1 })).toThrow(
      /-1 \(no limit\) or at least 2/,
    );
    expect(configUnder(engine.config, withOptions(options, { input_size: 64 })).imageSize).toBe(64);
    expect(() => configUnder(engine.config, withOptions(options, { input_size: 100 }))).toThrow(/image_size/);
    expect(() => configUnder(engine.config, withOptions(options, { memory_pooling: 3 }))).toThrow(
      /memory_pooling/,
    );
    expect(() => withOptions(options, { memory_temporal_stride_for_eval: 0 })).toThrow(/at least 1/);
    expect([parseOptionValue("true"), parseOptionValue("0.5")]).toEqual([true, 0.5]);
    expect(() => parseOptionValue("maybe")).toThrow(/true, false or a number/);
  });

  test.each([
    [5, [0, 3, 6, 9], 2, [3, 6]],
    [11, [0, 3, 6, 9], 2, [9, 6]],
    [20, [0, 5, 10, 15, 25], 3, [15, 25, 10]],
    [10, [2, 4, 16, 18], 4, [2, 4, 16, 18]],
  ])("at frame %i, of conditioning frames %j at most %i are read: %j", (frame, all, limit, expected) => {
    const outputs = new Map(all.map((index) => [index, {} as FrameOutput]));
    const { selected, unselected } = selectConditioningFrames(frame, outputs, limit);
    expect([...selected.keys()]).toEqual(expected);
    expect([...unselected.keys()]).toEqual(all.filter((index) => !expected.includes(index)));
  });
});
