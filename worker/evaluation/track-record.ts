/**
 * Pure: what a person and a model made of a clip, ready to be kept as training data. Where each frame's
 * mask comes from is part of it, because only a person's masks are true.
 *
 * prompts and results of a session ──▶ TrackRecord ──▶ files of a dataset ──▶ training
 *                                         ▲   │ merge
 *                                         └───┘
 */
import { decodeMask } from "../mask-rle.ts";
import type { ClipInfo, FramePrompts, FrameResult, Mask } from "../protocol.ts";

export interface TrackRecord {
  clip: RecordedClip;
  objects: RecordedObject[];
}

export interface RecordedClip {
  name: string;
  /**
   * The same for the same media file, see `clip-fingerprint.ts`; what tells clips apart. Empty in the record
   * of a session that can't read the file's bytes, until `masklet dataset export` sees them.
   */
  fingerprint: string;
  /** Displayed size, pixels. */
  width: number;
  height: number;
  frameCount: number;
  rate: { numerator: number; denominator: number };
}

export interface RecordedObject {
  /** The prompt that began the track: the same for the same object however often it is exported. */
  key: string;
  name: string;
  /** In the order of their frames, each at most once. */
  frames: RecordedFrame[];
}

export interface RecordedFrame {
  frameIndex: number;
  mask: Mask;
  origin: FrameOrigin;
  source: MaskSource;
}

/**
 * `prompted`: a person's prompt that began the track. `corrected`: a person's prompt on a later frame.
 * `predicted`: the model's alone.
 */
export type FrameOrigin = "prompted" | "corrected" | "predicted";

export interface MaskSource {
  /** Id of the model that drew the mask, from a prompt or on its own. */
  model: string;
  /** ISO 8601, UTC. */
  madeAt: string;
}

/** An object as a session knows it; the panel's and the command line's objects fit as they are. */
export interface SessionObject {
  name: string;
  /** In the order in which a person gave them: the first one began the track. */
  prompts: ReadonlyMap<number, FramePrompts>;
  records: ReadonlyMap<number, Pick<FrameResult, "mask">>;
}

export interface SessionClip extends Pick<ClipInfo, "name" | "width" | "height" | "frameCount" | "rate"> {
  fingerprint: string;
}

/** Objects without any mask are left out. */
export function recordSession(
  clip: SessionClip,
  objects: readonly SessionObject[],
  source: MaskSource,
): TrackRecord {
  const { name, fingerprint, width, height, frameCount, rate } = clip;
  return {
    clip: { name, fingerprint, width, height, frameCount, rate },
    objects: objects
      .map((object) => ({ key: keyOf(object), name: object.name, frames: recordFrames(object, source) }))
      .filter(({ frames }) => frames.length > 0),
  };
}

/** Numbers and names of objects start over in every session; what a person first said does not. */
function keyOf({ name, prompts }: SessionObject): string {
  const [first] = prompts;
  if (!first) return `unprompted ${name}`;
  const [frame, { points, box, mask }] = first;
  if (mask) return `frame ${frame}, mask ${mask.counts.slice(0, KEPT_COUNTS)}`;
  if (box) return `frame ${frame}, box ${box.x0},${box.y0},${box.x1},${box.y1}`;
  return `frame ${frame}, point ${points[0]?.x},${points[0]?.y}`;
}

/** Characters of run lengths that tell one painted mask from another. */
const KEPT_COUNTS = 40;

function recordFrames({ prompts, records }: SessionObject, source: MaskSource): RecordedFrame[] {
  const first = prompts.keys().next().value;
  const originOf = (frame: number): FrameOrigin => {
    if (!prompts.has(frame)) return "predicted";
    return frame === first ? "prompted" : "corrected";
  };
  return [...records]
    .map(([frameIndex, { mask }]) => ({ frameIndex, mask, origin: originOf(frameIndex), source }))
    .sort((a, b) => a.frameIndex - b.frameIndex);
}

// ---------------------------------------------------------------- merging

/** Two tracks that overlap so much are one object, exported from two sessions. */
const SAME_OBJECT_IOU = 0.9;

/**
 * Two records of one clip as one, without duplicates. An object is the same when its key is, or when its
 * masks nearly are. For each frame a person's mask beats a model's, and a newer one an older one.
 */
export function mergeRecords(older: TrackRecord, newer: TrackRecord): TrackRecord {
  requireSameClip(older.clip, newer.clip);
  const objects = [...older.objects];
  for (const object of newer.objects) {
    const at = objects.findIndex((known) => isSameObject(known, object));
    if (at < 0) objects.push(object);
    else objects[at] = mergeObjects(objects[at]!, object);
  }
  return { clip: newer.clip, objects };
}

function requireSameClip(a: RecordedClip, b: RecordedClip): void {
  const shape = (clip: RecordedClip) =>
    `${clip.fingerprint}, ${clip.width} x ${clip.height}, ${clip.frameCount} frames`;
  if (shape(a) === shape(b)) return;
  throw new RangeError(
    `Records to merge must be of one clip: ${shape(a)} ("${a.name}") and ${shape(b)} ("${b.name}").`,
  );
}

function mergeObjects(older: RecordedObject, newer: RecordedObject): RecordedObject {
  const frames = new Map(older.frames.map((frame) => [frame.frameIndex, frame]));
  for (const frame of newer.frames) {
    const known = frames.get(frame.frameIndex);
    if (!known || outranks(frame, known)) frames.set(frame.frameIndex, frame);
  }
  return {
    key: older.key,
    name: newer.name,
    frames: [...frames.values()].sort((a, b) => a.frameIndex - b.frameIndex),
  };
}

function outranks(frame: RecordedFrame, known: RecordedFrame): boolean {
  const byPerson = ({ origin }: RecordedFrame) => origin !== "predicted";
  if (byPerson(frame) !== byPerson(known)) return byPerson(frame);
  return Date.parse(frame.source.madeAt) > Date.parse(known.source.madeAt);
}

function isSameObject(a: RecordedObject, b: RecordedObject): boolean {
  if (a.key === b.key) return true;
  const other = new Map(b.frames.map((frame) => [frame.frameIndex, frame.mask]));
  let both = 0;
  let either = 0;
  for (const { frameIndex, mask } of a.frames) {
    const theirs = other.get(frameIndex);
    if (!theirs) continue;
    const [mine, yours] = [decodeMask(mask), decodeMask(theirs)];
    for (let i = 0; i < mine.length; i++) {
      both += mine[i]! & yours[i]!;
      either += mine[i]! | yours[i]!;
    }
  }
  return either > 0 && both / either >= SAME_OBJECT_IOU;
}

// ---------------------------------------------------------------- as a file

const RECORD_FORMAT = "masklet-track-1";

export function trackRecordJson(record: TrackRecord): string {
  return JSON.stringify({ format: RECORD_FORMAT, ...record });
}

/** @throws Error that says what is wrong; the caller knows the file. */
export function parseTrackRecord(text: string): TrackRecord {
  const { format, clip, objects } = JSON.parse(text) as Partial<TrackRecord & { format: string }>;
  if (format !== RECORD_FORMAT || !clip || !Array.isArray(objects)) {
    throw new Error(
      `expected a track record of format ${RECORD_FORMAT}, got ${JSON.stringify(format ?? null)}`,
    );
  }
  for (const { name, frames } of objects) {
    for (const { frameIndex, mask } of frames) {
      if (mask.width !== clip.width || mask.height !== clip.height || !(frameIndex < clip.frameCount)) {
        throw new Error(
          `object "${name}", frame ${frameIndex}: a mask of ${mask.width} x ${mask.height} doesn't fit a clip of ${clip.width} x ${clip.height}, ${clip.frameCount} frames`,
        );
      }
    }
  }
  return { clip, objects };
}
