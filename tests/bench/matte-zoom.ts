/** Runs in Node: what a second track through a window gains on small objects, and what it costs. */
import type { BinaryMask } from "../../worker/evaluation/binary-mask.ts";
import { boundaryF, jaccard } from "../../worker/evaluation/jaccard-and-boundary.ts";
import type { Sam2Engine } from "../../worker/sam2-engine.ts";
import { planZoom, zoomPass } from "../../worker/zoom-pass.ts";
import { edgeScore, mean } from "../support/edge-score.ts";
import { type ComposedClip, type ComposedFrame, composedClips, hasFootage } from "./composed-clips.ts";
import { trueClips } from "./matte-clips.ts";
import { binaryOf, builtinEngine, trackClip } from "./matte-model.ts";
import { percent, type Table } from "./matte-report.ts";

/** Frames of a clip that are tracked. */
const FRAMES = 48;
/** A person's corrections: every so many frames the true mask is given. */
const CORRECTED_EVERY = 6;

export async function zoomTable(): Promise<Table> {
  const engine = await builtinEngine();
  const rows: (string | number)[][] = [];
  for (const clip of await smallObjects())
    for (const every of [FRAMES, CORRECTED_EVERY]) rows.push(await zoomRow(engine, clip, every));
  await engine.release();
  return {
    title: "Zoom",
    about:
      "Small objects tracked by the built-in model (384-pixel input, 96-cell map), then a second time through a window " +
      `that follows them (\`--small-objects zoom\`). Masks given: the true mask on the first frame, or on every ${CORRECTED_EVERY}th, ` +
      "as a person who corrects would; those frames aren't scored, nor those on which the object is hidden. J, F1, F2 and F as " +
      "in the table of edges, before (tracked) and after. Composed clips (640 x 360): cut-outs of PUMaVOS objects over " +
      "real footage, exact masks. Cost: the second pass's time by the first's, both in this run on a busy machine.",
    head: [
      "clip",
      "object, % of frame",
      "masks given",
      "J before",
      "J after",
      "F1 before",
      "F1 after",
      "F2 before",
      "F2 after",
      "F before",
      "F after",
      "cost",
    ],
    rows,
  };
}

async function smallObjects(): Promise<ComposedClip[]> {
  const real = (await trueClips()).filter(({ name }) => name === "pumavos_chair" || name.startsWith("demo"));
  const labelled = real.map(({ name, frames }) => ({ name, frames: frames.slice(0, FRAMES) }));
  return [...(hasFootage() ? await composedClips() : []), ...labelled];
}

async function zoomRow(engine: Sam2Engine, { name, frames }: ComposedClip, every: number) {
  const isSeen = ({ mask }: ComposedFrame) => mask.data.includes(1);
  const prompted = frames.flatMap((frame, index) => (index % every === 0 && isSeen(frame) ? [index] : []));
  const tracked = await trackClip(engine, frames, prompted);
  const started = performance.now();
  const after = tracked.masks.slice();
  const plan = await planZoom(tracked.session, { objectIds: [1], from: 0, to: frames.length - 1 });
  for await (const { frameIndex, objects } of zoomPass(tracked.session, plan)) {
    after[frameIndex] = binaryOf(objects[0]!.mask);
  }
  const cost = (performance.now() - started) / tracked.milliseconds;
  tracked.session.close();
  const scored = frames.flatMap((frame, index) =>
    isSeen(frame) && !prompted.includes(index) ? [index] : [],
  );
  const scores = (masks: BinaryMask[]) => scored.map((index) => scoreOf(masks[index]!, frames[index]!.mask));
  const [a, b] = [scores(tracked.masks), scores(after)];
  const share = mean(scored.map((index) => mean(frames[index]!.mask.data)));
  const pair = (key: "j" | "f1" | "f2" | "f") =>
    [a, b].map((list) => percent(mean(list.map((one) => one[key]))));
  const given = every === FRAMES ? "first" : `every ${every}th`;
  const zoomed = plan.frames > 0 ? cost.toFixed(2) : "not small";
  return [name, percent(share), given, ...pair("j"), ...pair("f1"), ...pair("f2"), ...pair("f"), zoomed];
}

function scoreOf(mask: BinaryMask, truth: BinaryMask) {
  const edge = edgeScore(mask, truth);
  return { j: jaccard(mask, truth), f: boundaryF(mask, truth), f1: edge?.f1 ?? 0, f2: edge?.f2 ?? 0 };
}
