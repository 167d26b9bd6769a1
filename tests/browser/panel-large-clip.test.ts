/** A clip in 3840 x 2160: drawn as the screen is large, so that the page stays quick while it tracks. */
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Picture } from "../../worker/frames/frame-source.ts";
import { openPanel, openPanelBrowser, type PanelBrowser } from "../support/panel-page.ts";
import { makeMovie } from "../support/test-clips.ts";

const LONG = 600_000;
const [WIDTH, HEIGHT] = [3840, 2160];
const FRAMES = 8;
/** Of the page, CSS pixels; its pixel ratio is 1. */
const SCREEN = { width: 1280, height: 800 };
/** Source pixels: gone where a screen pixel shows four of them, plain to see where it shows one. */
const STRIPE = 4;

let panel: PanelBrowser;
let clip: Buffer;

beforeAll(async () => {
  panel = await openPanelBrowser();
  const timestamps = Array.from({ length: FRAMES }, (_, frame) => frame / 25);
  clip = Buffer.from(await makeMovie({ width: WIDTH, height: HEIGHT, timestamps, draw: flower }));
}, LONG);
afterAll(() => panel.close());

/** A bright flower on dark stripes; it wanders to the right. */
function flower(frameIndex: number): Picture {
  const data = new Uint8ClampedArray(WIDTH * HEIGHT * 4).fill(255);
  const rows = new Uint32Array(data.buffer);
  for (let y = 0; y < HEIGHT; y++)
    for (let x = 0; x < WIDTH; x++) {
      const [dx, dy] = [x - WIDTH / 2 - 40 * frameIndex, y - HEIGHT / 2];
      const edge = 240 + 60 * Math.cos(9 * Math.atan2(dy, dx));
      const stripe = Math.floor(x / STRIPE) % 2 === 0 ? 0xff604020 : 0xff201000;
      rows[y * WIDTH + x] = dx * dx + dy * dy < edge * edge ? 0xff20d0f0 : stripe;
    }
  return { width: WIDTH, height: HEIGHT, data };
}

it(
  "draws no picture and no mask larger than the screen while it tracks, and is sharp where one looks closely",
  async () => {
    const user = await openPanel(panel, SCREEN);
    await user.clipOpen();
    await user.open({ name: "large.mp4", mimeType: "video/mp4", buffer: clip });
    await user.clipOpen("large.mp4");
    await user.click(320, 180);
    await user.hasPoints(1);
    const drawn = await watchDrawing(user.page);
    await user.track();
    expect(await user.trackedFrames()).toEqual([1, FRAMES]);
    const { pictures, largest } = await drawn();
    expect(pictures).toBeGreaterThan(FRAMES);
    expect(largest).toBeLessThanOrEqual(SCREEN.width * SCREEN.height);

    await user.goTo(1);
    expect(await contrastOfStripes(user.page)).toBeLessThan(8);
    await user.page.keyboard.press("Shift+F");
    await expect.poll(() => contrastOfStripes(user.page), { timeout: 60_000 }).toBeGreaterThan(20);
    expect(user.errors).toEqual([]);
    await user.context.close();
  },
  LONG,
);

type Page = Awaited<ReturnType<typeof openPanel>>["page"];

/** How many pictures are drawn on canvases from now on, and the pixels of the largest. */
async function watchDrawing(page: Page): Promise<() => Promise<{ pictures: number; largest: number }>> {
  await page.evaluate(() => {
    const drawing = { pictures: 0, largest: 0 };
    Object.assign(window, { drawing });
    for (const { prototype } of [CanvasRenderingContext2D, OffscreenCanvasRenderingContext2D]) {
      for (const name of ["drawImage", "putImageData"] as const) {
        const original = prototype[name] as (...args: unknown[]) => void;
        Object.assign(prototype, {
          [name](this: unknown, picture: { width: number; height: number }, ...rest: unknown[]) {
            drawing.pictures++;
            drawing.largest = Math.max(drawing.largest, picture.width * picture.height);
            original.call(this, picture, ...rest);
          },
        });
      }
    }
  });
  return () =>
    page.evaluate(() => (window as unknown as { drawing: { pictures: number; largest: number } }).drawing);
}

/** The mean difference of neighbouring pixels, two apart, in a row near the lower left corner, where the stripes are. */
function contrastOfStripes(page: Page): Promise<number> {
  return page.evaluate(() => {
    const canvas = document.querySelector<HTMLCanvasElement>("canvas.picture")!;
    const { width, height } = canvas;
    const row = canvas.getContext("2d")!.getImageData(width * 0.05, height * 0.9, width * 0.05, 1).data;
    let sum = 0;
    for (let at = 0; at + 16 < row.length; at += 4) sum += Math.abs(row[at]! - row[at + 16]!);
    return sum / (row.length / 4);
  });
}
