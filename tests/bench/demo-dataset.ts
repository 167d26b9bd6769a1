/**
 * Runs in Node: the demo clip with its exact masks as a dataset, for `masklet eval` and for training.
 *
 *     node tests/bench/run.mjs tests/bench/demo-dataset.ts FOLDER
 */
import { readFile } from "node:fs/promises";
import { recordSession } from "../../worker/evaluation/track-record.ts";
import { addToDataset, fingerprintAt } from "../../worker/node/commands/dataset.ts";
import { openClipAt } from "../../worker/node/open-clip.ts";

const DEMO = "tests/fixtures/demo";

interface DemoMasks {
  width: number;
  height: number;
  objects: { name: string; counts: string[] }[];
}

const [out] = process.argv.slice(2);
if (!out) throw new Error("Expected the folder to write to.");
const { width, height, objects } = JSON.parse(await readFile(`${DEMO}/demo-masks.json`, "utf8")) as DemoMasks;
const frames = await openClipAt(`${DEMO}/demo.mp4`);
const clip = { ...frames.info, fingerprint: await fingerprintAt(`${DEMO}/demo.mp4`) };
const drawn = objects.map(({ name, counts }) => ({
  name,
  prompts: new Map(
    counts.map((runs, frame) => [frame, { points: [], mask: { width, height, counts: runs } }]),
  ),
  records: new Map(counts.map((runs, frame) => [frame, { mask: { width, height, counts: runs } }])),
}));
const source = { model: "rendered", madeAt: new Date().toISOString() };
console.log(await addToDataset(out, recordSession(clip, drawn, source), frames));
frames.close();
