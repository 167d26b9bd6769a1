import { describe, expect, it } from "vitest";
import { exportMatte } from "../../worker/export-matte.ts";
import { arrayFrameSource } from "../../worker/frames/array-frame-source.ts";
import { encodeMask } from "../../worker/mask-rle.ts";
import { pathAt } from "../../worker/matte/path-at.ts";
import type { PathsDocument } from "../../worker/matte/path-types.ts";
import type { MatteFile, MatteRequest } from "../../worker/protocol.ts";
import { maskFrom } from "../support/mask-arbitraries.ts";

const W = 80;
const H = 60;
const COUNT = 12;

/** A disk that moves evenly and is hidden on frames 5 and 6. */
const masks = Array.from({ length: COUNT }, (_, frameIndex) => {
  const { data } = maskFrom(
    W,
    H,
    (x, y) => frameIndex !== 5 && frameIndex !== 6 && Math.hypot(x - 20 - 2 * frameIndex, y - 30) < 14,
  );
  return { frameIndex, mask: encodeMask(data, W, H) };
});

async function write(choice: Pick<MatteRequest, "format"> & Partial<MatteRequest>): Promise<MatteFile[]> {
  const pictures = masks.map(() => ({ width: W, height: H, data: new Uint8ClampedArray(W * H * 4) }));
  const files: MatteFile[] = [];
  const layers = [{ objectId: 1, name: "ball", operation: "add" as const, masks }];
  await exportMatte(
    {
      frames: arrayFrameSource(pictures, "clip"),
      request: { layers, from: 0, to: COUNT - 1, content: "matte", grouping: "per-object", ...choice },
      maskSide: 64,
      signal: new AbortController().signal,
      onFile: async (file) => void files.push(file),
      onProgress: () => undefined,
    },
    async () => undefined,
  );
  return files;
}

describe("mattes written as paths", () => {
  it("let a stop in while outlines are still made, although nothing is waited for there", async () => {
    const [width, height, count] = [1280, 720, 150];
    const { data } = maskFrom(width, height, (x, y) => Math.hypot(x - 600, y - 350) < 300 + 20 * Math.sin(x));
    const mask = encodeMask(data, width, height);
    const long = Array.from({ length: count }, (_, frameIndex) => ({ frameIndex, mask }));
    const pictures = long.map(() => ({ width, height, data: new Uint8ClampedArray(0) }));
    const stop = new AbortController();
    const seen: number[] = [];
    setTimeout(() => stop.abort());
    const exported = exportMatte(
      {
        frames: arrayFrameSource(pictures, "clip"),
        request: {
          layers: [{ objectId: 1, name: "ball", operation: "add", masks: long }],
          from: 0,
          to: count - 1,
          content: "matte",
          grouping: "merged",
          format: "paths",
        },
        maskSide: 64,
        signal: stop.signal,
        onFile: async () => undefined,
        onProgress: ({ doneFrames }) => seen.push(doneFrames),
      },
      async () => undefined,
    );
    await expect(exported).rejects.toThrow(/abort/i);
    expect(seen.at(-1) ?? 0).toBeLessThan(count / 2);
  });

  it("are one document per object, with paths that end where the object is hidden", async () => {
    const files = await write({ format: "paths" });
    expect(files.map(({ path }) => path)).toEqual(["ball.json"]);
    const document = JSON.parse(await files[0]!.bytes.text()) as PathsDocument;
    expect(document).toMatchObject({ format: "masklet-paths", width: W, height: H });
    expect(document.tracks.map(({ from, to }) => [from, to])).toEqual([
      [0, 4],
      [7, 11],
    ]);
    expect(document.quality.meanIou).toBeGreaterThan(0.95);
    const xs = pathAt(document.tracks[0]!, 2)!.map(({ x }) => x);
    expect((Math.min(...xs) + Math.max(...xs)) / 2).toBeCloseTo(24.5, 0);
  });

  it("are an SVG for every visible frame, numbered as the clip is", async () => {
    const files = await write({ format: "svg" });
    expect(files.map(({ path }) => path)).toEqual(
      [0, 1, 2, 3, 4, 7, 8, 9, 10, 11].map((frame) => `ball/${String(frame).padStart(5, "0")}.svg`),
    );
    expect(await files[3]!.bytes.text()).toMatch(/^<svg [^>]*viewBox="0 0 80 60">.*<path d="M[^"]+Z"\/>/);
  });

  it("are as faithful as asked for", async () => {
    const vertices = async (areaLoss: number) => {
      const [file] = await write({ format: "paths", paths: { areaLoss, tolerance: 20 * areaLoss } });
      return (JSON.parse(await file!.bytes.text()) as PathsDocument).quality.medianVertices;
    };
    expect(await vertices(0.02)).toBeGreaterThan(await vertices(0.3));
  });
});
