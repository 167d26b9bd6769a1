/**
 * Runs anywhere: finds the clips of a dataset, whichever of three layouts it has.
 *
 *   DAVIS    JPEGImages/[480p/]CLIP/00000.jpg      Annotations/[480p/]CLIP/00000.png (palette, or 0 and 255)
 *   SA-V     JPEGImages_24fps/CLIP/00000.jpg       Annotations_6fps/CLIP/000/00000.png (one folder per object)
 *   simple   [CLIP/]frames/00000.jpg               [CLIP/]masks/00000.png, or masks/OBJECT/00000.png
 *                                                  [CLIP/]meta.json (optional: fps, mask_values, mask_count)
 */
import {
  byNumberThenName,
  DatasetError,
  type DatasetFolder,
  frameKey,
  joinPath,
  listFiles,
  listFolders,
  readJson,
} from "./dataset-folder.ts";

type DatasetLayout = "davis" | "sav" | "simple";

export interface MaskFile {
  path: string;
  /** Which frame it belongs to, see `frameKey`. */
  key: string;
  /** Name of the object's folder; null where one file holds all objects. */
  objectFolder: string | null;
}

/** What is on the disk for one clip; nothing has been opened yet. */
export interface ClipFiles {
  name: string;
  layout: DatasetLayout;
  /** In presentation order. */
  framePaths: string[];
  maskPaths: MaskFile[];
  annotationFolder: string;
  framesPerSecond: number;
  /** What the clip's own `meta.json` promises; null where it has none. */
  promised: { maskCount: number | null; values: number[] | null } | null;
}

const PICTURES = [".jpg", ".jpeg", ".png"];
/** DAVIS' and SA-V's rate; only timing reports depend on it. */
const USUAL_FRAMES_PER_SECOND = 24;

/** All clips in the order of their names. @throws DatasetError when there is none. */
export async function findClips(folder: DatasetFolder): Promise<ClipFiles[]> {
  const clips = (await findPairedClips(folder)) ?? (await findSimpleClips(folder));
  if (clips.length > 0) return clips;
  throw new DatasetError([
    {
      path: "",
      problem:
        "holds no clip; expected JPEGImages and Annotations (DAVIS), JPEGImages_24fps and Annotations_6fps (SA-V), or folders with frames and masks",
    },
  ]);
}

// ---------------------------------------------------------------- DAVIS and SA-V

async function findPairedClips(folder: DatasetFolder): Promise<ClipFiles[] | null> {
  const folders = await listFolders(folder, "");
  const images = folders.find((name) => name.startsWith("JPEGImages"));
  const annotations = folders.find((name) => name.startsWith("Annotations"));
  if (images === undefined && annotations === undefined) return null;
  if (images === undefined || annotations === undefined) {
    const missing = images === undefined ? "JPEGImages" : "Annotations";
    throw new DatasetError([{ path: missing, problem: "is missing, its counterpart is there" }]);
  }
  const roots = await resolutionFolders(folder, images, annotations);
  const names = union(await listFolders(folder, roots.images), await listFolders(folder, roots.annotations));
  return Promise.all(names.map((name) => pairedClip(folder, roots, name)));
}

/** DAVIS has a level more, "480p" and "Full-Resolution"; the evaluators read 480p. */
async function resolutionFolders(folder: DatasetFolder, images: string, annotations: string) {
  const candidates = await listFolders(folder, images);
  const first = candidates[0];
  const holdsPictures =
    first === undefined || (await listFiles(folder, joinPath(images, first), PICTURES)).length > 0;
  if (holdsPictures) return { images, annotations };
  const both = new Set(await listFolders(folder, annotations));
  const resolution = ["480p", ...candidates].find((name) => candidates.includes(name) && both.has(name));
  if (resolution === undefined) {
    throw new DatasetError([
      { path: annotations, problem: `has none of ${images}'s folders ${candidates.join(", ")}` },
    ]);
  }
  return { images: joinPath(images, resolution), annotations: joinPath(annotations, resolution) };
}

async function pairedClip(
  folder: DatasetFolder,
  roots: { images: string; annotations: string },
  name: string,
): Promise<ClipFiles> {
  const annotationFolder = joinPath(roots.annotations, name);
  const maskPaths = await listMasks(folder, annotationFolder);
  const perObject = maskPaths.some((mask) => mask.objectFolder !== null);
  return {
    name,
    layout: perObject ? "sav" : "davis",
    framePaths: await listFrames(folder, joinPath(roots.images, name)),
    maskPaths,
    annotationFolder,
    framesPerSecond: USUAL_FRAMES_PER_SECOND,
    promised: null,
  };
}

// ---------------------------------------------------------------- simple

async function findSimpleClips(folder: DatasetFolder): Promise<ClipFiles[]> {
  if ((await listFolders(folder, "")).includes("frames")) return [await simpleClip(folder, "", "clip")];
  const clips: ClipFiles[] = [];
  for (const name of await listFolders(folder, "")) {
    const inside = await listFolders(folder, name);
    if (inside.includes("frames") && inside.includes("masks")) {
      clips.push(await simpleClip(folder, name, name));
    }
  }
  return clips;
}

async function simpleClip(folder: DatasetFolder, path: string, name: string): Promise<ClipFiles> {
  const meta = await readMeta(folder, path);
  const annotationFolder = joinPath(path, "masks");
  return {
    name: meta?.name ?? name,
    layout: "simple",
    framePaths: await listFrames(folder, joinPath(path, "frames")),
    maskPaths: await listMasks(folder, annotationFolder),
    annotationFolder,
    framesPerSecond: meta?.framesPerSecond ?? USUAL_FRAMES_PER_SECOND,
    promised: meta,
  };
}

async function readMeta(folder: DatasetFolder, path: string) {
  if (!(await listFiles(folder, path, ["meta.json"])).includes("meta.json")) return null;
  const meta = (await readJson(folder, joinPath(path, "meta.json"))) as Record<string, unknown>;
  const values = meta.mask_values;
  return {
    name: typeof meta.name === "string" ? meta.name : null,
    framesPerSecond: typeof meta.fps === "number" && meta.fps > 0 ? meta.fps : null,
    maskCount: typeof meta.mask_count === "number" ? meta.mask_count : null,
    values: Array.isArray(values) ? values.filter((value) => typeof value === "number") : null,
  };
}

// ---------------------------------------------------------------- files

async function listFrames(folder: DatasetFolder, path: string): Promise<string[]> {
  const names = await listFiles(folder, path, PICTURES);
  return names.sort(byFrameNumber).map((name) => joinPath(path, name));
}

async function listMasks(folder: DatasetFolder, path: string): Promise<MaskFile[]> {
  const own = await masksIn(folder, path, null);
  const objects = await listFolders(folder, path);
  const perObject = await Promise.all(
    objects.map((object) => masksIn(folder, joinPath(path, object), object)),
  );
  return [...own, ...perObject.flat()];
}

async function masksIn(
  folder: DatasetFolder,
  path: string,
  objectFolder: string | null,
): Promise<MaskFile[]> {
  const names = await listFiles(folder, path, [".png"]);
  return names
    .sort(byFrameNumber)
    .map((name) => ({ path: joinPath(path, name), key: frameKey(name), objectFolder }));
}

function byFrameNumber(a: string, b: string): number {
  return byNumberThenName(frameKey(a), frameKey(b));
}

function union(a: string[], b: string[]): string[] {
  return [...new Set([...a, ...b])].sort();
}
