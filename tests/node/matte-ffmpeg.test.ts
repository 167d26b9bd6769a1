/** Every format, decoded by ffmpeg and by our own reader, and compared with what was exported, pixel by pixel. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Picture } from "../../worker/frames/frame-source.ts";
import { type MatteWriterRequest, openMatteWriter } from "../../worker/matte/matte-writer.ts";
import { folderSink } from "../../worker/node/folder-sink.ts";
import { prepareMediaCodecs } from "../../worker/node/media-codecs.ts";
import { openClipAt } from "../../worker/node/open-clip.ts";
import type { ClipInfo } from "../../worker/protocol.ts";
import { decodeRaw, FFMPEG_MISSING, makeMovie, probe } from "../support/ffmpeg.ts";

if (FFMPEG_MISSING) process.stderr.write(`${FFMPEG_MISSING}.\n`);

const [WIDTH, HEIGHT, FRAMES, FROM] = [96, 64, 6, 2];
const PIXELS = WIDTH * HEIGHT;
const WRITTEN = FRAMES - FROM;
const RATE = { numerator: 30000, denominator: 1001 };
const secondsOf = (frame: number) => (frame * RATE.denominator) / RATE.numerator;

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "masklet-ffmpeg-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const INFO: ClipInfo = {
  clipId: "clip",
  name: "clip",
  width: WIDTH,
  height: HEIGHT,
  frameCount: FRAMES,
  timestamps: Array.from({ length: FRAMES }, (_, frame) => secondsOf(frame)),
  framesPerSecond: RATE.numerator / RATE.denominator,
  rate: RATE,
  variableFrameRate: false,
  durationSeconds: secondsOf(FRAMES),
  codec: "raw",
  rotation: 0,
  pixelAspect: { numerator: 1, denominator: 1 },
};

/** Empty, then every level in turn, then full: a soft edge that moves. */
function alphaOf(frameIndex: number): Uint8Array {
  return Uint8Array.from({ length: PIXELS }, (_, pixel) => {
    const [x, y] = [pixel % WIDTH, Math.floor(pixel / WIDTH)];
    return Math.min(255, Math.max(0, 5 * (x - 16 - frameIndex) + (y % 5)));
  });
}

function pictureOf(frameIndex: number): Picture {
  const data = new Uint8ClampedArray(PIXELS * 4);
  for (let pixel = 0; pixel < PIXELS; pixel++) {
    const [x, y] = [pixel % WIDTH, Math.floor(pixel / WIDTH)];
    data.set([40 + 2 * x, 60 + 2 * y, 120 + 10 * frameIndex, 255], pixel * 4);
  }
  return { width: WIDTH, height: HEIGHT, data };
}

async function write(name: string, changes: Partial<MatteWriterRequest>): Promise<string> {
  const writer = await openMatteWriter({
    format: "png",
    content: "matte",
    info: INFO,
    from: FROM,
    sink: folderSink(folder),
    path: name,
    prepareCodec: prepareMediaCodecs,
    ...changes,
  });
  for (let frameIndex = FROM; frameIndex < FRAMES; frameIndex++)
    await writer.add({ frameIndex, alpha: alphaOf(frameIndex), picture: pictureOf(frameIndex) });
  const [first] = await writer.finish();
  return join(folder, first!);
}

const frames = Array.from({ length: WRITTEN }, (_, at) => FROM + at);
const alphas = () => frames.flatMap((frame) => [...alphaOf(frame)]);

/** Plane `start` to `end`, in samples, of every frame of `size` samples. */
const planesOf = (samples: ArrayLike<number>, size: number, start: number, end: number) =>
  frames.flatMap((_, at) => Array.from({ length: end - start }, (_, i) => samples[at * size + start + i]!));

const words = (bytes: Uint8Array) => new Uint16Array(bytes.slice().buffer);

function worst(found: readonly number[], expected: readonly number[]): number {
  expect(found.length).toBe(expected.length);
  return found.reduce((most, value, at) => Math.max(most, Math.abs(value - expected[at]!)), 0);
}

/** Where nothing is inside, and where all is, samples have to be the very ends of the scale. */
function ends(found: readonly number[]): { empty: Set<number>; full: Set<number> } {
  const expected = alphas();
  const where = (value: number) => new Set(found.filter((_, at) => flat(expected, at, value)));
  return { empty: where(0), full: where(255) };
}

/** Eight pixels away from any other value, where no edge rings. */
function flat(alpha: readonly number[], at: number, value: number): boolean {
  const x = at % WIDTH;
  return x >= 8 && x < WIDTH - 8
    ? [-8, 0, 8].every((step) => alpha[at + step] === value)
    : alpha[at] === value && alpha[x < 8 ? at + 8 : at - 8] === value;
}

const decoders = (name: string) => ["-c:v", name];

async function readBack(file: string, channel: number): Promise<number[]> {
  const clip = await openClipAt(file);
  try {
    expect([clip.info.width, clip.info.height, clip.info.frameCount]).toEqual([WIDTH, HEIGHT, WRITTEN]);
    const values: number[] = [];
    for await (const { picture } of clip.frames(0, WRITTEN - 1))
      for (let pixel = 0; pixel < PIXELS; pixel++) values.push(picture.data[pixel * 4 + channel]!);
    return values;
  } finally {
    clip.close();
  }
}

function expectTiming(file: string): void {
  const { streams, times } = probe(file);
  const [video] = streams;
  expect([video?.width, video?.height, Number(video?.nb_read_frames)]).toEqual([WIDTH, HEIGHT, WRITTEN]);
  const [numerator, denominator] = video!.avg_frame_rate.split("/").map(Number);
  expect(numerator! / denominator!).toBeCloseTo(RATE.numerator / RATE.denominator, 3);
  times.forEach((time, at) => {
    // Matroska keeps milliseconds.
    expect(Math.abs(time - secondsOf(at))).toBeLessThan(file.endsWith("webm") ? 6e-4 : 2e-5);
  });
}

describe.skipIf(FFMPEG_MISSING !== "")("PNG, read by ffmpeg", () => {
  const sequence = (first: string) =>
    [first.replace(/\d{5}\.png$/, "%05d.png"), ["-start_number", String(FROM)]] as const;

  test("is the matte exactly, in 8 and in 16 bits", async () => {
    const [png, input] = sequence(await write("png", {}));
    expect([...decodeRaw(png, "gray", input)]).toEqual(alphas());
    const [png16, input16] = sequence(await write("png16", { format: "png16" }));
    expect([...words(decodeRaw(png16, "gray16le", input16))]).toEqual(alphas().map((alpha) => alpha * 257));
  });

  test("is the cut-out exactly, straight and premultiplied", async () => {
    for (const alpha of ["straight", "premultiplied"] as const) {
      const [png, input] = sequence(await write(alpha, { content: "cutout", alpha }));
      const expected = frames.flatMap((frame) => cutOut(frame, alpha === "premultiplied"));
      expect([...decodeRaw(png, "rgba", input)]).toEqual(expected);
    }
  });
});

describe.skipIf(FFMPEG_MISSING !== "")("the clip's own time code", () => {
  const at = (rate: string) => ["-vf", `settb=AVTB,setpts=N/(${rate})/TB`, "-r", rate];
  const PRORES = ["-c:v", "prores_ks"];

  test.each([
    ["mov", "30000/1001", "01:00:00;00", PRORES, 107_892, true],
    ["mov", "24000/1001", "10:00:00:12", PRORES, 864_012, false],
    ["mp4", "25", "00:00:59:24", ["-c:v", "libx264", "-pix_fmt", "yuv420p"], 1499, false],
  ] as const)(
    "of a .%s at %s, %s, is read",
    async (extension, rate, timecode, codec, startFrame, dropFrame) => {
      const file = join(folder, `timecode-${startFrame}.${extension}`);
      makeMovie(file, 3, [...at(rate), ...codec, "-timecode", timecode]);
      const clip = await openClipAt(file);
      expect(clip.info.timecode).toEqual({ startFrame, dropFrame });
      clip.close();
    },
  );

  test("is none where the file has none", async () => {
    const file = join(folder, "no-timecode.mov");
    makeMovie(file, 3, [...at("25"), ...PRORES]);
    const clip = await openClipAt(file);
    expect(clip.info).not.toHaveProperty("timecode");
    clip.close();
  });

  test.each([
    [{ startFrame: 107_892, dropFrame: true }, "01:00:00;02"],
    [{ startFrame: 108_000, dropFrame: false }, "01:00:00:02"],
  ])("%j goes on in the matte", async (timecode, first) => {
    const file = await write("goes-on", { format: "prores4444", info: { ...INFO, timecode } });
    expect(probe(file).streams[1]?.tags?.timecode).toBe(first);
    const matte = await openClipAt(file);
    expect(matte.info.timecode).toEqual({ ...timecode, startFrame: timecode.startFrame + FROM });
    matte.close();
  });
});

function cutOut(frame: number, premultiplied: boolean): number[] {
  const { data } = pictureOf(frame);
  return [...alphaOf(frame)].flatMap((alpha, pixel) => {
    const colour = [...data.subarray(pixel * 4, pixel * 4 + 3)];
    return [...colour.map((value) => (premultiplied ? Math.round((value * alpha) / 255) : value)), alpha];
  });
}

describe.skipIf(FFMPEG_MISSING !== "")("ProRes, read by ffmpeg", () => {
  const TAGS = { color_space: "bt709", color_primaries: "bt709", color_transfer: "bt709" };
  const size = (chroma: number) => PIXELS + 2 * chroma;

  test("422 HQ has the matte in luma, black at 64 and white at 940, with time code", async () => {
    const file = await write("hq", { format: "prores422hq" });
    expectTiming(file);
    const [video, timecode] = probe(file).streams;
    expect(video).toMatchObject({ codec_name: "prores", codec_tag_string: "apch", profile: "HQ", ...TAGS });
    expect(timecode).toMatchObject({ codec_tag_string: "tmcd", tags: { timecode: "00:00:00:02" } });
    expect(video?.tags?.timecode).toBe("00:00:00:02");
    const samples = words(decodeRaw(file, "yuv422p10le"));
    const luma = planesOf(samples, size(PIXELS / 2), 0, PIXELS);
    expect(
      worst(
        luma,
        alphas().map((alpha) => 64 + (alpha * 876) / 255),
      ),
    ).toBeLessThanOrEqual(4);
    expect(ends(luma)).toEqual({ empty: new Set([64]), full: new Set([940]) });
    expect(new Set(planesOf(samples, size(PIXELS / 2), PIXELS, size(PIXELS / 2)))).toEqual(new Set([512]));
    expect(worst(await readBack(file, 0), alphas())).toBeLessThanOrEqual(1);
  });

  test("4444 mattes are as exact, cut-outs carry the alpha without loss", async () => {
    const matte = await write("4444", { format: "prores4444" });
    expectTiming(matte);
    expect(probe(matte).streams[0]).toMatchObject({ codec_tag_string: "ap4h", profile: "4444", ...TAGS });
    const luma = planesOf(words(decodeRaw(matte, "yuva444p10le")), PIXELS * 4, 0, PIXELS);
    expect(ends(luma)).toEqual({ empty: new Set([64]), full: new Set([940]) });
    expect(worst(await readBack(matte, 0), alphas())).toBeLessThanOrEqual(1);

    for (const alpha of ["straight", "premultiplied"] as const) {
      const file = await write(`4444 ${alpha}`, { format: "prores4444", content: "cutout", alpha });
      const samples = planesOf(words(decodeRaw(file, "yuva444p10le")), PIXELS * 4, PIXELS * 3, PIXELS * 4);
      expect(samples.map((sample) => Math.round((sample * 255) / 1023))).toEqual(alphas());
      expect(await readBack(file, 3)).toEqual(alphas());
      const red = frames.flatMap((frame) =>
        cutOut(frame, alpha === "premultiplied").filter((_, at) => at % 4 === 0),
      );
      expect(worst(await readBack(file, 0), red)).toBeLessThanOrEqual(3);
    }
  });
});

describe.skipIf(FFMPEG_MISSING !== "")("H.264, read by ffmpeg", () => {
  test.each([
    ["limited", "tv", 16, 235],
    ["full", "pc", 0, 255],
  ] as const)("in %s range has the matte at its levels, and says so", async (range, tag, black, white) => {
    const file = await write(`h264 ${range}`, { format: "h264", range });
    expectTiming(file);
    expect(probe(file).streams[0]).toMatchObject({
      codec_name: "h264",
      color_range: tag,
      color_space: "smpte170m",
      color_primaries: "smpte170m",
      color_transfer: "smpte170m",
    });
    const native = range === "full" ? "yuvj420p" : "yuv420p";
    const luma = planesOf(decodeRaw(file, native), (PIXELS * 3) / 2, 0, PIXELS);
    const level = (alpha: number) => black + ((white - black) * alpha) / 255;
    expect(worst(luma, alphas().map(level))).toBeLessThanOrEqual(2);
    expect(ends(luma)).toEqual({ empty: new Set([black]), full: new Set([white]) });
    // As a program sees it that asks for grey: black is 0 and white 255, whatever the file has.
    const grey = [...decodeRaw(file, "gray")];
    expect(ends(grey)).toEqual({ empty: new Set([0]), full: new Set([255]) });
    const ours = await readBack(file, 0);
    expect(worst(ours, alphas())).toBeLessThanOrEqual(3);
    expect(ends(ours)).toEqual({ empty: new Set([0]), full: new Set([255]) });
  });
});

describe.skipIf(FFMPEG_MISSING !== "")("VP9 with alpha, read by ffmpeg", () => {
  test.each(["straight", "premultiplied"] as const)("%s: alpha and luma without any loss", async (alpha) => {
    const file = await write(`vp9 ${alpha}`, { format: "vp9-alpha", content: "cutout", alpha });
    expectTiming(file);
    expect(probe(file).streams[0]).toMatchObject({
      codec_name: "vp9",
      color_range: "tv",
      color_space: "smpte170m",
    });
    const samples = decodeRaw(file, "yuva420p", decoders("libvpx-vp9"));
    expect(planesOf(samples, (PIXELS * 5) / 2, (PIXELS * 3) / 2, (PIXELS * 5) / 2)).toEqual(alphas());
    expect(await readBack(file, 3)).toEqual(alphas());
  });

  test("mattes are exact to the rounding of limited range", async () => {
    const file = await write("vp9 matte", { format: "vp9-alpha" });
    const luma = planesOf(decodeRaw(file, "yuva420p", decoders("libvpx-vp9")), (PIXELS * 5) / 2, 0, PIXELS);
    expect(luma).toEqual(alphas().map((alpha) => Math.round(16 + (219 * alpha) / 255)));
    expect(worst(await readBack(file, 0), alphas())).toBeLessThanOrEqual(1);
  });
});

describe("a matte's frames", () => {
  test("differ, so that a wrong order would show", () => {
    expect(new Set(frames.map((frame) => alphaOf(frame).join())).size).toBe(WRITTEN);
    const levels = new Set(alphas());
    expect(levels.size).toBe(256);
  });
});
