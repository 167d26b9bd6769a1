/**
 * Runs anywhere: a track record as the files of a dataset, for training and for other tools.
 *
 *   CLIP_manual.json                              SA-V annotation with provenance: the whole record
 *   JPEGImages/Full-Resolution/CLIP/00000.jpg     frames that have a mask
 *   Annotations/Full-Resolution/CLIP/00000.png    DAVIS palette; where objects overlap, the first one's
 *   ImageSets/2017/train.txt                      names of all clips
 */
import { decodeMask } from "../mask-rle.ts";
import { encodeAnnotation } from "./annotation-png.ts";
import { toSavAnnotation } from "./sav-annotation.ts";
import type { RecordedClip, TrackRecord } from "./track-record.ts";

export const PICTURE_FOLDER = "JPEGImages/Full-Resolution";
export const ANNOTATION_FOLDER = "Annotations/Full-Resolution";
export const CLIP_LIST = "ImageSets/2017/train.txt";

/** DAVIS' palette has no room for more beside the background. */
const MOST_OBJECTS = 254;

export interface DatasetFile {
  /** Relative to the dataset. */
  path: string;
  bytes: Uint8Array;
}

/** JPEG of a frame, or null when the dataset already has it. */
export type PictureSource = (frameIndex: number) => Promise<Uint8Array | null>;

/** The name of a clip's files: readable, and different for different media. */
export function clipFileName({ name, fingerprint }: RecordedClip): string {
  const stem = name.replace(/\.[^.]*$/, "").replace(/[^A-Za-z0-9-]+/g, "-");
  return `${stem.replace(/^-+|-+$/g, "").slice(0, 60) || "clip"}-${fingerprint.slice(0, 8)}`;
}

const annotationPath = (clip: string) => `${clip}_manual.json`;
export const picturePath = (clip: string, frame: number) =>
  `${PICTURE_FOLDER}/${clip}/${frameName(frame)}.jpg`;
export const palettePath = (clip: string, frame: number) =>
  `${ANNOTATION_FOLDER}/${clip}/${frameName(frame)}.png`;

/** Six digits from a million frames on, so that names sort as numbers do. */
function frameName(frameIndex: number): string {
  return String(frameIndex).padStart(5, "0");
}

/**
 * Files of one clip, one by one, the annotation last: when it is there, all of its pictures are.
 * @throws RangeError for a clip with more objects than a palette has colours.
 */
export async function* exportFiles(
  record: TrackRecord,
  pictures: PictureSource,
): AsyncGenerator<DatasetFile> {
  if (record.objects.length > MOST_OBJECTS) {
    throw new RangeError(
      `A clip of a dataset has at most ${MOST_OBJECTS} objects, got ${record.objects.length}.`,
    );
  }
  const clip = clipFileName(record.clip);
  for (const frame of annotatedFrames(record)) {
    const picture = await pictures(frame);
    if (picture) yield { path: picturePath(clip, frame), bytes: picture };
    yield { path: palettePath(clip, frame), bytes: palettePng(record, frame) };
  }
  yield { path: annotationPath(clip), bytes: jsonBytes(toSavAnnotation(record, clip)) };
}

/** Frames on which any object has a mask, ascending. */
export function annotatedFrames({ objects }: TrackRecord): number[] {
  const frames = new Set(objects.flatMap((object) => object.frames.map(({ frameIndex }) => frameIndex)));
  return [...frames].sort((a, b) => a - b);
}

/** Object numbers from 1, row by row. A pixel that two objects share belongs to the first, as upstream's. */
export function paletteIndices({ clip, objects }: TrackRecord, frameIndex: number): Uint8Array {
  const indices = new Uint8Array(clip.width * clip.height);
  objects.forEach(({ frames }, object) => {
    const own = frames.find((frame) => frame.frameIndex === frameIndex);
    const inside = own ? decodeMask(own.mask) : null;
    for (let i = 0; inside && i < indices.length; i++) {
      if (inside[i] && indices[i] === 0) indices[i] = object + 1;
    }
  });
  return indices;
}

function palettePng(record: TrackRecord, frameIndex: number): Uint8Array {
  return encodeAnnotation(record.clip.width, record.clip.height, paletteIndices(record, frameIndex));
}

function jsonBytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
