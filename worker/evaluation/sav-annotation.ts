/**
 * Pure: a track record as SA-V's training annotation, and back. Upstream's keys (`sav_dataset/README.md`)
 * mean what they mean there; one key of ours, `masklet_provenance`, says where each mask comes from.
 *
 * Every frame has a row (SA-V itself annotates every fourth, so readers of ours use a step of 1). An object
 * without a mask on a frame is null there, as upstream's loader expects; an empty mask means "absent".
 */
import { decodeMask, maskArea } from "../mask-rle.ts";
import type { Mask } from "../protocol.ts";
import type { FrameOrigin, MaskSource, RecordedFrame, RecordedObject, TrackRecord } from "./track-record.ts";

const PROVENANCE_FORMAT = "masklet-dataset-1";

export interface SavAnnotation {
  video_id: string;
  /** Seconds. */
  video_duration: number;
  video_frame_count: number;
  video_height: number;
  video_width: number;
  video_resolution: number;
  video_split: "train";
  /** One row per frame, one entry per object. */
  masklet: (SavRunLength | null)[][];
  masklet_id: number[];
  /** Mean area where visible, as a share of the frame. */
  masklet_size_rel: number[];
  /** Mean area where visible, pixels. */
  masklet_size_abs: number[];
  masklet_size_bucket: ("small" | "medium" | "large")[];
  masklet_visibility_changes: number[];
  masklet_first_appeared_frame: number[];
  masklet_frame_count: number[];
  /** Frames that a person touched. */
  masklet_edited_frame_count: number[];
  masklet_type: "manual"[];
  masklet_num: number;
  masklet_provenance: Provenance;
}

interface SavRunLength {
  /** Height, width. */
  size: [number, number];
  counts: string;
}

interface Provenance {
  format: typeof PROVENANCE_FORMAT;
  fingerprint: string;
  name: string;
  rate: { numerator: number; denominator: number };
  /** Referred to by number. */
  sources: MaskSource[];
  objects: ProvenanceObject[];
}

interface ProvenanceObject {
  key: string;
  name: string;
  /** Frame, origin, number of the source; one entry for every mask, in order. */
  frames: [number, FrameOrigin, number][];
}

export function toSavAnnotation(record: TrackRecord, videoId: string): SavAnnotation {
  const { clip, objects } = record;
  const tracks = objects.map(({ frames }) => summarise(frames, clip.width * clip.height));
  return {
    video_id: videoId,
    video_duration: (clip.frameCount * clip.rate.denominator) / clip.rate.numerator,
    video_frame_count: clip.frameCount,
    video_height: clip.height,
    video_width: clip.width,
    video_resolution: clip.height * clip.width,
    video_split: "train",
    masklet: maskRows(record),
    masklet_id: objects.map((_, index) => index),
    masklet_size_rel: tracks.map((track) => track.relativeSize),
    masklet_size_abs: tracks.map((track) => track.size),
    masklet_size_bucket: tracks.map((track) => sizeBucket(track.size)),
    masklet_visibility_changes: tracks.map((track) => track.visibilityChanges),
    masklet_first_appeared_frame: tracks.map((track) => track.firstAppeared),
    masklet_frame_count: objects.map(({ frames }) => frames.length),
    masklet_edited_frame_count: objects.map(
      ({ frames }) => frames.filter(({ origin }) => origin !== "predicted").length,
    ),
    masklet_type: objects.map(() => "manual"),
    masklet_num: objects.length,
    masklet_provenance: provenanceOf(record),
  };
}

function maskRows({ clip, objects }: TrackRecord): SavAnnotation["masklet"] {
  const rows = Array.from({ length: clip.frameCount }, () =>
    new Array<SavRunLength | null>(objects.length).fill(null),
  );
  objects.forEach(({ frames }, object) => {
    for (const { frameIndex, mask } of frames) {
      rows[frameIndex]![object] = { size: [mask.height, mask.width], counts: mask.counts };
    }
  });
  return rows;
}

function summarise(frames: RecordedFrame[], framePixels: number) {
  const areas = frames.map(({ mask }) => maskArea(mask));
  const visible = areas.filter((area) => area > 0);
  const size = visible.reduce((sum, area) => sum + area, 0) / Math.max(1, visible.length);
  const first = areas.findIndex((area) => area > 0);
  const changes = areas.filter((area, i) => i > first && first >= 0 && area > 0 !== areas[i - 1]! > 0);
  return {
    size,
    relativeSize: size / framePixels,
    // An object that never appears has no first frame; upstream's files have none such.
    firstAppeared: frames[first]?.frameIndex ?? -1,
    visibilityChanges: changes.length,
  };
}

/** SA-V's own borders: areas of 32 by 32 and 96 by 96 pixels. */
function sizeBucket(size: number): "small" | "medium" | "large" {
  if (size < 32 ** 2) return "small";
  return size < 96 ** 2 ? "medium" : "large";
}

function provenanceOf({ clip, objects }: TrackRecord): Provenance {
  const sources: MaskSource[] = [];
  const numberOf = (source: MaskSource) => {
    const known = sources.findIndex(
      ({ model, madeAt }) => model === source.model && madeAt === source.madeAt,
    );
    return known >= 0 ? known : sources.push(source) - 1;
  };
  return {
    format: PROVENANCE_FORMAT,
    fingerprint: clip.fingerprint,
    name: clip.name,
    rate: clip.rate,
    objects: objects.map(({ key, name, frames }) => ({
      key,
      name,
      frames: frames.map(({ frameIndex, origin, source }) => [frameIndex, origin, numberOf(source)]),
    })),
    sources,
  };
}

// ---------------------------------------------------------------- reading

/** @throws Error that says what doesn't fit; the caller knows the file. */
export function fromSavAnnotation(json: unknown): TrackRecord {
  const annotation = requireAnnotation(json);
  const { video_width: width, video_height: height, video_frame_count: frameCount } = annotation;
  const { fingerprint, name, rate, sources, objects } = annotation.masklet_provenance;
  requireThat(
    annotation.masklet.length === frameCount,
    `has ${annotation.masklet.length} rows of masks for ${frameCount} frames`,
  );
  requireThat(
    annotation.masklet_num === objects.length,
    `names ${annotation.masklet_num} masklets and the provenance of ${objects.length}`,
  );
  const recorded = objects.map((object, index): RecordedObject => {
    const frames = object.frames.map(([frameIndex, origin, source]) => {
      const where = `object "${object.name}", frame ${frameIndex}`;
      requireThat(
        ORIGINS.includes(origin),
        `${where}: has origin ${JSON.stringify(origin)}, expected ${ORIGINS.join(", ")}`,
      );
      requireThat(sources[source] !== undefined, `${where}: refers to source ${source} of ${sources.length}`);
      const mask = requireMask(annotation.masklet[frameIndex]?.[index], { width, height }, where);
      return { frameIndex, mask, origin, source: sources[source]! };
    });
    requireEveryMaskListed(annotation, index, object);
    return { key: object.key, name: object.name, frames };
  });
  return { clip: { name, fingerprint, width, height, frameCount, rate }, objects: recorded };
}

const ORIGINS: readonly FrameOrigin[] = ["prompted", "corrected", "predicted"];

function requireAnnotation(json: unknown): SavAnnotation {
  const annotation = json as Partial<SavAnnotation> | null;
  requireThat(Array.isArray(annotation?.masklet), 'has no "masklet" rows, so it is no SA-V annotation');
  const { format, objects, sources } = annotation?.masklet_provenance ?? {};
  requireThat(
    format === PROVENANCE_FORMAT,
    `has provenance of format ${JSON.stringify(format ?? null)}, expected ${PROVENANCE_FORMAT}`,
  );
  requireThat(
    Array.isArray(objects) && Array.isArray(sources),
    "has no objects or sources in its provenance",
  );
  return annotation as SavAnnotation;
}

function requireMask(
  entry: SavRunLength | null | undefined,
  { width, height }: { width: number; height: number },
  where: string,
): Mask {
  requireThat(entry !== null && entry !== undefined, `${where}: is listed, but there is no mask`);
  const [ownHeight, ownWidth] = entry!.size;
  requireThat(
    ownHeight === height && ownWidth === width,
    `${where}: the mask is ${ownWidth} x ${ownHeight}, the clip ${width} x ${height}`,
  );
  const mask = { width, height, counts: entry!.counts };
  try {
    decodeMask(mask);
  } catch (error) {
    throw new Error(`${where}: ${(error as Error).message}`);
  }
  return mask;
}

function requireEveryMaskListed({ masklet }: SavAnnotation, index: number, object: ProvenanceObject): void {
  const listed = new Set(object.frames.map(([frame]) => frame));
  requireThat(listed.size === object.frames.length, `object "${object.name}": a frame is listed twice`);
  const unlisted = masklet.findIndex((row, frame) => row[index] && !listed.has(frame));
  requireThat(unlisted < 0, `object "${object.name}", frame ${unlisted}: has a mask of unknown origin`);
}

function requireThat(condition: boolean, problem: string): void {
  if (!condition) throw new Error(problem);
}
