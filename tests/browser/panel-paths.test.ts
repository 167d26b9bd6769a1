/** The mask path in the panel: found by the real worker, shown over the picture, taken out as files. */
import { readFile } from "node:fs/promises";
import { parse } from "acorn";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { PathsDocument } from "../../worker/matte/path-types.ts";
import { openPanel, openPanelBrowser, type PanelBrowser, type PanelPage } from "../support/panel-page.ts";

const KOI = [150, 290] as const;
const LONG = 600_000;
const FRAMES = 8;

let panel: PanelBrowser;
let user: PanelPage;

beforeAll(async () => {
  panel = await openPanelBrowser();
}, LONG);
afterAll(() => panel.close());
afterEach(() => user.context.close());

/** The file that a button saves, as text. */
async function saved(button: string): Promise<string> {
  const [download] = await Promise.all([
    user.page.waitForEvent("download"),
    user.page.getByRole("button", { name: button }).click(),
  ]);
  return readFile(await download.path(), "utf8");
}

/** Until the slider's change is answered. */
async function found(): Promise<void> {
  await user.page.waitForTimeout(100);
  await user.page.getByRole("progressbar", { name: "Mask path" }).waitFor({ state: "detached" });
  await user.page.getByLabel("The mask path", { exact: true }).waitFor();
}

describe("the mask path", () => {
  it(
    "is found before anything is written, drawn on its frame, sparser on request, and saved",
    async () => {
      user = await openPanel(panel);
      const { page } = user;
      await user.clipOpen();
      await user.click(...KOI);
      await user.hasPoints(1);
      await user.workUntil(FRAMES);
      await user.track();
      await page.getByRole("button", { name: "Mask path", exact: true }).click();
      await page.getByRole("button", { name: "Find the path" }).click();
      const facts = page.getByLabel("The mask path", { exact: true });
      await facts.waitFor();
      expect(await facts.textContent()).toMatch(/Keyed frames\d+ of 8 \(\d+ %\)/);
      expect(await page.locator(".mask-path-add rect").count()).toBeGreaterThan(3);

      const worst = facts.getByRole("button").first();
      const frame = Number(/\d+/.exec((await worst.textContent()) ?? "")?.[0]);
      await worst.click();
      expect(await user.frame()).toBe(frame);

      const slider = page.getByRole("slider", { name: /from faithful to sparse/ });
      const document = async () => JSON.parse(await saved("JSON …")) as PathsDocument;
      const even = await document();
      await slider.press("End");
      await found();
      const sparse = await document();
      expect(sparse.quality.medianVertices).toBeLessThan(even.quality.medianVertices);
      // What was found once is at hand again.
      await slider.press("ArrowLeft");
      await found();
      await slider.press("ArrowLeft");
      await found();
      expect(await document()).toEqual(even);

      const script = await saved("After Effects script …");
      expect(() => parse(script, { ecmaVersion: 3 })).not.toThrow();
      expect(script).toContain("setValuesAtTimes");

      await page.getByRole("button", { name: "Show the mask path over the picture" }).click();
      expect(await page.locator(".mask-path").count()).toBe(0);
      expect(user.errors).toEqual([]);
    },
    LONG,
  );

  it(
    "can be stopped while it is looked for, and looked for again",
    async () => {
      user = await openPanel(panel);
      const { page } = user;
      await user.clipOpen();
      await user.click(...KOI);
      await user.hasPoints(1);
      await user.workUntil(FRAMES);
      await user.track();
      await page.getByRole("button", { name: "Mask path", exact: true }).click();
      await page.getByRole("button", { name: "Find the path" }).click();
      await page.getByRole("button", { name: "Cancel" }).click();
      const again = page.getByRole("button", { name: "Find the path" });
      await again.click();
      await page.getByLabel("The mask path", { exact: true }).waitFor();
      expect(user.errors).toEqual([]);
    },
    LONG,
  );
});
