/** In Node and a real Chromium: frames, mattes and storage in a Web Worker, compared with what Node makes. */
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode } from "fast-png";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openClipAt } from "../../worker/node/open-clip.ts";
import { launchChromium } from "../support/chromium.ts";
import type { MediaJob, MediaReport } from "../support/media-worker.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";

const CLIP = "tests/fixtures/demo/demo.mp4";
const FRAMES = [0, 61, 62, 30, 119];

let browser: Browser;
let server: TestServer;
let report: MediaReport;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "masklet-browser-"));
  browser = await launchChromium();
  const worker = new URL("../support/media-worker.ts", import.meta.url);
  const demo = new URL("../fixtures/demo/", import.meta.url).pathname;
  server = await startTestServer({ worker, folders: { "/demo/": demo }, isolated: false });
  const bytes = readFileSync(CLIP);
  const job: MediaJob = {
    frames: FRAMES,
    backward: [30, 20],
    download: {
      url: "/demo/demo.mp4",
      fileName: "model.pt",
      bytes: bytes.length,
      sha256: createHash("sha256").update(bytes).digest("hex"),
    },
  };
  server.answer("/job", JSON.stringify(job));
  const page = await browser.newPage();
  await page.goto(server.url);
  const answer = await page.evaluate(askWorker);
  if ("error" in answer) throw new Error(answer.error);
  report = answer;
});

afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await browser?.close();
  await server?.close();
});

/** Runs in the page. */
function askWorker(): Promise<MediaReport | { error: string }> {
  return new Promise((resolve) => {
    const worker = new Worker("/worker.js", { type: "module" });
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => resolve({ error: message || "the worker did not start" });
    worker.postMessage({ jobUrl: "/job" });
  });
}

describe("in a browser", () => {
  test("WebCodecs gives the frames and the very pixels that Node gives", async () => {
    const clip = await openClipAt(CLIP);
    expect(report.frameCount).toBe(clip.info.frameCount);
    for (const [position, index] of FRAMES.entries()) {
      const there = Buffer.from(report.frames[position]!, "base64");
      const here = (await clip.frame(index)).data;
      expect(there.length).toBe(here.length);
      const worst = here.reduce((most, value, at) => Math.max(most, Math.abs(value - there[at]!)), 0);
      expect(worst).toBeLessThanOrEqual(1);
    }
    clip.close();
  });

  test("frames stream backward", () => {
    expect(report.backward).toEqual([30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20]);
  });

  test("cut-outs are written as PNG, with the matte as alpha", () => {
    const png = report.mattes.png;
    if (!png || !("base64" in png)) throw new Error("expected PNG files");
    expect([png.path, png.files]).toEqual(["matte/00000.png", 3]);
    const { data, channels, width } = decode(Buffer.from(png.base64, "base64"));
    expect(channels).toBe(4);
    expect([data[3], data[(width - 1) * 4 + 3]]).toEqual([255, 0]);
  });

  test("VP9 with alpha is written, one frame for each of the clip's", async () => {
    const webm = report.mattes["vp9-alpha"];
    if (!webm || !("base64" in webm)) throw new Error("expected a WebM file");
    writeFileSync(join(folder, "matte.webm"), Buffer.from(webm.base64, "base64"));
    const movie = await openClipAt(join(folder, "matte.webm"));
    expect(movie.info.frameCount).toBe(3);
    const { data } = await movie.frame(1);
    expect(data[3]).toBeGreaterThan(250);
    expect(data[639 * 4 + 3]).toBeLessThan(5);
    movie.close();
  });

  test("what it can't encode is refused as such", () => {
    expect(report.mattes.prores4444).toEqual({ code: "unsupported-codec" });
  });

  test("downloads are kept, go on where they stopped, and count only with the right hash", () => {
    const { listed, head, wrongHash, partial, removed } = report.storage;
    expect(partial).toEqual({ listed: [], open: null });
    expect(listed).toEqual([{ fileName: "model.pt", bytes: readFileSync(CLIP).length }]);
    expect(String.fromCharCode(...head)).toBe("ftyp");
    expect(removed).toEqual([]);
    expect(wrongHash).toBe("network");
  });
});
