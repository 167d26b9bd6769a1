/**
 * Runs in Node (`npm run bench:official`): the tracker and the official PyTorch code on the same weights and
 * frames, one after the other, and how far their masks differ.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Sam2Config } from "../../models/sam2/config.ts";
import { FULL_BANK, frameWork } from "../../models/sam2/frame-work.ts";
import { arrayFrameSource } from "../../worker/frames/array-frame-source.ts";
import type { Picture } from "../../worker/frames/frame-source.ts";
import { decodeMask } from "../../worker/mask-rle.ts";
import { configUnder, predictorOptionsFor, withOptions } from "../../worker/predictor-options.ts";
import { Sam2Engine } from "../../worker/sam2-engine.ts";
import { TrackingSession } from "../../worker/tracking-session.ts";
import { flagOf } from "./speed/options.ts";
import { matrixPeak } from "./speed/peak.ts";
import { configOf, openBackend, openModel, seededBytes } from "./speed/subject.ts";
import { median } from "./speed/timing.ts";

const USAGE = `npm run bench:official -- --sam2 DIR [--python FILE] [--shims DIR] [--model tiny] [--frames 4] [--threads 2]
  --sam2    a checkout of facebookresearch/sam2 at 2b90b9f5
  --shims   stand-ins for hydra, omegaconf and iopath (models/embedded/training/shims)
  --fill    frames before timing starts (17 fills the bank)
  --also    options to measure besides exact, in the same run: input_size=768,memory_pooling=2; may be given more than once`;

const EXACT = "exact";

/** Of upstream's configuration files. */
const CONFIG_LETTERS: Record<string, string> = { tiny: "t", small: "s", "base-plus": "b+", large: "l" };

interface Run {
  milliseconds: number[];
  residentMegabytes: number;
  masks: Uint8Array[];
  /** GFLOP/s of a matrix product in the same process: the best of before and after. */
  peak: number;
}

function readArguments(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      sam2: { type: "string" },
      python: { type: "string", default: "python3" },
      shims: { type: "string", default: "models/embedded/training/shims" },
      model: { type: "string", default: "tiny" },
      frames: { type: "string", default: "4" },
      fill: { type: "string", default: "17" },
      threads: { type: "string", default: "2" },
      also: { type: "string", multiple: true, default: [] },
    },
  });
  if (!values.sam2) throw new Error(`The official code is needed for comparing.\n${USAGE}`);
  return {
    ...values,
    sam2: values.sam2,
    frames: Number(values.frames),
    fill: Number(values.fill),
    threads: Number(values.threads),
  };
}

/** A textured square that drifts over a textured ground, at the model's own size: no resizing is compared. */
function drawFrames(side: number, count: number): Picture[] {
  return Array.from({ length: count }, (_, time) => {
    const data = new Uint8ClampedArray(side * side * 4).fill(255);
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) paint(data, (y * side + x) * 4, x, y, time, side);
    }
    return { width: side, height: side, data };
  });
}

function paint(data: Uint8ClampedArray, at: number, x: number, y: number, time: number, side: number): void {
  const left = side / 3 + time * 4;
  const inside = x >= left && x < left + side / 4 && y >= side / 3 && y < side * 0.6;
  const wave = Math.sin((x - (inside ? left : 0)) / 9) * Math.cos(y / 7);
  data[at] = inside ? 200 + 40 * wave : 60 + 30 * wave;
  data[at + 1] = inside ? 90 + 30 * wave : 110 + 20 * wave;
  data[at + 2] = inside ? 60 : 90;
}

async function runOurs(
  bytes: Uint8Array,
  pictures: Picture[],
  options: ReturnType<typeof readArguments>,
  set: string,
): Promise<Run> {
  const base = configOf(options.model, null);
  const predictor = withOptions(predictorOptionsFor(base), flagsOf(set));
  const config = configUnder(base, predictor);
  const runtime = await openBackend("native", options.threads);
  const engine = await Sam2Engine.load(await openModel(bytes, config), runtime);
  const frames = arrayFrameSource(pictures, "drawn");
  const session = new TrackingSession({ engine, frames, options: predictor });
  const side = base.imageSize;
  const peakBefore = await matrixPeak(runtime);
  await session.addPoints(0, 1, { points: [clickOf(side)], labels: [1] });
  const times: number[] = [];
  const masks: Uint8Array[] = [];
  let last = performance.now();
  for await (const { objects } of session.propagate()) {
    const now = performance.now();
    times.push(now - last);
    last = now;
    masks.push(decodeMask(objects[0]!.mask));
  }
  return {
    milliseconds: times.slice(options.fill),
    residentMegabytes: process.resourceUsage().maxRSS / 1024,
    masks,
    peak: Math.max(peakBefore, await matrixPeak(runtime)),
  };
}

function clickOf(side: number): [number, number] {
  return [side * 0.45, side * 0.45];
}

function runOfficial(bytes: Uint8Array, pictures: Picture[], options: ReturnType<typeof readArguments>): Run {
  const folder = mkdtempSync(join(tmpdir(), "masklet-official-"));
  const side = pictures[0]!.width;
  writeFileSync(join(folder, "weights.safetensors"), bytes);
  writeFileSync(join(folder, "frames.u8"), Buffer.concat(pictures.map(rgbOf)));
  const config = `configs/sam2.1/sam2.1_hiera_${CONFIG_LETTERS[options.model]}.yaml`;
  const job = { config, side, threads: options.threads, fill: options.fill, click: clickOf(side) };
  writeFileSync(join(folder, "job.json"), JSON.stringify(job));
  const { status } = spawnSync(
    options.python,
    ["tests/bench/official.py", folder, "--sam2", options.sam2, "--shims", options.shims],
    {
      stdio: "inherit",
      env: { ...process.env, MALLOC_MMAP_MAX_: "0", MALLOC_TRIM_THRESHOLD_: "100000000000" },
    },
  );
  if (status !== 0) throw new Error(`The official code ended with ${status}; what it printed stands above.`);
  const result = JSON.parse(readFileSync(join(folder, "official.json"), "utf8"));
  const masks = readFileSync(join(folder, "masks.u8"));
  return {
    milliseconds: result.milliseconds,
    residentMegabytes: result.rss_mb,
    peak: result.peak,
    masks: pictures.map((_, index) => masks.subarray(index * side * side, (index + 1) * side * side)),
  };
}

function rgbOf({ data }: Picture): Uint8Array {
  return Uint8Array.from({ length: (data.length / 4) * 3 }, (_, i) => data[Math.floor(i / 3) * 4 + (i % 3)]!);
}

/** Share of pixels that differ, over all frames. */
function disagreement(a: Uint8Array[], b: Uint8Array[]): number {
  let differing = 0;
  let pixels = 0;
  for (const [index, mask] of a.entries()) {
    for (let pixel = 0; pixel < mask.length; pixel++) if (mask[pixel] !== b[index]![pixel]) differing++;
    pixels += mask.length;
  }
  return differing / pixels;
}

function flagsOf(set: string): Record<string, number | boolean> {
  return Object.fromEntries(set === EXACT ? [] : set.split(",").map(flagOf));
}

function describeRun({ milliseconds, residentMegabytes, peak }: Run): string {
  return `${median(milliseconds).toFixed(0)} ms a frame, ${residentMegabytes.toFixed(0)} MB at the peak so far, matrix product ${peak.toFixed(0)} GFLOP/s`;
}

/** What exactness allows: our operations at the pace of one large matrix product, and nothing besides. */
function describeFloor(config: Sam2Config, ours: Run, official: Run): string {
  const gflop = Object.values(frameWork(config, FULL_BANK)).reduce((sum, { flops }) => sum + flops, 0) / 1e9;
  const floor = (gflop / ours.peak) * 1000;
  const share = floor / median(official.milliseconds);
  return `our ${gflop.toFixed(0)} GFLOP take ${floor.toFixed(0)} ms at that speed: ${share.toFixed(2)} of official`;
}

const options = readArguments(process.argv.slice(2));
const config = configOf(options.model, null);
const bytes = seededBytes(config);
const pictures = drawFrames(config.imageSize, options.fill + options.frames);
const official = runOfficial(bytes, pictures, options);
console.log(`official ${describeRun(official)}`);
for (const set of [EXACT, ...options.also]) {
  const ours = await runOurs(bytes, pictures, options, set);
  console.log(`masklet, ${set}: ${describeRun(ours)}`);
  if (set === EXACT) console.log(describeFloor(config, ours, official));
  const ratio = median(ours.milliseconds) / median(official.milliseconds);
  const differing = disagreement(ours.masks, official.masks);
  console.log(`ratio ${ratio.toFixed(2)}; pixels that differ: ${differing.toExponential(1)}`);
}
