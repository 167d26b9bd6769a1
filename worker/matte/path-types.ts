/**
 * Mask paths over time: what `path-keyframes.ts` finds and a panel turns into an edit plan. Types only.
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
   * Ascending, the first on `from`, the last on `to` (one key where nothing moves). Between keys, vertices
   * and tangents are linear in time. Nothing is to be interpolated beyond `to`.
   */
  keys: { frameIndex: number; path: BezierPath }[];
}

export interface PathOptions {
  /** How far an interpolated path may lie from the matte's edge at any point, pixels. */
  tolerance: number;
  /** Share of the object's area by which all paths of a frame together may be off, 0 to 1; 1 - IoU, nearly. */
  areaLoss: number;
  /** Most vertices a single path may have. */
  maxVertices: number;
  /** Parts and holes with less area are left out, pixels². */
  minArea: number;
}

/** How far the paths, interpolated and drawn, are from the mattes. */
export interface PathQuality {
  /** Over the visible frames; 0 to 1. */
  meanIou: number;
  worstIou: number;
  worstFrame: number;
  /** Largest distance in pixels from a drawn path to the matte's edge. */
  worstDistance: number;
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
