/**
 * The panel as After Effects has it: the packaged page in a real Chromium, CEP's interface, the packaged engine
 * as a process, and a fake After Effects behind the real ExtendScript. `npm run build` makes page and engine.
 */
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { decode, encode } from "fast-png";
import type { Browser, Frame, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { packageExtension } from "../../plugin/aftereffects/package.mjs";
import { openClipAt } from "../../worker/node/open-clip.ts";
import { type CepServer, INTO_PAGE, serveCep } from "../support/aftereffects/cep-server.ts";
import { isGone } from "../support/aftereffects/engine.ts";
import { openScriptContext, type ScriptContext } from "../support/aftereffects/script-context.ts";
import { launchChromium } from "../support/chromium.ts";
import { TAKE_AWAY_NEWER } from "../support/chromium-99.ts";
import { renderFrame } from "../support/demo-clip/render.ts";
import { clickPoint, DEMO_SIZE, overlap, trueMask } from "../support/demo-masks.ts";

const DEMO_CLIP = "tests/fixtures/demo/demo.mp4";
const HERE = `${process.platform}-${process.arch}`;
const RATE = 24;
const FRAMES = 24;
const SOURCE_FRAME = 2;
/** Where After Effects renders them. */
const STILLS = 4;
/** One thread of WebAssembly on a busy machine. */
const PATIENCE = 120_000;
const LONG = 300_000;
/** A panel at the side of a comp. */
const PANEL = { width: 460, height: 1100 };

/** The page and its workers, which are made of blobs, get nothing that came after Chromium 99. */
const AS_CHROMIUM_99 = `
  if (window !== window.parent) {
    ${TAKE_AWAY_NEWER}
    const older = ${JSON.stringify(`${TAKE_AWAY_NEWER}\n`)};
    window.Blob = new Proxy(Blob, {
      construct: (target, [parts, options], made) =>
        Reflect.construct(target, [options?.type === "text/javascript" ? [older, ...parts] : parts, options], made),
    });
  }
`;

interface Scene {
  page: Page;
  panel: Frame;
  server: CepServer;
  script: ScriptContext;
  layer: InstanceType<ScriptContext["fake"]["FakeLayer"]>;
  folder: string;
  close(): Promise<void>;
}

interface Wishes {
  /** Whether the machine has a Node for the engine. */
  withNode?: boolean;
  /** Whether a person has put codecs beside it. */
  withCodecs?: boolean;
  /** A file as the layer's footage. */
  media?: string;
  /** Before the panel is opened. */
  arrange?(script: ScriptContext, layer: Scene["layer"]): void;
}

let extensionFolder = "";
let browser: Browser;

const isBuilt = existsSync("dist/engine/engine.mjs") && existsSync("dist/single/masklet.html");

describe.skipIf(!isBuilt)("the panel in After Effects' place, on a real video", () => {
  beforeAll(async () => {
    extensionFolder = mkdtempSync(join(tmpdir(), "masklet-extension-"));
    await packageExtension({ folder: extensionFolder, platforms: [HERE] });
    browser = await launchChromium();
  });

  afterAll(async () => {
    await browser?.close();
    rmSync(extensionFolder, { recursive: true, force: true });
  });

  /** A comp with the demo clip as its selected layer, and the panel beside it, which has opened it. */
  async function open(wishes: Wishes = {}): Promise<Scene> {
    const scene = await start(wishes);
    await opened(scene);
    return scene;
  }

  /** Its name is shown while it is being opened, and a click then finds no picture. */
  const opened = ({ panel }: Scene) => panel.getByText("Click the object you want to cut out").waitFor();

  async function start({
    withNode = true,
    withCodecs = false,
    media = DEMO_CLIP,
    arrange,
  }: Wishes): Promise<Scene> {
    const folder = mkdtempSync(join(tmpdir(), "masklet-cep-"));
    mkdirSync(join(folder, "project"));
    mkdirSync(join(folder, "user"));
    copyFileSync(media, join(folder, "project/koi.mp4"));
    if (withCodecs) putCodecs(join(folder, "user/Masklet/codecs/node_modules"));
    const script = await openScriptContext();
    const layer = layerIn(script, join(folder, "project"));
    arrange?.(script, layer);
    const server = await serveCep({
      extensionFolder,
      userData: join(folder, "user"),
      evaluate: script.evaluate,
      exists: (path) => withNode || !/\/node(\.exe)?$/.test(path),
    });
    const context = await browser.newContext({ viewport: PANEL, colorScheme: "dark" });
    await context.addInitScript(INTO_PAGE);
    await context.addInitScript(AS_CHROMIUM_99);
    const page = await context.newPage();
    page.on("pageerror", (error) => console.error(error));
    page.setDefaultTimeout(PATIENCE);
    await page.goto(server.url);
    await page.frameLocator("iframe").getByRole("button", { name: "Open the selected clip" }).waitFor();
    const close = async () => {
      await context.close();
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    };
    return { page, panel: page.frames()[1]!, server, script, layer, folder, close };
  }

  /** The native library is large and asks for nothing: it needn't be copied. */
  function putCodecs(folder: string): void {
    for (const name of ["@mediabunny/server", "@mediabunny/prores", "node-av"])
      cpSync(join("node_modules", name), join(folder, name), { recursive: true, dereference: true });
    const library = `@seydx/node-av-${HERE}`;
    mkdirSync(join(folder, "@seydx"));
    symlinkSync(resolve("node_modules", library), join(folder, library));
  }

  /** Starts at comp frame 48 with source frame 2. */
  function layerIn({ app, fake }: ScriptContext, projectFolder: string): Scene["layer"] {
    const comp = app.project.items.addComp("Pond", DEMO_SIZE.width, DEMO_SIZE.height, 1, 5, RATE);
    const footage = new fake.FakeFootage(app.project, join(projectFolder, "koi.mp4"));
    const layer = comp.layers.add(footage);
    layer.name = "koi.mp4";
    const [start, first] = [48, SOURCE_FRAME];
    app.project.sequence = { frames: FRAMES, ...DEMO_SIZE, hasAlpha: false };
    Object.assign(layer, {
      startTime: (start - first) / RATE,
      inPoint: start / RATE,
      outPoint: (start + FRAMES) / RATE,
    });
    comp.selectedLayers = [layer];
    app.project.activeItem = comp;
    app.project.file = { parent: { fsName: projectFolder } };
    return layer;
  }

  function shorten({ app }: ScriptContext, layer: Scene["layer"]): void {
    layer.outPoint = layer.inPoint + STILLS / RATE;
    app.project.sequence.frames = STILLS;
  }

  async function clickObject({ panel }: Scene): Promise<void> {
    const stage = panel.getByRole("application");
    const box = (await stage.boundingBox())!;
    const { width, height } = DEMO_SIZE;
    const scale = Math.min((box.width - 24) / width, (box.height - 24) / height);
    const { x, y } = clickPoint(SOURCE_FRAME);
    await stage.click({
      position: {
        x: (box.width - width * scale) / 2 + x * scale,
        y: (box.height - height * scale) / 2 + y * scale,
      },
    });
    const forward = panel.getByRole("button", { name: /Track forward/ });
    await expect.poll(() => forward.isEnabled(), { timeout: PATIENCE, interval: 300 }).toBe(true);
  }

  async function track({ panel }: Scene): Promise<void> {
    await panel.getByRole("button", { name: /Track forward/ }).click();
    await panel.getByText("Tracked", { exact: true }).waitFor({ state: "attached", timeout: PATIENCE });
  }

  async function write({ panel }: Scene, kind: string, said: string | RegExp): Promise<void> {
    await panel.getByRole("radio", { name: kind }).check({ force: true });
    await panel.getByRole("button", { name: "Write to timeline" }).click();
    await panel.locator(".host-report").getByText(said).first().waitFor({ timeout: PATIENCE });
    expect(await panel.locator(".host-report .hint-warning").allTextContents()).toEqual([]);
  }

  async function screenshot(page: Page, name: string): Promise<void> {
    const folder = process.env.MASKLET_SCREENSHOTS;
    if (!folder) return;
    mkdirSync(folder, { recursive: true });
    await page.screenshot({ path: `${folder}/${name}.png` });
  }

  interface ShapeKey {
    time: number;
    value: { vertices: [number, number][] };
  }

  /** Of its first mask. */
  function shapeKeysOf(layer: Scene["layer"]): ShapeKey[] {
    const masks = layer.property("ADBE Mask Parade") as Scene["layer"]["root"];
    const mask = masks.members[0] as typeof masks;
    return (mask.property("ADBE Mask Shape") as unknown as { keys: ShapeKey[] }).keys;
  }

  /** Whether a polygon holds a point, by the even-odd rule. ExtendScript's arrays have nothing of ES5. */
  function holds(corners: readonly [number, number][], { x, y }: { x: number; y: number }): boolean {
    const vertices = Array.from(corners);
    return vertices.reduce((inside, [ax, ay], index) => {
      const [bx, by] = vertices[(index + 1) % vertices.length]!;
      const crosses = ay > y !== by > y && x < ax + ((y - ay) / (by - ay)) * (bx - ax);
      return crosses ? !inside : inside;
    }, false);
  }

  /** The built-in model is small: this tells the fish from everything else, not a good matte from a better. */
  function expectKoi(scene: Scene, frames: number): void {
    const [matte] = mattesOf(scene);
    expect(matte!.files).toHaveLength(frames);
    for (const n of [0, frames - 1]) {
      const { data, channels, width } = decode(readFileSync(matte!.files[n]!));
      expect(width).toBe(DEMO_SIZE.width);
      const on = Uint8Array.from({ length: data.length / channels }, (_, index) => data[index * channels]!);
      expect(overlap(on, trueMask(SOURCE_FRAME + n)), `frame ${n}`).toBeGreaterThan(0.4);
    }
  }

  /** After Effects' rendering of the clip. It stops before the `held`-th picture until it may go on. */
  function renderFrames({ app }: ScriptContext, held: number): { frames: number[]; goOn(): void } {
    let goOn = () => {};
    const mayGoOn = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const frames: number[] = [];
    app.project.renderStill = (path, time) => {
      const frame = Math.floor(time * RATE);
      const { width, height } = DEMO_SIZE;
      const picture = encode({ width, height, data: renderFrame(frame).rgba, channels: 4, depth: 8 });
      void (frames.push(frame) > held ? mayGoOn : Promise.resolve()).then(() => writeFileSync(path, picture));
    };
    return { frames, goOn };
  }

  function mattesOf({ folder }: Scene): { name: string; files: string[] }[] {
    const mattes = join(folder, "project/Masklet");
    return readdirSync(mattes).map((name) => ({
      name,
      files: readdirSync(join(mattes, name)).map((file) => join(mattes, name, file)),
    }));
  }

  test(
    "click, track while the engine is killed, and write a track matte and a cut-out",
    async () => {
      const scene = await open();
      const { page, panel, server, layer, script } = scene;
      await panel
        .getByText(/native/)
        .first()
        .waitFor({ state: "attached", timeout: PATIENCE });
      await clickObject(scene);
      const tracked = track(scene);
      await panel.getByRole("progressbar", { name: "Tracking" }).waitFor({ timeout: PATIENCE });
      process.kill(server.children[0]!.pid!, "SIGKILL");
      await tracked;
      expect(server.children).toHaveLength(2);
      await panel.getByText(/It was started again, and what was tracked is all there/).waitFor();
      await screenshot(page, "aftereffects-tracked");
      await panel.getByRole("button", { name: "Dismiss" }).click();

      await write(scene, "Track matte", /^Track matte: luma/);
      await screenshot(page, "aftereffects-written");
      expect(layer.trackMatteLayer?.source?.name).toContain("koi.mp4 - Object 1");
      expect(layer.trackMatteLayer).toMatchObject({ startTime: 2 });
      expectKoi(scene, FRAMES);

      await write(scene, "Cut-out", /^Cut-out above/);
      expect(layer.enabled).toBe(false);
      expect(script.app.undoSteps).toHaveLength(2);

      await panel.getByRole("radio", { name: "Mask path" }).check({ force: true });
      expect(await panel.getByRole("button", { name: "Write to timeline" }).isDisabled()).toBe(true);
      await panel.getByRole("button", { name: "Find the path" }).first().click();
      await panel.getByText(`of ${FRAMES} (`).first().waitFor();
      await write(scene, "Mask path", /keyframes/);
      await screenshot(page, "aftereffects-paths");
      const [first] = shapeKeysOf(layer);
      expect(first!.time).toBeCloseTo(2, 6);
      expect(holds(first!.value.vertices, clickPoint(SOURCE_FRAME))).toBe(true);
      expect(holds(first!.value.vertices, { x: 2, y: 2 })).toBe(false);
      expect(script.app.undoSteps).toHaveLength(3);

      const last = server.children[1]!.pid!;
      await page.context().close();
      expect(await isGone(last)).toBe(true);
      await scene.close();
    },
    LONG,
  );

  test(
    "a file that nothing here decodes: After Effects renders its frames, which is progress and no error",
    async () => {
      let rendered = { frames: [] as number[], goOn() {} };
      const scene = await start({
        media: "tests/fixtures/demo/demo-masks.json",
        arrange: (script, layer) => {
          rendered = renderFrames(script, STILLS - 1);
          shorten(script, layer);
        },
      });
      const { page, panel, script } = scene;
      await panel.locator(".guide", { hasText: `Frame ${STILLS - 1} of ${STILLS} from the host` }).waitFor();
      expect(await panel.getByRole("alert").count()).toBe(0);
      await screenshot(page, "aftereffects-rendering");
      rendered.goOn();
      await opened(scene);
      await panel.getByText("The host renders its frames instead, which is slower.").waitFor();
      expect(rendered.frames).toEqual(Array.from({ length: STILLS }, (_, n) => SOURCE_FRAME + n));
      expect(script.app.project.comps()).toHaveLength(1);

      await panel.getByRole("button", { name: "Dismiss" }).click();
      await clickObject(scene);
      await track(scene);
      await write(scene, "Track matte", /^Track matte: luma/);
      expectKoi(scene, STILLS);
      await scene.close();
    },
    LONG,
  );

  test.skipIf(!existsSync("node_modules/@mediabunny/server"))(
    "with codecs the engine reads the file itself, and writes a movie",
    async () => {
      const scene = await open({
        withCodecs: true,
        arrange: shorten,
      });
      await clickObject(scene);
      await track(scene);
      await scene.panel.getByRole("radio", { name: "ProRes 4444" }).check({ force: true });
      await write(scene, "Track matte", /^Track matte: luma/);
      const [matte] = mattesOf(scene);
      expect(matte!.files).toEqual([expect.stringMatching(/matte\.mov$/)]);
      const movie = await openClipAt(matte!.files[0]!);
      expect(movie.info.frameCount).toBe(STILLS);
      const { data } = await movie.frame(STILLS - 1);
      movie.close();
      const on = Uint8Array.from({ length: data.length / 4 }, (_, pixel) => data[pixel * 4]!);
      expect(overlap(on, trueMask(SOURCE_FRAME + STILLS - 1))).toBeGreaterThan(0.4);
      await scene.close();
    },
    LONG,
  );

  test(
    "a reloaded panel finds its session again, and leaves no engine behind",
    async () => {
      const scene = await open();
      await clickObject(scene);
      await scene.panel.locator(".save-mark", { hasText: /^Saved$/ }).waitFor({ state: "attached" });
      const first = scene.server.children[0]!.pid!;
      await scene.panel.evaluate(() => location.reload()).catch(() => {});
      expect(await isGone(first)).toBe(true);
      await scene.panel.locator(".point-mark").waitFor({ timeout: PATIENCE });
      expect(scene.server.children).toHaveLength(2);
      await scene.close();
    },
    LONG,
  );

  test(
    "without a Node it says why, what that costs and what to do, and tracks in the page",
    async () => {
      const scene = await open({ withNode: false });
      const { page, panel, server } = scene;
      await panel
        .locator(".notice", { hasText: /needs Node 20\.19 or newer/ })
        .waitFor({ timeout: PATIENCE });
      const words = (await panel.locator(".notice").textContent()) ?? "";
      expect(words).toMatch(/nodejs\.org/);
      expect(words).toMatch(/the same masks, but an official model takes five to ten times as long/);
      await screenshot(page, "aftereffects-without-engine");
      await clickObject(scene);
      expect(await panel.locator(".point-mark").count()).toBe(1);
      expect(server.children).toEqual([]);
      await scene.close();
    },
    LONG,
  );
});
