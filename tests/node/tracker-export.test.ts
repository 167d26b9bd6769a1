/** Runs in Node: masks handed over become matte files, frame for frame. */
import { describe, expect, test } from "vitest";
import { exportMatte } from "../../worker/export-matte.ts";
import { arrayFrameSource } from "../../worker/frames/array-frame-source.ts";
import { decodePng } from "../../worker/frames/decode-png.ts";
import { openMediaBlob } from "../../worker/frames/media-blob.ts";
import { encodeMask, maskArea, unionMasks } from "../../worker/mask-rle.ts";
import { pathAt } from "../../worker/matte/path-at.ts";
import type { PathTrack } from "../../worker/matte/path-types.ts";
import { prepareMediaCodecs } from "../../worker/node/media-codecs.ts";
import { maskOfLogits } from "../../worker/postprocess.ts";
import type { ExportProgress, Mask, MatteFile, MatteLayer, MatteRequest } from "../../worker/protocol.ts";
import { openMiniTracker } from "../support/tracker-realm.ts";

const [WIDTH, HEIGHT] = [96, 64];

/** Columns from `from` up to `to`. */
function band(from: number, to: number) {
  const pixels = Array.from({ length: WIDTH * HEIGHT }, (_, at) =>
    at % WIDTH >= from && at % WIDTH < to ? 1 : 0,
  );
  return encodeMask(pixels, WIDTH, HEIGHT);
}

const LEFT: MatteLayer = {
  objectId: 1,
  name: "left",
  operation: "add",
  masks: [0, 1, 2].map((frameIndex) => ({ frameIndex, mask: band(0, 40 + frameIndex) })),
};
const MIDDLE: MatteLayer = {
  objectId: 2,
  name: "left/middle",
  operation: "subtract",
  masks: [{ frameIndex: 1, mask: band(20, 30) }],
};

async function exported(changes: Partial<MatteRequest>) {
  const { tracker, clipId } = await openMiniTracker(4);
  const files: MatteFile[] = [];
  const progress: ExportProgress[] = [];
  const request: MatteRequest = {
    layers: [LEFT, MIDDLE],
    from: 0,
    to: 3,
    format: "png",
    content: "matte",
    grouping: "merged",
    ...changes,
  };
  const outcome = await tracker.exportMatte(
    clipId,
    request,
    (file) => void files.push(file),
    (step) => void progress.push(step),
  );
  return { outcome, files, progress };
}

async function rowOf({ bytes }: MatteFile): Promise<number[]> {
  const { width, data } = decodePng(new Uint8Array(await bytes.arrayBuffer()));
  return Array.from({ length: width }, (_, x) => data[x * 4] ?? -1);
}

describe("a matte that is exported", () => {
  test("goes to no folder where the tracker has no disk, and it is said what to do", async () => {
    const { outcome, files } = await exported({ folder: "/mattes" });
    expect(outcome).toMatchObject({
      ok: false,
      error: { code: "write-failed", remedy: expect.stringContaining("PNG") },
    });
    expect(files).toEqual([]);
  });

  test("has one file per frame, with layers added and subtracted in order", async () => {
    const { outcome, files, progress } = await exported({});
    expect(outcome).toEqual({ ok: true, value: { files: 4 } });
    expect(files.map(({ path }) => path)).toEqual(["00000.png", "00001.png", "00002.png", "00003.png"]);
    const rows = await Promise.all(files.map(rowOf));
    const inside = rows.map((row) => row.filter((value) => value === 255).length);
    expect(inside).toEqual([40, 31, 42, 0]);
    expect(rows[1]?.slice(18, 32)).toEqual([255, 255, ...Array(10).fill(0), 255, 255]);
    expect(progress.map(({ doneFrames, totalFrames }) => [doneFrames, totalFrames]).at(-1)).toEqual([4, 4]);
  });

  test("is empty where a layer is hidden, whatever its mask says, in every format", async () => {
    const hidden = { ...LEFT, hidden: [{ from: 1, to: 1 }] };
    const { files } = await exported({ layers: [hidden], to: 2 });
    const inside = (await Promise.all(files.map(rowOf))).map((row) => row.filter(Boolean).length);
    expect(inside).toEqual([40, 0, 42]);
    const rle = await exported({ layers: [hidden], to: 2, format: "rle" });
    const { objects } = JSON.parse((await rle.files[0]?.bytes.text()) ?? "");
    const areas = objects[0].masks.map(({ counts }: { counts: string }) =>
      maskArea({ width: WIDTH, height: HEIGHT, counts }),
    );
    expect(areas).toEqual([40 * HEIGHT, 0, 42 * HEIGHT]);
    const paths = await exported({ layers: [hidden], to: 2, format: "paths" });
    const { tracks } = JSON.parse((await paths.files[0]?.bytes.text()) ?? "");
    const shownOn = [0, 1, 2].map((frame) =>
      tracks.some((track: PathTrack) => pathAt(track, frame) !== null),
    );
    expect(shownOn).toEqual([true, false, true]);
  });

  test("per object lies in folders with names that every system takes", async () => {
    const { files } = await exported({ grouping: "per-object", from: 1, to: 1 });
    expect(files.map(({ path }) => path)).toEqual(["left/00001.png", "left_middle/00001.png"]);
    const rows = await Promise.all(files.map(rowOf));
    expect(rows.map((row) => row.filter((value) => value === 255).length)).toEqual([41, 10]);
  });

  test("in 16 bits is full where the mask is", async () => {
    const { files } = await exported({ format: "png16", from: 0, to: 0 });
    const rows = await Promise.all(files.map(rowOf));
    expect(new Set(rows[0])).toEqual(new Set([0, 255]));
  });

  test.each(["png", "h264"] as const)("that is stopped keeps what is whole: %s", async (format) => {
    await prepareMediaCodecs();
    const { tracker, clipId } = await openMiniTracker(4);
    const files: MatteFile[] = [];
    const outcome = await tracker.exportMatte(
      clipId,
      { layers: [LEFT], from: 0, to: 3, format, content: "matte", grouping: "merged" },
      (file) => void files.push(file),
      ({ doneFrames }) => {
        if (doneFrames === 2) void tracker.stop();
      },
    );
    expect(outcome).toMatchObject({ ok: false, error: { code: "cancelled" } });
    if (format === "png") {
      const rows = await Promise.all(files.map(rowOf));
      expect(rows.map((row) => row.filter(Boolean).length)).toEqual([40, 41]);
      return;
    }
    const movie = await openMediaBlob({
      blob: files[0]!.bytes,
      name: "matte",
      clipId: "matte",
      prepareCodec: prepareMediaCodecs,
    });
    expect(movie.info.frameCount).toBe(2);
    movie.close();
  });

  test("with unknown settings or frames beyond the clip is refused in words", async () => {
    const beyond = await exported({ to: 4 });
    expect(beyond.outcome).toMatchObject({ ok: false, error: { code: "out-of-range" } });
    const unknown = await exported({ settings: { sharpen: 1 } });
    expect(unknown.outcome).toMatchObject({
      ok: false,
      error: { code: "bad-config", message: expect.stringMatching(/sharpen/) },
    });
  });
});

describe("refining on the way out", () => {
  /** A soft disc on the model's map, and a picture whose disc lies a little beside it. */
  const SIDE = 16;
  const logits = Float32Array.from({ length: SIDE * SIDE }, (_, i) => {
    const [x, y] = [((i % SIDE) + 0.5) * 6 - 48, (Math.floor(i / SIDE) + 0.5) * 4 - 32];
    return (18 - Math.hypot(x, y)) * (x > 0 ? 0.1 : 1);
  });
  const mask = maskOfLogits(logits, SIDE, WIDTH, HEIGHT);
  const picture = {
    width: WIDTH,
    height: HEIGHT,
    data: Uint8ClampedArray.from({ length: WIDTH * HEIGHT * 4 }, (_, i) => {
      const at = i >> 2;
      const inside = Math.hypot((at % WIDTH) - 51, Math.floor(at / WIDTH) - 32) < 18;
      return i % 4 === 3
        ? 255
        : inside
          ? 210 - (i % 4) * 20 + ((at * 7) % 9)
          : 40 + (i % 4) * 15 + ((at * 5) % 9);
    }),
  };

  async function refined(shown: Mask, knows: boolean): Promise<string> {
    const files: MatteFile[] = [];
    const layer = {
      objectId: 3,
      name: "disc",
      operation: "add" as const,
      masks: [{ frameIndex: 0, mask: shown }],
    };
    const request = {
      layers: [layer],
      from: 0,
      to: 0,
      format: "png",
      content: "matte",
      grouping: "merged",
    } as const;
    await exportMatte(
      {
        frames: arrayFrameSource([picture], "disc"),
        request: { ...request, layers: [layer], settings: { refine: 100 } },
        maskSide: SIDE,
        ...(knows && { logitsOf: async (id: number) => (id === 3 ? logits : null) }),
        onFile: (file) => void files.push(file),
        onProgress: () => {},
        signal: new AbortController().signal,
      },
      async () => {},
    );
    return Buffer.from(await files[0]!.bytes.arrayBuffer()).toString("base64");
  }

  test("starts from the tracker's logits where the mask is the tracker's", async () => {
    expect(await refined(mask, true)).not.toBe(await refined(mask, false));
  });

  test("starts from the mask where a person changed it, so that the edit stays", async () => {
    const edited = unionMasks(mask, band(10, 20));
    expect(await refined(edited, true)).toBe(await refined(edited, false));
  });
});
