/** The page as one file: nothing beside it, as in Premiere's web view, still answers a click. */
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openPanel, openPanelBrowser, type PanelBrowser } from "../support/panel-page.ts";

const LONG = 600_000;

let folder: string;
let panel: PanelBrowser;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "masklet-single-"));
  await copyFile("dist/single/masklet.html", join(folder, "index.html"));
  panel = await openPanelBrowser(folder, false, "single-file");
}, LONG);

afterAll(async () => {
  await panel.close();
  await rm(folder, { recursive: true });
});

describe("the single-file page", () => {
  it(
    "opens a video of one's own and answers a click, asking the network for nothing",
    async () => {
      const user = await openPanel(panel);
      const chooser = user.page.waitForEvent("filechooser");
      await user.page.locator(".welcome").getByRole("button", { name: "Open video" }).click();
      await (await chooser).setFiles("tests/fixtures/demo/demo.mp4");
      await user.clipOpen();
      await user.click(150, 290);
      await user.hasPoints(1);
      expect(await user.trackedFrames()).toEqual([1, 1]);
      expect(user.requested).toEqual([panel.server.url]);
      expect(user.errors).toEqual([]);
      await user.context.close();
    },
    LONG,
  );
});
