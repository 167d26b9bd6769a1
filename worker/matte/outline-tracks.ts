/**
 * Runs anywhere: the outlines of single frames become tracks, one per part or hole and stretch of frames.
 *
 * A track ends where its outline has no likely successor: the object is hidden, a part joins another, a
 * hole closes. So no path is ever carried across a change that a path can't follow.
 */

import type { AlphaRegion, Size } from "./alpha-region.ts";
import { type Contour, traceContours } from "./contour.ts";
import { followLandmarks, perimeter, resample, type Samples } from "./outline-samples.ts";
import { pathScale } from "./path-types.ts";
import { type RowRuns, runsOfRegion } from "./row-runs.ts";

/** One outline over successive frames; sample i has the same meaning on each. */
export interface OutlineTrack {
  mode: "add" | "subtract";
  from: number;
  /** Pixels of the frame to one of the landmarks' units, see `pathScale`. */
  scale: number;
  /** One per frame. */
  landmarks: Samples[];
  /** Units² of the whole object (all parts, less the holes), one per frame. */
  objectArea: number[];
}

/** What paths need to know of the matte of a visible frame. */
export interface OutlinedFrame {
  frameIndex: number;
  contours: Contour[];
  runs: RowRuns;
  frame: Size;
}

export function outlineFrame(frameIndex: number, matte: AlphaRegion): OutlinedFrame {
  return { frameIndex, contours: traceContours(matte), runs: runsOfRegion(matte), frame: matte.frame };
}

/** Landmarks per outline: about one a unit, within limits that bound the work; small ones may grow. */
const UNITS_PER_LANDMARK = 1;
const LEAST_LANDMARKS = 120;
const MOST_LANDMARKS = 640;

/** Parts and holes below this share of the object's area are left out. */
const LEAST_SHARE = 0.004;

/**
 * Frames ascending, all of one size; a gap in their numbers ends every track. `minArea` in units².
 *
 * Outlines are taken down to the size that `pathScale` says, so that everything after needs no other numbers
 * for a larger frame.
 */
export async function trackOutlines(
  frames: readonly OutlinedFrame[],
  minArea: number,
  pace: () => Promise<void>,
): Promise<OutlineTrack[]> {
  const finished: OutlineTrack[] = [];
  let open: OpenTrack[] = [];
  let before = Number.NaN;
  const scale = frames[0] ? pathScale(frames[0].frame) : 1;
  for (const { frameIndex, contours: all } of frames) {
    await pace();
    const contours = wantedContours(
      all.map((contour) => inUnits(contour, scale)),
      minArea,
    );
    if (frameIndex !== before + 1) {
      finished.push(...open.map(({ track }) => track));
      open = [];
    }
    const area = contours.reduce((sum, contour) => sum + contour.area, 0);
    const pairs = matchContours(open, contours);
    finished.push(...open.filter((one) => !pairs.some(([a]) => a === one)).map(({ track }) => track));
    const continued = pairs.map(([one, contour]) => continueTrack(one, contour, area));
    const fresh = contours.filter((contour) => !pairs.some(([, b]) => b === contour));
    open = [...continued, ...fresh.map((contour) => startTrack(contour, frameIndex, area, scale))];
    before = frameIndex;
  }
  finished.push(...open.map(({ track }) => track));
  return finished.sort((a, b) => a.from - b.from);
}

function inUnits({ points, area }: Contour, scale: number): Contour {
  return { points: points.map((value) => value / scale), area: area / (scale * scale) };
}

/** Without what is too small to see, but always with the largest part: a visible object keeps a path. */
function wantedContours(contours: readonly Contour[], minArea: number): Contour[] {
  const area = contours.reduce((sum, contour) => sum + contour.area, 0);
  const least = Math.max(minArea, area * LEAST_SHARE);
  return contours.filter((contour, i) => i === 0 || Math.abs(contour.area) >= least);
}

interface OpenTrack {
  track: OutlineTrack;
  last: Contour;
}

function startTrack(contour: Contour, from: number, area: number, scale: number): OpenTrack {
  const wanted = Math.round(perimeter(contour.points) / UNITS_PER_LANDMARK);
  const count = Math.min(MOST_LANDMARKS, Math.max(LEAST_LANDMARKS, wanted));
  const mode = contour.area > 0 ? "add" : "subtract";
  const landmarks = [resample(contour.points, count)];
  return { track: { mode, from, scale, landmarks, objectArea: [area] }, last: contour };
}

function continueTrack({ track }: OpenTrack, contour: Contour, area: number): OpenTrack {
  const latest = track.landmarks.at(-1)!;
  track.landmarks.push(followLandmarks(latest, resample(contour.points, latest.length / 2)));
  track.objectArea.push(area);
  return { track, last: contour };
}

/** Pairs of one kind, likeliest first, each side used once. */
function matchContours(open: readonly OpenTrack[], contours: readonly Contour[]): [OpenTrack, Contour][] {
  const candidates = open
    .flatMap((one) => contours.map((contour) => ({ one, contour, likeness: likeness(one.last, contour) })))
    .filter(({ likeness }) => likeness > 0)
    .sort((a, b) => b.likeness - a.likeness);
  const pairs: [OpenTrack, Contour][] = [];
  for (const { one, contour } of candidates)
    if (!pairs.some(([a, b]) => a === one || b === contour)) pairs.push([one, contour]);
  return pairs;
}

/** Outlines whose areas differ by more than this factor are not one. */
const MOST_AREA_CHANGE = 1.8;

/** 0 (not the same) to 1: overlap of the boxes, times the ratio of the areas. */
function likeness(a: Contour, b: Contour): number {
  const ratio = a.area / b.area;
  if (ratio <= 0 || ratio > MOST_AREA_CHANGE || ratio < 1 / MOST_AREA_CHANGE) return 0;
  const overlap = boxOverlap(a.points, b.points);
  return overlap < 0.25 ? 0 : overlap * Math.min(ratio, 1 / ratio);
}

/** Intersection over union of the bounding boxes. */
function boxOverlap(a: Float64Array, b: Float64Array): number {
  const [p, q] = [bounds(a), bounds(b)];
  const width = Math.min(p.x1, q.x1) - Math.max(p.x0, q.x0);
  const height = Math.min(p.y1, q.y1) - Math.max(p.y0, q.y0);
  if (width <= 0 || height <= 0) return 0;
  const both = width * height;
  return both / ((p.x1 - p.x0) * (p.y1 - p.y0) + (q.x1 - q.x0) * (q.y1 - q.y0) - both);
}

function bounds(points: Float64Array) {
  const box = { x0: Infinity, y0: Infinity, x1: -Infinity, y1: -Infinity };
  for (let i = 0; i < points.length; i += 2) {
    box.x0 = Math.min(box.x0, points[i]!);
    box.x1 = Math.max(box.x1, points[i]!);
    box.y0 = Math.min(box.y0, points[i + 1]!);
    box.y1 = Math.max(box.y1, points[i + 1]!);
  }
  return box;
}
