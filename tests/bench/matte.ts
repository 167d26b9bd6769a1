/**
 * Runs in Node (`npm run bench:matte`): what the matte's treatment does to edges, to chatter and to paths,
 * and what it costs. Writes tests/MATTE.md; with `-- speed paths` only those tables. With
 * `--pictures FOLDER` also edges at 400 %, next to bilinear.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { dirname } from "node:path";
import type { BinaryMask } from "../../worker/evaluation/binary-mask.ts";
import { chatterBetween, lumaOf } from "../../worker/evaluation/chatter.ts";
import { boundaryF, jaccard } from "../../worker/evaluation/jaccard-and-boundary.ts";
import { boxOfMask, growBox, maskOfRegion, regionOfMask } from "../../worker/matte/alpha-region.ts";
import { type MatteSettings, neutralSettings } from "../../worker/matte/matte-settings.ts";
import { outlineFrame } from "../../worker/matte/outline-tracks.ts";
import { pathAt } from "../../worker/matte/path-at.ts";
import {
  DEFAULT_SPARSITY,
  type PathOptions,
  pathOptionsAt,
  type TracedPaths,
} from "../../worker/matte/path-types.ts";
import { refineEdge } from "../../worker/matte/refine.ts";
import { tracePaths } from "../../worker/matte/trace-paths.ts";
import { treatClip } from "../../worker/matte/treat-clip.ts";
import { cleanAndRefine, shapeMatte } from "../../worker/matte/treat-frame.ts";
import { type Degradation, degradedLogits, degradeMask } from "../support/degraded-mask.ts";
import { edgeScore, mean } from "../support/edge-score.ts";
import { enlargeMask } from "../support/enlarged-mask.ts";
import { type Shot, syntheticShot } from "../support/synthetic-shot.ts";
import { syntheticClip, type TrueClip, type TrueFrame, trueClips } from "./matte-clips.ts";
import { cutTable } from "./matte-cuts.ts";
import { edgePicture, pathPicture } from "./matte-pictures.ts";
import { presenceTable } from "./matte-presence.ts";
import { markdown, percent, pixels, type Table } from "./matte-report.ts";
import { zoomTable } from "./matte-zoom.ts";

/** Frames of a clip that are scored; edges of neighbours say little new. */
const SCORED_FRAMES = 3;
/** A network's map: corners rounded by a little more than half a cell. */
const BLUR = 0.7;

const folder = process.argv.includes("--pictures")
  ? process.argv[process.argv.indexOf("--pictures") + 1]
  : null;

/** In the order of the file. */
const TABLES: Record<string, () => Promise<Table> | Table> = {
  speed: speedTable,
  edges: async () => edgeTable([...(await trueClips()), syntheticClip("made up, 1080p", 1920, 1080)]),
  paths: async () => pathTable((await trueClips()).filter(({ frames }) => frames.length > 10)),
  chatter: chatterTable,
  zoom: zoomTable,
  presence: presenceTable,
  cuts: cutTable,
};

/** All tables, or those named on the command line; the others stay as they are in the file. */
async function main(): Promise<void> {
  const named = Object.keys(TABLES).filter((name) => process.argv.includes(name));
  for (const name of named.length > 0 ? named : Object.keys(TABLES)) {
    const table = markdown(await TABLES[name]!());
    console.log(table);
    writeFileSync(FILE, `${heading()}\n${withSection(sectionsOf(FILE), table).join("\n")}`);
  }
}

const FILE = "tests/MATTE.md";

/** The file's tables, each from its title on. */
function sectionsOf(path: string): string[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, "utf8")
    .split(/^(?=## )/m)
    .slice(1)
    .map((section) => `${section.trimEnd()}\n`);
}

function withSection(sections: string[], table: string): string[] {
  const title = (text: string) => text.slice(0, text.indexOf("\n"));
  const at = sections.findIndex((section) => title(section) === title(table));
  return at < 0 ? [...sections, table] : sections.with(at, table);
}

function heading(): string {
  return [
    "# The matte, measured",
    "",
    "Written by `npm run bench:matte`. Clips: the demo clip (ours, exact masks), made-up shots (exact), and,",
    "where `../shared/clips` is there, PUMaVOS chair and caps (Bekuzarov et al., XMem++, 2023, CC BY 4.0; their",
    "masks were made with a tracker and corrected by hand, so they are no pixel-exact truth).",
    "",
    `One thread of Node ${process.versions.node} on ${cpus()[0]?.model ?? "an unknown processor"}.`,
    "",
  ].join("\n");
}

function scored(frames: readonly TrueFrame[]): TrueFrame[] {
  const stride = Math.max(1, frames.length / SCORED_FRAMES);
  return Array.from(
    { length: Math.min(SCORED_FRAMES, frames.length) },
    (_, i) => frames[Math.floor(i * stride)]!,
  );
}

// ---------------------------------------------------------------- edges

/** Of the random logits that stand for a network's doubts; see the table of chatter. */
const NOISE = 2.5;

function edgeTable(clips: TrueClip[]): Table {
  const rows = clips.flatMap((clip) =>
    [64, 256].flatMap((side) => [0, NOISE].map((noise) => edgeRow(clip, { side, blur: BLUR, noise }))),
  );
  const measures = ["F1", "F2", "F", "distance", "IoU"];
  return {
    title: "Edges",
    about:
      `True masks averaged to the model's map (64: a model with an input of 256 pixels, 256: SAM 2.1), blurred by ${BLUR} cells, with smooth ` +
      `random logits of deviation ${NOISE} added or none, then upscaled bilinearly and thresholded (before), refined by the ` +
      "picture from that mask alone (mask), and from the map's logits (logits), which is what an export does where nobody " +
      "changed the mask. F1, F2: boundary F with a " +
      "tolerance of one and of two pixels; F: the evaluators', 0.8 % of the diagonal (6 pixels at 640 x 360, 18 at " +
      "1080p), where bilinear upscaling of 256 cells leaves 0.3 points to gain; distance: mean, in pixels. Where a " +
      "cell is hardly larger than a pixel, or the colours on both sides can't be told apart, the edge stays " +
      "bilinear's. The limit of trust for that was chosen on these clips; the logistic function that makes probabilities " +
      "of logits has no constants of ours.",
    head: ["clip", "map", "noise", ...measures.flatMap((name) => [`${name} before`, "mask", "logits"])],
    rows,
  };
}

function edgeRow(clip: TrueClip, degradation: Degradation): (string | number)[] {
  const { side, noise } = degradation;
  const scores = scored(clip.frames).flatMap(({ mask, picture, frameIndex }) => {
    const seeded = { ...degradation, seed: frameIndex + 1 };
    const [before, logits] = [degradeMask(mask, seeded), degradedLogits(mask, seeded)];
    const fromMask = maskOfRegion(refineEdge(before, picture, { side }));
    const fromLogits = maskOfRegion(refineEdge(before, picture, { side, logits }));
    if (folder) {
      const name = `${clip.name}-${side}-${noise ? "noisy-" : ""}${frameIndex}`;
      savePicture(name, picture, before, fromLogits, mask);
    }
    const all = [before, fromMask, fromLogits].map((one) => measured(one, mask));
    return all.every((one) => one !== null) ? [all] : [];
  });
  const cells = (["f1", "f2", "f", "distance", "iou"] as const).flatMap((name) =>
    [0, 1, 2].map((way) => {
      const value = mean(scores.map((one) => one[way]![name]));
      return name === "distance" ? pixels(value) : name === "iou" ? value.toFixed(3) : percent(value);
    }),
  );
  return [clip.name, side, noise ? "yes" : "", ...cells];
}

function measured(mask: BinaryMask, truth: BinaryMask) {
  const score = edgeScore(mask, truth);
  return score && { ...score, f: boundaryF(mask, truth), iou: jaccard(mask, truth) };
}

function savePicture(
  name: string,
  picture: TrueFrame["picture"],
  before: BinaryMask,
  after: BinaryMask,
  truth: BinaryMask,
): void {
  mkdirSync(folder!, { recursive: true });
  writeFileSync(`${folder}/${name.replace(/[^\w-]+/g, "-")}.png`, edgePicture(picture, before, after, truth));
}

// ---------------------------------------------------------------- chatter

const FRAMES = 12;
/** Frames at both ends that have fewer neighbours and are left out of chatter. */
const ENDS = 2;
const STEADY_DEGRADATION = { side: 256, blur: 0.5, noise: 2.5 };

async function chatterTable(): Promise<Table> {
  const movements: [string, (i: number) => { centre: [number, number]; turn: number }][] = [
    ["still", () => ({ centre: [0.8, 0.5], turn: 0 })],
    ["moving, 4 px a frame", (i) => ({ centre: [0.6 + i * 0.0111, 0.5], turn: 0 })],
    ["moving, 11 px a frame", (i) => ({ centre: [0.5 + i * 0.0296, 0.5], turn: 0 })],
    ["speeding up", (i) => ({ centre: [0.5 + i * i * 0.003, 0.5], turn: 0 })],
    ["turning, 2° a frame", (i) => ({ centre: [0.8, 0.5], turn: i * 0.035 })],
  ];
  const rows: (string | number)[][] = [];
  for (const [name, place] of movements) {
    const shots = Array.from({ length: FRAMES }, (_, i) =>
      syntheticShot({ width: 640, height: 360, radius: 0.18, noise: i + 1, ...place(i) }),
    );
    for (const [title, settings] of [
      ["steady", { steady: 100 }],
      ["refine, steady", { refine: 100, steady: 100 }],
    ] as const)
      rows.push([name, title, ...(await chatterRow(shots, settings))]);
  }
  return {
    title: "Chatter",
    about:
      "Made-up shots, 640 x 360, whose masks are wrong in another way on each frame (smooth noise on the 256-cell " +
      "map, standard deviation 2.5 logits). Chatter: mean distance in pixels between the outline carried along with " +
      "the picture and the next frame's; distance: to the true edge. The outline of whole pixels and the carrying " +
      "itself cost something too (the two frames at each end have fewer neighbours and are left out): `true` is the chatter of the exact masks.",
    head: [
      "movement",
      "controls",
      "chatter before",
      "after",
      "true",
      "distance before",
      "after",
      "IoU before",
      "after",
    ],
    rows,
  };
}

async function chatterRow(shots: Shot[], settings: Partial<MatteSettings>): Promise<string[]> {
  const frames = shots.map(({ mask, picture }, frameIndex) => ({
    frameIndex,
    mask: degradeMask(mask, { ...STEADY_DEGRADATION, seed: 50 + frameIndex }),
    picture,
    shown: true,
  }));
  const treated: BinaryMask[] = [];
  for await (const { matte } of treatClip(frames, { ...neutralSettings(), ...settings }))
    treated.push(maskOfRegion(matte));
  const before = frames.map(({ mask }) => mask);
  const truth = shots.map(({ mask }) => mask);
  const distance = (masks: BinaryMask[]) =>
    mean(masks.map((mask, i) => edgeScore(mask, truth[i]!)!.distance));
  const iou = (masks: BinaryMask[]) => mean(masks.map((mask, i) => jaccard(mask, truth[i]!)));
  return [
    pixels(chatterOf(before, shots)),
    pixels(chatterOf(treated, shots)),
    pixels(chatterOf(truth, shots)),
    pixels(distance(before)),
    pixels(distance(treated)),
    iou(before).toFixed(3),
    iou(treated).toFixed(3),
  ];
}

function chatterOf(masks: BinaryMask[], shots: Shot[]): number {
  const frames = masks.map((mask, i) => ({ mask, luma: lumaOf(shots[i]!.picture) })).slice(ENDS, -ENDS);
  return mean(frames.slice(1).map((after, i) => chatterBetween(frames[i]!, after) ?? 0));
}

// ---------------------------------------------------------------- speed

function speedTable(): Table {
  const sizes: [string, number, number][] = [
    ["720p", 1280, 720],
    ["1080p", 1920, 1080],
    ["4K", 3840, 2160],
  ];
  const all = {
    ...neutralSettings(),
    fillHoles: 100,
    removeSpecks: 100,
    refine: 100,
    grow: -0.5,
    featherIn: 1,
    featherOut: 1,
    contrast: 20,
  };
  const rows = sizes.map(([name, width, height]) => {
    const { mask, picture } = syntheticShot({ width, height });
    const box = boxOfMask(mask)!;
    const coarse = degradeMask(mask, { side: 256, blur: BLUR });
    const refine = fastest(() => refineEdge(coarse, picture));
    const whole = fastest(() => shapeMatte(cleanAndRefine(coarse, picture, all), all));
    return [name, `${box.width} x ${box.height}`, refine.toFixed(0), whole.toFixed(0)];
  });
  return {
    title: "Milliseconds per frame",
    about:
      "Processor time of one thread and its garbage collector, the least of nine runs. Everything: holes, specks, " +
      "refining, shrinking, feathering and contrast together. Refining works on a grid of whole pixels: 1 at 720p, 2 at 1080p, " +
      "4 at 4K, so 720p has 1.8 times the cells of 1080p.",
    head: ["size", "object's box", "refining", "everything"],
    rows,
  };
}

function fastest(work: () => unknown): number {
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 9; i++) {
    const start = processorTime();
    work();
    best = Math.min(best, processorTime() - start);
  }
  return best;
}

/** Milliseconds, which hardly depend on what else the machine is doing. */
function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

// ---------------------------------------------------------------- paths

/** Where the worst case of the default setting is drawn. */
const WORST_PATH = "tests/docs/mask-path-worst.png";
/** Times that the demo clip's masks are enlarged to see what more pixels change: 640 x 360 becomes 1080p. */
const ENLARGED = 3;

/** A clip with its paths at the default setting. */
interface PathCase {
  clip: TrueClip;
  traced: TracedPaths;
}

async function pathTable(clips: TrueClip[]): Promise<Table> {
  const rows: (string | number)[][] = [];
  const cases: PathCase[] = [];
  for (const clip of clips) {
    for (const [name, share] of [
      ["faithful", 0],
      ["default", DEFAULT_SPARSITY],
      ["sparse", 1],
    ] as const) {
      const { row, traced } = await pathRow(clip, pathOptionsAt(share));
      rows.push([clip.name, name, ...row]);
      if (name === "default") cases.push({ clip, traced });
    }
    if (!clip.exact) continue;
    const { row } = await pathRow(clip, pathOptionsAt(DEFAULT_SPARSITY), ENLARGED);
    rows.push([`${clip.name}, 1080p`, "default", ...row]);
  }
  const worst = drawWorst(cases);
  return {
    title: "Mask paths",
    about:
      "True masks as keyframed Bézier paths, interpolated as After Effects does it (vertices and tangents linear in " +
      "time) and drawn again. Worst IoU with its frame; keyed: share of the visible frames on which any path has a key; " +
      "distance: the farthest that any path lies from the mask's edge, or the edge from it, in pixels, with its frame. " +
      `1080p: the same masks ${ENLARGED} times as large, with smooth edges. Longest: the longest stretch of work between two ` +
      `looks for a stop. Times: milliseconds of the processor, garbage collection included.\n\n![The worst frame](docs/mask-path-worst.png)\n\n${worst}`,
    head: [
      "clip",
      "setting",
      "IoU",
      "worst IoU",
      "keyed %",
      "vertices",
      "distance",
      "paths",
      "ms a frame",
      "longest",
    ],
    rows,
  };
}

/** Drawn on the frame whose IoU is least of all clips; says which one it is. */
function drawWorst(cases: readonly PathCase[]): string {
  const worst = cases.reduce((a, b) => (b.traced.quality.worstIou < a.traced.quality.worstIou ? b : a));
  const { clip, traced } = worst;
  const { worstFrame, worstIou } = traced.quality;
  const { picture, mask } = clip.frames.find(({ frameIndex }) => frameIndex === worstFrame)!;
  const paths = traced.tracks.map((track) => pathAt(track, worstFrame)).filter((path) => path !== null);
  mkdirSync(dirname(WORST_PATH), { recursive: true });
  writeFileSync(WORST_PATH, pathPicture(picture, mask, paths));
  return (
    `The worst frame of all at the default setting: ${clip.name}, frame ${worstFrame}, IoU ${worstIou.toFixed(3)}. ` +
    "Yellow: the mask's edge. Magenta: the paths, with their vertices."
  );
}

async function pathRow(
  clip: TrueClip,
  options: Partial<PathOptions>,
  times = 1,
): Promise<{ row: (string | number)[]; traced: TracedPaths }> {
  const start = processorTime();
  const frames = clip.frames.map(({ frameIndex, mask: small }) => {
    const mask = times === 1 ? small : enlargeMask(small, times);
    return outlineFrame(frameIndex, regionOfMask(mask, growBox(boxOfMask(mask)!, 2, mask)));
  });
  let [looked, longest] = [processorTime(), 0];
  const traced = await tracePaths(frames, options, async () => {
    longest = Math.max(longest, processorTime() - looked);
    looked = processorTime();
  });
  const { tracks, quality } = traced;
  const milliseconds = (processorTime() - start) / frames.length;
  const row = [
    quality.meanIou.toFixed(3),
    `${quality.worstIou.toFixed(3)} (${quality.worstFrame})`,
    percent(quality.keyedFrames / quality.visibleFrames),
    quality.medianVertices,
    `${pixels(quality.worstDistance)} (${quality.worstDistanceFrame})`,
    tracks.length,
    milliseconds.toFixed(0),
    longest.toFixed(0),
  ];
  return { row, traced };
}

await main();
