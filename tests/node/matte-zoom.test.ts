/** Runs in Node: windows on small objects, how two masks become one, and the second pass on the miniature model. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { decodeMask, encodeMask, intersectMasks, maskArea, unionMasks } from "../../worker/mask-rle.ts";
import type { Box } from "../../worker/matte/alpha-region.ts";
import { blendZoom } from "../../worker/matte/zoom-blend.ts";
import { zoomWindows } from "../../worker/matte/zoom-window.ts";
import { maskOfLogits } from "../../worker/postprocess.ts";
import type { Mask } from "../../worker/protocol.ts";
import type { Sam2Engine } from "../../worker/sam2-engine.ts";
import { decodeState, encodeState } from "../../worker/session-state-file.ts";
import type { TrackingSession } from "../../worker/tracking-session.ts";
import { planZoom, zoomPass } from "../../worker/zoom-pass.ts";
import { miniEngine, miniSession, openMiniTracker } from "../support/tracker-realm.ts";

const FRAME = { width: 640, height: 360 };

describe("windows", () => {
  const box = fc
    .record({
      x: fc.nat(600),
      y: fc.nat(320),
      width: fc.integer({ min: 1, max: 60 }),
      height: fc.integer({ min: 1, max: 60 }),
    })
    .map(({ x, y, width, height }) => ({
      x,
      y,
      width: Math.min(width, FRAME.width - x),
      height: Math.min(height, FRAME.height - y),
    }));

  test("lie in the frame and hold the whole object, however it jumps", () => {
    fc.assert(
      fc.property(fc.array(fc.option(box), { minLength: 1, maxLength: 30 }), (boxes) => {
        const windows = zoomWindows(boxes, FRAME, 64);
        if (boxes.every((one) => one === null)) return windows === null;
        return windows!.every((window, i) => isInFrame(window) && (!boxes[i] || holds(window, boxes[i])));
      }),
    );
  });

  const isInFrame = ({ x, y, width, height }: Box) =>
    x >= 0 && y >= 0 && width > 0 && height > 0 && x + width <= FRAME.width && y + height <= FRAME.height;
  const holds = (window: Box, { x, y, width, height }: Box) =>
    window.x <= x &&
    window.y <= y &&
    window.x + window.width >= x + width &&
    window.y + window.height >= y + height;

  test("follow a trembling box calmly", () => {
    const boxes = Array.from({ length: 40 }, (_, i) => ({
      x: 300 + (i % 2) * 6,
      y: 150,
      width: 30 + (i % 3) * 4,
      height: 30,
    }));
    const windows = zoomWindows(boxes, FRAME, 16)!.slice(6, -6);
    const steps = windows.slice(1).map((window, i) => Math.abs(window.x - windows[i]!.x));
    expect(Math.max(...steps)).toBeLessThanOrEqual(1);
  });

  test("wait where the object was last seen, and aren't made for large or absent ones", () => {
    const seen = { x: 100, y: 100, width: 20, height: 20 };
    const windows = zoomWindows([seen, ...new Array(20).fill(null)], FRAME, 16)!;
    expect(windows.at(-1)).toEqual({ x: 90, y: 90, width: 40, height: 40 });
    expect(zoomWindows([{ x: 100, y: 20, width: 200, height: 300 }], FRAME, 16)).toBeNull();
    expect(zoomWindows([null, null], FRAME, 16)).toBeNull();
  });
});

describe("two masks", () => {
  const SIDE = 32;
  /** A disc at (`x`, `y`), in shares of `extent`'s frame, seen on `extent`. */
  const disc = (extent: Box, centre: [number, number], radius: number) =>
    Float32Array.from({ length: SIDE * SIDE }, (_, i) => {
      const px = extent.x + ((i % SIDE) + 0.5) * (extent.width / SIDE);
      const py = extent.y + (Math.floor(i / SIDE) + 0.5) * (extent.height / SIDE);
      return Math.max(-8, Math.min(8, radius - Math.hypot(px - centre[0], py - centre[1])));
    });
  const whole = { x: 0, y: 0, width: 320, height: 320 };
  const window = { x: 120, y: 120, width: 80, height: 80 };
  const tracked = disc(whole, [160, 160], 20);
  const mask = maskOfLogits(tracked, SIDE, 320, 320);

  test("the closer one decides where both are on the same thing, and nothing changes outside of the window", () => {
    const blended = blendZoom(mask, { side: SIDE, tracked, zoomed: disc(window, [163, 160], 18), window });
    const exact = encodeMask(
      Uint8Array.from({ length: 320 * 320 }, (_, i) =>
        Math.hypot((i % 320) + 0.5 - 163, Math.floor(i / 320) + 0.5 - 160) < 18 ? 1 : 0,
      ),
      320,
      320,
    );
    expect(overlap(blended, exact)).toBeGreaterThan(0.97);
    expect(overlap(blended, exact)).toBeGreaterThan(overlap(mask, exact) + 0.05);
  });

  test("the tracked one stays, bit for bit, where the closer one is on something else or sees nothing", () => {
    const elsewhere = disc(window, [190, 190], 8);
    expect(blendZoom(mask, { side: SIDE, tracked, zoomed: elsewhere, window })).toBe(mask);
    const nothing = new Float32Array(SIDE * SIDE).fill(-8);
    expect(blendZoom(mask, { side: SIDE, tracked, zoomed: nothing, window })).toBe(mask);
  });

  test("no step shows where the window ends, but at the frame's border the window's word holds", () => {
    const wide = disc(whole, [160, 160], 60);
    const cut = maskOfLogits(wide, SIDE, 320, 320);
    // The closer map says "all object": at the window's rim the tracked edge must have taken over.
    const full = new Float32Array(SIDE * SIDE).fill(3);
    const inside = { x: 110, y: 110, width: 120, height: 120 };
    const blended = blendZoom(cut, { side: SIDE, tracked: wide, zoomed: full, window: inside });
    expect(columnOf(blended, 110).every((value, y) => value === columnOf(cut, 110)[y])).toBe(true);
    const atBorder = { x: 0, y: 0, width: 120, height: 120 };
    const corner = disc(whole, [0, 60], 60);
    const half = blendZoom(maskOfLogits(corner, SIDE, 320, 320), {
      side: SIDE,
      tracked: corner,
      zoomed: new Float32Array(SIDE * SIDE).fill(3),
      window: atBorder,
    });
    expect(columnOf(half, 0).slice(0, 100)).toEqual(new Array(100).fill(1));
  });

  function columnOf({ counts, ...size }: Mask, x: number): number[] {
    const data = decodeMask({ counts, ...size });
    return Array.from({ length: size.height }, (_, y) => data[y * size.width + x]!);
  }
});

describe("the second pass", () => {
  let engine: Sam2Engine;
  beforeAll(async () => {
    engine = await miniEngine();
  });
  afterAll(() => engine.release());

  const small = (x: number) => ({
    width: 96,
    height: 64,
    pixels: Uint8Array.from({ length: 96 * 64 }, (_, i) =>
      Math.hypot((i % 96) - x, Math.floor(i / 96) - 32) < 6 ? 1 : 0,
    ),
  });

  /** Random weights track nonsense: prompts on most frames keep the object small. */
  async function tracked(): Promise<TrackingSession> {
    const session = miniSession(engine, 8);
    for (const frame of [2, 3, 5, 6, 7]) await session.addMask(frame, 1, small(20 + 2 * frame));
    for await (const _ of session.propagate({ start: 2 }));
    for await (const _ of session.propagate({ start: 2, reverse: true }));
    return session;
  }

  test("gives every wanted frame once, before and after the first prompt, and leaves the session as it was", async () => {
    const session = await tracked();
    const before = await encodeState(session.keep(), session.stateShape());
    const plan = await planZoom(session, { objectIds: [1], from: 1, to: 6 });
    expect(plan.frames).toBe(6);
    const frames: number[] = [];
    for await (const { frameIndex, objects } of zoomPass(session, plan)) {
      frames.push(frameIndex);
      expect(objects.map(({ objectId, mask }) => [objectId, mask.width, mask.height])).toEqual([[1, 96, 64]]);
    }
    expect(frames.sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(await encodeState(session.keep(), session.stateShape())).toEqual(before);
  });

  test("a person's own mask is repeated as finely as it was given, also after saving and loading", async () => {
    const session = await tracked();
    const bytes = await encodeState(session.keep(), session.stateShape());
    const fresh = miniSession(engine, 8);
    fresh.restore(decodeState(bytes, fresh.stateShape(), fresh.pixels));
    for (const one of [session, fresh]) {
      const plan = await planZoom(one, { objectIds: [1], from: 3, to: 3 });
      for await (const { objects } of zoomPass(one, plan)) {
        const given = small(26);
        expect(overlap(objects[0]!.mask, encodeMask(given.pixels, 96, 64))).toBeGreaterThan(0.85);
      }
    }
  });

  test("stops at the signal, and is empty for an object that was never tracked", async () => {
    const session = await tracked();
    const plan = await planZoom(session, { objectIds: [1], from: 0, to: 7 });
    const stop = new AbortController();
    let frames = 0;
    for await (const _ of zoomPass(session, plan, stop.signal)) if (++frames === 2) stop.abort();
    expect(frames).toBe(2);
    await session.addPoints(0, 2, { points: [[22, 32]], labels: [1] });
    expect((await planZoom(session, { objectIds: [2], from: 4, to: 7 })).frames).toBe(0);
  });

  test("through the tracker it reports results as a track does", async () => {
    const { tracker, clipId } = await openMiniTracker(8);
    const { pixels } = small(30);
    await tracker.setPrompts(clipId, 1, 4, { points: [], mask: encodeMask(pixels, 96, 64) });
    const seen: number[] = [];
    const outcome = await tracker.track(
      clipId,
      { from: 4, to: 4, zoom: true },
      ({ results, totalFrames }) => {
        seen.push(...results.map(({ frameIndex }) => frameIndex));
        expect(totalFrames).toBe(1);
      },
    );
    expect(outcome).toEqual({ ok: true, value: { ended: "complete", doneFrames: 1, resumeAt: null } });
    expect(seen).toEqual([4]);
  });
});

function overlap(a: Mask, b: Mask): number {
  return maskArea(intersectMasks(a, b)) / maskArea(unionMasks(a, b));
}
