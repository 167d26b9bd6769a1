/**
 * Runs in the tracking worker or in Node: mattes of a clip become keyframed mask paths, with their quality
 * measured by drawing them again.
 */
import type { AlphaRegion, Box, Size } from "./alpha-region.ts";
import { drawPath, flattenPath, mixPaths } from "./draw-path.ts";
import { chooseVertices, type FitFrame } from "./fit-bezier.ts";
import { type OutlineTrack, trackOutlines, type VisibleMatte } from "./outline-tracks.ts";
import { keyTrack } from "./path-keyframes.ts";
import type { BezierPath, PathOptions, PathQuality, PathTrack, TracedPaths } from "./path-types.ts";

const defaultPathOptions: PathOptions = {
  tolerance: 3,
  areaLoss: 0.055,
  maxVertices: 60,
  minArea: 16,
};

/** Frames of a track on which vertices are chosen; more would not change the choice, only take longer. */
const MOST_FITTED_FRAMES = 12;
/** Shares of the bounds that the fit to single frames may take; the rest is for the movement between keys. */
const FIT_SHARE = 0.25;
const FIT_TOLERANCE_SHARE = 0.6;

/** `frames`: the visible ones, ascending; a gap in their numbers is a hidden stretch and ends all paths. */
export function tracePaths(frames: readonly VisibleMatte[], options: Partial<PathOptions> = {}): TracedPaths {
  const settled = { ...defaultPathOptions, ...options };
  const outlines = trackOutlines(frames, settled.minArea);
  const keyed = new Set<number>();
  // Long tracks first: their keys are the ones that short tracks can share.
  const tracks = [...outlines]
    .sort((a, b) => b.landmarks.length - a.landmarks.length)
    .map((outline) => keyOutline(outline, settled, keyed))
    .sort(addedFirst);
  return { tracks, quality: measureQuality(frames, tracks) };
}

/** Hosts apply masks in order: a hole must come after the part that it is in. */
function addedFirst(a: PathTrack, b: PathTrack): number {
  return a.mode === b.mode ? a.from - b.from : a.mode === "add" ? -1 : 1;
}

function keyOutline(outline: OutlineTrack, options: PathOptions, keyed: Set<number>): PathTrack {
  const { tolerance, areaLoss, maxVertices } = options;
  const bound = {
    tolerance: tolerance * FIT_TOLERANCE_SHARE,
    areaLoss: areaLoss * FIT_SHARE,
    most: maxVertices,
  };
  const vertices = chooseVertices(fittedFrames(outline), bound);
  return keyTrack(outline, vertices, { tolerance, areaLoss }, keyed);
}

/** First, last and evenly between. */
function fittedFrames({ landmarks, objectArea }: OutlineTrack): FitFrame[] {
  const count = Math.min(MOST_FITTED_FRAMES, landmarks.length);
  return Array.from({ length: count }, (_, i) => {
    const at = count === 1 ? 0 : Math.round((i * (landmarks.length - 1)) / (count - 1));
    return { landmarks: landmarks[at]!, objectArea: objectArea[at]! };
  });
}

/** A track's path on a frame, interpolated as a host does; null where the track is off. */
export function pathAt(track: PathTrack, frameIndex: number): BezierPath | null {
  if (frameIndex < track.from || frameIndex > track.to) return null;
  const after = track.keys.findIndex((key) => key.frameIndex > frameIndex);
  if (after < 0) return track.keys.at(-1)!.path;
  const [a, b] = [track.keys[after - 1]!, track.keys[after]!];
  return mixPaths(a.path, b.path, (frameIndex - a.frameIndex) / (b.frameIndex - a.frameIndex));
}

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

function measureQuality(frames: readonly VisibleMatte[], tracks: readonly PathTrack[]): PathQuality {
  const scores = frames.map(({ frameIndex, matte }) => measureFrame(matte(), tracks, frameIndex));
  const worst = scores.reduce((least, { iou }, i) => (iou < scores[least]!.iou ? i : least), 0);
  const counts = scores.map(({ vertices }) => vertices).sort((a, b) => a - b);
  return {
    meanIou: scores.reduce((sum, { iou }) => sum + iou, 0) / Math.max(1, scores.length),
    worstIou: scores[worst]?.iou ?? 1,
    worstFrame: frames[worst]?.frameIndex ?? 0,
    worstDistance: Math.max(0, ...scores.map(({ distance }) => distance)),
    keyedFrames: new Set(tracks.flatMap(({ keys }) => keys.map(({ frameIndex }) => frameIndex))).size,
    visibleFrames: frames.length,
    medianVertices: counts[counts.length >> 1] ?? 0,
  };
}

function measureFrame(matte: AlphaRegion, tracks: readonly PathTrack[], frameIndex: number) {
  const drawn = drawTracks(tracks, frameIndex, matte, matte.frame);
  let [both, either] = [0, 0];
  for (let i = 0; i < drawn.alpha.length; i++) {
    const [a, b] = [matte.alpha[i]! > 0.5, drawn.alpha[i]! > 0.5];
    if (a && b) both++;
    if (a || b) either++;
  }
  const paths = tracks.flatMap((track) => pathAt(track, frameIndex) ?? []);
  return {
    iou: either === 0 ? 1 : both / either,
    vertices: paths.length,
    distance: farthestFromEdge(matte, tracks, frameIndex),
  };
}

/** Largest distance in pixels from a point of a drawn path to the nearest change of the matte. */
function farthestFromEdge(matte: AlphaRegion, tracks: readonly PathTrack[], frameIndex: number): number {
  let farthest = 0;
  for (const track of tracks) {
    const path = pathAt(track, frameIndex);
    if (!path) continue;
    const points = flattenPath(path, 4);
    for (let i = 0; i < points.length; i += 2)
      farthest = Math.max(farthest, distanceToEdge(matte, points[i]!, points[i + 1]!));
  }
  return farthest;
}

/** Pixels beyond which an exact distance is of no use any more. */
const MOST_DISTANCE = 32;

/** Distance from a point to the nearest side between a pixel inside and one outside, to half a pixel. */
function distanceToEdge(matte: AlphaRegion, x: number, y: number): number {
  const [i, j] = [Math.floor(x) - matte.x, Math.floor(y) - matte.y];
  let best = MOST_DISTANCE;
  for (let reach = 0; reach <= best + 1; reach++)
    for (let row = j - reach; row <= j + reach; row++) {
      const step = Math.abs(row - j) === reach ? 1 : Math.max(1, 2 * reach);
      for (let column = i - reach; column <= i + reach; column += step)
        best = Math.min(best, edgeAtPixel(matte, column, row, x - matte.x, y - matte.y));
    }
  return best;
}

function edgeAtPixel(matte: AlphaRegion, column: number, row: number, x: number, y: number): number {
  const here = insideAt(matte, column, row);
  let best = MOST_DISTANCE;
  if (here !== insideAt(matte, column + 1, row)) best = Math.min(best, toSide(x - column - 1, y - row));
  if (here !== insideAt(matte, column - 1, row)) best = Math.min(best, toSide(x - column, y - row));
  if (here !== insideAt(matte, column, row + 1)) best = Math.min(best, toSide(y - row - 1, x - column));
  if (here !== insideAt(matte, column, row - 1)) best = Math.min(best, toSide(y - row, x - column));
  return best;
}

/** To a side of length 1: `across` from its line, `along` it from its start. */
function toSide(across: number, along: number): number {
  return Math.hypot(across, along - Math.min(1, Math.max(0, along)));
}

function insideAt({ width, height, alpha }: AlphaRegion, column: number, row: number): boolean {
  return column >= 0 && row >= 0 && column < width && row < height && alpha[row * width + column]! > 0.5;
}
