/** Contrast of every text in the page, measured as WCAG 2 asks (AA), in both themes and in all dialogues. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { unreadableTexts } from "../support/contrast.ts";
import { openPanel, openPanelBrowser, type PanelBrowser } from "../support/panel-page.ts";

const LONG = 600_000;
const DIALOGUES = ["Control+o", "Control+e", "Control+m", "?"];

let panel: PanelBrowser;
beforeAll(async () => {
  panel = await openPanelBrowser();
}, LONG);
afterAll(() => panel.close());

it.each(["dark", "light"] as const)(
  "is at least 4.5 to 1 in the %s theme",
  async (colorScheme) => {
    const user = await openPanel(panel, { colorScheme });
    await user.clipOpen();
    await user.click(150, 290);
    await user.hasPoints(1);
    expect(await user.page.evaluate(unreadableTexts)).toEqual([]);
    for (const keys of DIALOGUES) {
      await user.page.locator(".stage").focus();
      await user.page.keyboard.press(keys);
      await user.page.getByRole("dialog").waitFor();
      expect(await user.page.evaluate(unreadableTexts), keys).toEqual([]);
      await user.page.keyboard.press("Escape");
      await user.page.getByRole("dialog").waitFor({ state: "detached" });
    }
    await user.open({
      name: "notes.mp4",
      mimeType: "video/mp4",
      buffer: Buffer.from("a text, and no video"),
    });
    await user.page.getByRole("alert").waitFor();
    expect(await user.page.evaluate(unreadableTexts)).toEqual([]);
    await user.page.evaluate(() => {
      const faint = document.createElement("p");
      faint.textContent = "faint";
      faint.style.cssText = "color: #888; background: #999";
      document.body.append(faint);
    });
    expect(await user.page.evaluate(unreadableTexts)).toEqual(["faint: 1.24"]);
    await user.context.close();
  },
  LONG,
);
