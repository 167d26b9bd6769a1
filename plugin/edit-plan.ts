/**
 * What will change in the host, as pure data: the panel computes it, a host carries it out in one undo
 * step. Everything clever about keyframes is here and beside it, and is testable without a host.
 */
import { type OcclusionSettings, occlusionKeyframes, type VisibilityStretch } from "./occlusion-keyframes.ts";
import type { Fraction, Ticks } from "./protocol.ts";
import { formatTicks, parseTicks } from "./timecode.ts";
import {
  type ClipTiming,
  type MattePlacement,
  type SourceClock,
  timelineStretchesOf,
} from "./timeline-map.ts";

type Interpolation = "hold" | "linear" | "bezier";

export interface Keyframe<V> {
  /** The clip's own clock: ticks from the clip's first used frame. */
  time: Ticks;
  value: V;
  /** How the value goes on from this key to the next one. */
  interpolation: Interpolation;
}

export interface MatteImport {
  /** `stills`: one file per frame, named by `stillName` from 0 without a gap. `movie`: one file. */
  kind: "stills" | "movie";
  /** Absolute path of the movie, or of the first still. */
  firstFile: string;
  /** Frames in it: how many stills must be there. */
  frameCount: number;
  /** Pixels of the files. */
  width: number;
  height: number;
  /** Whether they show the timeline's whole frame at another size, and must be scaled to it. */
  fitToFrame: boolean;
  name: string;
  /** What the footage must be interpreted as. */
  rate: Fraction;
  /** Timeline time of the matte's first frame and just after its last one. */
  start: Ticks;
  end: Ticks;
}

export interface PlanMarker {
  /** Timeline time. */
  time: Ticks;
  duration: Ticks;
  name: string;
  comment: string;
}

/** One vertex: position and tangents relative to it, pixels of the layer. */
export interface PathVertex {
  x: number;
  y: number;
  inX: number;
  inY: number;
  outX: number;
  outY: number;
}

export interface MaskPath {
  name: string;
  mode: "add" | "subtract";
  keyframes: Keyframe<PathVertex[]>[];
  /** 0 to 100; hold keys that switch the mask off while the object is hidden. */
  opacity: Keyframe<number>[];
}

export interface EditPlan {
  /** Shown by the host's undo, e.g. "Masklet: car". */
  label: string;
  clipId: string;
  /** Marks what Masklet made, so that a second run replaces it. See `planSignature`. */
  signature: string;
  write:
    | { kind: "track-matte"; matte: MatteImport; opacity: Keyframe<number>[] }
    | { kind: "cut-out"; picture: MatteImport; opacity: Keyframe<number>[] }
    | { kind: "import-only"; matte: MatteImport }
    | { kind: "mask-paths"; paths: MaskPath[] };
  markers: PlanMarker[];
}

/** The files that the tracker wrote, as far as the plan needs to know them. */
interface MatteFiles {
  kind: MatteImport["kind"];
  firstFile: string;
  width: number;
  height: number;
  fitToFrame: boolean;
}

/** Source frames worth a look, both ends included, and why. */
export interface ReviewStretch {
  from: number;
  to: number;
  reason: string;
}

export interface MattePlanRequest {
  kind: "track-matte" | "cut-out" | "import-only";
  clipId: string;
  /** Of the clip and of the object, as the person sees them. */
  clipName: string;
  objectName: string;
  timing: ClipTiming;
  clock: SourceClock;
  /** From `placeMatte`; the files were written in its order. */
  placement: MattePlacement;
  files: MatteFiles;
  visibility: readonly VisibilityStretch[];
  occlusion?: OcclusionSettings;
  review: readonly ReviewStretch[];
}

/** Everything that a host needs to know to put a matte on its timeline. */
export function planMatte(request: MattePlanRequest): EditPlan {
  const { kind, clipId, clipName, objectName } = request;
  const matte = matteImport(request);
  const opacity = occlusionKeyframes(request.visibility, request.placement, request.occlusion);
  return {
    label: `Masklet: ${objectName}`,
    clipId,
    signature: planSignature(clipName, objectName),
    write: writeStep(kind, matte, opacity),
    markers: reviewMarkers(request),
  };
}

function writeStep(
  kind: MattePlanRequest["kind"],
  matte: MatteImport,
  opacity: Keyframe<number>[],
): EditPlan["write"] {
  switch (kind) {
    case "track-matte":
      return { kind, matte, opacity };
    case "cut-out":
      return { kind, picture: matte, opacity };
    case "import-only":
      return { kind, matte };
  }
}

function matteImport({ clipName, objectName, placement, files }: MattePlanRequest): MatteImport {
  return {
    ...files,
    frameCount: placement.sourceFrames.length,
    name: `${clipName} - ${objectName}`,
    rate: placement.rate,
    start: placement.start,
    end: placement.end,
  };
}

/**
 * A short mark that is the same for every run on one object of one clip, e.g. "mk-1f0c9a2e".
 *
 * Made of names, not of times, so that it outlives a trim or a move on the timeline.
 */
export function planSignature(clipName: string, objectName: string): string {
  return `mk-${fingerprint(`${clipName}\n${objectName}`)}`;
}

/** Eight digits that are the same for the same text and hardly ever for another. */
export function fingerprint(text: string): string {
  return fnv1a(text).toString(16).padStart(8, "0");
}

/** Fowler-Noll-Vo 1a, 32 bits: short and stable, not secret (http://www.isthe.com/chongo/tech/comp/fnv). */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of unicodeBytes(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}

/** UTF-16 code units as bytes; TextEncoder isn't everywhere a host runs scripts. */
function* unicodeBytes(text: string): Generator<number> {
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    yield unit & 0xff;
    yield unit >> 8;
  }
}

/** One marker per stretch, each time that the timeline shows it. */
export function reviewMarkers(
  request: Pick<MattePlanRequest, "timing" | "clock" | "review" | "objectName">,
): PlanMarker[] {
  const { timing, clock, review, objectName } = request;
  const name = `Masklet: check ${objectName}`;
  return review.flatMap(({ from, to, reason }) =>
    timelineStretchesOf(timing, clock, from, to).map(({ start, end }) => {
      const duration = formatTicks(parseTicks(end) - parseTicks(start));
      return { time: start, duration, name, comment: reason };
    }),
  );
}
