/** The page with the real tracker, driven as a person drives it: mouse, keyboard, files. */
import { readFile } from "node:fs/promises";
import { unzipSync } from "fflate";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { decodePngMask } from "../../worker/frames/decode-png.ts";
import { decodeMask } from "../../worker/mask-rle.ts";
import { openPanel, openPanelBrowser, type PanelBrowser, type PanelPage } from "../support/panel-page.ts";

/** On the koi, on the first frame. */
const KOI = [150, 290] as const;
const LONG = 600_000;

let panel: PanelBrowser;
let user: PanelPage;

beforeAll(async () => {
  panel = await openPanelBrowser();
}, LONG);
afterAll(() => panel.close());
afterEach(() => user.context.close());

interface MaskDocument {
  objects: { name: string; masks: { frame: number; size: [number, number]; counts: string }[] }[];
}

describe("the first minute", () => {
  it(
    "opens with the demo clip and answers the first click, even one that comes before the model",
    async () => {
      user = await openPanel(panel);
      await user.clipOpen();
      await user.click(...KOI);
      await user.hasPoints(1);
      expect(await user.trackedFrames()).toEqual([1, 1]);
      await user.click(300, 60, { button: "right" });
      await user.hasPoints(2);
      expect(await user.page.locator(".point-out").count()).toBe(1);

      await user.page.keyboard.press("Control+z");
      await user.hasPoints(1);
      await user.page.keyboard.press("Control+z");
      await user.hasPoints(0);
      expect(await user.trackedFrames()).toBeNull();
      await user.page.keyboard.press("Control+Shift+z");
      await user.hasPoints(1);
      expect(await user.trackedFrames()).toEqual([1, 1]);

      expect(user.foreign).toEqual([]);
      expect(user.errors).toEqual([]);
    },
    LONG,
  );

  it(
    "says what is wrong with a file that is no video, and stays usable",
    async () => {
      user = await openPanel(panel);
      await user.clipOpen();
      await user.open({ name: "broken.mp4", mimeType: "video/mp4", buffer: Buffer.from("no video") });
      await user.page.getByRole("alert").waitFor();
      expect(await user.page.getByRole("alert").textContent()).toContain("broken.mp4");
      await user.clipOpen();
    },
    LONG,
  );

  it(
    "says how much of a cut-off file there is, and why a checkpoint is none, where one looks",
    async () => {
      user = await openPanel(panel);
      await user.clipOpen();
      const half = (await readFile("tests/fixtures/demo/demo.mp4")).subarray(0, 700_000);
      await user.open({ name: "half.mp4", mimeType: "video/mp4", buffer: half });
      await user.clipOpen("half.mp4");
      await user.page
        .locator(".notice", { hasText: /cut off: it lists 120 frames, the first \d+ are/ })
        .waitFor();

      await user.page.locator(".model-ready").waitFor();
      await user.page.keyboard.press("Control+m");
      const chooser = user.page.waitForEvent("filechooser");
      await user.page.getByRole("button", { name: "Own checkpoint" }).click();
      const buffer = Buffer.from("PK\u0003\u0004 and nothing of a checkpoint");
      await (await chooser).setFiles({ name: "broken.pt", mimeType: "application/octet-stream", buffer });
      await user.page.getByRole("dialog").getByRole("alert").waitFor();
      await user.page.locator(".model-ready", { hasText: "Built-in" }).waitFor();
    },
    LONG,
  );
});

describe("tracking", () => {
  it(
    "stops, resumes, survives a reload, is exported exactly",
    async () => {
      user = await openPanel(panel);
      await user.clipOpen();
      await user.workUntil(7);
      await user.clickWithKeys(150, 290);
      await user.hasPoints(1);

      await user.page.keyboard.press("t");
      await user.page.waitForFunction(() =>
        /^[2-6] \//.test(document.querySelector(".track-progress-text")?.textContent ?? ""),
      );
      await user.page.keyboard.press("Escape");
      await user.page.getByRole("button", { name: /^Resume/ }).waitFor();
      const [, reached] = (await user.trackedFrames())!;
      expect(reached).toBeGreaterThanOrEqual(2);
      expect(reached).toBeLessThan(7);

      await user.page.locator(".save-saved").waitFor({ state: "attached" });
      await user.page.reload();
      await user.clipOpen();
      await user.page.getByRole("button", { name: /^Resume/ }).waitFor();
      expect(await user.trackedFrames()).toEqual([1, reached]);
      expect(await user.page.getByRole("spinbutton", { name: "Frame" }).inputValue()).toBe(String(reached));

      await user.page.waitForFunction(
        () => !(document.querySelector(".button-primary") as HTMLButtonElement)?.disabled,
      );
      await user.track();
      expect(await user.trackedFrames()).toEqual([1, 7]);

      const json = JSON.parse((await user.export("Masks as JSON", ["In to out"])).toString()) as MaskDocument;
      const { masks } = json.objects[0]!;
      expect(masks.map(({ frame }) => frame)).toEqual([0, 1, 2, 3, 4, 5, 6]);

      const zip = unzipSync(await user.export("PNG sequence", ["In to out", "Exact mask"]));
      const names = Object.keys(zip).sort();
      expect(names).toHaveLength(7);
      names.forEach((name, index) => {
        const { size, counts } = masks[index]!;
        const png = decodePngMask(zip[name]!);
        const [height, width] = size;
        expect([png.width, png.height]).toEqual([width, height]);
        const exact = decodeMask({ width, height, counts });
        expect(Buffer.compare(Buffer.from(png.pixels), Buffer.from(exact)), name).toBe(0);
      });
      expect(user.foreign).toEqual([]);
      expect(user.errors).toEqual([]);
    },
    LONG,
  );
});

describe("at every size", () => {
  it(
    "keeps the model dialogue's title and edges in view, and all of it within reach of the wheel",
    async () => {
      user = await openPanel(panel, { width: 480, height: 420 });
      await user.clipOpen();
      await user.page.locator(".model-ready").waitFor();
      await user.page.keyboard.press("Control+m");
      const dialog = user.page.getByRole("dialog");
      const last = dialog.getByRole("button", { name: "Own checkpoint" });
      await expect.poll(async () => (await last.boundingBox())!.y).toBeGreaterThan(420);
      await dialog.locator(".modal-body").hover();
      await user.page.mouse.wheel(0, 5000);
      await expect.poll(async () => (await last.boundingBox())!.y).toBeLessThan(400);
      const [frame, head] = [await dialog.boundingBox(), await dialog.locator("h2").boundingBox()];
      expect(head!.y).toBeGreaterThanOrEqual(frame!.y);
      expect(frame!.y).toBeGreaterThanOrEqual(0);
      expect(frame!.y + frame!.height).toBeLessThanOrEqual(420);
    },
    LONG,
  );

  it(
    "is usable 320 pixels wide, without scrolling sideways",
    async () => {
      user = await openPanel(panel, { width: 320, height: 720 });
      await user.clipOpen();
      await user.click(...KOI);
      await user.hasPoints(1);
      const overflow = await user.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(overflow).toBeLessThanOrEqual(0);
      expect(await user.page.getByRole("button", { name: "Track", exact: true }).isVisible()).toBe(true);
    },
    LONG,
  );

  it(
    "names every control for screen readers and shows its keys",
    async () => {
      user = await openPanel(panel);
      await user.clipOpen();
      const nameless = await user.page.evaluate(() =>
        [...document.querySelectorAll("button, input, select, [role=slider]")]
          .filter((control) => {
            const label = control.closest("label")?.textContent;
            return !(control.getAttribute("aria-label") || control.textContent?.trim() || label?.trim());
          })
          .map((control) => control.outerHTML.slice(0, 120)),
      );
      expect(nameless).toEqual([]);
      await user.page.locator(".stage").focus();
      await user.page.keyboard.press("?");
      expect(await user.page.getByRole("dialog").textContent()).toContain("Track backward");
      await user.page.keyboard.press("Escape");
      await user.page.getByRole("dialog").waitFor({ state: "detached" });
    },
    LONG,
  );
});
