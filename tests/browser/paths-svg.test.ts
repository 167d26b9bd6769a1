import { describe, expect, it } from "vitest";
import { decodePng } from "../../worker/frames/decode-png.ts";
import { regionOfMask } from "../../worker/matte/alpha-region.ts";
import { outlineFrame } from "../../worker/matte/outline-tracks.ts";
import { pathsToSvg } from "../../worker/matte/path-export.ts";
import { drawTracks, tracePaths } from "../../worker/matte/trace-paths.ts";
import { launchChromium } from "../support/chromium.ts";
import { maskFrom } from "../support/mask-arbitraries.ts";

const W = 160;
const H = 120;

/** A ring with a bar: a part, a hole, corners and curves, moving. */
const mattes = Array.from({ length: 6 }, (_, frame) => {
  const mask = maskFrom(W, H, (x, y) => {
    const r = Math.hypot(x - 60 - 2 * frame, y - 60);
    return (r < 35 && r > 15) || (x > 70 && x < 150 && y > 55 && y < 70 && r > 15);
  });
  return regionOfMask(mask, { x: 0, y: 0, width: W, height: H });
});

describe("paths as SVG", () => {
  it("look in a browser as they look here, and as the matte: parts filled, holes open", async () => {
    const paths = await tracePaths(mattes.map((matte, frame) => outlineFrame(frame, matte)));
    const browser = await launchChromium();
    try {
      const page = await browser.newPage({ viewport: { width: W, height: H } });
      for (const frame of [0, 3, 5]) {
        const svg = pathsToSvg(paths, frame, { width: W, height: H });
        await page.setContent(`<body style="margin:0;background:#000">${svg}</body>`);
        const shot = decodePng(new Uint8Array(await page.screenshot()));
        const drawn = drawTracks(paths.tracks, frame, { x: 0, y: 0, width: W, height: H }, shot);
        const matte = mattes[frame]!.alpha;
        let [differs, both, either] = [0, 0, 0];
        for (let i = 0; i < W * H; i++) {
          const rendered = shot.data[i * 4]! / 255;
          if (Math.abs(rendered - drawn.alpha[i]!) > 0.3) differs++;
          const [a, b] = [rendered > 0.5, matte[i]! > 0.5];
          if (a && b) both++;
          if (a || b) either++;
        }
        expect(differs).toBeLessThanOrEqual(4);
        expect(both / either).toBeGreaterThan(0.95);
      }
    } finally {
      await browser.close();
    }
  });
});
