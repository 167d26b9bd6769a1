/** What the person made of a clip becomes matte files and an edit plan for the host. Pure. */
import {
  type EditPlan,
  type MattePlanRequest,
  planMatte,
  type ReviewStretch,
} from "../../plugin/edit-plan.ts";
import { stillName } from "../../plugin/matte-names.ts";
import { DEFAULT_OCCLUSION_SETTINGS, type VisibilityStretch } from "../../plugin/occlusion-keyframes.ts";
import type { ClipSelection } from "../../plugin/protocol.ts";
import { parseTicks } from "../../plugin/timecode.ts";
import {
  type ClipTiming,
  placeMatte,
  type SourceClock,
  sourceFrameAt,
  stillsTiming,
  usedSourceFrames,
} from "../../plugin/timeline-map.ts";
import type { ClipInfo, MatteRequest } from "../../worker/protocol.ts";
import { reviewList } from "../review/review-list.ts";
import { type SessionDocument, type TrackedObject, visibleObjects } from "../session/document.ts";
import { matteLayers } from "../session/exporting.ts";
import { stretchAt, stretchesOf } from "../session/visibility.ts";

/** `media`: the host's file, decoded here. `stills`: frames that the host rendered. */
type FrameRoute = "media" | "stills";

export type WriteKind = MattePlanRequest["kind"];

/** A clip of the host's timeline, and how its frames came here. */
export interface HostClip {
  selection: ClipSelection;
  route: FrameRoute;
}

/** Everything that is decided before the first file is written. */
export interface HostMatte {
  request: MatteRequest;
  /** Of all shown objects together. */
  objectName: string;
  /** Whether all of it is one file, which the tracker writes itself: as asked for, where each frame is shown once. */
  isMovie: boolean;
  /** For each source frame the names of the files it becomes, where it isn't a movie. */
  names: ReadonlyMap<number, readonly string[]>;
  fileCount: number;
  /** The plan, once the first file's place is known. */
  plan(firstFile: string): EditPlan;
}

export function timingOf({ selection, route }: HostClip): ClipTiming {
  return route === "stills" ? stillsTiming(selection) : selection;
}

export function clockOf(info: ClipInfo): SourceClock {
  const { frameCount, timestamps, variableFrameRate } = info;
  return variableFrameRate ? { frameCount, timestamps } : { frameCount };
}

/** The source frames that the timeline shows, lower first, and the one under the player. */
export function shownFrames(clip: HostClip, info: ClipInfo): { from: number; to: number; playhead: number } {
  const [timing, clock] = [timingOf(clip), clockOf(info)];
  const { from, to } = usedSourceFrames(timing, clock);
  const { start, end, playhead } = clip.selection;
  const time = parseTicks(playhead);
  const isOver = time >= parseTicks(start) && time < parseTicks(end);
  return { from, to, playhead: sourceFrameAt(timing, clock, isOver ? time : parseTicks(start)) };
}

export interface MatteWishes {
  kind: WriteKind;
  /** See `OcclusionSettings`. */
  fadeFrames: number;
  /** ProRes 4444 in place of pictures. */
  asMovie: boolean;
}

export function hostMatte(
  clip: HostClip,
  info: ClipInfo,
  document: SessionDocument,
  { kind, fadeFrames, asMovie }: MatteWishes,
): HostMatte {
  const [timing, clock] = [timingOf(clip), clockOf(info)];
  const placement = placeMatte(timing, clock);
  const [from, to] = extent(placement.sourceFrames);
  const objects = visibleObjects(document);
  const objectName = objects.map((object) => object.name).join(" + ");
  const names = new Map<number, string[]>();
  for (const [n, frame] of placement.sourceFrames.entries()) {
    names.set(frame, [...(names.get(frame) ?? []), stillName(n)]);
  }
  const isMovie = asMovie && !info.variableFrameRate && isOneByOne(placement.sourceFrames);
  return {
    isMovie,
    request: {
      layers: matteLayers(document, from, to),
      from,
      to,
      format: isMovie ? "prores4444" : "png",
      content: kind === "cut-out" ? "cutout" : "matte",
      grouping: "merged",
      settings: { ...document.matte },
    },
    objectName,
    names,
    fileCount: placement.sourceFrames.length,
    plan: (firstFile) =>
      planMatte({
        kind,
        clipId: clip.selection.clipId,
        clipName: clip.selection.name,
        objectName,
        timing,
        clock,
        placement,
        files: {
          kind: isMovie ? "movie" : "stills",
          firstFile,
          width: info.width,
          height: info.height,
          fitToFrame: clip.route === "stills",
        },
        visibility: mergedVisibility(objects, from, to),
        occlusion: { ...DEFAULT_OCCLUSION_SETTINGS, fadeFrames },
        review: reviewOf(objects),
      }),
  };
}

/** A movie has the clip's frames in the clip's order. */
const isOneByOne = (frames: readonly number[]) =>
  frames.every((frame, n) => n === 0 || frame === (frames[n - 1] as number) + 1);

/** Lowest and highest, without spreading: a clip may have more frames than a call takes arguments. */
function extent(frames: readonly number[]): [number, number] {
  return frames.reduce<[number, number]>(
    ([low, high], frame) => [Math.min(low, frame), Math.max(high, frame)],
    [frames[0] ?? 0, frames[0] ?? 0],
  );
}

/** One object's own stretches; of several, on wherever one of those that add is on. */
function mergedVisibility(objects: readonly TrackedObject[], from: number, to: number): VisibilityStretch[] {
  const adding = objects.filter((object) => object.operation === "add");
  if (adding.length === 1) return [...stretchesOf(adding[0]!)];
  const merged: VisibilityStretch[] = [];
  for (let frame = from; frame <= to; frame++) {
    const now = togetherAt(adding, frame);
    const last = merged[merged.length - 1];
    if (!now) continue;
    if (last && last.to === frame - 1 && last.shown === now.shown && last.origin === now.origin)
      last.to = frame;
    else merged.push({ from: frame, to: frame, ...now });
  }
  return merged;
}

/** Null where none of them is tracked. A person's word counts where it decides. */
function togetherAt(
  objects: readonly TrackedObject[],
  frame: number,
): Pick<VisibilityStretch, "state" | "shown" | "origin"> | null {
  const each = objects.flatMap((object) => stretchAt(object, frame) ?? []);
  if (each.length === 0) return null;
  const shown = each.some((stretch) => stretch.shown);
  const said = each.some((stretch) => stretch.shown === shown && stretch.origin === "person");
  return { state: shown ? "visible" : "hidden", shown, origin: said ? "person" : "tracked" };
}

export function reviewOf(objects: readonly TrackedObject[]): ReviewStretch[] {
  return reviewList(objects).map(({ frameIndex, reason }) => ({ from: frameIndex, to: frameIndex, reason }));
}
