/** Runs anywhere: reads a whole exported dataset and says everything that is wrong with it. */
import { decodeAnnotation } from "./annotation-png.ts";
import {
  ANNOTATION_FOLDER,
  annotatedFrames,
  clipFileName,
  PICTURE_FOLDER,
  paletteIndices,
  palettePath,
  picturePath,
} from "./dataset-export.ts";
import {
  DatasetError,
  type DatasetFolder,
  type DatasetProblem,
  joinPath,
  listFiles,
  listFolders,
  readJson,
} from "./dataset-folder.ts";
import { readRecord } from "./dataset-merge.ts";
import { imageSize } from "./image-header.ts";
import { type SavAnnotation, toSavAnnotation } from "./sav-annotation.ts";
import type { TrackRecord } from "./track-record.ts";

export interface DatasetReview {
  clips: number;
  objects: number;
  masks: number;
  problems: DatasetProblem[];
}

export async function reviewDataset(folder: DatasetFolder): Promise<DatasetReview> {
  const paths = await listFiles(folder, "", ["_manual.json"]);
  const review: DatasetReview = { clips: 0, objects: 0, masks: 0, problems: [] };
  if (paths.length === 0) {
    review.problems.push({ path: "", problem: "holds no CLIP_manual.json, so it is no exported dataset" });
  }
  const seen = new Map<string, string>();
  for (const path of paths) {
    const record = await readOrNote(folder, path, review.problems);
    if (!record) continue;
    review.clips++;
    review.objects += record.objects.length;
    review.masks += record.objects.reduce((sum, { frames }) => sum + frames.length, 0);
    review.problems.push(
      ...duplicateProblems(record, path, seen),
      ...(await clipProblems(folder, path, record)),
    );
  }
  review.problems.push(...(await strayFolders(folder, paths)));
  return review;
}

async function readOrNote(
  folder: DatasetFolder,
  path: string,
  problems: DatasetProblem[],
): Promise<TrackRecord | null> {
  try {
    return await readRecord(folder, path);
  } catch (error) {
    if (!(error instanceof DatasetError)) throw error;
    problems.push(...error.problems);
    return null;
  }
}

function duplicateProblems(
  { clip, objects }: TrackRecord,
  path: string,
  seen: Map<string, string>,
): DatasetProblem[] {
  const problems: DatasetProblem[] = [];
  const earlier = seen.get(clip.fingerprint);
  if (earlier) problems.push({ path, problem: `is of the same media as ${earlier}` });
  seen.set(clip.fingerprint, path);
  const keys = objects.map(({ key }) => key);
  const double = keys.find((key, i) => keys.indexOf(key) !== i);
  if (double !== undefined) problems.push({ path, problem: `has the object "${double}" twice` });
  return problems;
}

async function clipProblems(
  folder: DatasetFolder,
  path: string,
  record: TrackRecord,
): Promise<DatasetProblem[]> {
  const clip = clipFileName(record.clip);
  const problems = [...(await statedProblems(folder, path, record, clip))];
  const frames = annotatedFrames(record);
  for (const frame of frames) {
    problems.push(...(await pictureProblems(folder, record, picturePath(clip, frame))));
    problems.push(...(await paletteProblems(folder, record, frame, palettePath(clip, frame))));
  }
  const wanted = new Set(frames.flatMap((frame) => [picturePath(clip, frame), palettePath(clip, frame)]));
  for (const root of [joinPath(PICTURE_FOLDER, clip), joinPath(ANNOTATION_FOLDER, clip)]) {
    const extra = (await listFiles(folder, root, [""])).filter((name) => !wanted.has(joinPath(root, name)));
    problems.push(...extra.map((name) => ({ path: joinPath(root, name), problem: "belongs to no mask" })));
  }
  return problems;
}

/** Everything that SA-V's keys state besides the masks follows from the masks. */
async function statedProblems(
  folder: DatasetFolder,
  path: string,
  record: TrackRecord,
  clip: string,
): Promise<DatasetProblem[]> {
  const stated = (await readJson(folder, path)) as SavAnnotation;
  const expected = toSavAnnotation(record, clip);
  const keys = Object.keys(expected) as (keyof SavAnnotation)[];
  return keys
    .filter((key) => key !== "masklet" && key !== "masklet_provenance")
    .filter((key) => JSON.stringify(stated[key]) !== JSON.stringify(expected[key]))
    .map((key) => ({
      path,
      problem: `${key} is ${JSON.stringify(stated[key])}, the masks say ${JSON.stringify(expected[key])}`,
    }));
}

async function pictureProblems(
  folder: DatasetFolder,
  { clip }: TrackRecord,
  path: string,
): Promise<DatasetProblem[]> {
  const bytes = await readIfThere(folder, path);
  if (bytes === null) return [{ path, problem: "is missing" }];
  const size = imageSize(bytes);
  if (size?.width === clip.width && size.height === clip.height) return [];
  const found = size ? `${size.width} x ${size.height}` : "no picture";
  return [{ path, problem: `is ${found}, the clip is ${clip.width} x ${clip.height}` }];
}

async function paletteProblems(
  folder: DatasetFolder,
  record: TrackRecord,
  frame: number,
  path: string,
): Promise<DatasetProblem[]> {
  const bytes = await readIfThere(folder, path);
  if (bytes === null) return [{ path, problem: "is missing" }];
  try {
    const { data } = decodeAnnotation(bytes);
    const expected = paletteIndices(record, frame);
    const different = expected.filter((value, i) => value !== data[i]).length;
    const same = different === 0 && data.length === expected.length;
    return same ? [] : [{ path, problem: `differs from the run-length masks in ${different} pixels` }];
  } catch (error) {
    return [{ path, problem: `can't be read: ${(error as Error).message}` }];
  }
}

async function strayFolders(folder: DatasetFolder, annotations: string[]): Promise<DatasetProblem[]> {
  const known = new Set(annotations.map((path) => path.replace("_manual.json", "")));
  const problems: DatasetProblem[] = [];
  for (const root of [PICTURE_FOLDER, ANNOTATION_FOLDER]) {
    const stray = (await listFolders(folder, root)).filter((name) => !known.has(name));
    problems.push(
      ...stray.map((name) => ({ path: joinPath(root, name), problem: `has no ${name}_manual.json` })),
    );
  }
  return problems;
}

async function readIfThere(folder: DatasetFolder, path: string): Promise<Uint8Array | null> {
  try {
    return await folder.read(path);
  } catch {
    return null;
  }
}
