/** Runs in Node: masks handed over become matte files, frame for frame. */
import { describe, expect, test } from "vitest";
import { decodePng } from "../../worker/frames/decode-png.ts";
import { encodeMask, maskArea } from "../../worker/mask-rle.ts";
import { pathAt } from "../../worker/matte/path-at.ts";
import type { PathTrack } from "../../worker/matte/path-types.ts";
import type { ExportProgress, MatteFile, MatteLayer, MatteRequest } from "../../worker/protocol.ts";
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
