/** Runs anywhere: do frames and masks of a clip fit together? Looks at names and sizes, not at pixels. */
import {
  baseName,
  DatasetError,
  type DatasetFolder,
  type DatasetProblem,
  frameKey,
} from "./dataset-folder.ts";
import type { ClipFiles } from "./dataset-layout.ts";
import { type ImageSize, imageSize } from "./image-header.ts";

/** Fewer can't be scored: the first one is the prompt. */
const FEWEST_ANNOTATED_FRAMES = 2;

export interface CheckedClip {
  size: ImageSize;
  /** Frame indices, ascending. */
  annotatedFrames: number[];
}

/** @throws DatasetError with everything that is wrong, not only the first finding. */
export async function checkClipFiles(
  folder: DatasetFolder,
  files: ClipFiles,
  options: { sparse: boolean },
): Promise<CheckedClip> {
  const frameOfKey = new Map(files.framePaths.map((path, i) => [frameKey(baseName(path)), i] as const));
  const annotatedFrames = annotatedFramesOf(files, frameOfKey);
  const structural = [
    ...countProblems(files, annotatedFrames),
    ...extraMasks(files, frameOfKey),
    ...missingMasks(files, annotatedFrames, frameOfKey, options.sparse),
  ];
  if (files.framePaths.length === 0) throw new DatasetError(structural);
  const { size, problems } = await checkSizes(folder, files);
  if (structural.length + problems.length > 0) throw new DatasetError([...structural, ...problems]);
  return { size, annotatedFrames };
}

function annotatedFramesOf(files: ClipFiles, frameOfKey: ReadonlyMap<string, number>): number[] {
  const frames = new Set(files.maskPaths.map(({ key }) => frameOfKey.get(key)));
  return [...frames].filter((frame) => frame !== undefined).sort((a, b) => a - b);
}

function countProblems(files: ClipFiles, annotatedFrames: number[]): DatasetProblem[] {
  if (files.framePaths.length === 0) {
    return [{ path: files.name, problem: "has masks but no frames (JPEG or PNG)" }];
  }
  if (annotatedFrames.length < FEWEST_ANNOTATED_FRAMES) {
    const problem = `needs at least ${FEWEST_ANNOTATED_FRAMES} masks to score a track, has ${annotatedFrames.length}`;
    return [{ path: files.annotationFolder, problem }];
  }
  const promised = files.promised?.maskCount ?? null;
  if (promised === null || promised === annotatedFrames.length) return [];
  const problem = `has masks for ${annotatedFrames.length} frames, its meta.json promises ${promised}`;
  return [{ path: files.annotationFolder, problem }];
}

function extraMasks(files: ClipFiles, frameOfKey: ReadonlyMap<string, number>): DatasetProblem[] {
  return files.maskPaths
    .filter(({ key }) => !frameOfKey.has(key))
    .map(({ path, key }) => ({ path, problem: `has no frame: the clip has none named ${key}` }));
}

/**
 * Annotations come on every k-th frame (DAVIS: every one, SA-V: every fourth); a gap is a lost file,
 * unless the clip promises the number that it has, or the caller says that gaps are meant.
 */
function missingMasks(
  files: ClipFiles,
  annotatedFrames: number[],
  frameOfKey: ReadonlyMap<string, number>,
  sparse: boolean,
): DatasetProblem[] {
  if (sparse) return [];
  const objects = [...new Set(files.maskPaths.map((mask) => mask.objectFolder))];
  const promised = files.promised?.maskCount === annotatedFrames.length;
  const wanted = promised ? annotatedFrames : regularFrames(annotatedFrames, files.framePaths.length);
  return objects.flatMap((object) => {
    const present = new Set(
      files.maskPaths.filter((mask) => mask.objectFolder === object).map(({ key }) => frameOfKey.get(key)),
    );
    const folder = object === null ? files.annotationFolder : `${files.annotationFolder}/${object}`;
    return wanted
      .filter((frame) => !present.has(frame))
      .map((frame) => ({ path: maskPathOf(folder, files.framePaths[frame]!), problem: "is missing" }));
  });
}

/** 0, k, 2k … up to the last frame, where k is the smallest distance that occurs. */
function regularFrames(annotatedFrames: number[], frameCount: number): number[] {
  const distances = annotatedFrames.slice(1).map((frame, i) => frame - annotatedFrames[i]!);
  const step = Math.min(...distances, frameCount);
  return Array.from({ length: Math.ceil(frameCount / step) }, (_, i) => i * step);
}

async function checkSizes(
  folder: DatasetFolder,
  files: ClipFiles,
): Promise<{ size: ImageSize; problems: DatasetProblem[] }> {
  const paths = [...files.framePaths, ...files.maskPaths.map((mask) => mask.path)];
  const problems: DatasetProblem[] = [];
  let size: ImageSize | null = null;
  for (const path of paths) {
    const own = imageSize(await folder.read(path));
    size ??= own;
    if (own === null) {
      problems.push({ path, problem: "is neither a PNG nor a JPEG, or is cut off" });
    } else if (size !== null && (own.width !== size.width || own.height !== size.height)) {
      const problem = `is ${own.width} x ${own.height}, the clip's first frame is ${size.width} x ${size.height}`;
      problems.push({ path, problem });
    }
  }
  return { size: size ?? { width: 0, height: 0 }, problems };
}

function maskPathOf(folder: string, framePath: string): string {
  return `${folder}/${baseName(framePath).replace(/\.[^.]*$/, ".png")}`;
}
