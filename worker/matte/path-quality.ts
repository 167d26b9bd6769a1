/** Runs anywhere: how far finished paths are from the mattes, drawn as a host draws them. */
import { flattenPath } from "./draw-path.ts";
import type { Samples } from "./outline-samples.ts";
import type { OutlinedFrame, OutlineTrack } from "./outline-tracks.ts";
import { pathAt } from "./path-at.ts";
import type { PathQuality, PathTrack } from "./path-types.ts";
import { overlapOf, runsOfParts } from "./row-runs.ts";

/** A finished path with the outline that it follows. */
export interface TracedOutline {
  track: PathTrack;
  outline: OutlineTrack;
}

interface FrameScore {
  frameIndex: number;
  iou: number;
  distance: number;
  vertices: number;
}

export async function measureQuality(
  frames: readonly OutlinedFrame[],
  traced: readonly TracedOutline[],
  pace: () => Promise<void>,
): Promise<PathQuality> {
  const scores: FrameScore[] = [];
  for (const frame of frames) {
    await pace();
    scores.push(scoreFrame(frame, traced));
  }
  const none: FrameScore = { frameIndex: 0, iou: 1, distance: 0, vertices: 0 };
  const worst = scores.reduce((a, b) => (b.iou < a.iou ? b : a), scores[0] ?? none);
  const farthest = scores.reduce((a, b) => (b.distance > a.distance ? b : a), scores[0] ?? none);
  const counts = scores.map(({ vertices }) => vertices).sort((a, b) => a - b);
  return {
    meanIou: scores.reduce((sum, { iou }) => sum + iou, 0) / Math.max(1, scores.length),
    worstIou: worst.iou,
    worstFrame: worst.frameIndex,
    worstDistance: farthest.distance,
    worstDistanceFrame: farthest.frameIndex,
    keyedFrames: new Set(traced.flatMap(({ track }) => track.keys.map(({ frameIndex }) => frameIndex))).size,
    visibleFrames: frames.length,
    medianVertices: counts[counts.length >> 1] ?? 0,
  };
}

function scoreFrame(
  { frameIndex, runs, frame }: OutlinedFrame,
  traced: readonly TracedOutline[],
): FrameScore {
  const on = traced.flatMap(({ track, outline }) => {
    const path = pathAt(track, frameIndex);
    if (!path) return [];
    const landmarks = outline.landmarks[frameIndex - outline.from]!.map((value) => value * outline.scale);
    return [{ mode: track.mode, points: flattenPath(path), landmarks, vertices: path.length }];
  });
  const { both, either } = overlapOf(runs, runsOfParts(on, frame.width, frame.height));
  return {
    frameIndex,
    iou: either === 0 ? 1 : both / either,
    distance: on.reduce((most, { points, landmarks }) => Math.max(most, apart(points, landmarks)), 0),
    vertices: on.reduce((sum, { vertices }) => sum + vertices, 0),
  };
}

/** Pixels from any point of either closed line to the other (Hausdorff distance). */
function apart(a: Samples, b: Samples): number {
  return Math.sqrt(Math.max(squaredFarthest(a, b), squaredFarthest(b, a)));
}

function squaredFarthest(from: Samples, to: Samples): number {
  let farthest = 0;
  for (let i = 0; i < from.length; i += 2)
    farthest = Math.max(farthest, squaredToLine(from[i]!, from[i + 1]!, to, farthest));
  return farthest;
}

/** Squared pixels to the nearest piece of a closed line; stops once under `enough`, which then is no exact answer. */
function squaredToLine(x: number, y: number, line: Samples, enough: number): number {
  let nearest = Number.POSITIVE_INFINITY;
  for (let b = 0, a = line.length - 2; b < line.length && nearest > enough; a = b, b += 2) {
    const dx = line[b]! - line[a]!;
    const dy = line[b + 1]! - line[a + 1]!;
    const px = x - line[a]!;
    const py = y - line[a + 1]!;
    const share = Math.min(1, Math.max(0, (px * dx + py * dy) / (dx * dx + dy * dy + 1e-12)));
    nearest = Math.min(nearest, (px - dx * share) ** 2 + (py - dy * share) ** 2);
  }
  return nearest;
}
