import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type AlphaRegion, frameBytes, maskOfRegion, regionOfMask } from "../../worker/matte/alpha-region.ts";
import { boxMean } from "../../worker/matte/box-filter.ts";
import {
  addContrast,
  edgeBand,
  feather,
  fixBorder,
  growEdge,
  solidCore,
} from "../../worker/matte/edge-controls.ts";
import { fillHoles, removeSpecks } from "../../worker/matte/mask-parts.ts";
import {
  isNeutral,
  matteSettings,
  neutralSettings,
  readSettings,
} from "../../worker/matte/matte-settings.ts";
import { refineEdge } from "../../worker/matte/refine.ts";
import { distanceField } from "../../worker/matte/signed-distance.ts";
import { cleanAndRefine, inTiles, shapeMatte } from "../../worker/matte/treat-frame.ts";
import { degradeMask } from "../support/degraded-mask.ts";
import { edgeScore } from "../support/edge-score.ts";
import { anyMask, awkwardMasks, drawnMask, maskFrom } from "../support/mask-arbitraries.ts";
import { syntheticShot } from "../support/synthetic-shot.ts";

const whole = (mask: { width: number; height: number; data: Uint8Array }): AlphaRegion =>
  regionOfMask(mask, { x: 0, y: 0, width: mask.width, height: mask.height });

const greyPicture = (width: number, height: number) => ({
  width,
  height,
  data: new Uint8ClampedArray(width * height * 4).fill(128),
});

/** A disk with an exact one-pixel ramp. */
function disk(size: number, radius: number): AlphaRegion {
  const alpha = new Float32Array(size * size);
  for (let i = 0; i < alpha.length; i++) {
    const d = Math.hypot((i % size) - size / 2, Math.floor(i / size) - size / 2);
    alpha[i] = Math.min(1, Math.max(0, radius - d + 0.5));
  }
  return { x: 0, y: 0, width: size, height: size, frame: { width: size, height: size }, alpha };
}

const area = ({ alpha }: AlphaRegion) => alpha.reduce((a, b) => a + b, 0);
const radiusOf = (region: AlphaRegion) => Math.sqrt(area(region) / Math.PI);

describe("controls of the edge", () => {
  it("all do nothing at their zero: the hard mask comes out, bit for bit", () => {
    fc.assert(
      fc.property(anyMask, (mask) => {
        const settings = neutralSettings();
        const region = shapeMatte(
          cleanAndRefine(mask, greyPicture(mask.width, mask.height), settings),
          settings,
        );
        expect(frameBytes(region)).toEqual(Uint8ClampedArray.from(mask.data, (value) => value * 255));
      }),
    );
  });

  it("each alone leaves a soft matte untouched at its zero", () => {
    const soft = disk(32, 9.3);
    for (const same of [
      growEdge(soft, 0),
      feather(soft, 0, 0),
      addContrast(soft, 0),
      solidCore(soft, 0),
      edgeBand(soft, 0),
      fixBorder(soft, 0),
    ])
      expect(same).toBe(soft);
  });

  it("keep every value between 0 and 1 for any mask and any settings", () => {
    const settings = fc.record(
      Object.fromEntries(
        matteSettings.map((setting) => [
          setting.name,
          setting.kind === "switch"
            ? fc.boolean()
            : fc.double({ min: setting.minimum, max: Math.min(setting.maximum, 40), noNaN: true }),
        ]),
      ),
    );
    fc.assert(
      fc.property(anyMask, settings, (mask, values) => {
        const read = readSettings(values as Record<string, number | boolean>);
        const region = cleanAndRefine(mask, greyPicture(mask.width, mask.height), read);
        const { alpha } = shapeMatte(region, read);
        expect(alpha.every((value) => value >= 0 && value <= 1)).toBe(true);
      }),
      { numRuns: 150 },
    );
  });

  it("move an edge by the pixels asked for, also by fractions", () => {
    for (const amount of [-3, -1.5, -0.25, 0.25, 0.5, 2, 4])
      expect(radiusOf(growEdge(disk(64, 16), amount))).toBeCloseTo(16 + amount, 0.7);
  });

  it("shrink a small object away and grow nothing from nothing", () => {
    expect(area(growEdge(disk(32, 3), -6))).toBe(0);
    expect(area(growEdge(whole(awkwardMasks.empty!), 5))).toBe(0);
  });

  it("feather inward without touching the outside, and outward without touching the inside", () => {
    const sharp = disk(96, 30);
    const centreRow = (region: AlphaRegion) => region.alpha.subarray(48 * 96 + 48, 49 * 96);
    const inward = centreRow(feather(sharp, 10, 0));
    expect(inward[32]).toBeLessThan(0.02);
    expect(inward[24]).toBeGreaterThan(0.2);
    expect(inward[24]).toBeLessThan(0.9);
    const outward = centreRow(feather(sharp, 0, 10));
    expect(outward[28]).toBeGreaterThan(0.98);
    expect(outward[35]).toBeGreaterThan(0.2);
    expect(outward[42]).toBeLessThan(0.02);
  });

  it("cut hard at full contrast", () => {
    const hard = addContrast(feather(disk(64, 16), 4, 4), 1);
    expect([...new Set(hard.alpha)].sort()).toEqual([0, 1]);
    expect(radiusOf(hard)).toBeCloseTo(16, 0);
  });

  it("keep a border-touching object solid along the frame's border", () => {
    const region = feather(whole(awkwardMasks.border!), 3, 3);
    expect(region.alpha[0]).toBe(1);
    expect(growEdge(whole(awkwardMasks.border!), -2).alpha[0]).toBe(1);
  });

  it("carry the matte out to the border", () => {
    const bumpy = maskFrom(20, 20, (x, y) => x >= 2 && y > 5 && y < 15);
    expect(maskOfRegion(fixBorder(whole(bumpy), 3)).data).toEqual(
      maskFrom(20, 20, (_, y) => y > 5 && y < 15).data,
    );
  });

  it("make a solid core and a band of the edge that belong together", () => {
    const soft = feather(disk(96, 30), 12, 12);
    expect(solidCore(soft, 4).alpha[48 * 96 + 48 + 24]).toBe(1);
    const band = edgeBand(disk(96, 30), 5);
    expect(band.alpha[48 * 96 + 48]).toBe(0);
    expect(band.alpha[48 * 96 + 48 + 28]).toBe(1);
  });

  it("give the same matte in tiles as in one piece", () => {
    const { mask } = syntheticShot({ width: 1300, height: 200, centre: [5.1, 0.5], radius: 0.3 });
    const region = whole(mask);
    const change = (tile: AlphaRegion) => growEdge(tile, 2.5);
    const [tiled, single] = [inTiles(region, 12, change).alpha, change(region).alpha];
    let worst = 0;
    for (let i = 0; i < tiled.length; i++) worst = Math.max(worst, Math.abs(tiled[i]! - single[i]!));
    expect(worst).toBeLessThan(1e-3);
  });
});

describe("matte settings", () => {
  it("are all zero at first, which is the hard mask", () => {
    expect(isNeutral(readSettings())).toBe(true);
    expect(isNeutral(readSettings({ grow: 1 }))).toBe(false);
  });

  it("refuse unknown names, wrong types and values out of range, by name", () => {
    expect(() => readSettings({ blur: 3 })).toThrow(/"blur".*known ones are: keepDuplicates, fillHoles/);
    expect(() => readSettings({ grow: 1e9 })).toThrow(/"grow" must be a number from -100 to 100 px/);
    expect(() => readSettings({ invert: 1 })).toThrow(/"invert" must be true or false/);
  });
});

describe("holes and specks", () => {
  const mask = drawnMask("..........", ".######.#.", ".#....#...", ".#.##.#..#", ".#....#.#.", ".######...");

  it("fills what the object encloses, up to the area", () => {
    // The enclosed background has ten pixels.
    expect(fillHoles(mask, 9).data).toEqual(mask.data);
    expect(fillHoles(mask, 10).data.slice(20, 30)).toEqual(drawnMask(".######...").data);
  });

  it("drops separate parts up to the area, joined by corners as one part", () => {
    expect(removeSpecks(mask, 1).data.slice(10, 20)).toEqual(drawnMask(".######...").data);
    expect(removeSpecks(mask, 1).data[39]).toBe(1);
    expect(removeSpecks(mask, 2).data[39]).toBe(0);
  });

  it("never fill the background that reaches the border nor drop more than asked", () => {
    fc.assert(
      fc.property(anyMask, fc.nat(30), (any, limit) => {
        const filled = fillHoles(any, limit);
        expect(filled.data.every((value, i) => value >= any.data[i]!)).toBe(true);
        const kept = removeSpecks(any, limit);
        expect(kept.data.every((value, i) => value <= any.data[i]!)).toBe(true);
        expect(removeSpecks(kept, limit).data).toEqual(kept.data);
      }),
    );
  });
});

describe("distance to the edge", () => {
  it("is exact to a quarter of a pixel around a disk", () => {
    const { distance } = distanceField(disk(64, 16));
    let worst = 0;
    for (let i = 0; i < distance.length; i++) {
      const truth = 16 - Math.hypot((i % 64) - 32, Math.floor(i / 64) - 32);
      if (Math.abs(truth) < 14) worst = Math.max(worst, Math.abs(distance[i]! - truth));
    }
    expect(worst).toBeLessThan(0.25);
  });

  it("is infinite where there is no edge", () => {
    expect(distanceField(whole(awkwardMasks.full!)).distance[5]).toBe(Number.POSITIVE_INFINITY);
    expect(distanceField(whole(awkwardMasks.empty!)).distance[5]).toBe(Number.NEGATIVE_INFINITY);
  });
});

describe("box means", () => {
  it("equal the plain definition, cut at the border", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 9 }),
        fc.nat(12),
        (w, h, radius) => {
          const data = Float32Array.from({ length: w * h }, (_, i) => (i * 7919) % 13);
          const mean = boxMean({ width: w, height: h, data }, radius).data;
          for (let y = 0; y < h; y++)
            for (let x = 0; x < w; x++) {
              const near = [...data].filter(
                (_, i) => Math.abs((i % w) - x) <= radius && Math.abs(Math.floor(i / w) - y) <= radius,
              );
              expect(mean[y * w + x]).toBeCloseTo(near.reduce((a, b) => a + b) / near.length, 3);
            }
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe("refining", () => {
  const hardOf = (region: ReturnType<typeof refineEdge>) => maskOfRegion(region).data;
  const shot = syntheticShot({ width: 640, height: 360 });

  it("moves an edge of a coarse map to where the picture has it", () => {
    const coarse = degradeMask(shot.mask, { side: 96, blur: 0.7 });
    const before = edgeScore(coarse, shot.mask)!;
    const after = edgeScore(maskOfRegion(refineEdge(coarse, shot.picture, { side: 96 })), shot.mask)!;
    expect(after.f1).toBeGreaterThan(before.f1 + 0.05);
    expect(after.distance).toBeLessThan(before.distance / 2);
  });

  it("gives the object's own softness, not a hard cut", () => {
    const { alpha } = refineEdge(shot.mask, shot.picture);
    expect(alpha.some((value) => value > 0.2 && value < 0.8)).toBe(true);
  });

  it("leaves the mask as it is where the picture says nothing", () => {
    const flat = greyPicture(640, 360);
    expect(hardOf(refineEdge(shot.mask, flat, { side: 64 }))).toEqual(shot.mask.data);
  });

  it("only smooths the stairs where a cell of the map is hardly larger than a pixel", () => {
    const coarse = degradeMask(shot.mask, { side: 256, blur: 0.7 });
    expect(hardOf(refineEdge(coarse, shot.picture, { side: 256 }))).toEqual(coarse.data);
  });

  it("works on any mask, and changes nothing far from the edge", () => {
    fc.assert(
      fc.property(anyMask, (mask) => {
        const region = refineEdge(mask, greyPicture(mask.width, mask.height));
        expect(region.alpha.every((value) => value >= 0 && value <= 1)).toBe(true);
        if (!mask.data.includes(1)) expect(region.alpha).toHaveLength(0);
        if (!mask.data.includes(0)) expect(region.alpha.every((value) => value === 1)).toBe(true);
      }),
    );
  });

  it("works on a mask 8K wide without planes of that size besides the matte", () => {
    const wide = maskFrom(7680, 64, (x, y) => x > 100 && x < 7600 && y > 20 && y < 50);
    const region = refineEdge(wide, greyPicture(7680, 64));
    expect(region.alpha.length).toBeLessThanOrEqual(7680 * 64);
    expect(edgeScore(maskOfRegion(region), wide)!.distance).toBeLessThan(2);
  });

  it("asks for mask and picture of one size", () => {
    expect(() => refineEdge(shot.mask, greyPicture(10, 10))).toThrow(/one size, got 640 x 360 and 10 x 10/);
  });
});
