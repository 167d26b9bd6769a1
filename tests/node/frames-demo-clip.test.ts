import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import type { FrameSource } from "../../worker/frames/frame-source.ts";
import { decodeMask } from "../../worker/mask-rle.ts";
import { openClipAt } from "../../worker/node/open-clip.ts";
import { renderFrame } from "../support/demo-clip/render.ts";
import { DEMO, OBJECT_NAMES } from "../support/demo-clip/scene.ts";

const FOLDER = "tests/fixtures/demo";
const { width, height, frameCount } = DEMO;

interface MasksFile {
  width: number;
  height: number;
  frameCount: number;
  objects: { id: number; name: string; counts: string[] }[];
}

let masks: MasksFile;
let clip: FrameSource;

beforeAll(async () => {
  masks = JSON.parse(readFileSync(`${FOLDER}/demo-masks.json`, "utf8")) as MasksFile;
  clip = await openClipAt(`${FOLDER}/demo.mp4`);
});

const pixelsOf = (object: number, frame: number) =>
  decodeMask({ width, height, counts: masks.objects[object]!.counts[frame]! });

const areaOf = (object: number, frame: number) =>
  pixelsOf(object, frame).reduce((sum, inside) => sum + inside, 0);

describe("the demo clip", () => {
  test("has one mask a frame for each fish", () => {
    expect(masks).toMatchObject({ width, height, frameCount });
    expect(masks.objects.map(({ name }) => name)).toEqual([...OBJECT_NAMES]);
    for (const { counts } of masks.objects) expect(counts.length).toBe(frameCount);
    expect(clip.info.frameCount).toBe(frameCount);
  });

  test("shows the koi, hides it wholly behind the leaf, and shows it again", () => {
    const areas = Array.from({ length: frameCount }, (_, frame) => areaOf(0, frame));
    const hidden = areas.flatMap((area, frame) => (area === 0 ? [frame] : []));
    expect(areas[0]).toBeGreaterThan(6000);
    expect(hidden.length).toBeGreaterThanOrEqual(8);
    expect(hidden.at(-1)! - hidden[0]!).toBe(hidden.length - 1);
    expect(areas[frameCount - 1]).toBeGreaterThan(6000);
    expect(areaOf(1, frameCount - 1)).toBeGreaterThan(4000);
  });

  test.each([0, 90])("is what its script renders: frame %i and its masks", async (frame) => {
    const rendered = renderFrame(frame);
    rendered.masks.forEach((mask, object) => {
      const committed = pixelsOf(object, frame);
      const differing = mask.reduce((sum, inside, at) => sum + (inside === committed[at] ? 0 : 1), 0);
      expect(differing).toBeLessThan(20); // sines may round differently elsewhere
    });
    const { data } = await clip.frame(frame);
    const error =
      data.reduce((sum, value, at) => sum + Math.abs(value - rendered.rgba[at]!), 0) / data.length;
    expect(error).toBeLessThan(5); // what H.264 leaves of the grain
  });
});
