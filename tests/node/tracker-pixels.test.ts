/** Runs in Node: pictures in, masks out, against tensors recorded from Pillow and torch. */
import { describe, expect, test } from "vitest";
import { decodeMask } from "../../worker/mask-rle.ts";
import {
  downsampleMaskPrompt,
  fillHoles,
  maskOfLogits,
  maskOfVideoLogits,
  maskPromptToModelSize,
  resizeAntialiased,
  resizeLogits,
  stabilityScore,
  suppressOverlaps,
} from "../../worker/postprocess.ts";
import { preprocess, resizeLikePillow } from "../../worker/preprocess.ts";
import { type GoldenTensors, hasGolden, readGoldenClip, readGoldenTensors } from "../support/golden.ts";

/** RGB to the RGBA that frame sources give; alpha must not matter. */
function toPicture(rgb: Uint8Array, width: number, height: number) {
  const data = new Uint8ClampedArray(width * height * 4);
  for (let pixel = 0; pixel < width * height; pixel++) {
    data.set(rgb.subarray(pixel * 3, pixel * 3 + 3), pixel * 4);
    data[pixel * 4 + 3] = pixel % 256;
  }
  return { width, height, data };
}

function worstDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  let worst = 0;
  for (let index = 0; index < a.length; index++) {
    worst = Math.max(worst, Math.abs((a[index] ?? Number.NaN) - (b[index] ?? Number.NaN)));
  }
  return worst;
}

describe.skipIf(!hasGolden)("against recordings of Pillow and torch", () => {
  const units: GoldenTensors = hasGolden ? readGoldenTensors("mini/units.safetensors") : new Map();
  const data = (name: string) => {
    const tensor = units.get(name);
    if (!tensor) throw new Error(`No recording named ${name}.`);
    return tensor.data;
  };
  const floats = (name: string) => Float32Array.from(data(name));
  const bytes = (name: string) => Uint8Array.from(data(name));

  test("resizing a picture gives Pillow's bytes, every one", () => {
    const picture = toPicture(bytes("pil_bicubic.in_270x480"), 480, 270);
    expect(worstDifference(resizeLikePillow(picture, 256, 256), data("pil_bicubic.out_256x256"))).toBe(0);
  });

  test("frames are enlarged and normalised to upstream's very floats", () => {
    const clip = readGoldenClip("mini/clip_synth.npy.gz");
    const golden = readGoldenTensors("mini/s01_click.safetensors");
    const input = preprocess(toPicture(clip.frame(0), clip.width, clip.height), 256);
    const recorded = golden.get("img.f000.pixels_rows_0_128_255")?.data ?? [];
    const rows = [0, 1, 2].flatMap((channel) =>
      [0, 128, 255].flatMap((row) => [
        ...input.subarray((channel * 256 + row) * 256, (channel * 256 + row + 1) * 256),
      ]),
    );
    expect(worstDifference(rows, recorded)).toBe(0);
  });

  test("a mask prompt is resized and thresholded to the same pixels", () => {
    const resized = resizeAntialiased(bytes("mask_resize.in_96x128"), 128, 96, 256, 256);
    // Recorded as float16, whose step below 1 is 4.9e-4.
    expect(worstDifference(resized, data("mask_resize.aa_256x256_f16"))).toBeLessThan(2.5e-4);
    const binary = maskPromptToModelSize(bytes("mask_resize.in_96x128"), 128, 96, 256);
    expect(worstDifference(binary, data("mask_resize.bin"))).toBe(0);
  });

  test("antialiased shrinking agrees to the last bits", () => {
    const uneven = resizeAntialiased(bytes("mask_resize.in_300x200"), 200, 300, 128, 128);
    expect(worstDifference(uneven, data("mask_resize.aa_128x128"))).toBeLessThan(3e-7);
    const quarter = resizeAntialiased(floats("aa_down4.in_128"), 128, 128, 32, 32);
    expect(worstDifference(quarter, data("aa_down4.out_32"))).toBeLessThan(3e-6);
  });

  test("bilinear resizing agrees to the last bits", () => {
    const logits = floats("bilinear.in_64");
    expect(worstDifference(resizeLogits(logits, 64, 128, 96), data("bilinear.out_96x128"))).toBeLessThan(
      3e-6,
    );
    expect(worstDifference(resizeLogits(logits, 64, 53, 37), data("bilinear.out_37x53"))).toBeLessThan(3e-6);
  });

  test("holes are filled as the CUDA extension fills them", () => {
    const filled = fillHoles(floats("fill_holes.in"), 64, 8);
    expect(worstDifference(filled, data("fill_holes.out_area8"))).toBe(0);
  });

  test("run lengths straight from small logits are those of the enlarged map", () => {
    const logits = floats("bilinear.in_64");
    for (const [width, height] of [
      [128, 96],
      [53, 37],
      [64, 64],
    ] as const) {
      const large = resizeLogits(logits, 64, width, height);
      const mask = maskOfLogits(logits, 64, width, height);
      expect(mask).toEqual(maskOfVideoLogits(large, width, height));
      expect([...decodeMask(mask)]).toEqual([...large].map((logit) => (logit > 0 ? 1 : 0)));
    }
  });
});

test("a picture of the right size passes unchanged", () => {
  const rgb = Uint8Array.from({ length: 48 }, (_, index) => index * 5);
  expect([...resizeLikePillow(toPicture(rgb, 4, 4), 4, 4)]).toEqual([...rgb]);
});

test("holes touching at a corner are one hole, and the border does not protect it", () => {
  const logits = Float32Array.from([1, 1, 1, 1, 1, -1, 1, 1, 1, 1, -2, 1, 1, 1, 1, 0]);
  const filled = fillHoles(logits, 4, 3);
  expect([...filled].every((logit) => logit > 0)).toBe(true);
  expect(fillHoles(logits, 4, 2)).toBe(logits);
});

test("stability compares the areas of two thresholds", () => {
  expect(stabilityScore(Float32Array.from([1, 0.04, -0.04, -1]), 0.05)).toBeCloseTo(1 / 3, 6);
  expect(stabilityScore(Float32Array.from([-1, -2]), 0.05)).toBe(1);
});

test("where objects overlap the stronger one keeps the pixel, the first one on a tie", () => {
  const [a, b] = [Float32Array.from([5, 1, -20, 2]), Float32Array.from([3, 4, -30, 2])];
  suppressOverlaps([a, b]);
  expect([...a]).toEqual([5, -10, -20, 2]);
  expect([...b]).toEqual([-10, 4, -30, -10]);
});

test("the mask prompt's convolution reads 4x4 blocks row by row", () => {
  const mask = new Uint8Array(64);
  mask[9 + 4] = 1; // row 1, column 5: second block, tap 5
  const weight = Float32Array.from({ length: 16 }, (_, tap) => tap);
  expect([...downsampleMaskPrompt(mask, 8, { weight, bias: 100 })]).toEqual([100, 105, 100, 100]);
});
