/** What can go wrong before the work begins: each says what was expected, what came and what to do. */
import { mkdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { openPanel, openPanelBrowser, type PanelBrowser, type PanelPage } from "../support/panel-page.ts";

const LONG = 600_000;
/** A folder for pictures of the page, to be looked at; none are taken where it is not named. */
const SCREENSHOTS = process.env.MASKLET_SCREENSHOTS;

let panel: PanelBrowser;
let user: PanelPage;
let demo: Buffer;

beforeAll(async () => {
  demo = await readFile("tests/fixtures/demo/demo.mp4");
  panel = await openPanelBrowser();
}, LONG);
afterAll(() => panel.close());
afterEach(() => user.context.close());

async function opened(): Promise<void> {
  user = await openPanel(panel);
  await user.clipOpen();
}

/** The text of what the page says, remedy included. */
async function told(words: RegExp, name: string): Promise<string> {
  const saying = user.page
    .locator(".notice, .welcome, [role=dialog] [role=alert]")
    .filter({ hasText: words });
  await saying.first().waitFor();
  await picture(name);
  return (await saying.first().textContent()) ?? "";
}

async function picture(name: string, page = user.page): Promise<void> {
  if (!SCREENSHOTS) return;
  mkdirSync(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: `${SCREENSHOTS}/${name}.png` });
}

const video = (name: string, buffer: Buffer) => ({ name, mimeType: "video/mp4", buffer });

/** The demo clip as if it were coded in a way that nobody knows. */
function withUnknownCodec(): Buffer {
  const copy = Buffer.from(demo);
  const at = copy.indexOf("avc1", copy.indexOf("stsd"));
  expect(at).toBeGreaterThan(0);
  copy.write("xyz9", at);
  return copy;
}

it.each([
  ["an unknown codec", () => withUnknownCodec(), /coded as "xyz9".*can't decode/, /Convert it to H\.264/],
  [
    "text",
    () => Buffer.from("Dear diary, this is no video at all.\n"),
    /is not a video file: expected MP4/,
    /copy/,
  ],
  ["nothing", () => Buffer.alloc(0), /is empty: expected MP4.*0 bytes/, /Copy or download it again/],
  [
    "a head without its end",
    () => demo.subarray(0, 20_000),
    /lists 120 frames but holds none/,
    /Copy or download it again/,
  ],
] as const)(
  "a file of %s is refused in words, once, and the demo clip stays open",
  async (what, file, message, remedy) => {
    await opened();
    await user.open(video("wrong.mp4", file()));
    const text = await told(message, what.replace(/ /g, "-"));
    expect(text).toContain("wrong.mp4");
    expect(text).toMatch(remedy);
    expect(text).toContain("demo.mp4 stays open");
    expect(await user.page.getByText("wrong.mp4").count()).toBe(1);
    await user.clipOpen();
  },
  LONG,
);

it(
  "a broken file dropped while a track runs disturbs neither the picture nor the track",
  async () => {
    await opened();
    await user.page.locator(".model-ready").waitFor();
    await user.click(150, 290);
    await user.hasPoints(1);
    await user.workUntil(12);
    await user.page.keyboard.press("t");
    await user.open(video("wrong.mp4", Buffer.from("no video")));
    await told(/stays open/, "broken-while-tracking");
    await user.page
      .locator(".hidden-text[role=status]", { hasText: /^Tracked$/ })
      .waitFor({ state: "attached" });
    expect(await user.trackedFrames()).toEqual([1, 12]);
  },
  LONG,
);

it(
  "a frame that the clip has not becomes the nearest that it has, and keys belong to the panel again",
  async () => {
    await opened();
    const field = user.page.getByRole("spinbutton", { name: "Frame" });
    for (const [typed, shown] of [
      ["-5", "1"],
      ["99999", "120"],
      ["99999", "120"],
      ["", "1"],
      ["-5", "1"],
    ] as const) {
      await field.fill(typed);
      await field.press("Enter");
      expect(await field.inputValue(), `typed "${typed}"`).toBe(shown);
    }
    await user.page.keyboard.press("ArrowRight");
    expect(await field.inputValue()).toBe("2");
    await field.fill("77");
    await user.page.keyboard.press("Control+o");
    await user.page.getByRole("dialog", { name: "Clips" }).waitFor();
    expect(await field.inputValue(), "what was typed before a dialogue came").toBe("77");
    await user.page.keyboard.press("Escape");
  },
  LONG,
);

it(
  "a click beside the picture says so and sets nothing",
  async () => {
    await opened();
    await user.page.locator(".model-ready").waitFor();
    const stage = (await user.page.locator(".stage").boundingBox())!;
    await user.page.mouse.click(stage.x + 3, stage.y + 3);
    expect(await told(/beside the picture/, "beside")).toMatch(/Click on the object/);
    expect(await user.points()).toBe(0);
  },
  LONG,
);

it(
  "a model file that was cut short is refused in words, and the model before goes on",
  async () => {
    await opened();
    await user.page.locator(".model-ready").waitFor();
    await user.page.keyboard.press("Control+m");
    const chooser = user.page.waitForEvent("filechooser");
    await user.page.getByRole("button", { name: "Own checkpoint" }).click();
    const whole = await readFile("models/embedded/masklet-nano.pt");
    const half = { name: "half.pt", mimeType: "application/octet-stream" };
    await (await chooser).setFiles({ ...half, buffer: whole.subarray(0, whole.length / 2) });
    const text = await told(/half\.pt can't be used/, "half-model");
    expect(text).toMatch(/has no directory at its end: it is truncated/);
    expect(text).toMatch(/Download the checkpoint again/);
    await user.page.locator(".model-ready", { hasText: "Built-in" }).waitFor();
    await user.page.keyboard.press("Escape");
    await user.click(150, 290);
    await user.hasPoints(1);
  },
  LONG,
);

it(
  "without WebGPU the model dialogue says what runs instead, why, and what would be faster",
  async () => {
    await opened();
    await user.page.locator(".model-ready").waitFor();
    await user.page.keyboard.press("Control+m");
    const where = (await user.page.locator(".where").textContent()) ?? "";
    await picture("no-webgpu");
    expect(where).toMatch(/WebGPU.*(no graphics card|no WebGPU)/);
    expect(where).toMatch(/WebAssembly.*runs here/);
    expect(where).toMatch(/graphics card/);
  },
  LONG,
);

it(
  "a full disk is said, what is on screen stays, and the session can still be taken away as a file",
  async () => {
    await opened();
    await user.page.locator(".model-ready").waitFor();
    await user.page.evaluate(() => {
      FileSystemFileHandle.prototype.createWritable = () =>
        Promise.reject(new DOMException("There is no space left for this page.", "QuotaExceededError"));
    });
    await user.click(150, 290);
    await user.hasPoints(1);
    const text = await told(/could not be saved: There is no space left/, "full-disk");
    expect(text).toMatch(/Free disk space, or export the session/);
    expect(await user.trackedFrames()).toEqual([1, 1]);
  },
  LONG,
);

it(
  "a second tab with the same clip says that the first one saves it, and takes over after that is closed",
  async () => {
    await opened();
    await user.page.locator(".model-ready").waitFor();
    await user.click(150, 290);
    await user.hasPoints(1);
    await user.page.locator(".save-saved").waitFor({ state: "attached" });
    const second = await user.context.newPage();
    await second.goto(panel.server.url);
    await second.locator(".notice", { hasText: /open in another tab/ }).waitFor({ timeout: 60_000 });
    await picture("two-tabs", second);
    await user.page.close();
    await second.reload();
    await second.locator(".point-mark").first().waitFor({ timeout: 60_000 });
    expect(await second.locator(".notice").count()).toBe(0);
  },
  LONG,
);
