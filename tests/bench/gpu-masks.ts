/**
 * Runs in Node: the built-in model on this machine's graphics card (or a software Vulkan), exact and in half
 * precision, beside the processor: the demo clip's koi by one click, masks compared frame by frame.
 *
 *     node tests/bench/run.mjs tests/bench/gpu-masks.ts [--frames N] [--backends native,webgpu]
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { BinaryMask } from "../../worker/evaluation/binary-mask.ts";
import { nextClick } from "../../worker/evaluation/click-sampling.ts";
import { jaccard } from "../../worker/evaluation/jaccard-and-boundary.ts";
import { decodeMask } from "../../worker/mask-rle.ts";
import { openClipAt } from "../../worker/node/open-clip.ts";
import { configUnder, predictorOptionsFor, withOptions } from "../../worker/predictor-options.ts";
import type { Mask } from "../../worker/protocol.ts";
import { Sam2Engine } from "../../worker/sam2-engine.ts";
import { TrackingSession } from "../../worker/tracking-session.ts";
import { type BenchBackend, builtinBytes, configOf, openBackend, openModel } from "./speed/subject.ts";

const DEMO = "tests/fixtures/demo";

const { values } = parseArgs({
  options: {
    frames: { type: "string", default: "120" },
    backends: { type: "string", default: "native,webgpu" },
  },
});
const last = Number(values.frames) - 1;

interface Followed {
  masks: Map<number, Mask>;
  secondsPerFrame: number;
}

async function follow(backend: BenchBackend, half: boolean): Promise<Followed> {
  const base = configOf("builtin", null);
  const options = withOptions(predictorOptionsFor(base), { half_precision: half });
  const model = await openModel(builtinBytes(), configUnder(base, options));
  const engine = await Sam2Engine.load(model, await openBackend(backend, 2));
  const frames = await openClipAt(`${DEMO}/demo.mp4`);
  const session = new TrackingSession({ engine, frames, options });
  await session.addPoints(0, 1, { points: [koi()], labels: [1] });
  const masks = new Map<number, Mask>();
  const started = performance.now();
  for await (const { frameIndex, objects } of session.propagate({ maxFrames: last })) {
    masks.set(frameIndex, objects[0]!.mask);
  }
  const secondsPerFrame = (performance.now() - started) / 1000 / masks.size;
  session.close();
  frames.close();
  await engine.release();
  return { masks, secondsPerFrame };
}

/** The place in the koi that is furthest from its edge, on the first frame. */
function koi(): [number, number] {
  const { width, height, objects } = JSON.parse(readFileSync(`${DEMO}/demo-masks.json`, "utf8")) as {
    width: number;
    height: number;
    objects: { counts: string[] }[];
  };
  const { x, y } = nextClick(asBinary({ width, height, counts: objects[0]!.counts[0]! }), null)!;
  return [x, y];
}

function asBinary(mask: Mask): BinaryMask {
  return { width: mask.width, height: mask.height, data: decodeMask(mask) };
}

function compared({ masks, secondsPerFrame }: Followed, exact: Followed): string {
  const overlaps = [...masks].map(([frame, mask]) =>
    jaccard(asBinary(mask), asBinary(exact.masks.get(frame)!)),
  );
  const mean = overlaps.reduce((sum, value) => sum + value, 0) / overlaps.length;
  const same = overlaps.filter((value) => value === 1).length;
  return `IoU with the exact masks of the processor: mean ${mean.toFixed(4)}, least ${Math.min(...overlaps).toFixed(4)}, ${same} of ${overlaps.length} the same; ${secondsPerFrame.toFixed(3)} s a frame`;
}

const exact = await follow("native", false);
for (const backend of values.backends.split(",") as BenchBackend[]) {
  for (const half of [false, true]) {
    console.log(
      `${backend}, ${half ? "half precision" : "exact"}: ${compared(await follow(backend, half), exact)}`,
    );
  }
}
process.exit(0);
