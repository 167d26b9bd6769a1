/**
 * Runs in Node: a frame's way to the model's size, in plain JavaScript and on vectors, in turn. Processor time, so
 * that other work on the machine counts little.
 *
 *     node tests/bench/run.mjs tests/bench/resize.ts
 */
import { resampling } from "../../worker/resampling/resampling.ts";
import { resizeScalar } from "../../worker/resampling/resize-scalar.ts";
import { SimdResizer } from "../../worker/resampling/resize-simd.ts";
import { median } from "./speed/timing.ts";

const FRAMES = [
  ["720p", 1280, 720],
  ["1080p", 1920, 1080],
  ["2160p", 3840, 2160],
] as const;
const SIDES = [256, 512, 1024];
const ROUNDS = 9;

function milliseconds(work: () => void): number {
  const begun = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(begun);
  return (user + system) / 1000;
}

const simd = SimdResizer.open();
if (!simd) throw new Error("Expected a Node with WebAssembly vectors.");
console.log("| frame | model's side | plain, ms | on vectors, ms | ratio |\n|---|---|---|---|---|");
for (const [name, width, height] of FRAMES) {
  const data = Uint8ClampedArray.from({ length: width * height * 4 }, (_, i) => (i * 31) & 255);
  const picture = { width, height, data };
  for (const side of SIDES) {
    const [across, down] = [resampling(width, side), resampling(height, side)];
    const [plain, vectors]: [number[], number[]] = [[], []];
    for (let round = -2; round < ROUNDS; round++) {
      const a = milliseconds(() => resizeScalar(picture, across, down));
      const b = milliseconds(() => simd.resize(picture, across, down));
      if (round < 0) continue; // compiling
      plain.push(a);
      vectors.push(b);
    }
    const [a, b] = [median(plain), median(vectors)];
    console.log(`| ${name} | ${side} | ${a.toFixed(1)} | ${b.toFixed(1)} | ${(b / a).toFixed(2)} |`);
  }
}
