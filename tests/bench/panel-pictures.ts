/**
 * Runs in Node: takes the pictures of the panel that the documentation shows, from the built page.
 *
 *   npm run build && node tests/bench/run.mjs tests/bench/panel-pictures.ts
 */
import { openPanel, openPanelBrowser, type PanelPage } from "../support/panel-page.ts";

/** On the koi, on the first frame. */
const KOI = [150, 290] as const;
/** Far enough for the strip to show what is done and what isn't; frames count from 1. */
const WHILE_TRACKING = 40;

const panel = await openPanelBrowser();
try {
  const user = await openPanel(panel);
  await user.clipOpen();
  await user.click(...KOI);
  await user.hasPoints(1);
  const tracked = user.track();
  await user.page.waitForFunction(
    (wanted) => Number(document.querySelector<HTMLInputElement>("[aria-label=Frame]")?.value) >= wanted,
    WHILE_TRACKING,
  );
  await take(user, "tracking");
  await tracked;
  await user.page.keyboard.press("n");
  await user.page.waitForTimeout(500);
  await take(user, "review");
} finally {
  await panel.close();
}

async function take({ page }: PanelPage, name: string): Promise<void> {
  await page.screenshot({ path: `panel/docs/${name}.jpg`, type: "jpeg", quality: 85 });
}
