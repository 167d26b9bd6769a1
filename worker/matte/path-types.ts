/**
 * Mask paths over time: what `path-keyframes.ts` finds and a panel turns into an edit plan. Types, and their defaults.
 *
 * Coordinates are pixels of the displayed source frame, origin top left, the centre of the first pixel at
 * (0.5, 0.5): After Effects' layer space for footage.
 */

/** Position, and tangents relative to it: `out` towards the next vertex, `in` towards the one before. */
export interface PathVertex {
  x: number;
  y: number;
  inX: number;
  inY: number;
  outX: number;
  outY: number;
}

/** A closed Bézier path; the last vertex leads back to the first. */
export type BezierPath = PathVertex[];

/** One closed path over a stretch of frames; every key has the same number of vertices, with the same meaning. */
export interface PathTrack {
  /** `subtract`: a hole. */
  mode: "add" | "subtract";
  /** First and last frame on which this path is on, both included. */
  from: number;
  to: number;
  /**
   * Ascending; all paths of a visible stretch share their frames, so the first key may lie a little before
   * `from` and the last a little after `to`, never in a hidden stretch. Between keys, vertices and tangents
   * are linear in time; before the first and after the last they hold. One key where nothing moves.
   */
  keys: { frameIndex: number; path: BezierPath }[];
}

export interface PathOptions {
  /**
   * How far the matte's edge may lie from the interpolated paths at any point: pixels of a frame whose
   * shorter side has `REFERENCE_SIDE`. See `pathScale`.
   */
  tolerance: number;
  /** 1 - IoU that the paths may have, mean over the frames; a single frame may have `WORST_FRAME` times as much. */
  areaLoss: number;
  /** Vertices of all paths together that a frame in the middle (median) may have; few parts may need more. */
  maxVertices: number;
  /** Parts and holes with less area are left out, pixels² of such a frame. */
  minArea: number;
}

/** Pixels of the shorter side of the frames (640 x 360) that the default bounds were chosen on. */
const REFERENCE_SIDE = 360;

/**
 * Pixels of a frame to one of the bounds' pixels: the same object at twice the resolution needs as many keys.
 *
 * Never below 1: the steps of a mask's own pixels don't shrink with the frame.
 */
export function pathScale({ width, height }: { width: number; height: number }): number {
  return Math.max(1, Math.min(width, height) / REFERENCE_SIDE);
}

/** How much more than the mean a single frame may lose. */
export const WORST_FRAME = 2.3;

export const defaultPathOptions: PathOptions = {
  tolerance: 5,
  areaLoss: 0.0275,
  maxVertices: 60,
  minArea: 16,
};

/** Where the default lies between faithful (0) and sparse (1). */
export const DEFAULT_SPARSITY = 0.5;
/** Each end of the scale is this many times stricter or looser than the default. */
const REACH = { tolerance: 2, areaLoss: 2.5 };

/** The options for a place between faithful (0) and sparse (1); the default is in the middle. */
export function pathOptionsAt(sparsity: number): PathOptions {
  const steps = (sparsity - DEFAULT_SPARSITY) / DEFAULT_SPARSITY;
  return {
    ...defaultPathOptions,
    tolerance: defaultPathOptions.tolerance * REACH.tolerance ** steps,
    areaLoss: defaultPathOptions.areaLoss * REACH.areaLoss ** steps,
  };
}

/** How far the paths, interpolated and drawn, are from the mattes. */
export interface PathQuality {
  /** Over the visible frames; 0 to 1. */
  meanIou: number;
  worstIou: number;
  worstFrame: number;
  /** Largest distance in pixels from a drawn path to the matte's edge, or from the edge to the paths. */
  worstDistance: number;
  worstDistanceFrame: number;
  /** Frames on which any path has a key, and visible frames. */
  keyedFrames: number;
  visibleFrames: number;
  /** Vertices of all paths on a frame, median over the visible frames. */
  medianVertices: number;
}

export interface TracedPaths {
  tracks: PathTrack[];
  quality: PathQuality;
}

/** The file of the matte format `paths`. */
export interface PathsDocument {
  format: "masklet-paths";
  version: 1;
  /** Pixels; coordinates have their origin top left. */
  width: number;
  height: number;
  rate: { numerator: number; denominator: number };
  tracks: PathTrack[];
  quality: PathQuality;
}
