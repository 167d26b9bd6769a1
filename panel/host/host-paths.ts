/**
 * The mask path that the panel shows becomes an edit plan for the host. Pure.
 *
 * Where the timeline shows the clip's frames one by one, paths count the clip's frames. Else (another rate, speed,
 * reverse, remapping, loops) they count the timeline's, and were traced in that order: what is shown is
 * then what is followed, however the host gets there.
 */
import { type EditPlan, type Keyframe, planSignature, reviewMarkers } from "../../plugin/edit-plan.ts";
import { formatTicks, frameToTicks, sameRate } from "../../plugin/timecode.ts";
import { type MattePlacement, placeMatte, shownSourceFrames } from "../../plugin/timeline-map.ts";
import type { PathsDocument, PathTrack } from "../../worker/matte/path-types.ts";
import type { ClipInfo } from "../../worker/protocol.ts";
import { type SessionDocument, visibleObjects } from "../session/document.ts";
import { clockOf, type HostClip, reviewOf, timingOf } from "./host-matte.ts";

/** For each of the timeline's frames the clip's; null where paths count the clip's own. */
export function pathOrder(clip: HostClip, info: ClipInfo): number[] | null {
  const [timing, clock] = [timingOf(clip), clockOf(info)];
  const { way, rate } = placeMatte(timing, clock);
  const oneByOne = way === "per-source-frame" && sameRate(rate, timing.timeline?.rate ?? rate);
  return oneByOne ? null : shownSourceFrames(timing, clock);
}

/** `order`: the one that the paths were traced in. */
export function planPaths(
  clip: HostClip,
  info: ClipInfo,
  document: SessionDocument,
  paths: PathsDocument,
  order: readonly number[] | null,
): EditPlan {
  const [timing, clock] = [timingOf(clip), clockOf(info)];
  const placement = placeMatte(timing, clock);
  const objects = visibleObjects(document);
  const objectName = objects.map((object) => object.name).join(" + ");
  const frames = frameTimes(placement, order, timing.timeline?.rate ?? placement.rate);
  const scale = { x: clip.selection.width / paths.width, y: clip.selection.height / paths.height };
  return {
    label: `Masklet: ${objectName}`,
    clipId: clip.selection.clipId,
    signature: planSignature(clip.selection.name, objectName),
    write: {
      kind: "mask-paths",
      paths: paths.tracks.map((track, i) => ({
        name: paths.tracks.length === 1 ? objectName : `${objectName} ${i + 1}`,
        mode: track.mode,
        keyframes: keyframesOf(track, frames, scale),
        opacity: opacityOf(track, frames),
      })),
    },
    markers: reviewMarkers({ timing, clock, review: reviewOf(objects), objectName }),
  };
}

/** Of a path's frames, on the clip's own clock. */
interface FrameTimes {
  /** Frames on the timeline. */
  first: number;
  last: number;
  timeOf(frame: number): string;
}

function frameTimes(
  { sourceFrames, rate }: MattePlacement,
  order: readonly number[] | null,
  timelineRate: MattePlacement["rate"],
): FrameTimes {
  const first = order ? 0 : (sourceFrames[0] ?? 0);
  const count = order ? order.length : sourceFrames.length;
  const counted = order ? timelineRate : rate;
  const timeOf = (frame: number) => formatTicks(frameToTicks(frame - first, counted));
  return { first, last: first + count - 1, timeOf };
}

/** In pixels of the layer, which the panel may have seen at another size or with square pixels. */
function keyframesOf(track: PathTrack, { timeOf }: FrameTimes, scale: { x: number; y: number }) {
  return track.keys.map(({ frameIndex, path }) => ({
    time: timeOf(frameIndex),
    value: path.map((vertex) => ({
      x: vertex.x * scale.x,
      y: vertex.y * scale.y,
      inX: vertex.inX * scale.x,
      inY: vertex.inY * scale.y,
      outX: vertex.outX * scale.x,
      outY: vertex.outY * scale.y,
    })),
    interpolation: "linear" as const,
  }));
}

/** Hold keys: on for the track's frames only. None where that is all of the clip. */
function opacityOf({ from, to }: PathTrack, { first, last, timeOf }: FrameTimes): Keyframe<number>[] {
  const hold = (frame: number, value: number) => ({
    time: timeOf(frame),
    value,
    interpolation: "hold" as const,
  });
  if (from <= first && to >= last) return [];
  return [
    ...(from > first ? [hold(first, 0)] : []),
    hold(Math.max(from, first), 100),
    ...(to < last ? [hold(to + 1, 0)] : []),
  ];
}
