import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FrameSource, Picture } from "../../worker/frames/frame-source.ts";
import { openClipAt } from "../../worker/node/open-clip.ts";
import { DEMO } from "../support/demo-clip/scene.ts";
import { makeMovie, makeSound, readNumber } from "../support/test-clips.ts";

const DEMO_CLIP = "tests/fixtures/demo/demo.mp4";

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "masklet-frames-"));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function openBytes(name: string, bytes: Uint8Array): Promise<FrameSource> {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return openClipAt(path);
}

const steady = (count: number, rate: number) => Array.from({ length: count }, (_, index) => index / rate);

async function numbers(clip: FrameSource, from: number, to: number): Promise<[number, number][]> {
  const seen: [number, number][] = [];
  for await (const { frameIndex, picture } of clip.frames(from, to)) {
    seen.push([frameIndex, readNumber(picture)]);
  }
  return seen;
}

async function indices(clip: FrameSource, from: number, to: number): Promise<number[]> {
  const seen: number[] = [];
  for await (const { frameIndex } of clip.frames(from, to)) seen.push(frameIndex);
  return seen;
}

const each = (indices: number[]): [number, number][] => indices.map((index) => [index, index]);
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

describe("a video file's frames", () => {
  let clip: FrameSource;

  beforeAll(async () => {
    clip = await openBytes(
      "steady.mp4",
      await makeMovie({ width: 64, height: 48, timestamps: steady(60, 25) }),
    );
  });

  afterAll(() => clip.close());

  test("are counted and timed without decoding", () => {
    expect(clip.info).toMatchObject({
      width: 64,
      height: 48,
      frameCount: 60,
      rate: { numerator: 25, denominator: 1 },
      variableFrameRate: false,
      rotation: 0,
    });
    expect(clip.info.timestamps[59]).toBeCloseTo(59 / 25, 6);
    expect(clip.info.durationSeconds).toBeCloseTo(60 / 25, 6);
  });

  test("come in presentation order, although B-frames are coded in another", async () => {
    expect(await numbers(clip, 0, 59)).toEqual(each(range(0, 59)));
  });

  test("stream from the middle of a group of pictures", async () => {
    expect(await numbers(clip, 17, 23)).toEqual(each(range(17, 23)));
  });

  test("stream backward across key frames", async () => {
    expect(await numbers(clip, 41, 3)).toEqual(each(range(3, 41).reverse()));
  });

  test("are found one by one, forward, backward and again", async () => {
    for (const index of [0, 1, 2, 30, 31, 29, 59, 12, 12, 0]) {
      expect(readNumber(await clip.frame(index))).toBe(index);
    }
  });

  test("asked for at the same time keep apart", async () => {
    const indices = [5, 50, 20, 6];
    const pictures = await Promise.all(indices.map((index) => clip.frame(index)));
    expect(pictures.map(readNumber)).toEqual(indices);
  });

  test("outside of the clip are an error that says the range", () => {
    expect(() => clip.frame(60)).toThrow("Frame 60 is not in steady.mp4: its frames are 0 to 59.");
    expect(() => clip.frame(-1)).toThrow("0 to 59");
  });

  test("stop at the next one when the signal says so", async () => {
    const stop = new AbortController();
    const seen: number[] = [];
    const run = async () => {
      for await (const { frameIndex } of clip.frames(0, 59, stop.signal)) {
        seen.push(frameIndex);
        if (frameIndex === 3) stop.abort();
      }
    };
    await expect(run()).rejects.toMatchObject({ name: "AbortError" });
    expect(seen).toEqual([0, 1, 2, 3]);
  });
});

describe("clips that are not plain", () => {
  test("a variable rate keeps each frame's own time", async () => {
    const timestamps = [0, 0.04, 0.2, 0.24, 0.5, 0.54, 0.9];
    const clip = await openBytes("vfr.mp4", await makeMovie({ width: 64, height: 48, timestamps }));
    expect(clip.info.variableFrameRate).toBe(true);
    clip.info.timestamps.forEach((time, index) => {
      expect(time).toBeCloseTo(timestamps[index]!, 4);
    });
    expect(await numbers(clip, 0, 6)).toEqual(each(range(0, 6)));
    clip.close();
  });

  test("29.97 frames a second are 30000/1001 exactly", async () => {
    const bytes = await makeMovie({ width: 64, height: 48, timestamps: steady(31, 30000 / 1001) });
    const clip = await openBytes("ntsc.mp4", bytes);
    expect(clip.info.rate).toEqual({ numerator: 30000, denominator: 1001 });
    expect(clip.info.variableFrameRate).toBe(false);
    clip.close();
  });

  test.each([
    [90, 1],
    [180, 2],
    [270, 3],
  ] as const)("a rotation of %i degrees is applied", async (rotation, corner) => {
    const draw = (): Picture => cornerPicture(64, 32);
    const bytes = await makeMovie({ width: 64, height: 32, timestamps: [0], rotation, draw });
    const clip = await openBytes(`rotated-${rotation}.mp4`, bytes);
    const turned = rotation !== 180;
    expect([clip.info.width, clip.info.height]).toEqual(turned ? [32, 64] : [64, 32]);
    expect(brightCorner(await clip.frame(0))).toBe(corner);
    clip.close();
  });

  test("ProRes is decoded", async () => {
    const bytes = await makeMovie({ width: 64, height: 48, timestamps: steady(5, 25), codec: "prores" });
    const clip = await openBytes("prores.mov", bytes);
    expect(await numbers(clip, 4, 0)).toEqual(each([4, 3, 2, 1, 0]));
    clip.close();
  });

  test("colours of a small clip without tags are read as BT.601", async () => {
    const draw = (): Picture => plainPicture(64, 48, [200, 60, 30]);
    const clip = await openBytes(
      "red.mp4",
      await makeMovie({ width: 64, height: 48, timestamps: [0], draw }),
    );
    const [red, green, blue] = (await clip.frame(0)).data;
    expect([red! - 200, green! - 60, blue! - 30].every((difference) => Math.abs(difference) <= 3)).toBe(true);
    clip.close();
  });

  test("the demo clip has 120 frames of 24 a second", async () => {
    const clip = await openClipAt(DEMO_CLIP);
    expect(clip.info).toMatchObject({
      width: DEMO.width,
      height: DEMO.height,
      frameCount: DEMO.frameCount,
      rate: { numerator: DEMO.framesPerSecond, denominator: 1 },
    });
    clip.close();
  });
});

describe("files that are not clips", () => {
  test("a file that isn't there", async () => {
    await expect(openClipAt(join(folder, "nowhere.mp4"))).rejects.toMatchObject({ code: "not-found" });
  });

  test("text", async () => {
    await expect(openBytes("text.mp4", new TextEncoder().encode("this is no movie"))).rejects.toMatchObject({
      code: "bad-clip",
      message: expect.stringContaining("text.mp4 is not a video file: expected MP4"),
    });
  });

  test.each([1, 5, 8, 15])("text of %i bytes, shorter than any header", async (length) => {
    await expect(openBytes("short.mp4", new Uint8Array(length).fill(97))).rejects.toMatchObject({
      code: "bad-clip",
      message: expect.stringContaining("short.mp4 is not a video file: expected MP4"),
    });
  });

  test("an empty file", async () => {
    await expect(openBytes("empty.mp4", new Uint8Array())).rejects.toThrow("empty.mp4 is empty (0 bytes)");
  });

  test("sound without a picture", async () => {
    await expect(openBytes("sound.mov", await makeSound())).rejects.toThrow(
      "holds no video: its only content is audio",
    );
  });

  test("a codec that nobody here knows is named", async () => {
    const bytes = Buffer.from(readFileSync(DEMO_CLIP));
    bytes.write("xvid", bytes.indexOf("avc1", bytes.indexOf("stsd")), "latin1");
    await expect(openBytes("codec.mp4", bytes)).rejects.toMatchObject({
      code: "unsupported-codec",
      message: 'codec.mp4 is coded as "xvid", which Masklet can\'t decode.',
    });
  });

  test("a file cut in half with its index in front serves what is there, and says how much", async () => {
    const whole = readFileSync(DEMO_CLIP);
    const clip = await openBytes("half.mp4", whole.subarray(0, whole.length / 2));
    const { frameCount, warnings } = clip.info;
    expect(frameCount).toBeGreaterThan(30);
    expect(frameCount).toBeLessThan(90);
    expect(warnings).toEqual([
      `half.mp4 is cut off: it lists 120 frames, the first ${frameCount} are readable and are used.`,
    ]);
    expect(await indices(clip, 0, frameCount - 1)).toEqual(range(0, frameCount - 1));
    clip.close();
  });

  test("a file cut in half with its index at the end can't be read, and says why", async () => {
    const whole = await makeMovie({ width: 64, height: 48, timestamps: steady(60, 25) });
    await expect(openBytes("cut.mp4", whole.subarray(0, whole.length / 2))).rejects.toThrow(
      "cut.mp4 has no index of its frames: the file was cut off before its end.",
    );
  });

  test("damage in the middle costs no frame: each is there, in order", async () => {
    const damaged = readFileSync(DEMO_CLIP);
    damaged.fill(0, Math.floor(damaged.length * 0.6), Math.floor(damaged.length * 0.62));
    const clip = await openBytes("damaged.mp4", damaged);
    expect(await indices(clip, 0, 119)).toEqual(range(0, 119));
    clip.close();
  });
});

/** Bright in the top left corner. */
function cornerPicture(width: number, height: number): Picture {
  const data = new Uint8ClampedArray(width * height * 4).fill(20);
  for (let pixel = 0; pixel < width * height; pixel++) {
    if (pixel % width < width / 4 && pixel < (width * height) / 4) data.fill(240, pixel * 4, pixel * 4 + 4);
  }
  return { width, height, data };
}

/** 0: top left, then clockwise. */
function brightCorner({ width, height, data }: Picture): number {
  const at = (x: number, y: number) => data[(y * width + x) * 4]!;
  const corners = [at(2, 2), at(width - 3, 2), at(width - 3, height - 3), at(2, height - 3)];
  return corners.indexOf(Math.max(...corners));
}

function plainPicture(width: number, height: number, colour: [number, number, number]): Picture {
  const data = new Uint8ClampedArray(width * height * 4);
  for (let at = 0; at < data.length; at += 4) data.set([...colour, 255], at);
  return { width, height, data };
}
