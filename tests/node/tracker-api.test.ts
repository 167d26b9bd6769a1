/** Runs in Node: the tracker behind its interface, on the seeded miniature model. */
import { describe, expect, test } from "vitest";
import { decodeMask } from "../../worker/mask-rle.ts";
import type { FramePrompts, FrameResult, Outcome, StatePart, TrackProgress } from "../../worker/protocol.ts";
import { Tracker } from "../../worker/tracker.ts";
import { miniRealm, openMiniTracker } from "../support/tracker-realm.ts";

const CLICK: FramePrompts = { points: [{ x: 22, y: 32, label: 1 }] };
const TWO: FramePrompts = { points: [...CLICK.points, { x: 80, y: 10, label: 0 }] };

function must<T>(outcome: Outcome<T>): T {
  if (outcome.ok) return outcome.value;
  throw new Error(`${outcome.error.code}: ${outcome.error.message}`);
}

function errorOf<T>(outcome: Outcome<T>) {
  if (!outcome.ok) return outcome.error;
  throw new Error("Expected a failure.");
}

type Opened = Awaited<ReturnType<typeof openMiniTracker>>;

async function track({ tracker, clipId }: Opened, from: number, to: number) {
  const results: FrameResult[] = [];
  const progress: TrackProgress[] = [];
  const summary = must(
    await tracker.track(clipId, { from, to }, (step) => {
      progress.push(step);
      results.push(...step.results);
    }),
  );
  return { masks: results.map(({ mask }) => mask.counts), results, progress, summary };
}

describe("prompts", () => {
  test("are declarative: the same ones give the same mask, however one came there", async () => {
    const opened = await openMiniTracker(6);
    const say = async (prompts: FramePrompts) =>
      must(await opened.tracker.setPrompts(opened.clipId, 1, 0, prompts))?.mask.counts ?? null;
    const one = await say(CLICK);
    const two = await say(TWO);
    expect(two).not.toEqual(one);
    expect(await say(CLICK)).toEqual(one);
    expect(await say({ points: [] })).toBe(null);
    expect(await say(TWO)).toEqual(two);
    await track(opened, 0, 5);
    expect(await say(CLICK)).toEqual(one);
    expect(await say(TWO)).toEqual(two);
  });

  test("a click has three masks, and tracking follows the one that is said", async () => {
    const following = async (alternative: 0 | 1 | 2) => {
      const opened = await openMiniTracker(4);
      const [click] = CLICK.points;
      const prompts = { points: [{ ...click!, ...(alternative && { alternative }) }] };
      const said = must(await opened.tracker.setPrompts(opened.clipId, 1, 0, prompts));
      return { said: said?.mask.counts, tracked: (await track(opened, 0, 3)).masks };
    };
    const all = [await following(0), await following(1), await following(2)];
    expect(new Set(all.map(({ said }) => said)).size).toBe(3);
    expect(new Set(all.map(({ tracked }) => tracked.slice(1).join())).size).toBe(3);
    for (const { said, tracked } of all) expect(tracked[0]).toBe(said);
  });

  test("another mask is taken back like a click, after tracking too, and the next click goes on from it", async () => {
    const opened = await openMiniTracker(6);
    const say = async (points: FramePrompts["points"]) =>
      must(await opened.tracker.setPrompts(opened.clipId, 1, 0, { points }))?.mask.counts;
    const [first, second] = TWO.points;
    const other = { ...first!, alternative: 1 as const };
    const plain = [await say([first!]), await say([first!, second!])];
    const others = [await say([other]), await say([other, second!])];
    expect(others[0]).not.toEqual(plain[0]);
    expect(others[1]).not.toEqual(plain[1]);
    expect([await say([first!]), await say([other]), await say([other, second!])]).toEqual([
      plain[0],
      ...others,
    ]);
    await track(opened, 0, 5);
    expect([await say([first!]), await say([other])]).toEqual([plain[0], others[0]]);
  });

  test("a corrected frame that is cleared shows again what tracking had found", async () => {
    const opened = await openMiniTracker(6);
    await opened.tracker.setPrompts(opened.clipId, 1, 0, CLICK);
    const { masks } = await track(opened, 0, 5);
    const corrected = must(await opened.tracker.setPrompts(opened.clipId, 1, 3, TWO));
    expect(corrected?.mask.counts).not.toEqual(masks[3]);
    await opened.tracker.setPrompts(opened.clipId, 1, 3, { points: [] });
    expect((await track(opened, 4, 5)).masks).toEqual(masks.slice(4));
  });

  test("a preview shows what a click would select and changes nothing", async () => {
    const opened = await openMiniTracker(4);
    const { tracker, clipId } = opened;
    await tracker.setPrompts(clipId, 1, 0, CLICK);
    const [, added] = TWO.points;
    if (!added) throw new Error("unreachable");
    const preview = must(await tracker.previewClick(clipId, 1, 0, added, CLICK));
    const unprompted = await openMiniTracker(4);
    await unprompted.tracker.setPrompts(unprompted.clipId, 1, 0, CLICK);
    expect((await track(opened, 0, 3)).masks).toEqual((await track(unprompted, 0, 3)).masks);
    expect(must(await tracker.setPrompts(clipId, 1, 0, TWO))?.mask).toEqual(preview.mask);
  });

  test("that make no sense are refused with what was expected, and nothing changes", async () => {
    const opened = await openMiniTracker(4);
    const { tracker, clipId } = opened;
    await tracker.setPrompts(clipId, 1, 0, CLICK);
    const before = (await track(opened, 0, 3)).masks;
    const refused = async (frame: number, prompts: FramePrompts) =>
      errorOf(await tracker.setPrompts(clipId, 1, frame, prompts));
    expect(await refused(0, { points: [{ x: 99, y: 5, label: 1 }] })).toMatchObject({
      code: "bad-prompt",
      message: expect.stringContaining("96 x 64 pixels), got 99, 5"),
    });
    const mask = { width: 96, height: 64, counts: "1" };
    const fourth = { ...CLICK.points[0]!, alternative: 3 as 2 };
    expect(await refused(0, { points: [fourth] })).toMatchObject({
      code: "bad-prompt",
      message: expect.stringContaining("3 masks, counted from 0; got 3"),
    });
    expect(await refused(0, { points: [], mask })).toMatchObject({
      message: expect.stringMatching(/sum up/),
    });
    expect(await refused(0, { ...CLICK, mask })).toMatchObject({ code: "bad-prompt" });
    expect(await refused(0, { points: [], mask: { width: 64, height: 96, counts: "PP6" } })).toMatchObject({
      message: expect.stringMatching(/size of the clip, 96 x 64 pixels; got 64 x 96/),
    });
    expect(await refused(4, CLICK)).toMatchObject({ code: "out-of-range" });
    expect(await refused(0, { points: [], box: { x0: 5, y0: 5, x1: 5, y1: 9 } })).toMatchObject({
      code: "bad-prompt",
    });
    expect((await track(opened, 0, 3)).masks).toEqual(before);
  });
});

describe("tracking", () => {
  test("reports each frame once with counts, and where to go on after a stop", async () => {
    const opened = await openMiniTracker(8);
    const { tracker, clipId } = opened;
    await tracker.setPrompts(clipId, 1, 0, CLICK);
    const whole = await track(opened, 0, 7);
    expect(whole.summary).toEqual({ ended: "complete", doneFrames: 8, resumeAt: null });
    expect(whole.progress.map(({ doneFrames, totalFrames }) => [doneFrames, totalFrames])).toEqual(
      [1, 2, 3, 4, 5, 6, 7, 8].map((done) => [done, 8]),
    );
    expect(whole.results.map(({ origin }) => origin)).toEqual(["prompted", ...Array(7).fill("tracked")]);

    const again = await openMiniTracker(8);
    await again.tracker.setPrompts(again.clipId, 1, 0, CLICK);
    const seen: string[] = [];
    const outcome = await again.tracker.track(again.clipId, { from: 0, to: 7 }, ({ results, frameIndex }) => {
      seen.push(...results.map(({ mask }) => mask.counts));
      if (frameIndex === 3) void again.tracker.stop();
    });
    expect(must(outcome)).toEqual({ ended: "cancelled", doneFrames: 4, resumeAt: 4 });
    seen.push(...(await track(again, 4, 7)).masks);
    expect(seen).toEqual(whole.masks);
  });

  test("stops before another shot where it is asked to, in both directions, and goes on from there", async () => {
    const opened = await openMiniTracker("8 cut 5");
    const { tracker, clipId } = opened;
    await tracker.setPrompts(clipId, 1, 0, CLICK);
    const frames: number[] = [];
    const run = async (from: number, to: number) =>
      must(
        await tracker.track(clipId, { from, to, stopAtCuts: true }, ({ frameIndex }) => {
          frames.push(frameIndex);
        }),
      );
    expect(await run(0, 7)).toEqual({ ended: "cut", doneFrames: 5, resumeAt: 5 });
    expect(await run(5, 7)).toMatchObject({ ended: "complete", doneFrames: 3 });
    expect(frames).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(await run(7, 0)).toEqual({ ended: "cut", doneFrames: 3, resumeAt: 4 });
    expect((await track(opened, 0, 7)).summary).toMatchObject({ ended: "complete" });
  });

  test("runs backward, and without a prompt says so", async () => {
    const opened = await openMiniTracker(5);
    const nothing = await opened.tracker.track(opened.clipId, { from: 0, to: 4 }, () => {});
    expect(errorOf(nothing)).toMatchObject({ code: "no-prompt" });
    await opened.tracker.setPrompts(opened.clipId, 1, 3, CLICK);
    const { results } = await track(opened, 3, 0);
    expect(results.map(({ frameIndex }) => frameIndex)).toEqual([3, 2, 1, 0]);
  });

  test("a changed frame affects the stretch up to the next prompt, the way that tracking went", async () => {
    const opened = await openMiniTracker(10);
    const { tracker, clipId } = opened;
    const stretch = (frame: number) => tracker.affectedStretch(clipId, 1, frame);
    await tracker.setPrompts(clipId, 1, 3, CLICK);
    expect(await stretch(3)).toBe(null);
    await track(opened, 3, 9);
    await track(opened, 3, 0);
    expect(await stretch(3)).toEqual({ objectId: 1, from: 0, to: 9 });
    await tracker.setPrompts(clipId, 1, 7, TWO);
    expect(await stretch(7)).toEqual({ objectId: 1, from: 7, to: 9 });
    expect(await stretch(5)).toEqual({ objectId: 1, from: 5, to: 6 });
    expect(await stretch(1)).toEqual({ objectId: 1, from: 0, to: 1 });
  });

  // Not equal: tracked again from the start, the frames before the correction remember it as well.
  test("only the affected stretch, tracked again, is next to what tracking everything again gives", async () => {
    const masks: string[][] = [];
    let size = { width: 0, height: 0 };
    for (const from of [0, 4]) {
      const opened = await openMiniTracker(8);
      await opened.tracker.setPrompts(opened.clipId, 1, 0, CLICK);
      const first = await track(opened, 0, 7);
      await opened.tracker.setPrompts(opened.clipId, 1, 4, TWO);
      const second = await track(opened, from, 7);
      masks.push([...first.masks.slice(0, from), ...second.masks].slice(4));
      size = second.results[0]?.mask ?? size;
    }
    for (const [index, counts] of (masks[1] as string[]).entries()) {
      expect(overlap(size, counts, masks[0]?.[index] as string)).toBeGreaterThan(0.99);
    }
  });
});

/** Intersection over union of two masks of the miniature clip. */
function overlap({ width, height }: { width: number; height: number }, a: string, b: string): number {
  const [one, other] = [a, b].map((counts) => decodeMask({ width, height, counts })) as [
    Uint8Array,
    Uint8Array,
  ];
  const both = one.filter((value, pixel) => value === 1 && other[pixel] === 1).length;
  return both / one.filter((value, pixel) => value === 1 || other[pixel] === 1).length;
}

describe("states", () => {
  test("kept ones are returned to, exported ones continue exactly in another tracker", async () => {
    const opened = await openMiniTracker(8);
    const { tracker, clipId } = opened;
    await tracker.setPrompts(clipId, 1, 0, CLICK);
    await tracker.setPrompts(clipId, 2, 0, { points: [], box: { x0: 50, y0: 20, x1: 80, y1: 50 } });
    await track(opened, 0, 4);
    const kept = await tracker.keepState(clipId);
    const exported = must(await tracker.exportState(clipId));
    const expected = (await track(opened, 5, 7)).masks;
    await tracker.removeObject(clipId, 2);
    must(await tracker.returnToState(clipId, kept));
    expect((await track(opened, 5, 7)).masks).toEqual(expected);

    const other = await openMiniTracker(8);
    must(await other.tracker.importState(other.clipId, exported));
    expect((await track(other, 5, 7)).masks).toEqual(expected);
    const more = (target: Opened) => target.tracker.setPrompts(target.clipId, 1, 0, TWO);
    expect(must(await more(other))?.mask).toEqual(must(await more(opened))?.mask);
  });

  test("one kept within a track is that frame's, and is exported while the track goes on", async () => {
    const opened = await openMiniTracker(8);
    const { tracker, clipId } = opened;
    await tracker.setPrompts(clipId, 1, 0, CLICK);
    const rest: string[] = [];
    let exported: ReturnType<typeof tracker.exportState> | undefined;
    const keepAtFour = async ({ frameIndex, results }: TrackProgress) => {
      if (frameIndex > 4) rest.push(results[0]!.mask.counts);
      if (frameIndex === 4) exported = tracker.exportState(clipId, await tracker.keepState(clipId));
    };
    must(await tracker.track(clipId, { from: 0, to: 7 }, keepAtFour));
    const other = await openMiniTracker(8);
    must(await other.tracker.importState(other.clipId, must(await exported!)));
    const again: string[] = [];
    const collect = ({ results }: TrackProgress) => void again.push(results[0]!.mask.counts);
    must(await other.tracker.track(other.clipId, { from: 5, to: 7 }, collect));
    expect(again).toEqual(rest);
  });

  test("in parts it continues exactly too, and a later one brings only what is new", async () => {
    const opened = await openMiniTracker(8);
    const { tracker, clipId } = opened;
    await tracker.setPrompts(clipId, 1, 0, CLICK);
    await track(opened, 0, 4);
    const disk = new Map<string, Uint8Array>();
    const write = ({ name, bytes }: StatePart) => void disk.set(name, bytes);
    const first = must(await tracker.exportStateParts(clipId, null, [], write));
    expect([...disk.keys()]).toEqual(first.parts);
    const known = [...disk.keys()];
    await track(opened, 5, 6);
    const added: string[] = [];
    const kept = await tracker.keepState(clipId);
    const note = (part: StatePart) => {
      added.push(part.name);
      write(part);
    };
    const second = must(await tracker.exportStateParts(clipId, kept, known, note));
    expect(added).toHaveLength(2);
    const expected = (await track(opened, 7, 7)).masks;

    const other = await openMiniTracker(8);
    const read = async (name: string) => disk.get(name) ?? null;
    must(await other.tracker.importStateParts(other.clipId, second, read));
    expect((await track(other, 7, 7)).masks).toEqual(expected);
    // What was read keeps its name: only the frame just tracked is new to the disk.
    const again: string[] = [];
    const rest = other.tracker.exportStateParts(other.clipId, null, second.parts, ({ name }) => {
      again.push(name);
    });
    expect(must(await rest).parts.sort()).toEqual([...second.parts, ...again].sort());
    expect(again).toHaveLength(1);

    disk.delete(added[0]!);
    const refused = errorOf(await other.tracker.importStateParts(other.clipId, second, read));
    expect(refused).toMatchObject({ code: "not-found" });
    expect(refused.message).toContain(added[0]!);
  });

  test("a model with another input size is another model: what it can't read is refused, and it starts anew", async () => {
    const opened = await openMiniTracker(4);
    const { tracker, clipId } = opened;
    await tracker.setPrompts(clipId, 1, 0, CLICK);
    const exported = must(await tracker.exportState(clipId));
    const source = { kind: "listed", id: "mini" } as const;
    const smaller = must(await tracker.loadModel({ source, options: { input_size: 64 } }, () => {}));
    expect(smaller).toMatchObject({ id: "mini at 64 px", inputSize: 64 });
    expect(errorOf(await tracker.importState(clipId, exported)).message).toMatch(
      /belongs to the model mini; mini at 64 px is loaded/,
    );
    expect(must(await tracker.setPrompts(clipId, 1, 0, CLICK))?.origin).toBe("prompted");
    must(await tracker.loadModel({ source }, () => {}));
    must(await tracker.importState(clipId, exported));
  });

  test("the state before the first prompt can be kept and returned to, without a model", async () => {
    const tracker = new Tracker(miniRealm());
    const { clipId } = must(await tracker.openClip({ kind: "media", blob: new Blob(), name: "4" }));
    const untouched = await tracker.keepState(clipId);
    must(await tracker.returnToState(clipId, untouched));
    must(await tracker.loadModel({ source: { kind: "listed", id: "mini" } }, () => {}));
    must(await tracker.setPrompts(clipId, 1, 0, CLICK));
    must(await tracker.returnToState(clipId, untouched));
    const nothing = await tracker.track(clipId, { from: 0, to: 3 }, () => {});
    expect(errorOf(nothing)).toMatchObject({ code: "no-prompt" });
  });

  test("a state that is cut off, foreign or of another clip is refused in words", async () => {
    const opened = await openMiniTracker(4);
    await opened.tracker.setPrompts(opened.clipId, 1, 0, CLICK);
    const { bytes } = must(await opened.tracker.exportState(opened.clipId));
    const refusal = async (target: Opened, state: { modelId: string; bytes: Uint8Array }) =>
      errorOf(await target.tracker.importState(target.clipId, state)).message;
    const modelId = "mini";
    expect(await refusal(opened, { modelId, bytes: bytes.slice(0, -9) })).toMatch(/ends after/);
    expect(await refusal(opened, { modelId, bytes: bytes.slice(3) })).toMatch(/does not start as one/);
    expect(await refusal(opened, { modelId: "large", bytes })).toMatch(/belongs to the model large; mini/);
    expect(await refusal(await openMiniTracker(5), { modelId, bytes })).toMatch(/frameCount/);
  });

  test("a model that is loaded again goes on with the same session", async () => {
    const opened = await openMiniTracker(6);
    await opened.tracker.setPrompts(opened.clipId, 1, 0, CLICK);
    const expected = (await track(opened, 0, 5)).masks.slice(3);
    const source = { kind: "listed" as const, id: "mini" };
    must(await opened.tracker.loadModel({ source }, () => {}));
    expect((await track(opened, 3, 5)).masks).toEqual(expected);
  });
});

describe("a tracker without what it needs", () => {
  test("says that no model is loaded, no clip is open, no such backend exists", async () => {
    const tracker = new Tracker(miniRealm());
    const click = tracker.setPrompts("clip-9", 1, 0, CLICK);
    expect(errorOf(await click)).toMatchObject({
      code: "not-found",
      message: expect.stringMatching(/clip-9/),
    });
    const opened = must(await tracker.openClip({ kind: "media", blob: new Blob(), name: "3" }));
    expect(errorOf(await tracker.setPrompts(opened.clipId, 1, 0, CLICK))).toMatchObject({ code: "no-model" });
    const source = { kind: "listed" as const, id: "mini" };
    const wanted = await tracker.loadModel({ source, backend: "webgpu" }, () => {});
    expect(errorOf(wanted).message).toMatch(/webgpu: not part of this build/);
  });
});
