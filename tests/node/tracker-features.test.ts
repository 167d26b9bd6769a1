/** Runs in Node: which features are kept of a clip, and which frames show the same. */
import { describe, expect, test } from "vitest";
import type { Picture } from "../../worker/frames/frame-source.ts";
import { isSamePicture } from "../../worker/frames/same-picture.ts";
import { ImageFeatureCache } from "../../worker/image-feature-cache.ts";
import type { Tensor } from "../../worker/inference/inference-session.ts";

/** Features of 12 bytes a frame: no pixels, only the numbers of the frames that were encoded and released. */
function countedCache(budgetFrames: number) {
  const encoded: number[] = [];
  const released = new Set<number>();
  const tensor = (frame: number): Tensor => ({
    shape: [],
    read: async () => new Float32Array(),
    release: () => released.add(frame),
  });
  const encode = async (frame: number) => {
    encoded.push(frame);
    return { s4: tensor(frame), s8: tensor(frame), s16: tensor(frame) };
  };
  return { cache: new ImageFeatureCache(encode, budgetFrames * 12), encoded, released };
}

const nothing = async () => {};

describe("the features that are kept", () => {
  test("fit their budget; of a person's frames the least recently used one goes first", async () => {
    const { cache, encoded, released } = countedCache(2);
    for (const frame of [1, 2, 1, 3, 1]) await cache.use(frame, { keep: true }, nothing);
    await cache.use(9, {}, nothing);
    await cache.use(10, {}, nothing);
    await new Promise(setImmediate);
    expect(encoded).toEqual([1, 2, 3, 9, 10]);
    expect([...released]).toEqual([2, 3, 9]);
    expect(cache.bytes).toBe(24);
  });

  test.each([1, -1] as const)("are those that tracking passed last (direction %i)", async (direction) => {
    const { cache, released } = countedCache(3);
    for (let step = 0; step < 9; step++) {
      await cache.use(100 + direction * step, { direction }, nothing);
      expect(cache.bytes).toBeLessThanOrEqual(36);
    }
    await new Promise(setImmediate);
    expect([...released]).toEqual([0, 1, 2, 3, 4, 5].map((step) => 100 + direction * step));
  });

  test("serve a second pass that begins before them, instead of being pushed out one by one", async () => {
    const { cache, encoded } = countedCache(5);
    for (let frame = 0; frame < 20; frame++) await cache.use(frame, { direction: 1 }, nothing);
    encoded.length = 0;
    for (let frame = 10; frame < 20; frame++) await cache.use(frame, { direction: 1 }, nothing);
    // 15 to 19 were here; the farthest of them made room for the pass itself.
    expect(encoded).toEqual([10, 11, 12, 13, 14, 19]);
  });

  test("are 48 at most, however small they are", async () => {
    const { cache } = countedCache(1000);
    for (let frame = 0; frame < 60; frame++) await cache.use(frame, { direction: 1 }, nothing);
    expect(cache.bytes).toBe(48 * 12);
  });

  test("of one frame stay even where they exceed the budget, and a failure is tried again", async () => {
    const { cache, encoded } = countedCache(0);
    await cache.use(1, {}, nothing);
    await cache.use(1, {}, nothing);
    expect(encoded).toEqual([1]);
    const fail = () => Promise.reject(new Error("no memory"));
    await expect(cache.use(2, { encode: fail }, nothing)).rejects.toThrow("no memory");
    await cache.use(2, {}, nothing);
    expect(encoded).toEqual([1, 2]);
  });
});

test("frames are told apart by one value of one pixel, wherever their bytes begin", () => {
  const pixels = Uint8ClampedArray.from({ length: 3 * 2 * 4 }, (_, index) => index);
  const shifted = new Uint8ClampedArray(new ArrayBuffer(pixels.length + 1), 1);
  shifted.set(pixels);
  const picture = (data: Uint8ClampedArray, width = 3): Picture => ({ width, height: 6 / width, data });
  expect(isSamePicture(picture(pixels), picture(pixels.slice()))).toBe(true);
  expect(isSamePicture(picture(pixels), picture(shifted))).toBe(true);
  expect(isSamePicture(picture(pixels), picture(pixels.slice(), 2))).toBe(false);
  for (let index = 0; index < pixels.length; index++) {
    const other = pixels.slice();
    other[index] = 99;
    expect(isSamePicture(picture(pixels), picture(other))).toBe(false);
  }
});
