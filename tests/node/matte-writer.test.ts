import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode } from "fast-png";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Picture } from "../../worker/frames/frame-source.ts";
import { decodeMask } from "../../worker/mask-rle.ts";
import {
  MATTE_EXTENSION,
  type MatteWriterRequest,
  openMatteWriter,
} from "../../worker/matte/matte-writer.ts";
import { blobSink } from "../../worker/matte/write/blob-sink.ts";
import type { MatteSink } from "../../worker/matte/write/matte-sink.ts";
import { folderSink } from "../../worker/node/folder-sink.ts";
import { prepareMediaCodecs } from "../../worker/node/media-codecs.ts";
import { openClipAt } from "../../worker/node/open-clip.ts";
import type { ClipInfo, MatteFile } from "../../worker/protocol.ts";
import { CAN_MAKE_SMALL_DISK, onSmallDisk } from "../support/small-disk.ts";

const WIDTH = 66;
const HEIGHT = 50;

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "masklet-matte-"));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function clipInfo(timestamps: number[], size = { width: WIDTH, height: HEIGHT }): ClipInfo {
  const durationSeconds = timestamps.at(-1)! + 0.04;
  return {
    clipId: "clip",
    name: "clip",
    ...size,
    frameCount: timestamps.length,
    timestamps,
    framesPerSecond: 25,
    rate: { numerator: 25, denominator: 1 },
    variableFrameRate: timestamps.some((time, index) => Math.abs(time - index / 25) > 1e-9),
    durationSeconds,
    codec: "raw",
    rotation: 0,
    pixelAspect: { numerator: 1, denominator: 1 },
  };
}

const LARGER = clipInfo([0, 0.04, 0.08, 0.12, 0.16], { width: 640, height: 360 });
const STEADY = clipInfo([0, 0.04, 0.08, 0.12, 0.16]);

function request(name: string, changes: Partial<MatteWriterRequest>): MatteWriterRequest {
  return {
    format: "png",
    content: "matte",
    info: STEADY,
    from: 0,
    sink: folderSink(folder),
    path: name,
    prepareCodec: prepareMediaCodecs,
    ...changes,
  };
}

/** The left part, wider from frame to frame, is inside. */
function alphaOf(frameIndex: number, { width, height } = { width: WIDTH, height: HEIGHT }): Uint8Array {
  return Uint8Array.from({ length: width * height }, (_, pixel) =>
    pixel % width < 10 + 8 * frameIndex ? 255 : 0,
  );
}

const PICTURE: Picture = {
  width: WIDTH,
  height: HEIGHT,
  data: Uint8ClampedArray.from({ length: WIDTH * HEIGHT * 4 }, (_, at) => [200, 80, 40, 255][at % 4]!),
};

async function write(name: string, changes: Partial<MatteWriterRequest>): Promise<string[]> {
  const wanted = request(name, changes);
  const writer = await openMatteWriter(wanted);
  for (let frameIndex = wanted.from; frameIndex < wanted.info.frameCount; frameIndex++) {
    await writer.add({ frameIndex, alpha: alphaOf(frameIndex, wanted.info), picture: PICTURE });
  }
  return writer.finish();
}

describe("PNG mattes", () => {
  test("are named by the clip's frame and hold the alpha as it is", async () => {
    expect(await write("png", { from: 2 })).toEqual(["png/00002.png", "png/00003.png", "png/00004.png"]);
    const png = decode(readFileSync(join(folder, "png", "00003.png")));
    expect([png.width, png.height, png.channels, png.depth]).toEqual([WIDTH, HEIGHT, 1, 8]);
    expect([...png.data]).toEqual([...alphaOf(3)]);
  });

  test("in 16 bits end at 0 and 65535", async () => {
    await write("png16", { format: "png16" });
    const png = decode(readFileSync(join(folder, "png16", "00000.png")));
    expect(png.depth).toBe(16);
    expect([...new Set(png.data)].sort((a, b) => a - b)).toEqual([0, 65535]);
  });

  test("as cut-outs keep the picture's colours under straight alpha", async () => {
    await write("cutout", { content: "cutout" });
    const { data, channels } = decode(readFileSync(join(folder, "cutout", "00000.png")));
    expect(channels).toBe(4);
    expect([...data.slice(0, 4)]).toEqual([200, 80, 40, 255]);
    expect([...data.slice(60 * 4, 60 * 4 + 4)]).toEqual([200, 80, 40, 0]);
  });

  test("a soft edge survives in both depths", async () => {
    const writer = await openMatteWriter(request("soft", { format: "png16" }));
    const alpha = Uint16Array.from({ length: WIDTH * HEIGHT }, (_, pixel) => pixel % 65536);
    await writer.add({ frameIndex: 0, alpha });
    expect([...decode(readFileSync(join(folder, "soft", "00000.png"))).data]).toEqual([...alpha]);
  });
});

describe("movies", () => {
  test.each([
    ["prores4444", "mov"],
    ["h264", "mp4"],
    ["vp9-alpha", "webm"],
  ] as const)(
    "%s mattes have the clip's frames, at its times, black and white",
    async (format, extension) => {
      expect(await write(`movie-${format}`, { format })).toEqual([`movie-${format}.${extension}`]);
      const movie = await openClipAt(join(folder, `movie-${format}.${extension}`));
      expect([movie.info.width, movie.info.height, movie.info.frameCount]).toEqual([WIDTH, HEIGHT, 5]);
      expect(movie.info.rate).toEqual({ numerator: 25, denominator: 1 });
      for await (const { frameIndex, picture } of movie.frames(0, 4)) {
        const white = picture.data.filter((_, at) => at % 4 === 0).map((value) => (value > 127 ? 255 : 0));
        expect([...white]).toEqual([...alphaOf(frameIndex)]);
        expect(picture.data[4 * 4]).toBeGreaterThan(250);
        expect(picture.data[(WIDTH - 4) * 4]).toBeLessThan(5);
      }
      movie.close();
    },
  );

  test("keep the times of a variable rate, from the first frame that is written", async () => {
    const info = clipInfo([0, 0.1, 0.14, 0.5, 0.54]);
    await write("vfr", { format: "h264", info, from: 1 });
    const movie = await openClipAt(join(folder, "vfr.mp4"));
    const times = movie.info.timestamps.map((time) => Math.round(time * 1000) / 1000);
    expect(times).toEqual([0, 0.04, 0.4, 0.44]);
    movie.close();
  });

  test("ProRes cut-outs carry exact alpha and the picture's colours", async () => {
    await write("cut", { format: "prores4444", content: "cutout" });
    const movie = await openClipAt(join(folder, "cut.mov"));
    const { data } = await movie.frame(2);
    expect([...data.filter((_, at) => at % 4 === 3)]).toEqual([...alphaOf(2)]);
    const [red, green, blue] = data;
    expect([red! - 200, green! - 80, blue! - 40].every((difference) => Math.abs(difference) <= 4)).toBe(true);
    movie.close();
  });

  test("of an odd size are one pixel larger where the codec wants even ones", async () => {
    const info = clipInfo([0, 0.04], { width: 35, height: 21 });
    for (const [format, size] of [
      ["h264", [36, 22]],
      ["prores422hq", [36, 22]],
      ["prores4444", [35, 21]],
    ] as const) {
      const [name] = await write(`odd-${format}`, { format, info });
      const movie = await openClipAt(join(folder, name!));
      expect([movie.info.width, movie.info.height]).toEqual(size);
      const { data } = await movie.frame(1);
      expect([data[4 * 4], data[34 * 4]]).toEqual([255, 0]);
      movie.close();
    }
  });

  test("without a frame leave nothing behind", async () => {
    const writer = await openMatteWriter(request("none", { format: "h264" }));
    expect(await writer.finish()).toEqual([]);
    expect(readdirSync(folder).filter((name) => name.includes("none"))).toEqual([]);
  });

  test("a cut-out in H.264 is refused with what to choose instead", async () => {
    await expect(openMatteWriter(request("x", { format: "h264", content: "cutout" }))).rejects.toMatchObject({
      code: "unsupported-codec",
      remedy: "Choose ProRes 4444, VP9 with alpha or PNG.",
    });
  });
});

describe("run lengths", () => {
  test("hold every frame's mask as pycocotools writes it", async () => {
    expect(await write("rle/koi", { format: "rle" })).toEqual(["rle/koi.json"]);
    const { objects, clip } = JSON.parse(readFileSync(join(folder, "rle", "koi.json"), "utf8"));
    expect(clip).toMatchObject({ width: WIDTH, height: HEIGHT, frameCount: 5 });
    expect(objects[0].name).toBe("koi");
    for (const { frame, size, counts } of objects[0].masks) {
      expect(size).toEqual([HEIGHT, WIDTH]);
      const pixels = decodeMask({ width: WIDTH, height: HEIGHT, counts });
      expect([...pixels].map((inside) => inside * 255)).toEqual([...alphaOf(frame)]);
    }
  });
});

describe("places to write to", () => {
  test("a callback gets each file once it is whole, with its type", async () => {
    const files: MatteFile[] = [];
    const sink = blobSink((file) => void files.push(file));
    await write("folder", { sink });
    await write("movie", { sink, format: "h264" });
    expect(files.map(({ path, bytes }) => [path, bytes.type])).toEqual([
      ...[0, 1, 2, 3, 4].map((frame) => [`folder/0000${frame}.png`, "image/png"]),
      ["movie.mp4", "video/mp4"],
    ]);
    writeFileSync(join(folder, "blob.mp4"), new Uint8Array(await files[5]!.bytes.arrayBuffer()));
    const movie = await openClipAt(join(folder, "blob.mp4"));
    expect(movie.info.frameCount).toBe(5);
    movie.close();
  });

  test("a file has its name only once it is complete, and an earlier one stays until then", async () => {
    writeFileSync(join(folder, "steady.bin"), "before");
    const stream = await folderSink(folder).createFile("steady.bin");
    await stream.write(0, new TextEncoder().encode("after"));
    expect(readFileSync(join(folder, "steady.bin"), "utf8")).toBe("before");
    await stream.finish();
    expect(readFileSync(join(folder, "steady.bin"), "utf8")).toBe("after");
    const given = await folderSink(folder).createFile("given-up.bin");
    await given.write(0, new Uint8Array(10));
    await given.discard();
    expect(readdirSync(folder).filter((name) => name.includes("given-up"))).toEqual([]);
  });

  test("a folder that has the file's name is an error in words", async () => {
    mkdirSync(join(folder, "00000.png"));
    const writer = await openMatteWriter(request("", {}));
    await expect(writer.add({ frameIndex: 0, alpha: alphaOf(0) })).rejects.toMatchObject({
      code: "write-failed",
    });
    expect(existsSync(join(folder, ".00000.png.partial"))).toBe(false);
  });

  test.skipIf(!CAN_MAKE_SMALL_DISK).each(["h264", "prores4444", "vp9-alpha"] as const)(
    "a disk that is full leaves no part of a %s movie, and the one of before as it was",
    async (format) => {
      const disk = join(folder, `disk-${format}`);
      const name = `matte.${MATTE_EXTENSION[format]}`;
      await onSmallDisk(disk, "64k", async () => {
        writeFileSync(join(disk, name), "the movie of before");
        writeFileSync(join(disk, "other"), new Uint8Array(60 * 1024));
        const written = write("matte", { format, sink: folderSink(disk), info: LARGER });
        await expect(written).rejects.toMatchObject({
          code: "write-failed",
          message: expect.stringContaining("the disk is full"),
          remedy: expect.stringContaining("Free some space"),
        });
        expect(readFileSync(join(disk, name), "utf8")).toBe("the movie of before");
        expect(readdirSync(disk).sort()).toEqual([name, "other"].sort());
      });
    },
  );

  test("a disk that fills up ends the movie with its reason", async () => {
    const full: MatteSink = {
      writeFile: async () => {},
      createFile: async () => ({
        write: async () => {
          throw new Error("no space");
        },
        finish: async () => {},
        discard: async () => {},
      }),
    };
    await expect(write("full", { format: "h264", sink: full })).rejects.toThrow("no space");
  });
});
