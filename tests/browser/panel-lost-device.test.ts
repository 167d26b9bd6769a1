/** A graphics device that is lost while one works: the page goes on without it and keeps everything. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openPanel, openPanelBrowser, type PanelBrowser } from "../support/panel-page.ts";

const LONG = 900_000;

let panel: PanelBrowser;

beforeAll(async () => {
  panel = await openPanelBrowser("dist/panel", true);
}, LONG);
afterAll(() => panel.close());

describe("a lost WebGPU device", () => {
  it(
    "is said, WebAssembly takes over, and prompts and masks stay",
    async () => {
      const user = await openPanel(panel);
      await user.clipOpen();
      await user.click(150, 290);
      await user.hasPoints(1);
      await user.page.locator(".model-where", { hasText: "WebGPU" }).waitFor({ state: "attached" });

      const [worker] = user.page.workers();
      await worker!.evaluate(() => {
        const before = GPUDevice.prototype.createCommandEncoder;
        // The next work given to the device finds it gone.
        GPUDevice.prototype.createCommandEncoder = function (...options) {
          GPUDevice.prototype.createCommandEncoder = before;
          this.destroy();
          return before.apply(this, options);
        };
      });
      await user.click(300, 60, { button: "right" });
      await user.page.locator(".model-where", { hasText: "WASM" }).waitFor({ state: "attached" });
      await user.page.locator(".notice", { hasText: "nothing is lost" }).waitFor();
      expect(await user.trackedFrames()).toEqual([1, 1]);

      const points = await user.points();
      await user.click(160, 265);
      await user.hasPoints(points + 1);
      await user.context.close();
    },
    LONG,
  );
});
