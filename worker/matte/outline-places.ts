/** Runs anywhere: which places of an outline and of a Bézier path belong together, in both directions. */
import type { Samples } from "./outline-samples.ts";
import { NUMBERS_PER_VERTEX, type PathVector } from "./path-vector.ts";

/**
 * Where landmarks lie on a path: the number of the segment plus the time on it, 0 to the number of
 * segments, the last excluded.
 */
export type Places = Float64Array;

/** Straight pieces per segment among which the nearest is looked for; their ends are a path's own samples. */
export const PIECES = 8;

/** Landmark i of segment k lies at its share of the segment's landmarks. `vertices`: ascending landmarks. */
export function firstPlaces(vertices: readonly number[], landmarks: number): Places {
  const places = new Float64Array(landmarks);
  vertices.forEach((from, segment) => {
    const length = landmarksFrom(vertices, segment, landmarks);
    for (let i = 0; i < length; i++) places[(from + i) % landmarks] = segment + i / length;
  });
  return places;
}

/** The reverse: for each of a path's samples its place on the outline, in landmarks. */
export function firstAnchors(vertices: readonly number[], landmarks: number): Float64Array {
  return Float64Array.from({ length: vertices.length * PIECES }, (_, sample) => {
    const segment = Math.floor(sample / PIECES);
    const length = landmarksFrom(vertices, segment, landmarks);
    return (vertices[segment]! + ((sample % PIECES) * length) / PIECES) % landmarks;
  });
}

function landmarksFrom(vertices: readonly number[], segment: number, landmarks: number): number {
  const to = vertices[(segment + 1) % vertices.length]!;
  return ((to - vertices[segment]! + landmarks - 1) % landmarks) + 1;
}

/** Moves every place to the nearest point of the path, drawn as `samples`, within `reach` segments of where it was. */
export function updatePlaces(samples: Samples, outline: Samples, places: Places, reach: number): void {
  const play = reach * PIECES;
  for (let i = 0; i < places.length; i++)
    places[i] = nearest(samples, outline[i * 2]!, outline[i * 2 + 1]!, places[i]! * PIECES, play) / PIECES;
}

/** Moves every sample's anchor to the nearest point of the outline, by `reach` segments' landmarks at most. */
export function updateAnchors(
  samples: Samples,
  outline: Samples,
  anchors: Float64Array,
  reach: number,
): void {
  const play = (reach * PIECES * outline.length) / samples.length;
  for (let i = 0; i < anchors.length; i++)
    anchors[i] = nearest(outline, samples[i * 2]!, samples[i * 2 + 1]!, anchors[i]!, play);
}

/** The path's points at the beginnings of all pieces. */
export function samplePath(path: PathVector): Samples {
  const segments = path.length / NUMBERS_PER_VERTEX;
  const points = new Float64Array(segments * PIECES * 2);
  for (let segment = 0, at = 0; segment < segments; segment++)
    for (const basis of BASES) {
      points[at++] = valueAt(path, segment, basis, 0);
      points[at++] = valueAt(path, segment, basis, 1);
    }
  return points;
}

/** Place on the closed line through `points` nearest to a point, `play` pieces around piece `centre` at most. */
function nearest(points: Samples, x: number, y: number, centre: number, play: number): number {
  const count = points.length / 2;
  const around = Math.max(2, Math.min(count >> 1, Math.round(play)));
  const first = Math.round(centre) - around + count;
  let best = centre;
  let least = Number.POSITIVE_INFINITY;
  for (let j = first; j < first + 2 * around; j++) {
    const a = (j % count) * 2;
    const b = ((j + 1) % count) * 2;
    const dx = points[b]! - points[a]!;
    const dy = points[b + 1]! - points[a + 1]!;
    const px = x - points[a]!;
    const py = y - points[a + 1]!;
    const share = Math.min(1, Math.max(0, (px * dx + py * dy) / (dx * dx + dy * dy + 1e-12)));
    const distance = (px - dx * share) ** 2 + (py - dy * share) ** 2;
    if (distance >= least) continue;
    best = j + share;
    least = distance;
  }
  return best % count;
}

/** What a point on a segment takes of: its first vertex, that one's out tangent, the second's in tangent, the second. */
export type Basis = [number, number, number, number];

/** Bernstein polynomials, with tangents relative to their vertices. */
export function basisAt(t: number): Basis {
  const s = 1 - t;
  const out = 3 * s * s * t;
  const into = 3 * s * t * t;
  return [s * s * s + out, out, into, into + t * t * t];
}

const BASES = Array.from({ length: PIECES }, (_, piece) => basisAt(piece / PIECES));

/** Its derivative by time. */
export function slopeAt(t: number): Basis {
  const s = 1 - t;
  const out = 3 * s * s - 6 * s * t;
  const into = 6 * s * t - 3 * t * t;
  return [out - 3 * s * s, out, into, into + 3 * t * t];
}

/** One coordinate (axis 0: x, 1: y) of a point of a segment. */
export function valueAt(path: PathVector, segment: number, [a, out, into, b]: Basis, axis: 0 | 1): number {
  const from = segment * NUMBERS_PER_VERTEX + axis;
  const to = from + NUMBERS_PER_VERTEX < path.length ? from + NUMBERS_PER_VERTEX : axis;
  return a * path[from]! + out * path[from + 4]! + into * path[to + 2]! + b * path[to]!;
}
