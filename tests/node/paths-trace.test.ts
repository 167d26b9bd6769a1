import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeMask } from "../../worker/mask-rle.ts";
import { type AlphaRegion, boxOfMask, growBox, regionOfMask } from "../../worker/matte/alpha-region.ts";
import { signedArea, traceContours } from "../../worker/matte/contour.ts";
import { drawPath } from "../../worker/matte/draw-path.ts";
import { followLandmarks, perimeter, resample } from "../../worker/matte/outline-samples.ts";
import { type OutlinedFrame, outlineFrame } from "../../worker/matte/outline-tracks.ts";
import { pathAt } from "../../worker/matte/path-at.ts";
import { pathsToAfterEffects, pathsToJson, pathsToSvg } from "../../worker/matte/path-export.ts";
import type { PathTrack } from "../../worker/matte/path-types.ts";
import { drawTracks, tracePaths } from "../../worker/matte/trace-paths.ts";
import { anyMask, awkwardMasks, maskFrom } from "../support/mask-arbitraries.ts";

const W = 120;
const H = 90;

function matteOf(inside: (x: number, y: number) => boolean): AlphaRegion {
  return regionOfMask(maskFrom(W, H, inside), { x: 0, y: 0, width: W, height: H });
}

/** A clip of `count` frames, each drawn by its number. */
function clip(
  count: number,
  inside: (x: number, y: number, frame: number) => boolean,
  first = 0,
): OutlinedFrame[] {
  return Array.from({ length: count }, (_, i) =>
    outlineFrame(
      first + i,
      matteOf((x, y) => inside(x, y, i)),
    ),
  );
}

const movingDisk = (x: number, y: number, frame: number) => Math.hypot(x - 25 - 2 * frame, y - 45) < 18;
const keysOf = (track: PathTrack) => track.keys.map(({ frameIndex }) => frameIndex);

describe("outlines", () => {
  it("run around the object clockwise and around holes the other way, with exact areas", () => {
    const [outer, hole] = traceContours(
      matteOf((x, y) => x >= 10 && x < 50 && y >= 10 && y < 40 && !(x >= 20 && x < 30 && y >= 20 && y < 25)),
    );
    // Corners of hard masks are cut by half a pixel each way: 1/8 pixel² a corner.
    expect(outer?.area).toBeCloseTo(40 * 30 - 0.5, 6);
    expect(hole?.area).toBeCloseTo(-(10 * 5 - 0.5), 6);
  });

  it("follow soft edges to a tenth of a pixel", () => {
    const alpha = new Float32Array(W * H);
    for (let i = 0; i < alpha.length; i++)
      alpha[i] = Math.min(
        1,
        Math.max(0, 20.5 - Math.hypot((i % W) + 0.5 - 60, Math.floor(i / W) + 0.5 - 45)),
      );
    const [disk] = traceContours({ x: 0, y: 0, width: W, height: H, frame: { width: W, height: H }, alpha });
    const { points } = disk!;
    for (let i = 0; i < points.length; i += 2)
      expect(Math.abs(Math.hypot(points[i]! - 60, points[i + 1]! - 45) - 20)).toBeLessThan(0.1);
  });

  it("close along the frame's border where the object is cut by it", () => {
    const [outline] = traceContours(regionOfMask(awkwardMasks.full!, { x: 0, y: 0, width: 40, height: 30 }));
    expect(outline?.area).toBeCloseTo(40 * 30 - 0.5, 6);
    expect(Math.min(...outline!.points)).toBe(0);
  });

  it("of any mask enclose its pixels: areas of parts less holes are the mask's area", () => {
    fc.assert(
      fc.property(anyMask, (mask) => {
        const contours = traceContours(
          regionOfMask(mask, { x: 0, y: 0, width: mask.width, height: mask.height }),
        );
        const pixels = mask.data.reduce((a, b) => a + b, 0);
        const corners = contours.reduce((sum, { points }) => sum + points.length / 2, 0);
        const enclosed = contours.reduce((sum, { area }) => sum + area, 0);
        // Every corner is cut or filled by 1/8 pixel²; there are no more corners than points.
        expect(Math.abs(enclosed - pixels)).toBeLessThanOrEqual(corners / 8 + 1e-9);
        expect(contours.every(({ points, area }) => Math.abs(signedArea(points) - area) < 1e-9)).toBe(true);
      }),
    );
  });

  it("are drawn again as they were traced", () => {
    const matte = matteOf((x, y) => Math.hypot((x - 60) / 1.4, y - 45) < 25);
    const { points } = traceContours(matte)[0]!;
    const path = Array.from({ length: points.length / 2 }, (_, i) => ({
      x: points[i * 2]!,
      y: points[i * 2 + 1]!,
      inX: 0,
      inY: 0,
      outX: 0,
      outY: 0,
    }));
    const drawn = drawPath(path, matte, matte.frame);
    const wrong = drawn.alpha.filter((value, i) => value > 0.5 !== matte.alpha[i]! > 0.5).length;
    expect(wrong).toBe(0);
  });
});

describe("landmarks", () => {
  it("stay on the same places of a shape that moves, whatever point its outline starts with", () => {
    const corner = (dx: number, dy: number) =>
      traceContours(matteOf((x, y) => x >= 20 + dx && x < 60 + dx && y >= 20 + dy && y < 40 + dy))[0]!.points;
    const before = resample(corner(0, 0), 120);
    const rotated = corner(7, 5);
    const shifted = Float64Array.from([...rotated.slice(80), ...rotated.slice(0, 80)]);
    const after = followLandmarks(before, resample(shifted, 120));
    let worst = 0;
    for (let i = 0; i < before.length; i += 2)
      worst = Math.max(worst, Math.hypot(after[i]! - before[i]! - 7, after[i + 1]! - before[i + 1]! - 5));
    expect(worst).toBeLessThan(1.5);
  });

  it("are evenly spaced when first laid", () => {
    const points = traceContours(matteOf((x, y) => Math.hypot(x - 60, y - 45) < 20))[0]!.points;
    const samples = resample(points, 64);
    const step = perimeter(points) / 64;
    for (let i = 2; i < samples.length; i += 2) {
      const apart = Math.hypot(samples[i]! - samples[i - 2]!, samples[i + 1]! - samples[i - 1]!);
      expect(apart).toBeLessThanOrEqual(step + 1e-9);
      expect(apart).toBeGreaterThan(step * 0.8);
    }
  });
});

describe("mask paths over time", () => {
  it("need two keys for an object that moves evenly, and few vertices for a disk", async () => {
    const { tracks, quality } = await tracePaths(clip(20, movingDisk));
    expect(tracks).toHaveLength(1);
    expect(keysOf(tracks[0]!)).toEqual([0, 19]);
    expect(tracks[0]!.keys[0]!.path.length).toBeLessThanOrEqual(10);
    expect(quality.meanIou).toBeGreaterThan(0.97);
    expect(quality.worstIou).toBeGreaterThan(0.95);
  });

  it("need one key for an object that stands still", async () => {
    const { tracks, quality } = await tracePaths(clip(30, (x, y) => Math.hypot(x - 60, y - 45) < 20));
    expect(tracks.map(keysOf)).toEqual([[0]]);
    expect(quality).toMatchObject({ keyedFrames: 1, visibleFrames: 30 });
  });

  it("put a key where the movement turns", async () => {
    const bounce = clip(
      21,
      (x, y, frame) => Math.hypot(x - 30 - 3 * (10 - Math.abs(frame - 10)), y - 45) < 15,
    );
    const keys = keysOf((await tracePaths(bounce)).tracks[0]!);
    expect(keys.length).toBeLessThanOrEqual(4);
    expect(keys.some((key) => Math.abs(key - 10) <= 1)).toBe(true);
  });

  it("keep corners", async () => {
    const { tracks } = await tracePaths(clip(1, (x, y) => x >= 20 && x < 80 && y >= 20 && y < 60));
    const corners = [
      [20, 20],
      [80, 20],
      [80, 60],
      [20, 60],
    ];
    for (const [x, y] of corners)
      expect(tracks[0]!.keys[0]!.path.some((v) => Math.hypot(v.x - x!, v.y - y!) < 1.6)).toBe(true);
  });

  it("make holes subtract masks, after the parts they are in", async () => {
    const { tracks, quality } = await tracePaths(
      clip(5, (x, y, frame) => {
        const r = Math.hypot(x - 50 - frame, y - 45);
        return r < 30 && r > 12;
      }),
    );
    expect(tracks.map(({ mode }) => mode)).toEqual(["add", "subtract"]);
    expect(quality.meanIou).toBeGreaterThan(0.96);
  });

  it("never reach across a hidden stretch", async () => {
    const before = clip(5, movingDisk);
    const after = clip(5, movingDisk, 12);
    const { tracks } = await tracePaths([...before, ...after]);
    expect(tracks.map(({ from, to }) => [from, to])).toEqual([
      [0, 4],
      [12, 16],
    ]);
    expect(pathAt(tracks[0]!, 8)).toBeNull();
  });

  it("end and begin where a part splits off", async () => {
    const split = (x: number, y: number, frame: number) =>
      Math.hypot(x - 60 + 3 * frame, y - 45) < 15 || Math.hypot(x - 60 - 3 * frame, y - 45) < 14;
    const { tracks, quality } = await tracePaths(clip(14, split));
    const onAt = (frame: number) => tracks.filter(({ from, to }) => from <= frame && frame <= to).length;
    expect(onAt(1)).toBe(1);
    expect(onAt(13)).toBe(2);
    expect(quality.worstIou).toBeGreaterThan(0.9);
  });

  it("have the same number of vertices on every key, no key in or beyond a hidden stretch, and nothing that isn't a number", async () => {
    const shapes = fc.array(anyMask, { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(shapes, async (masks) => {
        const frames = masks.flatMap((mask, frameIndex) => {
          const box = boxOfMask(mask);
          return box ? [outlineFrame(frameIndex, regionOfMask(mask, growBox(box, 2, mask)))] : [];
        });
        const shown = frames.map(({ frameIndex }) => frameIndex);
        for (const track of (await tracePaths(frames)).tracks) {
          expect(new Set(track.keys.map(({ path }) => path.length)).size).toBe(1);
          // Keys lie in the track's own stretch of visible frames, each in front of the next.
          const keys = keysOf(track);
          const [first, last] = [Math.min(keys[0]!, track.from), Math.max(keys.at(-1)!, track.to)];
          for (let frame = first; frame <= last; frame++) expect(shown).toContain(frame);
          expect(keys.every((key, i) => i === 0 || key > keys[i - 1]!)).toBe(true);
          const numbers = track.keys.flatMap(({ path }) => path.flatMap((v) => Object.values(v)));
          expect(numbers.every(Number.isFinite)).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("keep to the pixels asked for: closer bounds lie closer and cost more keys", async () => {
    const wobble = clip(24, (x, y, frame) => {
      const angle = Math.atan2(y - 45, x - 60);
      return Math.hypot(x - 60, y - 45) < 25 + 4 * Math.sin(3 * angle + frame * 0.5);
    });
    const [faithful, sparse] = [
      (await tracePaths(wobble, { tolerance: 1.5, areaLoss: 0.02 })).quality,
      (await tracePaths(wobble, { tolerance: 6, areaLoss: 0.12 })).quality,
    ];
    expect(faithful.meanIou).toBeGreaterThan(sparse.meanIou);
    expect(faithful.keyedFrames).toBeGreaterThan(sparse.keyedFrames);
    expect(faithful.worstDistance).toBeLessThan(2.5);
  });

  it.each([0, 1])(
    "of the demo clip's koi number %i keep to the product's IoU, keys and vertices",
    async (object) => {
      const demo = JSON.parse(readFileSync("tests/fixtures/demo/demo-masks.json", "utf8"));
      const { width, height, objects } = demo;
      const frames: OutlinedFrame[] = objects[object].counts.flatMap((counts: string, frameIndex: number) => {
        const mask = { width, height, data: decodeMask({ width, height, counts }) };
        const box = boxOfMask(mask);
        return box ? [outlineFrame(frameIndex, regionOfMask(mask, growBox(box, 2, mask)))] : [];
      });
      const { quality } = await tracePaths(frames);
      expect(quality.meanIou).toBeGreaterThanOrEqual(0.97);
      expect(quality.worstIou).toBeGreaterThanOrEqual(0.93);
      expect(quality.keyedFrames / quality.visibleFrames).toBeLessThanOrEqual(0.4);
      expect(quality.medianVertices).toBeLessThanOrEqual(60);
    },
  );

  it("need about as many keys for the same object at three times the resolution", async () => {
    const bend = (x: number, y: number, frame: number) =>
      Math.hypot(
        (x - 180 - 4 * frame - 0.15 * frame * frame) / (1.3 + 0.4 * Math.sin(frame * 0.4)),
        y - 180,
      ) <
      90 + 6 * Math.sin(3 * Math.atan2(y - 180, x - 180 - 4 * frame) + frame * 0.3);
    const at = (times: number) =>
      Array.from({ length: 30 }, (_, frame) => {
        const mask = maskFrom(640 * times, 360 * times, (x, y) => bend(x / times, y / times, frame));
        return outlineFrame(frame, regionOfMask(mask, growBox(boxOfMask(mask)!, 2, mask)));
      });
    const [small, large] = [(await tracePaths(at(1))).quality, (await tracePaths(at(3))).quality];
    expect(Math.abs(large.keyedFrames - small.keyedFrames)).toBeLessThanOrEqual(3);
    expect(Math.abs(large.medianVertices - small.medianVertices)).toBeLessThanOrEqual(3);
    expect(large.worstIou).toBeGreaterThan(0.93);
    // Pixels are the frame's own.
    expect(large.worstDistance).toBeGreaterThan(2 * small.worstDistance);
  });

  it("share their keyed frames: a part that comes and goes adds none", async () => {
    const alone = (x: number, y: number, frame: number) =>
      Math.hypot(x - 30 - frame - 0.05 * frame * frame, y - 45) < 15;
    const withPart = (x: number, y: number, frame: number) =>
      alone(x, y, frame) || (frame > 4 && frame < 16 && Math.hypot(x - 90 - frame, y - 20) < 8);
    const [one, two] = [await tracePaths(clip(24, alone)), await tracePaths(clip(24, withPart))];
    expect(two.tracks).toHaveLength(2);
    expect(new Set(two.tracks.flatMap(keysOf)).size).toBeLessThanOrEqual(one.quality.keyedFrames + 1);
    expect(two.quality.worstIou).toBeGreaterThan(0.93);
  });

  it("stop when asked to, and say before how far they are", async () => {
    const shares: number[] = [];
    const pace = async (share?: number) => {
      if (share !== undefined) shares.push(share);
      if ((share ?? 0) > 0.3) throw new DOMException("stopped", "AbortError");
    };
    await expect(tracePaths(clip(20, movingDisk), {}, pace)).rejects.toThrow("stopped");
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    expect(shares[0]).toBeLessThan(0.2);
  });
});

describe("exports of paths", async () => {
  const paths = await tracePaths(clip(6, (x, y, frame) => Math.hypot(x - 50 - frame, y - 45) < 20));

  it("write JSON that reads back to the same paths, a thousandth of a pixel exact", () => {
    const rate = { numerator: 24, denominator: 1 };
    const document = JSON.parse(pathsToJson(paths, { width: W, height: H }, rate));
    expect(document).toMatchObject({ format: "masklet-paths", version: 1, width: W, height: H, rate });
    const [was, read] = [paths.tracks[0]!.keys[0]!.path[0]!, document.tracks[0].keys[0].path[0]];
    expect(Math.abs(was.x - read.x)).toBeLessThan(0.0006);
    const region = { x: 0, y: 0, width: W, height: H };
    const drawn = drawTracks(document.tracks, 3, region, region);
    const direct = drawTracks(paths.tracks, 3, region, region);
    expect(drawn.alpha.filter((value, i) => Math.abs(value - direct.alpha[i]!) > 0.01)).toHaveLength(0);
  });

  it("give After Effects closed shapes, times of the layer and HOLD opacity around the track", () => {
    const [mask] = pathsToAfterEffects(paths, "car", (frame) => frame / 24);
    expect(mask).toMatchObject({ name: "car 1", mode: "add", times: [0, 5 / 24] });
    expect(mask?.shapes[0]?.vertices).toHaveLength(mask?.shapes[1]?.inTangents.length ?? -1);
    expect(mask?.opacity).toEqual([
      { time: 0, value: 100 },
      { time: 6 / 24, value: 0 },
    ]);
  });

  it("write SVG without anything on a frame where all paths are off", () => {
    expect(pathsToSvg(paths, 99, { width: W, height: H })).toContain('<g fill="#fff"></g></svg>');
  });
});

describe("the order of paths", () => {
  const speck = (x: number, y: number) => Math.hypot(x - 5, y - 5) < 4;
  const ring = (x: number, y: number) => Math.hypot(x - 60, y - 45) < 30 && Math.hypot(x - 60, y - 45) > 12;
  const width = ({ keys }: PathTrack) => {
    const xs = keys[0]!.path.map(({ x }) => x);
    return Math.max(...xs) - Math.min(...xs);
  };

  it("is the object's main part, a speck, then the hole, whichever of them is there first", async () => {
    const frames = clip(4, (x, y, frame) => ring(x, y) || (frame < 2 && speck(x, y)));
    const { tracks } = await tracePaths(frames);
    expect(tracks.map(({ mode }) => mode)).toEqual(["add", "add", "subtract"]);
    const [main, small] = tracks.map(width);
    expect(main).toBeGreaterThan(40);
    expect(small).toBeLessThan(12);
  });

  it("keeps an earlier visible stretch before a longer later one", async () => {
    const frames = [...clip(2, ring, 3), ...clip(9, ring, 20)];
    const { tracks } = await tracePaths(frames);
    const froms = tracks.filter(({ mode }) => mode === "add").map(({ from }) => from);
    expect(froms).toEqual([3, 20]);
  });
});
