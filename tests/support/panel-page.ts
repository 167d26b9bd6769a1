/** The built page in a real Chromium, as a person uses it: opens it, clicks in source pixels, reads the strip. */

import { readFile } from "node:fs/promises";
import type { Browser, BrowserContext, Download, FileChooser, Page } from "playwright-core";
import { type RunningServer, startServer } from "../../worker/node/serve.ts";
import { launchChromium } from "./chromium.ts";

/** The demo clip's size. */
const CLIP = { width: 640, height: 360 };
/** Machines that build are slow and shared. */
const PATIENCE = 240_000;

export interface PanelBrowser {
  browser: Browser;
  server: RunningServer;
  close(): Promise<void>;
}

/** `single-file`: the page brings its own policy, and no header adds to it. */
export async function openPanelBrowser(
  root = "dist/panel",
  webgpu = false,
  kind: "served" | "single-file" = "served",
): Promise<PanelBrowser> {
  const server = await (kind === "served" ? startServer(root, 0) : startServer(root, 0, null));
  const browser = await launchChromium({ webgpu });
  return {
    browser,
    server,
    close: async () => {
      await browser.close();
      await server.close();
    },
  };
}

export interface PanelPage extends PanelUser {
  page: Page;
  context: BrowserContext;
  /** Addresses asked for, but blobs and data. */
  requested: string[];
  /** Those that are not the page's own. */
  foreign: string[];
  /** Errors on the console and uncaught ones. */
  errors: string[];
}

/** A fresh browser profile with the page open. */
export async function openPanel(
  { browser, server }: PanelBrowser,
  { width = 1280, height = 800, path = "", colorScheme = "dark" as "dark" | "light" } = {},
): Promise<PanelPage> {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme,
    acceptDownloads: true,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  // Folder dialogues cannot be driven; without them the page makes a zip.
  await page.addInitScript(() => Reflect.deleteProperty(window, "showDirectoryPicker"));
  const requested: string[] = [];
  const foreign: string[] = [];
  const errors: string[] = [];
  context.on("request", (request) => {
    const { protocol, host } = new URL(request.url());
    if (protocol === "blob:" || protocol === "data:") return;
    requested.push(request.url());
    if (host !== new URL(server.url).host) foreign.push(request.url());
  });
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  page.on("pageerror", (error) => errors.push(error.message));
  await page.goto(server.url + path);
  return Object.assign(new PanelUser(page), { page, context, requested, foreign, errors });
}

/** What a person does. */
class PanelUser {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  async clipOpen(name = "demo.mp4"): Promise<void> {
    await this.#page.locator(".clip-name", { hasText: name }).waitFor();
    await this.#page.locator(".clip-facts", { hasText: "fps" }).waitFor({ state: "attached" });
  }

  /** Opens a file by the dialogue of clips; `file` as in an input element. */
  async open(file: Parameters<FileChooser["setFiles"]>[0]): Promise<void> {
    await this.#page.keyboard.press("Control+o");
    const chooser = this.#page.waitForEvent("filechooser");
    await this.#page.getByRole("dialog").getByRole("button", { name: "Open video" }).click();
    await (await chooser).setFiles(file);
  }

  /** Presses, moves through pixels of the clip, and lets go. */
  async drag(points: readonly (readonly [number, number])[], { alt = false } = {}): Promise<void> {
    const places = [];
    for (const [x, y] of points) places.push(await this.#place(x, y));
    if (alt) await this.#page.keyboard.down("Alt");
    await this.#page.mouse.move(places[0]!.x, places[0]!.y);
    await this.#page.mouse.down();
    for (const { x, y } of places.slice(1)) await this.#page.mouse.move(x, y, { steps: 3 });
    await this.#page.mouse.up();
    if (alt) await this.#page.keyboard.up("Alt");
  }

  /** When everything that was said is answered. */
  async settled(): Promise<void> {
    await this.#page.waitForTimeout(100);
    await this.#page.locator(".guide", { hasText: "Looking" }).waitFor({ state: "detached" });
  }

  /** Under the playhead, counted from 1. */
  async frame(): Promise<number> {
    return Number(await this.#page.getByRole("spinbutton", { name: "Frame" }).inputValue());
  }

  /** Clicks a pixel of the clip, or of one of its shape as if it had its size; the picture is fitted. */
  async click(x: number, y: number, options: { button?: "left" | "right" } = {}): Promise<void> {
    const at = await this.#place(x, y);
    await this.#page.mouse.click(at.x, at.y, options);
  }

  /** Where a pixel of the fitted picture is on the page. */
  async #place(x: number, y: number): Promise<{ x: number; y: number }> {
    const stage = await this.#page.locator(".stage").boundingBox();
    if (!stage) throw new Error("The viewer is not on the page.");
    const scale = Math.min((stage.width - 24) / CLIP.width, (stage.height - 24) / CLIP.height);
    return {
      x: stage.x + (stage.width - CLIP.width * scale) / 2 + x * scale,
      y: stage.y + (stage.height - CLIP.height * scale) / 2 + y * scale,
    };
  }

  /** Clicks with the keyboard, at an exact pixel: multiples of ten from the middle of the picture. */
  async clickWithKeys(x: number, y: number): Promise<void> {
    const stage = this.#page.locator(".stage");
    await stage.focus();
    const press = async (key: string, times: number) => {
      for (let time = 0; time < times; time++) await stage.press(`Control+${key}`);
    };
    const right = (x - CLIP.width / 2) / 10;
    const down = (y - CLIP.height / 2) / 10;
    await press(right < 0 ? "ArrowLeft" : "ArrowRight", Math.abs(right));
    await press(down < 0 ? "ArrowUp" : "ArrowDown", Math.abs(down));
    await stage.press("Enter");
  }

  points(): Promise<number> {
    return this.#page.locator(".point-mark").count();
  }

  async hasPoints(count: number): Promise<void> {
    await this.#page.waitForFunction(
      (wanted) => document.querySelectorAll(".point-mark").length === wanted,
      count,
    );
  }

  /** Sets the out point so that a track is short; frames count from 1, as on the page. */
  async workUntil(frame: number): Promise<void> {
    await this.goTo(frame);
    await this.#page.keyboard.press("o");
    await this.goTo(1);
  }

  async goTo(frame: number): Promise<void> {
    const field = this.#page.getByRole("spinbutton", { name: "Frame" });
    await field.fill(String(frame));
    await field.press("Enter");
    await this.#page.locator(".stage").focus();
  }

  /** Which frames the first object's strip shows as tracked or hidden, first and last. */
  async trackedFrames(): Promise<[number, number] | null> {
    const titles = await this.#page
      .locator(".timeline .lane .run")
      .evaluateAll((runs) => runs.map((run) => (run as HTMLElement).title));
    const ends = titles.flatMap((title) => (/^(\d+)–(\d+)/.exec(title) ?? []).slice(1).map(Number));
    return ends.length === 0 ? null : [Math.min(...ends), Math.max(...ends)];
  }

  /** Presses the one track button and waits until the page says that all is tracked. */
  async track(): Promise<void> {
    await this.#page.keyboard.press("t");
    await this.#page
      .locator(".hidden-text[role=status]", { hasText: /^Tracked$/ })
      .waitFor({ state: "attached" });
  }

  /** Exports by the dialogue; `choices` are labels of what to choose. */
  async export(format: string, choices: readonly string[]): Promise<Buffer> {
    const page = this.#page;
    const download = page.waitForEvent("download");
    await this.startExport(format, choices);
    const bytes = await bytesOf(await download);
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    return bytes;
  }

  /** Up to the press of the button. */
  async startExport(format: string, choices: readonly string[]): Promise<void> {
    const page = this.#page;
    await page.keyboard.press("Control+e");
    await page.getByRole("combobox", { name: /^Format/ }).selectOption({ label: format });
    for (const choice of choices) await page.getByRole("radio", { name: choice }).check({ force: true });
    await page.getByRole("dialog").getByRole("button", { name: "Export", exact: true }).click();
  }
}

const bytesOf = async (download: Download) => readFile(await download.path());
