/** What takes long and may break off: a download of a model, a track that a reload cuts short. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { openPanel, openPanelBrowser, type PanelBrowser } from "../support/panel-page.ts";

const LONG = 600_000;
const PART = 1_000_000;
const MODEL_HOST = "https://dl.fbaipublicfiles.com/**";

let panel: PanelBrowser;
beforeAll(async () => {
  panel = await openPanelBrowser();
}, LONG);
afterAll(() => panel.close());

it(
  "a model's download goes on where it broke off, and says what stopped it",
  async () => {
    const user = await openPanel(panel);
    const ranges: (string | null)[] = [];
    // Stands in for the model's host: a megabyte at a time, and then a refusal.
    await user.context.route(MODEL_HOST, async (route) => {
      const range = route.request().headers().range ?? null;
      ranges.push(range);
      const start = Number(/^bytes=(\d+)-/.exec(range ?? "bytes=0-")?.[1]);
      const total = 156_008_466;
      if (start >= 2 * PART)
        return route.fulfill({ status: 403, headers: { "access-control-allow-origin": "*" } });
      await route.fulfill({
        status: range === null ? 200 : 206,
        headers: {
          "access-control-allow-origin": "*",
          "access-control-expose-headers": "content-range",
          "content-range": `bytes ${start}-${total - 1}/${total}`,
        },
        body: Buffer.alloc(PART, 7),
      });
    });
    await user.clipOpen();
    await user.page.locator(".model-ready").waitFor();
    await user.page.keyboard.press("Control+m");
    const row = user.page.locator(".model", { hasText: "SAM 2.1 Tiny" });
    await row.getByRole("button", { name: "Download" }).click();
    await user.page.locator(".notice", { hasText: "answered 403" }).waitFor();
    expect(ranges).toEqual([null, `bytes=${PART}-`, `bytes=${2 * PART}-`]);
    await row.getByRole("button", { name: "Download" }).click();
    await expect.poll(() => ranges.length, { timeout: 60_000 }).toBe(4);
    expect(ranges[3]).toBe(`bytes=${2 * PART}-`);
    // The model before is back, and answers.
    await user.page.locator(".model-ready").waitFor();
    await user.page.keyboard.press("Escape");
    await user.click(150, 290);
    await user.hasPoints(1);
    expect(user.foreign.every((address) => address.startsWith("https://dl.fbaipublicfiles.com/"))).toBe(true);
    await user.context.close();
  },
  LONG,
);

it(
  "a reload in the middle of a track loses only what came after the last save, and the track goes on",
  async () => {
    const user = await openPanel(panel);
    await user.clipOpen();
    await user.click(150, 290);
    await user.hasPoints(1);
    await user.page.locator(".save-saved").waitFor({ state: "attached" });
    await user.page.keyboard.press("t");
    const reached = (frame: number) =>
      user.page.waitForFunction(
        (wanted) =>
          Number(/^(\d+) \//.exec(document.querySelector(".track-progress-text")?.textContent ?? "")?.[1]) >=
          wanted,
        frame,
      );
    await reached(4);
    // The time of the next save has come.
    await user.page.evaluate(() => {
      const now = Date.now;
      Date.now = () => now() + 60_000;
    });
    await user.page.locator(".save-saving").waitFor({ state: "attached" });
    await user.page.locator(".save-saved").waitFor({ state: "attached" });
    await user.page.getByRole("button", { name: "Stop" }).waitFor();
    await user.page.reload();
    await user.clipOpen();
    await user.page.getByRole("button", { name: /^Resume/ }).waitFor();
    const [first, last] = (await user.trackedFrames())!;
    expect(first).toBe(1);
    expect(last).toBeGreaterThanOrEqual(4);
    expect(last).toBeLessThan(120);
    await user.workUntil(last + 3);
    await user.page.locator(".model-ready").waitFor();
    await user.page.keyboard.press("t");
    await user.page.waitForFunction(
      (wanted) =>
        [...document.querySelectorAll<HTMLElement>(".timeline .lane .run")].some(
          ({ title }) => Number(/^\d+–(\d+)/.exec(title)?.[1]) > wanted,
        ),
      last,
    );
    expect(user.errors).toEqual([]);
    await user.context.close();
  },
  LONG,
);
