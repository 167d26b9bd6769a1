/** In Node: resizing on vectors gives the bytes that plain JavaScript gives, from the program that stands beside it. */
import { readFileSync } from "node:fs";
import { afterEach, describe, expect, it, vi } from "vitest";
import openWabt from "wabt";
import type { Picture } from "../../worker/frames/frame-source.ts";
import { resampling } from "../../worker/resampling/resampling.ts";
import { resizeScalar } from "../../worker/resampling/resize-scalar.ts";
import { SimdResizer } from "../../worker/resampling/resize-simd.ts";
import { RESIZE_WASM } from "../../worker/resampling/resize-wasm.ts";
import { seededRandom } from "../support/mini-model.ts";

const SOURCE = new URL("../../worker/resampling/resize.wat", import.meta.url);

afterEach(() => vi.unstubAllGlobals());

it("resize-wasm.ts is what resize.wat assembles to", async () => {
  const wabt = await openWabt();
  const program = wabt.parseWat("resize.wat", readFileSync(SOURCE, "utf8"), { simd: true });
  program.validate();
  expect(RESIZE_WASM).toBe(Buffer.from(program.toBinary({}).buffer).toString("base64"));
});

/** Noise of full contrast: bicubic sums that overshoot 0 and 255 at every other pixel. */
function noise(width: number, height: number): Picture {
  const random = seededRandom(`${width} x ${height}`);
  const data = Uint8ClampedArray.from({ length: width * height * 4 }, () => (random() < 0.5 ? 0 : 255));
  return { width, height, data };
}

const SIZES: [from: [number, number], to: [number, number]][] = [
  [
    [640, 360],
    [256, 256],
  ],
  [
    [1921, 1079],
    [256, 256],
  ],
  [
    [100, 37],
    [128, 128],
  ],
  [
    [128, 128],
    [128, 128],
  ],
  [
    [1, 1],
    [64, 64],
  ],
  [
    [3, 300],
    [64, 64],
  ],
  [
    [300, 2],
    [63, 5],
  ],
  [
    [33, 65],
    [1, 2],
  ],
];

describe("resizing on vectors", () => {
  it.each(SIZES)("%j to %j", ([fromWidth, fromHeight], [width, height]) => {
    const simd = SimdResizer.open()!;
    const [across, down] = [resampling(fromWidth, width), resampling(fromHeight, height)];
    // Something else first: what its memory still holds must not show.
    simd.resize(noise(700, 700), resampling(700, 300), resampling(700, 300));
    const picture = noise(fromWidth, fromHeight);
    const { data, stride } = simd.resize(picture, across, down);
    expect(stride % 16).toBe(0);
    const plain = resizeScalar(picture, across, down);
    const wrong: number[][] = [];
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const [at, from] = [y * stride + x * 4, (y * width + x) * 4];
        for (let c = 0; c < 3; c++) if (data[at + c] !== plain[from + c]) wrong.push([x, y, c]);
      }
    }
    expect(wrong).toEqual([]);
  });

  it("is left out where WebAssembly is missing or refuses the program", () => {
    vi.stubGlobal("WebAssembly", undefined);
    expect(SimdResizer.open()).toBeNull();
    vi.stubGlobal("WebAssembly", {
      Module: class {
        constructor() {
          throw new Error("refused by the page's policy");
        }
      },
    });
    expect(SimdResizer.open()).toBeNull();
  });
});
