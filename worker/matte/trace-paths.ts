/**
 * Runs in the tracking worker or in Node: outlines of a clip's mattes become keyframed mask paths, with their
 * quality measured by drawing them again.
 */
import type { AlphaRegion, Box, Size } from "./alpha-region.ts";
import { drawPath } from "./draw-path.ts";
import { chooseVertices, type FitFrame } from "./fit-bezier.ts";
import { type OutlinedFrame, type OutlineTrack, trackOutlines } from "./outline-tracks.ts";
import { pathAt } from "./path-at.ts";
import type { KeyedOutline } from "./path-errors.ts";
import { type ChosenOutline, keyOutlines, type Pace } from "./path-keyframes.ts";
import { measureQuality, type TracedOutline } from "./path-quality.ts";
import {
  defaultPathOptions,
  type PathOptions,
  type PathTrack,
  type TracedPaths,
  WORST_FRAME,
} from "./path-types.ts";
import { toPath } from "./path-vector.ts";

/** Frames of a track on which vertices are chosen; more would not change the choice, only take longer. */
const MOST_FITTED_FRAMES = 12;
/** Share of the bounds that vertices are chosen for, before keys are fitted, which halves the error of a frame. */
const FIT_LOSS_SHARE = 0.7;
const FIT_TOLERANCE_SHARE = 0.45;
/** Vertices that an outline may always have. */
const LEAST_VERTICES = 6;
/** Shares of the work that are done before keys are chosen, and after. */
const OUTLINE_WORK = 0.1;
const KEY_WORK = 0.87;

/**
 * `frames`: the visible ones, ascending; a gap in their numbers is a hidden stretch and ends all paths.
 * `pace` may throw to cancel.
 */
export async function tracePaths(
  frames: readonly OutlinedFrame[],
  options: Partial<PathOptions> = {},
  pace: Pace = async () => undefined,
): Promise<TracedPaths> {
  const settled = { ...defaultPathOptions, ...options };
  const { tolerance, areaLoss } = settled;
  const tracks = await trackOutlines(frames, settled.minArea, pace);
  const chosen = await chooseAll(tracks, settled, pace);
  const byFrame = new Map(frames.map((frame) => [frame.frameIndex, frame]));
  const keyed = await keyOutlines(
    chosen,
    { tolerance, areaLoss: areaLoss * WORST_FRAME, meanLoss: areaLoss },
    (frameIndex) => byFrame.get(frameIndex)!,
    (share) => pace(share === undefined ? undefined : OUTLINE_WORK + KEY_WORK * share),
  );
  await pace(OUTLINE_WORK + KEY_WORK);
  const traced = keyed.map((one) => ({ track: trackOf(one), outline: one.outline })).sort(hostOrder(frames));
  const quality = await measureQuality(frames, traced, pace);
  await pace(1);
  return { tracks: traced.map(({ track }) => track), quality };
}

/**
 * Hosts apply masks in order: a hole comes after the part that it is in. Of one kind those of an earlier visible
 * stretch are first, and in it the main one.
 */
function hostOrder(frames: readonly OutlinedFrame[]): (a: TracedOutline, b: TracedOutline) => number {
  const numbers = frames.map(({ frameIndex }) => frameIndex);
  const starts = numbers.filter((number, i) => number !== numbers[i - 1]! + 1);
  const stretch = ({ track }: TracedOutline) => starts.filter((start) => start <= track.from).length;
  return (a, b) => {
    if (a.track.mode !== b.track.mode) return a.track.mode === "add" ? -1 : 1;
    return stretch(a) - stretch(b) || length(b.outline) - length(a.outline);
  };
}

function trackOf({ outline, fitted }: KeyedOutline): PathTrack {
  return {
    mode: outline.mode,
    from: outline.from,
    to: outline.from + outline.landmarks.length - 1,
    keys: fitted.keys.map((frameIndex, i) => ({
      frameIndex,
      path: toPath(fitted.values[i]!.map((value) => value * outline.scale)),
    })),
  };
}

// ---------------------------------------------------------------- vertices

/** Small outlines first: they need few vertices, and the largest one gets what is left of the frame's. */
async function chooseAll(
  outlines: readonly OutlineTrack[],
  { tolerance, areaLoss, maxVertices }: PathOptions,
  pace: Pace,
): Promise<ChosenOutline[]> {
  const chosen: ChosenOutline[] = [];
  const bound = { tolerance: tolerance * FIT_TOLERANCE_SHARE, areaLoss: areaLoss * FIT_LOSS_SHARE };
  for (const outline of [...outlines].sort((a, b) => length(a) - length(b))) {
    await pace((OUTLINE_WORK * chosen.length) / outlines.length);
    const most = Math.max(LEAST_VERTICES, maxVertices - medianVertices(chosen, outline));
    chosen.push({ outline, vertices: await chooseVertices(fittedFrames(outline), { ...bound, most }, pace) });
  }
  return chosen;
}

/** Landmarks of all frames together: large outlines that last. */
function length({ landmarks }: OutlineTrack): number {
  return landmarks.length * landmarks[0]!.length;
}

/** Of other outlines, on the frames of one. */
function medianVertices(others: readonly ChosenOutline[], { from, landmarks }: OutlineTrack): number {
  const counts = landmarks.map((_, i) =>
    others
      .filter(({ outline }) => from + i >= outline.from && from + i < outline.from + outline.landmarks.length)
      .reduce((sum, { vertices }) => sum + vertices.length, 0),
  );
  return counts.sort((a, b) => a - b)[counts.length >> 1]!;
}

/** First, last and evenly between. */
function fittedFrames({ landmarks, objectArea }: OutlineTrack): FitFrame[] {
  const count = Math.min(MOST_FITTED_FRAMES, landmarks.length);
  return Array.from({ length: count }, (_, i) => {
    const at = count === 1 ? 0 : Math.round((i * (landmarks.length - 1)) / (count - 1));
    return { landmarks: landmarks[at]!, objectArea: objectArea[at]! };
  });
}

// ---------------------------------------------------------------- drawing

/** All paths of a frame drawn over `box`: parts added, then holes taken away. */
export function drawTracks(
  tracks: readonly PathTrack[],
  frameIndex: number,
  box: Box,
  frame: Size,
): AlphaRegion {
  const region = { ...box, frame, alpha: new Float32Array(box.width * box.height) };
  for (const mode of ["add", "subtract"] as const)
    for (const track of tracks) {
      const path = track.mode === mode ? pathAt(track, frameIndex) : null;
      if (path) combine(region.alpha, drawPath(path, box, frame).alpha, mode);
    }
  return region;
}

function combine(target: Float32Array, drawn: Float32Array, mode: "add" | "subtract"): void {
  for (let i = 0; i < target.length; i++)
    target[i] = mode === "add" ? 1 - (1 - target[i]!) * (1 - drawn[i]!) : target[i]! * (1 - drawn[i]!);
}
