/** A person's word on where an object is visible, in the page with the real tracker: keys, mouse, export. */
import { mkdir } from "node:fs/promises";
import { unzipSync } from "fflate";
import { afterAll, beforeAll, expect, it } from "vitest";
import { decodePngMask } from "../../worker/frames/decode-png.ts";
import { openPanel, openPanelBrowser, type PanelBrowser, type PanelPage } from "../support/panel-page.ts";

const LONG = 600_000;
const LAST = 9;
const CLIP_FRAMES = 120;

let panel: PanelBrowser;
let user: PanelPage;

beforeAll(async () => {
  panel = await openPanelBrowser();
}, LONG);
afterAll(() => panel.close());

/** What the strip shows as set by hand: "3–5: hidden". */
const words = () =>
  user.page
    .locator(".lane .said")
    .evaluateAll((all) => all.map((each) => (each as HTMLElement).title.replace(", set by hand", "")));

/** What the strip shows of the states, with the person's word in them. */
const runs = () =>
  user.page
    .locator(".lane .run")
    .evaluateAll((all) =>
      all.filter((each) => (each as HTMLElement).title).map((each) => (each as HTMLElement).title),
    );

/** Shift and a drag in the object's row; frames count from 1. */
async function markByMouse(from: number, to: number): Promise<void> {
  const lane = (await user.page.locator(".lane", { has: user.page.locator(".run") }).boundingBox())!;
  const x = (frame: number) => lane.x + ((frame - 0.5) / CLIP_FRAMES) * lane.width;
  const y = lane.y + lane.height / 2;
  await user.page.keyboard.down("Shift");
  await user.page.mouse.move(x(from), y);
  await user.page.mouse.down();
  await user.page.mouse.move(x(to), y, { steps: 4 });
  await user.page.mouse.up();
  await user.page.keyboard.up("Shift");
}

/** Frames whose exported matte is empty, from 1. */
async function emptyFrames(hidden: "Empty" | "As tracked"): Promise<number[]> {
  const zip = unzipSync(await user.export("PNG sequence", ["Exact mask", "In to out", hidden]));
  const names = Object.keys(zip).sort();
  expect(names).toHaveLength(LAST);
  return names.flatMap((name, index) => (decodePngMask(zip[name]!).pixels.includes(1) ? [] : [index + 1]));
}

async function screenshot(name: string): Promise<void> {
  const folder = process.env.MASKLET_SCREENSHOTS;
  if (!folder) return;
  await mkdir(folder, { recursive: true });
  await user.page.screenshot({ path: `${folder}/visibility-${name}.png` });
}

it(
  "is said with keys and with the mouse, outlives another track, goes out with the matte, and is undone",
  async () => {
    user = await openPanel(panel);
    await user.clipOpen();
    await user.page.locator(".model-ready").waitFor();
    await user.workUntil(LAST);
    await user.click(150, 290);
    await user.hasPoints(1);
    await user.track();
    expect(await words()).toEqual([]);
    expect(await emptyFrames("Empty")).toEqual([]);

    await user.goTo(3);
    const { keyboard } = user.page;
    await keyboard.press("k");
    for (let step = 0; step < 3; step++) await keyboard.press("ArrowRight");
    await user.page.locator(".marked").waitFor();
    await screenshot("marked");
    await keyboard.press("d");
    expect(await words()).toEqual(["3–6: hidden"]);
    expect(await user.page.locator(".marked").count()).toBe(0);
    await keyboard.press("w");
    expect(await words()).toEqual(["3–5: hidden"]);

    await markByMouse(7, 9);
    await user.page.getByRole("radio", { name: "Hidden", exact: true }).check({ force: true });
    expect(await words()).toEqual(["3–5: hidden", "7–9: hidden"]);
    await user.goTo(9);
    await keyboard.press("e");
    expect(await words()).toEqual(["3–5: hidden", "7–8: hidden", "9–9: visible"]);
    await user.goTo(4);
    await screenshot("said");

    await user.goTo(1);
    await user.click(300, 60, { button: "right" });
    await user.hasPoints(2);
    await user.page.locator(".lane .run-stale").first().waitFor();
    await user.track();
    await user.page.locator(".lane .run-stale").first().waitFor({ state: "detached" });
    expect(await words()).toEqual(["3–5: hidden", "7–8: hidden", "9–9: visible"]);
    expect(await runs()).toEqual([
      "1–2: tracked",
      "3–5: hidden",
      "6–6: tracked",
      "7–8: hidden",
      "9–9: tracked",
    ]);
    expect(await emptyFrames("Empty")).toEqual([3, 4, 5, 7, 8]);
    expect(await emptyFrames("As tracked")).toEqual([]);
    await user.goTo(4);
    await screenshot("tracked-again");

    // Back over the second click and everything that was said.
    await user.page.locator(".stage").focus();
    for (let step = 0; step < 8 && (await words()).length > 0; step++) {
      await keyboard.press("Control+z");
      await user.settled();
    }
    expect(await words()).toEqual([]);
    await keyboard.press("Control+Shift+z");
    await user.settled();
    expect(await words()).toEqual(["3–6: hidden"]);
    expect(user.foreign).toEqual([]);
    expect(user.errors).toEqual([]);
    await user.context.close();
  },
  LONG,
);
