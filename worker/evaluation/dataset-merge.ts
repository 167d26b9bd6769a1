/** Runs anywhere: adds records to a dataset that may already hold some of them. */

import { CLIP_LIST, clipFileName, exportFiles, type PictureSource, picturePath } from "./dataset-export.ts";
import { DatasetError, type DatasetFolder, listFiles, readJson } from "./dataset-folder.ts";
import { fromSavAnnotation } from "./sav-annotation.ts";
import { mergeRecords, type TrackRecord } from "./track-record.ts";

/** A dataset that can be written to. */
export interface DatasetStore extends DatasetFolder {
  /** Replaces the file in one go, so that a stopped export leaves no half file. */
  write(path: string, bytes: Uint8Array): Promise<void>;
}

export interface MergeReport {
  clips: number;
  objects: number;
  /** Masks by where they come from, after merging. */
  masks: { prompted: number; corrected: number; predicted: number };
}

/** All records of a dataset, in the order of their files. @throws DatasetError that names the file */
export async function readRecords(folder: DatasetFolder): Promise<TrackRecord[]> {
  const records: TrackRecord[] = [];
  for (const path of await listFiles(folder, "", ["_manual.json"])) {
    records.push(await readRecord(folder, path));
  }
  return records;
}

export async function readRecord(folder: DatasetFolder, path: string): Promise<TrackRecord> {
  const json = await readJson(folder, path);
  try {
    return fromSavAnnotation(json);
  } catch (error) {
    throw new DatasetError([{ path, problem: (error as Error).message }]);
  }
}

/** Merges one record in; `pictures` is asked only for frames that the dataset lacks. */
export async function addRecord(
  store: DatasetStore,
  record: TrackRecord,
  pictures: PictureSource,
): Promise<MergeReport> {
  const known = await readRecords(store);
  const earlier = known.find(({ clip }) => clip.fingerprint === record.clip.fingerprint);
  // The clip keeps the name under which it was first exported: its files are called so.
  const merged = earlier ? withName(mergeRecords(earlier, record), earlier.clip.name) : record;
  const missing = await missingPictures(store, merged, pictures);
  for await (const file of exportFiles(merged, missing)) await store.write(file.path, file.bytes);
  const all = [...known.filter((other) => other !== earlier), merged];
  const names = all.map(({ clip }) => `${clipFileName(clip)}\n`).sort();
  await store.write(CLIP_LIST, new TextEncoder().encode(names.join("")));
  return mergeReport(all);
}

/** Merges whole datasets into one; each brings its own pictures. */
export async function mergeDatasets(store: DatasetStore, sources: DatasetFolder[]): Promise<MergeReport> {
  let report: MergeReport = mergeReport(await readRecords(store));
  for (const source of sources) {
    for (const record of await readRecords(source)) {
      const clip = clipFileName(record.clip);
      report = await addRecord(store, record, (frame) => source.read(picturePath(clip, frame)));
    }
  }
  return report;
}

function withName(record: TrackRecord, name: string): TrackRecord {
  return { ...record, clip: { ...record.clip, name } };
}

async function missingPictures(
  store: DatasetStore,
  record: TrackRecord,
  pictures: PictureSource,
): Promise<PictureSource> {
  const clip = clipFileName(record.clip);
  const folder = picturePath(clip, 0).replace(/\/[^/]*$/, "");
  const present = new Set(await listFiles(store, folder, [".jpg"]));
  return async (frame) =>
    present.has(picturePath(clip, frame).slice(folder.length + 1)) ? null : pictures(frame);
}

function mergeReport(records: TrackRecord[]): MergeReport {
  const frames = records.flatMap(({ objects }) => objects.flatMap((object) => object.frames));
  const count = (wanted: string) => frames.filter(({ origin }) => origin === wanted).length;
  return {
    clips: records.length,
    objects: records.reduce((sum, { objects }) => sum + objects.length, 0),
    masks: { prompted: count("prompted"), corrected: count("corrected"), predicted: count("predicted") },
  };
}
