/** Runs anywhere: a keyframed path on one frame, as a host interpolates it. Pure: read by the panel too. */
import type { BezierPath, PathTrack } from "./path-types.ts";

/** Null where the path is off; before its first key and after its last one it holds. */
export function pathAt({ from, to, keys }: PathTrack, frameIndex: number): BezierPath | null {
  if (frameIndex < from || frameIndex > to) return null;
  const after = keys.findIndex((key) => key.frameIndex > frameIndex);
  if (after === 0) return keys[0]!.path;
  if (after < 0) return keys.at(-1)!.path;
  const [a, b] = [keys[after - 1]!, keys[after]!];
  return mixPaths(a.path, b.path, (frameIndex - a.frameIndex) / (b.frameIndex - a.frameIndex));
}

/** Vertices and tangents linear between two keys; `share` 0 is `a`, 1 is `b`. */
function mixPaths(a: BezierPath, b: BezierPath, share: number): BezierPath {
  return a.map((v, i) => {
    const w = b[i]!;
    const mix = (from: number, to: number) => from + (to - from) * share;
    return {
      x: mix(v.x, w.x),
      y: mix(v.y, w.y),
      inX: mix(v.inX, w.inX),
      inY: mix(v.inY, w.inY),
      outX: mix(v.outX, w.outX),
      outY: mix(v.outY, w.outY),
    };
  });
}
