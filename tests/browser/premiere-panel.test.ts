import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { decode } from "fast-png";
import type { Browser, Frame, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launchChromium } from "../support/chromium.ts";
import { clickPoint, DEMO_SIZE as masks, overlap, trueMask } from "../support/demo-masks.ts";
import type { BrowserHost } from "../support/premiere/browser-host.ts";
import type { Traps } from "../support/premiere/traps.ts";

/** The panel as one file, as the package has it; `npm run build` makes it. */
const PAGE = "dist/single/masklet.html";
const KEY = "AE.ADBE Legacy Key Track Matte";
const FRAMES = 6;
/** One thread of WebAssembly on a busy machine. */
const PATIENCE = 240_000;
/** Frame of the matte on which a person says that the object is hidden. */
const HIDDEN = 2;
const SETUP = { startFrame: 48, frames: FRAMES, sourceFrame: 2 };

/** The page as the package has it, its script inlined. */
async function probePage(): Promise<Uint8Array> {
  const script = await build({
    entryPoints: ["plugin/premiere/probe/page.ts"],
    bundle: true,
    write: false,
    minify: true,
    logLevel: "error",
  });
  const folder = await mkdtemp(join(tmpdir(), "masklet-probe-"));
  await writeFile(join(folder, "probe.js"), script.outputFiles[0]!.text);
  for (const name of ["premiere.js", "index.html"]) await writeFile(join(folder, name), "");
  const { packageFiles } = (await import(
    new URL("../../plugin/premiere/package.mjs", import.meta.url).href
  )) as {
    packageFiles(
      probe: boolean,
      built: { script: string; page: string },
    ): Promise<Record<string, Uint8Array>>;
  };
  const files = await packageFiles(true, { script: folder, page: "" });
  await rm(folder, { recursive: true });
  return files["panel.html"]!;
}

const OUTER = `<!doctype html><meta charset="utf-8"><style>body{margin:0}iframe{border:0;width:100vw;height:100vh}</style>
<iframe allow="*"></iframe><script src="host.js"></script>`;

describe.skipIf(!existsSync(PAGE))("the panel in Premiere's place, on a real video", () => {
  let server: Server;
  let browser: Browser;
  let url = "";

  beforeAll(async () => {
    const host = await build({
      entryPoints: ["tests/support/premiere/browser-host.ts"],
      bundle: true,
      write: false,
      format: "iife",
      logLevel: "error",
    });
    const answers: Record<string, [type: string, body: string | Uint8Array]> = {
      "/": ["text/html", OUTER],
      "/host.js": ["text/javascript", host.outputFiles[0]!.text],
      "/panel.html": ["text/html", readFileSync(PAGE)],
      "/probe.html": ["text/html", await probePage()],
      "/demo.mp4": ["video/mp4", readFileSync("tests/fixtures/demo/demo.mp4")],
    };
    server = createServer((request, response) => {
      const answer = answers[request.url ?? ""];
      response
        .writeHead(answer ? 200 : 404, { "Content-Type": answer?.[0] ?? "text/plain" })
        .end(answer?.[1]);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    browser = await launchChromium();
  });

  afterAll(async () => {
    await browser?.close();
    server?.closeAllConnections();
    server?.close();
  });

  /** Loads host and panel; the panel's `uxpHost` takes JSON only, as UXP's does. */
  async function open(traps: Partial<Traps>, webview = "panel.html"): Promise<{ page: Page; panel: Frame }> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    await context.addInitScript(() => {
      if (window === window.parent) return;
      const uxpHost = { postMessage: (message: unknown) => parent.postMessage(JSON.stringify(message), "*") };
      Object.assign(window, { uxpHost });
    });
    const page = await context.newPage();
    await page.goto(url);
    await ask(page, "start", { ...SETUP, traps, page: webview });
    const ready = webview === "panel.html" ? "Open the selected clip" : "Check";
    await page.frameLocator("iframe").getByRole("button", { name: ready }).waitFor({ timeout: PATIENCE });
    return { page, panel: page.frames()[1]! };
  }

  async function ask<Name extends keyof BrowserHost>(
    page: Page,
    name: Name,
    ...args: Parameters<BrowserHost[Name]>
  ): Promise<Awaited<ReturnType<BrowserHost[Name]>>> {
    return page.evaluate(
      ([method, given]) =>
        (window as unknown as { browserHost: Record<string, (...args: unknown[]) => unknown> }).browserHost[
          method as string
        ]!(...(given as unknown[])),
      [name, args] as const,
    ) as Promise<Awaited<ReturnType<BrowserHost[Name]>>>;
  }

  /** Clicks a pixel of the source picture, where the viewer shows it. */
  async function clickPicture(
    panel: Frame,
    size: { width: number; height: number },
    point: { x: number; y: number },
  ) {
    const stage = panel.getByRole("application");
    const box = (await stage.boundingBox())!;
    const scale = Math.min((box.width - 24) / size.width, (box.height - 24) / size.height);
    await stage.click({
      position: {
        x: (box.width - size.width * scale) / 2 + point.x * scale,
        y: (box.height - size.height * scale) / 2 + point.y * scale,
      },
    });
  }

  async function clickAndTrack(panel: Frame, size: { width: number; height: number }): Promise<void> {
    const forward = panel.getByRole("button", { name: /Track forward/ });
    const { x, y } = clickPoint(SETUP.sourceFrame);
    await clickPicture(panel, size, {
      x: (x * size.width) / masks.width,
      y: (y * size.height) / masks.height,
    });
    await expect.poll(() => forward.isEnabled(), { timeout: PATIENCE, interval: 500 }).toBe(true);
    await forward.click();
    await panel.getByText("Tracked", { exact: true }).waitFor({ state: "attached", timeout: PATIENCE });
    await expect.poll(() => forward.isVisible(), { timeout: PATIENCE, interval: 500 }).toBe(true);
  }

  /** The person's word against the model's. */
  async function hideInClip(panel: Frame, frame: number): Promise<void> {
    const field = panel.getByRole("spinbutton", { name: "Frame", exact: true });
    await field.fill(String(frame + 1));
    await field.press("Enter");
    await panel.getByRole("application").press("d");
  }

  async function screenshot(page: Page, name: string): Promise<void> {
    if (!process.env.MASKLET_SCREENSHOTS) return;
    await mkdir(process.env.MASKLET_SCREENSHOTS, { recursive: true });
    const path = `${process.env.MASKLET_SCREENSHOTS}/${name}.png`;
    await rm(path, { force: true });
    await page.screenshot({ path });
  }

  test.each([
    ["the media file", {}, "Frames come from the media file.", masks, false],
    [
      "stills that Premiere renders",
      { emptyMediaPath: true, exportAnswersEarly: true, exportsLost: 1, doubledExtension: true },
      "Frames come from the host's own rendering.",
      { width: 640, height: 360 },
      true,
    ],
  ] as const)(
    "click, track, write to the timeline, with frames from %s",
    async (name, traps, route, size, scaledToFrame) => {
      const { page, panel } = await open(traps);
      await panel.getByText(route).waitFor({ timeout: 120_000 });
      await clickAndTrack(panel, size);
      await hideInClip(panel, HIDDEN + (scaledToFrame ? 0 : SETUP.sourceFrame));
      await screenshot(page, `premiere-tracked-${scaledToFrame ? "stills" : "media"}`);
      await panel.getByRole("button", { name: "Write to timeline" }).click();
      await panel.getByText("Placed the matte on Video 2.").waitFor({ timeout: PATIENCE });
      await screenshot(page, `premiere-written-${scaledToFrame ? "stills" : "media"}`);

      const { startFrame, sourceFrame } = SETUP;
      const opacity = [
        [0, 100],
        [HIDDEN, 0],
        [HIDDEN + 1, 100],
      ];
      const place = { from: startFrame, to: startFrame + FRAMES, rate: 24 };
      expect(await ask(page, "timeline"), name).toEqual([
        [
          {
            ...place,
            item: "demo.mp4",
            inPoint: sourceFrame,
            scaledToFrame: false,
            opacity: [],
            effects: [[KEY, 2, 1, false]],
          },
        ],
        [{ ...place, item: "demo.mp4 - Object 1 [mk]", inPoint: 0, scaledToFrame, opacity, effects: [] }],
      ]);
      expect(await ask(page, "mutedTracks")).toEqual([false, false]);
      const files = await ask(page, "matteFiles");
      expect(files.map((path) => path.split("/").pop())).toEqual(
        Array.from({ length: FRAMES }, (_, n) => `${String(n).padStart(5, "0")}.png`),
      );
      for (const [n, path] of files.entries()) {
        const { data, channels, width } = decode(Uint8Array.from(await ask(page, "matteFile", path)));
        const matte = Uint8Array.from(
          { length: data.length / channels },
          (_, index) => data[index * channels]!,
        );
        expect(width).toBe(masks.width);
        if (n === HIDDEN) expect(matte.some((level) => level > 0)).toBe(false);
        // The built-in model is small: this tells the fish from everything else, not a good matte from a better.
        else expect(overlap(matte, trueMask(sourceFrame + n)), `frame ${n}`).toBeGreaterThan(0.4);
      }
      await page.context().close();
    },
    600_000,
  );

  test("where neither the file nor a rendering is to be had, a sentence says what to do, and nothing is touched", async () => {
    const { page, panel } = await open({ emptyMediaPath: true, exportRefused: true });
    const alert = panel.getByRole("alert");
    await alert.waitFor({ timeout: PATIENCE });
    expect(await alert.textContent()).toMatch(/Premiere .*\. \S.*\./);
    expect(await ask(page, "mutedTracks")).toEqual([false, false]);
    expect(await ask(page, "undoLabels")).toEqual([]);
    expect(await panel.getByRole("button", { name: "Write to timeline" }).isDisabled()).toBe(true);
    await page.context().close();
  }, 600_000);

  test("the probe checks the page, the bridge and the host, and stores one report", async () => {
    const { page, panel } = await open({}, "probe.html");
    await panel.getByRole("button", { name: "Check" }).click();
    await panel
      .getByText("Done. The report is in /data/self-check-report.json")
      .waitFor({ timeout: PATIENCE });
    const rows = await panel.locator("tbody tr").allInnerTexts();
    const found = Object.fromEntries(rows.map((row) => row.split("\t").slice(0, 2) as [string, string]));
    expect(found).toMatchObject({
      "Secure context": "yes",
      "Worker from a blob": "yes",
      WebAssembly: "yes",
      "WebAssembly SIMD": "yes",
      "Drawing off screen": "yes",
      "Bridge, 64 Mi characters": expect.stringMatching(/^[\d.]+ MB\/s$/),
      "The Matte parameter takes a track's id": "yes",
      "Inserting above the last track makes a track": "yes",
    });
    expect(rows.join()).not.toContain("CHANGED");
    await screenshot(page, "premiere-probe");
    await page.context().close();
  }, 600_000);
});
