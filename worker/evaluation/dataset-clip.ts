/** Runs anywhere: one clip of a dataset, checked, with its true masks ready to be read frame by frame. */
import { decodeAnnotation, type IndexPicture, pixelsWith, valuesOf } from "./annotation-png.ts";
import { type BinaryMask, isEmpty } from "./binary-mask.ts";
import { checkClipFiles } from "./dataset-check.ts";
import {
  baseName,
  byNumberThenName,
  DatasetError,
  type DatasetFolder,
  type DatasetProblem,
  frameKey,
} from "./dataset-folder.ts";
import type { ClipFiles, MaskFile } from "./dataset-layout.ts";
import type { CountingRule } from "./object-score.ts";

export interface ClipObject {
  /** From 1, in order; what prompts and results are addressed by. */
  id: number;
  /** Palette index or folder, as the dataset names it. */
  name: string;
  /** First annotated frame on which it is there: where the prompt goes. */
  firstFrame: number;
}

export interface DatasetClip {
  name: string;
  folder: DatasetFolder;
  framePaths: string[];
  framesPerSecond: number;
  width: number;
  height: number;
  objects: ClipObject[];
  /** Frame indices, ascending. */
  annotatedFrames: number[];
  rule: CountingRule;
  /** One file holds all objects, so that a pixel belongs to one of them at most. */
  exclusive: boolean;
  /** By object: its mask, empty where it is absent; nothing for an object that is not annotated there. */
  truth(frameIndex: number): Promise<ReadonlyMap<number, BinaryMask>>;
}

export interface ClipOptions {
  /** Accept annotated frames at irregular distances. */
  sparse: boolean;
}

/** In DAVIS, 255 among other values is "undecided"; alone beside 0 it is the one object of a binary mask. */
const VOID = 255;

/** Opens every mask once, so that a mistake shows before hours of tracking. @throws DatasetError */
export async function openClip(
  folder: DatasetFolder,
  files: ClipFiles,
  options: ClipOptions,
): Promise<DatasetClip> {
  const { size, annotatedFrames } = await checkClipFiles(folder, files, options);
  const reader = new TruthReader(folder, files);
  const objects = await reader.findObjects(annotatedFrames);
  return {
    name: files.name,
    folder,
    framePaths: files.framePaths,
    framesPerSecond: files.framesPerSecond,
    ...size,
    objects,
    annotatedFrames,
    rule: files.layout === "davis" ? "davis" : "sav",
    exclusive: files.maskPaths.every((mask) => mask.objectFolder === null),
    truth: (frameIndex) => reader.truth(frameIndex, objects),
  };
}

class TruthReader {
  readonly #folder: DatasetFolder;
  readonly #files: ClipFiles;
  readonly #masksOfFrame: ReadonlyMap<string, MaskFile[]>;
  /** Every file has 0 and 255 only: one object, whatever the values say. */
  #binary = true;

  constructor(folder: DatasetFolder, files: ClipFiles) {
    this.#folder = folder;
    this.#files = files;
    this.#masksOfFrame = groupByKey(files.maskPaths);
  }

  /** Objects by name, with the frame each appears on first. */
  async findObjects(annotatedFrames: number[]): Promise<ClipObject[]> {
    const survey = await this.#survey(annotatedFrames);
    const names = [...survey.firstFrame.keys()].sort(byNumberThenName);
    const problems = this.#binary ? [] : this.#indexProblems(survey, names);
    if (names.length === 0) {
      problems.push({ path: this.#files.annotationFolder, problem: "has no object in any mask" });
    }
    if (problems.length > 0) throw new DatasetError(problems);
    return names.map((name, i) => ({ id: i + 1, name, firstFrame: survey.firstFrame.get(name)! }));
  }

  async truth(frameIndex: number, objects: ClipObject[]): Promise<ReadonlyMap<number, BinaryMask>> {
    const files = this.#masksAt(frameIndex);
    const masks = new Map<number, BinaryMask>();
    for (const file of files) {
      const picture = await this.#decode(file);
      for (const { id, name } of objects) {
        if (file.objectFolder !== null && file.objectFolder !== name) continue;
        masks.set(id, pixelsWith(picture, this.#belongsTo(file, name)));
      }
    }
    return masks;
  }

  #belongsTo(file: MaskFile, name: string): (value: number) => boolean {
    if (file.objectFolder !== null || this.#binary) return (value) => value > 0;
    const index = Number(name);
    return (value) => value === index;
  }

  /** Reads every mask: which values occur, and where each occurs first. */
  async #survey(annotatedFrames: number[]): Promise<Survey> {
    const byValue = new Map<string, { frame: number; path: string }>();
    const firstFrame = new Map<string, number>();
    const note = (name: string, frame: number, path: string) => {
      if (!firstFrame.has(name)) firstFrame.set(name, frame);
      if (!byValue.has(name)) byValue.set(name, { frame, path });
    };
    for (const frame of annotatedFrames) {
      for (const file of this.#masksAt(frame)) {
        const picture = await this.#decode(file);
        const values = valuesOf(picture).filter((value) => value > 0);
        if (file.objectFolder !== null) {
          requireOneValue(file, values);
          if (!isEmpty(pixelsWith(picture, (value) => value > 0))) note(file.objectFolder, frame, file.path);
        } else {
          if (values.some((value) => value !== VOID)) this.#binary = false;
          for (const value of values) note(String(value), frame, file.path);
          requireInPalette(file, values, picture);
        }
      }
    }
    if (!this.#binary) firstFrame.delete(String(VOID));
    return { firstFrame, byValue };
  }

  /** DAVIS numbers its objects 1 to n: an index above their number is a mistake in a file. */
  #indexProblems(survey: Survey, names: string[]): DatasetProblem[] {
    if (this.#files.maskPaths.some((mask) => mask.objectFolder !== null)) return [];
    const promised = this.#files.promised?.values ?? null;
    const allowed = (index: number) => promised?.includes(index) ?? index <= names.length;
    const expected = promised ? promised.join(", ") : `1 to ${names.length}`;
    return names
      .filter((name) => !allowed(Number(name)))
      .map((name) => ({
        path: survey.byValue.get(name)!.path,
        problem: `has index ${name}, beyond the clip's ${promised?.length ?? names.length} objects (${expected})`,
      }));
  }

  #masksAt(frameIndex: number): MaskFile[] {
    return this.#masksOfFrame.get(frameKey(baseName(this.#files.framePaths[frameIndex]!))) ?? [];
  }

  async #decode(file: MaskFile): Promise<IndexPicture> {
    const bytes = await this.#folder.read(file.path);
    try {
      return decodeAnnotation(bytes);
    } catch (error) {
      throw new DatasetError([{ path: file.path, problem: `can't be read: ${(error as Error).message}` }]);
    }
  }
}

interface Survey {
  firstFrame: Map<string, number>;
  byValue: Map<string, { frame: number; path: string }>;
}

function groupByKey(files: MaskFile[]): ReadonlyMap<string, MaskFile[]> {
  const groups = new Map<string, MaskFile[]>();
  for (const file of files) groups.set(file.key, [...(groups.get(file.key) ?? []), file]);
  return groups;
}

/** As SA-V's evaluator asserts: one object per file. */
function requireOneValue(file: MaskFile, values: number[]): void {
  if (values.length <= 1) return;
  throw new DatasetError([
    {
      path: file.path,
      problem: `has values ${values.join(", ")}; a mask in an object's own folder has one value beside 0`,
    },
  ]);
}

function requireInPalette(file: MaskFile, values: number[], { paletteSize }: IndexPicture): void {
  const beyond = values.filter((value) => paletteSize !== null && value >= paletteSize);
  if (beyond.length === 0) return;
  throw new DatasetError([
    { path: file.path, problem: `has index ${beyond.join(", ")}, its palette has ${paletteSize} colours` },
  ]);
}
