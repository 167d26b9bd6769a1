/** Node: `masklet dataset`, which keeps corrected tracks as training data, on this machine only. */
import { openAsBlob } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
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

export const DATASET_USAGE = `masklet dataset export RECORD.json --frames CLIP --out DIR
masklet dataset merge DIR [DIR ...] --out DIR
masklet dataset check DIR`;

const COMMANDS: Record<string, (args: string[]) => Promise<number>> = {
  export: exportRecord,
  merge,
  check,
};

/** Prints one JSON summary; gives 0, or 1 when a checked dataset has problems. */
export async function datasetCommand([name = "", ...args]: string[]): Promise<number> {
  const command = COMMANDS[name];
  if (!command) throw usage(`Expected export, merge or check, got "${name}".`);
  return command(args);
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

async function exportRecord(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    options: { frames: { type: "string" }, out: { type: "string" } },
    allowPositionals: true,
  });
  const [path, ...more] = positionals;
  if (path === undefined || more.length > 0 || !values.frames || !values.out) {
    throw usage("Expected a record, --frames and --out.");
  }
  const record = await readRecordFile(path);
  const frames = await openClipAt(values.frames);
  try {
    return print(await addToDataset(values.out, record, frames));
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

async function merge(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    options: { out: { type: "string" } },
    allowPositionals: true,
  });
  if (positionals.length === 0 || !values.out) throw usage("Expected datasets and --out.");
  return print(await mergeDatasets(diskStore(values.out), positionals.map(diskFolder)));
}

async function check(args: string[]): Promise<number> {
  const { positionals } = parseArgs({ args, allowPositionals: true });
  const [path, ...more] = positionals;
  if (path === undefined || more.length > 0) throw usage("Expected one dataset.");
  const review = await reviewDataset(diskFolder(path));
  print(review);
  return review.problems.length === 0 ? 0 : 1;
}

function print(summary: object): number {
  process.stdout.write(`${JSON.stringify(summary, null, 1)}\n`);
  return 0;
}

function usage(message: string): TrackerError {
  return new TrackerError("bad-config", message, DATASET_USAGE);
}
