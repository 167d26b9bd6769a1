/**
 * Runs in Node, with Python beside it: the data engine once around. A model tracks a clip, a person corrects
 * it, the corrected track becomes a dataset, the model learns from it, and both are measured: on the clip
 * that was corrected and on others.
 *
 *     SAM2_REF=DIR node tests/bench/run.mjs tests/bench/learning-loop.ts PYTHON WORK_FOLDER [STEPS] [MODEL]
 *
 * The person is simulated: where a frame's J falls below 0.75 the true mask is given, and tracking goes on.
 */
import { spawnSync } from "node:child_process";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { DatasetClip } from "../../worker/evaluation/dataset-clip.ts";
import { findClips } from "../../worker/evaluation/dataset-layout.ts";
import { binaryMaskOf, givePrompt } from "../../worker/evaluation/evaluation-prompt.ts";
import { jaccard } from "../../worker/evaluation/jaccard-and-boundary.ts";
import { openClips } from "../../worker/evaluation/run-evaluation.ts";
import type { ClipSegmenter, SegmentedFrame } from "../../worker/evaluation/segmenter.ts";
import { SessionSegmenter } from "../../worker/evaluation/session-segmenter.ts";
import { recordSession, type SessionObject } from "../../worker/evaluation/track-record.ts";
import { openClipFrames } from "../../worker/node/clip-frames.ts";
import { addToDataset } from "../../worker/node/commands/dataset.ts";
import { evalCommand, openModel } from "../../worker/node/commands/eval.ts";
import { diskFolder } from "../../worker/node/disk-folder.ts";
import type { FramePrompts } from "../../worker/protocol.ts";

const CLIPS = "../shared/clips";
const CORRECTED = "pumavos_chair";
const ACCEPTABLE_J = 0.75;
const CONFIG = "models/embedded/masklet-nano.yaml";

const [python, work, steps = "150", model = "models/embedded/masklet-nano.pt"] = process.argv.slice(2);
if (!python || !work) throw new Error("Expected PYTHON WORK_FOLDER [STEPS] [MODEL].");

/** Tracks one object to the end; whatever is wrong is painted over by hand. */
async function correct(session: ClipSegmenter, clip: DatasetClip, id: number): Promise<SessionObject> {
  const object = clip.objects.find((one) => one.id === id)!;
  const records = new Map<number, SegmentedFrame>();
  const prompts = new Map<number, FramePrompts>();
  const truth = new Map<number, Awaited<ReturnType<DatasetClip["truth"]>>>();
  for (const frame of clip.annotatedFrames) truth.set(frame, await clip.truth(frame));
  const last = clip.framePaths.length - 1;
  let from: number | null = object.firstFrame;
  while (from !== null) {
    const said = await givePrompt(session, id, from, truth.get(from)!.get(id)!, { kind: "mask" });
    prompts.set(from, said.prompts);
    const start: number = from;
    let wrong: number | null = null;
    await session.track([id], from, last, ([result]) => {
      const expected = truth.get(result!.frameIndex)?.get(id);
      const bad = expected !== undefined && jaccard(binaryMaskOf(result!), expected) < ACCEPTABLE_J;
      if (bad && result!.frameIndex > start) wrong = result!.frameIndex;
      else records.set(result!.frameIndex, result!);
      return wrong === null;
    });
    from = wrong;
  }
  return { name: object.name, prompts, records };
}

async function makeDataset(out: string): Promise<void> {
  const folder = diskFolder(CLIPS);
  const files = (await findClips(folder)).filter(({ name }) => name === CORRECTED);
  const [clip] = await openClips(folder, files, { sparse: false });
  const segmenter = new SessionSegmenter("loop", await openModel({ model, config: CONFIG }, 1), "sticky");
  const frames = await openClipFrames(clip!);
  const session = await segmenter.open(clip!, frames);
  const corrected = await correct(session, clip!, 1);
  console.log(`corrected by hand: ${corrected.prompts.size} of ${corrected.records.size} frames`);
  const identity = { ...frames.info, fingerprint: "00000000deadbeef" };
  const record = recordSession(identity, [corrected], { model, madeAt: new Date().toISOString() });
  console.log(await addToDataset(out, record, frames));
  await session.close();
  await segmenter.close();
  frames.close();
}

async function fineTune(extra: string, out: string): Promise<string> {
  const recipe = JSON.parse(await readFile("models/embedded/training/finetune.json", "utf8"));
  recipe.legs[0].steps = Number(steps);
  await writeFile(join(out, "recipe.json"), JSON.stringify(recipe));
  const args = ["train.py", "--recipe", join(out, "recipe.json"), "--init", resolve(model)];
  const more = ["--extra", extra, "--out", out, "--processes", "1", "--validate", "0", "--port", "29777"];
  const pool = process.env.MASKLET_POOL ? ["--pool", process.env.MASKLET_POOL] : [];
  const { status } = spawnSync(python!, [...args, ...more, ...pool], {
    cwd: "models/embedded/training",
    stdio: "inherit",
  });
  if (status !== 0) throw new Error(`Training ended with ${status}.`);
  return join(out, "nano.pt");
}

async function score(checkpoint: string, dataset: string, prompt: string, json: string): Promise<string> {
  const args = ["--model", checkpoint, "--config", CONFIG, "--threads", "1", "--json", json];
  const context = { signal: new AbortController().signal, say: () => {}, live: false };
  await evalCommand([dataset, "--prompt", prompt, ...args], context);
  const { clips } = JSON.parse(await readFile(json, "utf8"));
  const objects = clips.flatMap(
    (clip: { clip: string; objects: { name: string; score: { JF: number } | null }[] }) =>
      clip.objects.map(({ name, score }) => `${clip.clip}/${name} ${((score?.JF ?? 0) * 100).toFixed(1)}`),
  );
  return objects.join(", ");
}

const folder = resolve(work);
await mkdir(join(folder, "run"), { recursive: true });
await cp(model, join(folder, "before.pt"));
await makeDataset(join(folder, "dataset"));
const tuned = await fineTune(join(folder, "dataset"), join(folder, "run"));
const demo = join(folder, "demo");
spawnSync(process.execPath, ["tests/bench/run.mjs", "tests/bench/demo-dataset.ts", demo], {
  stdio: "inherit",
});
const lines: string[] = [];
for (const [name, checkpoint] of [
  ["before", join(folder, "before.pt")],
  ["after", tuned],
] as const) {
  for (const prompt of ["click", "mask"]) {
    const real = await score(checkpoint, CLIPS, prompt, join(folder, `${name}-${prompt}.json`));
    const rendered = await score(checkpoint, demo, prompt, join(folder, `${name}-${prompt}-demo.json`));
    lines.push(`${name}, ${prompt}: ${real}, ${rendered}`);
  }
}
console.log(`J&F:\n${lines.join("\n")}`);
