/** Node: `masklet dataset`, which keeps corrected tracks as training data, on this machine only. */
import { openAsBlob } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { clipFingerprint } from "../../evaluation/clip-fingerprint.ts";
import { DatasetError } from "../../evaluation/dataset-folder.ts";
import { addRecord, type MergeReport, mergeDatasets } from "../../evaluation/dataset-merge.ts";
import { reviewDataset } from "../../evaluation/dataset-review.ts";
import { parseTrackRecord, type TrackRecord } from "../../evaluation/track-record.ts";
import type { FrameSource } from "../../frames/frame-source.ts";
import { TrackerError } from "../../tracker-error.ts";
import { diskFolder, diskStore } from "../disk-folder.ts";
import { encodeJpeg } from "../encode-jpeg.ts";
import { openClipAt, stillsIn } from "../open-clip.ts";
import { parseArguments, single } from "../terminal/arguments.ts";
import { type CommandResult, UsageError } from "../terminal/command.ts";

export const DATASET_USAGE = `dataset export|merge|check ...
  export RECORD.json --frames CLIP --out DIR   adds a corrected track to the dataset in DIR
  merge DIR [DIR ...] --out DIR                joins datasets without duplicates
  check DIR                                    reads all of it and says what is wrong`;

const SUBCOMMANDS: Record<string, (args: readonly string[]) => Promise<object>> = {
  export: exportRecord,
  merge,
  check,
};

export async function datasetCommand([name = "", ...args]: readonly string[]): Promise<CommandResult> {
  const run = SUBCOMMANDS[name];
  if (!run) throw new UsageError(`Expected export, merge or check, got "${name}".`);
  return { exitCode: 0, summary: { ...(await run(args)) } };
}

/** What `masklet track --dataset DIR` calls too. `frames` stays the caller's to close. */
export function addToDataset(out: string, record: TrackRecord, frames: FrameSource): Promise<MergeReport> {
  const { width, height, frameCount } = record.clip;
  const { info } = frames;
  if (info.width !== width || info.height !== height || info.frameCount !== frameCount) {
    throw new TrackerError(
      "bad-clip",
      `The record is of a clip of ${width} x ${height}, ${frameCount} frames; ${info.name} has ${info.width} x ${info.height}, ${info.frameCount} frames.`,
      "Give the clip that was tracked.",
    );
  }
  return addRecord(diskStore(out), record, async (frame) => encodeJpeg(await frames.frame(frame)));
}

/** Of a media file, or of a folder of stills; what recognises a clip again. */
export async function fingerprintAt(path: string): Promise<string> {
  const isFolder = (await stat(path)).isDirectory();
  const files = isFolder ? (await stillsIn(path)).map((name) => join(path, name)) : [path];
  return clipFingerprint(await Promise.all(files.map((file) => openAsBlob(file))));
}

async function exportRecord(args: readonly string[]): Promise<object> {
  const parsed = parseArguments(args, { frames: "text", out: "text" });
  const [path, ...more] = parsed.positionals;
  const clip = single(parsed, "frames");
  const out = single(parsed, "out");
  if (path === undefined || more.length > 0 || clip === undefined || out === undefined) {
    throw new UsageError("Expected a record, --frames and --out.");
  }
  const { clip: recorded, objects } = await readRecordFile(path);
  const fingerprint = recorded.fingerprint || (await fingerprintAt(clip));
  const record = { clip: { ...recorded, fingerprint }, objects };
  const frames = await openClipAt(clip);
  try {
    return await addToDataset(out, record, frames);
  } finally {
    frames.close();
  }
}

async function readRecordFile(path: string): Promise<TrackRecord> {
  const text = await readFile(path, "utf8");
  try {
    return parseTrackRecord(text);
  } catch (error) {
    throw new DatasetError([{ path, problem: (error as Error).message }]);
  }
}

async function merge(args: readonly string[]): Promise<object> {
  const parsed = parseArguments(args, { out: "text" });
  const out = single(parsed, "out");
  if (parsed.positionals.length === 0 || out === undefined) {
    throw new UsageError("Expected datasets and --out.");
  }
  return mergeDatasets(diskStore(out), parsed.positionals.map(diskFolder));
}

/** @throws DatasetError with everything that is wrong. */
async function check(args: readonly string[]): Promise<object> {
  const [path, ...more] = parseArguments(args, {}).positionals;
  if (path === undefined || more.length > 0) throw new UsageError("Expected one dataset.");
  const { problems, ...counts } = await reviewDataset(diskFolder(path));
  if (problems.length > 0) throw new DatasetError(problems);
  return counts;
}
