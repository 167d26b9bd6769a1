/** Which stretches a track command runs over. Pure. */
import { hasPrompts, type SessionDocument, type TrackedObject, type TrackLeg } from "./document.ts";

export type TrackDirection = "forward" | "backward" | "both" | "next" | "previous";

const trackable = (document: SessionDocument) =>
  document.objects.filter(
    (object) => !object.locked && [...object.prompts.values()].some((prompts) => hasPrompts(prompts)),
  );

const promptedFrames = (objects: readonly TrackedObject[]) =>
  [...new Set(objects.flatMap((object) => [...object.prompts.keys()]))].sort((a, b) => a - b);

/** The frame to start from: the playhead where something is known there, else the nearest prompt. */
function startFrame(objects: readonly TrackedObject[], playhead: number, backward: boolean): number {
  const known = objects.some((object) => object.records.has(playhead));
  if (known) return playhead;
  const frames = promptedFrames(objects);
  const before = frames.filter((frame) => frame <= playhead);
  const after = frames.filter((frame) => frame >= playhead);
  const nearest = backward
    ? (after[0] ?? before[before.length - 1])
    : (before[before.length - 1] ?? after[0]);
  return nearest ?? playhead;
}

/** The legs of a command at the playhead, empty where there is nothing to track. */
export function planTrack(
  document: SessionDocument,
  playhead: number,
  direction: TrackDirection,
): TrackLeg[] {
  const objects = trackable(document);
  if (objects.length === 0) return [];
  const backward = direction === "backward" || direction === "previous";
  return legsFrom(document, objects, startFrame(objects, playhead, backward), direction);
}

function legsFrom(
  document: SessionDocument,
  objects: readonly TrackedObject[],
  start: number,
  direction: TrackDirection,
): TrackLeg[] {
  const objectIds = objects.map((object) => object.id);
  const leg = (from: number, to: number): TrackLeg => ({ from, to, objectIds });
  const { inFrame, outFrame } = document;
  const forward = leg(start, Math.max(start, outFrame));
  const backward = leg(start, Math.min(start, inFrame));
  switch (direction) {
    case "forward":
      return start < outFrame ? [forward] : [];
    case "backward":
      return start > inFrame ? [backward] : [];
    case "both":
      return [forward, backward].filter((each) => each.from !== each.to);
    case "next":
      return start < outFrame ? [leg(start, start + 1)] : [];
    case "previous":
      return start > inFrame ? [leg(start, start - 1)] : [];
  }
}

/**
 * All of the range: forward from the first prompted frame in it, then backward from there. Objects that are
 * tracked throughout are left alone while there are others that are not.
 */
function planWholeRange(document: SessionDocument): TrackLeg[] {
  const all = trackable(document);
  const unfinished = all.filter((object) => hasGaps(object, document));
  const objects = unfinished.length > 0 ? unfinished : all;
  const frames = promptedFrames(objects);
  const first = frames.find((frame) => frame >= document.inFrame && frame <= document.outFrame) ?? frames[0];
  if (first === undefined) return [];
  return legsFrom(document, objects, first, "both");
}

function hasGaps(object: TrackedObject, { inFrame, outFrame }: SessionDocument): boolean {
  for (let frame = inFrame; frame <= outFrame; frame++) if (!object.records.has(frame)) return true;
  return false;
}

/** What the corrections since the last track have made out of date, outward from each correction. */
export function planStale(document: SessionDocument): TrackLeg[] {
  return trackable(document).flatMap((object) => {
    const objectIds = [object.id];
    return [...staleReach(object)].flatMap(([frame, { from, to }]) => [
      ...(to > frame ? [{ from: frame, to, objectIds }] : []),
      ...(from < frame ? [{ from: frame, to: from, objectIds }] : []),
    ]);
  });
}

/** For each correction, the first and last frame that it has made out of date. */
function staleReach(object: TrackedObject): Map<number, { from: number; to: number }> {
  const reach = new Map<number, { from: number; to: number }>();
  for (const { frameIndex, staleSince } of object.records.values()) {
    if (staleSince === null) continue;
    const before = reach.get(staleSince) ?? { from: staleSince, to: staleSince };
    reach.set(staleSince, {
      from: Math.min(before.from, frameIndex),
      to: Math.max(before.to, frameIndex),
    });
  }
  return reach;
}

export const legLength = (leg: TrackLeg) => Math.abs(leg.to - leg.from) + 1;

/** What the one track button does now, and how it says so. */
export interface NextTrack {
  label: string;
  legs: TrackLeg[];
}

const stretchOf = (legs: TrackLeg[]) => {
  const ends = legs.flatMap((leg) => [leg.from, leg.to]);
  return `${Math.min(...ends) + 1}–${Math.max(...ends) + 1}`;
};

/** Resuming comes first, then corrections, then the whole range. */
export function nextTrack(document: SessionDocument): NextTrack {
  if (document.pending.length > 0) {
    const legs = [...document.pending];
    return { label: `Resume ${stretchOf(legs)}`, legs };
  }
  const stale = planStale(document);
  if (stale.length > 0) return { label: `Track again ${stretchOf(stale)}`, legs: stale };
  return { label: "Track", legs: planWholeRange(document) };
}
