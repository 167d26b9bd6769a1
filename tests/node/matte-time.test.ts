import { describe, expect, it } from "vitest";
import type { BinaryMask } from "../../worker/evaluation/binary-mask.ts";
import { chatterBetween, lumaOf } from "../../worker/evaluation/chatter.ts";
import type { Picture } from "../../worker/frames/frame-source.ts";
import { maskOfRegion, regionOfMask } from "../../worker/matte/alpha-region.ts";
import { decontaminate } from "../../worker/matte/decontaminate.ts";
import { FrameChangeDetector } from "../../worker/matte/frame-change.ts";
import { type MatteSettings, neutralSettings } from "../../worker/matte/matte-settings.ts";
import { blurAlongMotion, velocityOf } from "../../worker/matte/motion-blur.ts";
import { motionBetween, shapeOf } from "../../worker/matte/shape-motion.ts";
import { type MaskedFrame, treatClip } from "../../worker/matte/treat-clip.ts";
import { degradeMask } from "../support/degraded-mask.ts";
import { edgeScore, mean } from "../support/edge-score.ts";
import { maskFrom } from "../support/mask-arbitraries.ts";
import { noiseFrom, type Shot, syntheticShot } from "../support/synthetic-shot.ts";

const W = 384;
const H = 216;
const N = 10;

const still = () => Array.from({ length: N }, (_, i) => shotAt([0.8, 0.5], i));
const moving = () => Array.from({ length: N }, (_, i) => shotAt([0.55 + i * 0.03, 0.45 + i * 0.008], i));

function shotAt(centre: [number, number], noise: number): Shot {
  return syntheticShot({ width: W, height: H, radius: 0.2, centre, noise: 1 + noise });
}

/** Masks as a model gives them: each frame wrong in its own way. */
function chattering(shots: Shot[]): MaskedFrame[] {
  return shots.map(({ mask, picture }, frameIndex) => ({
    frameIndex,
    mask: degradeMask(mask, { side: 128, blur: 0.5, noise: 2.5, seed: 7 + frameIndex }),
    picture,
    shown: true,
  }));
}

async function treat(frames: MaskedFrame[], settings: Partial<MatteSettings>) {
  const treated = [];
  for await (const frame of treatClip(frames, { ...neutralSettings(), ...settings }, 128))
    treated.push(frame);
  return treated;
}

const masksOf = async (frames: MaskedFrame[], settings: Partial<MatteSettings>) =>
  (await treat(frames, settings)).map(({ matte }) => maskOfRegion(matte));

function chatter(masks: BinaryMask[], shots: Shot[]): number {
  const lumas = shots.map(({ picture }) => lumaOf(picture));
  const pairs = masks.slice(1).map((mask, i) => {
    const [before, after] = [
      { mask: masks[i]!, luma: lumas[i]! },
      { mask, luma: lumas[i + 1]! },
    ];
    return chatterBetween(before, after)!;
  });
  return mean(pairs.slice(2, -2));
}

const distance = (masks: BinaryMask[], shots: Shot[]) =>
  mean(masks.map((mask, i) => edgeScore(mask, shots[i]!.mask)!.distance));

describe("reducing chatter", () => {
  it("halves it on a still object, and the edge comes closer to the true one", async () => {
    const shots = still();
    const frames = chattering(shots);
    const [raw, steady] = [await masksOf(frames, {}), await masksOf(frames, { steady: 100 })];
    expect(chatter(steady, shots)).toBeLessThan(chatter(raw, shots) / 2);
    expect(distance(steady, shots)).toBeLessThan(distance(raw, shots));
  });

  it("does not lag on a moving object: its edge does not go farther from the true one", async () => {
    const shots = moving();
    const frames = chattering(shots);
    const [raw, steady] = [await masksOf(frames, {}), await masksOf(frames, { steady: 100 })];
    expect(distance(steady, shots)).toBeLessThanOrEqual(distance(raw, shots));
  });

  it("changes nothing where masks are right and the movement is even", async () => {
    const shots = moving();
    const frames = shots.map(({ mask, picture }, frameIndex) => ({ frameIndex, mask, picture, shown: true }));
    const steady = await masksOf(frames, { steady: 100 });
    expect(distance(steady, shots)).toBeLessThan(0.15);
  });

  it("never looks across a hidden stretch or a gap", async () => {
    const frames = chattering(still());
    const hide = (at: number) => frames.map((frame, i) => (i === at ? { ...frame, shown: false } : frame));
    const treated = await treat(hide(5), { steady: 100 });
    expect(treated[5]!.matte.alpha.every((value) => value === 0)).toBe(true);
    // Frame 4 has no neighbour after it now, so it stays as it was.
    const raw = await treat(frames, {});
    expect(maskOfRegion(treated[4]!.matte).data).toEqual(maskOfRegion(raw[4]!.matte).data);
    const withGap = await treat(
      frames.filter((_, i) => i !== 5),
      { steady: 100 },
    );
    expect(withGap.map(({ frameIndex }) => frameIndex)).toEqual([0, 1, 2, 3, 4, 6, 7, 8, 9]);
    expect(maskOfRegion(withGap[4]!.matte).data).toEqual(maskOfRegion(raw[4]!.matte).data);
  });

  it("hands out every frame once and in order, also backward and for clips shorter than its reach", async () => {
    const frames = chattering(still()).slice(0, 2);
    expect((await treat(frames.reverse(), { steady: 100 })).map(({ frameIndex }) => frameIndex)).toEqual([
      1, 0,
    ]);
    expect(await treat([], { steady: 100 })).toEqual([]);
  });
});

describe("changes between frames", () => {
  const scene = (seed: number, noise: number, shift = 0) =>
    syntheticShot({ width: 320, height: 180, seed, noise, centre: [0.5 + shift, 0.5] }).picture;

  it("knows a cut from movement and noise", () => {
    const detector = new FrameChangeDetector();
    const found = [0, 1, 2, 3].map((i) => detector.next(scene(1, 5 + i, i * 0.06)));
    found.push(detector.next(invert(scene(40, 1))), detector.next(invert(scene(40, 2))));
    expect(found).toEqual(["continuous", "continuous", "continuous", "continuous", "cut", "continuous"]);
  });

  it("takes no flash, no change of light and no fade for another shot, but finds one behind black", () => {
    const inLight = (picture: Picture, gain: number, lift = 0) => ({
      ...picture,
      data: picture.data.map((value, i) => (i % 4 === 3 ? value : value * gain + lift)),
    });
    const other = (noise: number) => invert(scene(40, noise));
    const shot = (noise: number) => scene(1, noise);
    const changesOf = (pictures: Picture[]) => {
      const detector = new FrameChangeDetector();
      return pictures.map((picture) => detector.next(picture));
    };
    const flash = changesOf([
      shot(1),
      inLight(shot(2), 0.6, 100),
      shot(3),
      inLight(shot(4), 0, 255),
      shot(5),
    ]);
    const light = changesOf([shot(1), shot(2), inLight(shot(3), 0.4), inLight(shot(4), 0.4)]);
    const fade = [0.8, 0.6, 0.4, 0.2, 0].map((gain, i) => inLight(shot(i + 1), gain));
    expect([...flash, ...light, ...changesOf(fade)]).not.toContain("cut");
    const back = [0.3, 0.6, 1].map((gain, i) => inLight(other(i + 1), gain));
    expect(changesOf([...fade, ...back]).indexOf("cut")).toBe(fade.length);
  });

  it.each([8, 30])("finds a dissolve of %i frames once, while it lasts, forward and backward", (length) => {
    const blend = (a: Picture, b: Picture, share: number): Picture => ({
      ...a,
      data: a.data.map((value, i) => value + (b.data[i]! - value) * share),
    });
    const shot = (index: number) => scene(1, index, index * 0.004);
    const other = (index: number) => invert(scene(40, index, index * -0.004));
    const pictures = Array.from({ length: length + 20 }, (_, i) =>
      blend(shot(i), other(i), Math.min(1, Math.max(0, (i - 9) / length))),
    );
    for (const order of [pictures, [...pictures].reverse()]) {
      const detector = new FrameChangeDetector();
      const found = order.flatMap((picture, i) => (detector.next(picture) === "cut" ? [i] : []));
      expect(found).toHaveLength(1);
      expect(found[0]).toBeGreaterThan(9);
      expect(found[0]).toBeLessThanOrEqual(length + 11);
    }
  });

  it("takes no object that crosses the picture, slowly or fast, for a dissolve", () => {
    for (const speed of [0.01, 0.05]) {
      const detector = new FrameChangeDetector();
      const changes = Array.from({ length: 30 }, (_, i) =>
        detector.next(
          syntheticShot({ width: 96, height: 54, noise: i, radius: 0.4, centre: [i * speed, 0.5] }).picture,
        ),
      );
      expect(changes).not.toContain("cut");
    }
  });

  it("knows a repeated frame, also with a little coding noise, and not a still camera", () => {
    const detector = new FrameChangeDetector();
    const first = scene(1, 1, 0);
    const random = noiseFrom(3);
    const recoded = { ...first, data: first.data.map((value) => value + Math.round(random() - 0.5)) };
    expect([first, first, recoded].map((picture) => detector.next(picture)).slice(1)).toEqual([
      "duplicate",
      "duplicate",
    ]);
    expect(detector.next(scene(1, 1, 0.05))).toBe("continuous");
  });

  it("gives repeated frames one matte, exactly", async () => {
    const [a, b] = [shotAt([0.8, 0.5], 0), shotAt([0.85, 0.5], 1)];
    const frames = chattering([a, a, b, b]);
    const treated = await treat(frames, { keepDuplicates: true, refine: 100, steady: 100 });
    expect(treated.map(({ change }) => change)).toEqual([
      "continuous",
      "duplicate",
      "continuous",
      "duplicate",
    ]);
    expect(treated[1]!.matte.alpha).toEqual(treated[0]!.matte.alpha);
    expect(treated[3]!.matte.alpha).toEqual(treated[2]!.matte.alpha);
    expect(treated[2]!.matte.alpha).not.toEqual(treated[0]!.matte.alpha);
  });

  function invert(picture: Picture): Picture {
    return { ...picture, data: picture.data.map((value, i) => (i % 4 === 3 ? value : 255 - value)) };
  }
});

describe("movement of an outline", () => {
  const box = (x0: number, y0: number) =>
    maskFrom(200, 150, (x, y) => x >= x0 && x < x0 + 60 && y >= y0 && y < y0 + 40);
  const shape = (mask: BinaryMask, step = 1) =>
    shapeOf(regionOfMask(mask, { x: 0, y: 0, width: 200, height: 150 }), step)!;

  it("is found to a tenth of a pixel for a shift", () => {
    const [a, b, c, d, e, f] = motionBetween(shape(box(40, 40)), shape(box(47, 52)));
    expect(a * 70 + b * 60 + c - 70).toBeCloseTo(7, 0.9);
    expect(d * 70 + e * 60 + f - 60).toBeCloseTo(12, 0.9);
  });

  it("is nothing for an outline that stands still", () => {
    const [a, b, c, d, e, f] = motionBetween(shape(box(40, 40)), shape(box(40, 40)));
    for (const [x, y] of [
      [40, 40],
      [100, 80],
    ] as const)
      expect(Math.hypot(a * x + b * y + c - x, d * x + e * y + f - y)).toBeLessThan(0.05);
  });

  it("blurs the edges that it crosses by shutter and speed, and not those along it", () => {
    const region = regionOfMask(box(60, 40), { x: 0, y: 0, width: 200, height: 150 });
    const velocity = velocityOf(shape(box(40, 40)), shape(box(60, 40)), shape(box(80, 40)));
    const blurred = blurAlongMotion(region, velocity, 180);
    const row = Array.from(blurred.alpha.subarray(60 * 200, 61 * 200));
    // 20 pixels a frame at half open: a ramp of 10 pixels around x = 60.
    const soft = row.filter((value, x) => x < 90 && value > 0.02 && value < 0.98).length;
    expect(soft).toBeGreaterThanOrEqual(8);
    expect(soft).toBeLessThanOrEqual(12);
    expect(row[60]).toBeGreaterThan(0.35);
    expect(row[60]).toBeLessThan(0.65);
    const column = [38, 39, 40, 41].map((y) => blurred.alpha[y * 200 + 90]);
    expect(column).toEqual([0, 0, 1, 1]);
    expect(blurAlongMotion(region, velocity, 0)).toBe(region);
  });
});

describe("decontaminating colours", () => {
  const mask = maskFrom(60, 40, (x) => x >= 30);
  const region = regionOfMask(mask, { x: 0, y: 0, width: 60, height: 40 });
  for (let y = 0; y < 40; y++) for (let x = 25; x < 35; x++) region.alpha[y * 60 + x] = (x - 24.5) / 10;
  const data = new Uint8ClampedArray(60 * 40 * 4);
  region.alpha.forEach((a, i) => {
    data.set([200 * a, 60 * a + 220 * (1 - a), 40 * a, 255], i * 4);
  });
  const picture = { width: 60, height: 40, data };

  it("gives soft edge pixels the object's own colour", () => {
    const clean = decontaminate(picture, region, 1);
    for (let x = 25; x < 35; x++) {
      const [r, g, b] = clean.data.subarray((20 * 60 + x) * 4);
      expect(Math.abs(r! - 200) + Math.abs(g! - 60) + Math.abs(b! - 40)).toBeLessThan(12);
    }
  });

  it("leaves solid and empty pixels, and everything at zero, as they are", () => {
    expect(decontaminate(picture, region, 0)).toBe(picture);
    const clean = decontaminate(picture, region, 1);
    for (const x of [5, 20, 40, 55])
      expect(clean.data.subarray(x * 4, x * 4 + 4)).toEqual(picture.data.subarray(x * 4, x * 4 + 4));
  });
});
