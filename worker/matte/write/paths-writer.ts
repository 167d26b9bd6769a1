/**
 * Runs in a worker or in Node: mattes as keyframed Bézier paths, in one JSON file or as an SVG per frame.
 *
 * Paths need the whole clip: frames are kept, cut to the object's box and deflated, until the end.
 */
import { deflateSync, inflateSync } from "fflate";
import { type AlphaRegion, type Box, boxOfMask, growBox } from "../alpha-region.ts";
import type { MatteWriter, MatteWriterRequest } from "../matte-writer.ts";
import type { VisibleMatte } from "../outline-tracks.ts";
import { pathsToJson, pathsToSvg } from "../path-export.ts";
import { tracePaths } from "../trace-paths.ts";
import { to8Bits } from "./matte-pixels.ts";

export async function openPathsWriter(request: MatteWriterRequest): Promise<MatteWriter> {
  const { info, format, path, sink, paths: options } = request;
  const frames: VisibleMatte[] = [];
  return {
    add: async ({ frameIndex, alpha }) => {
      const matte = keepMatte(to8Bits(alpha), info);
      if (matte) frames.push({ frameIndex, matte });
    },
    finish: async () => {
      frames.sort((a, b) => a.frameIndex - b.frameIndex);
      const traced = tracePaths(frames, options);
      const files =
        format === "svg"
          ? frames.map(({ frameIndex }) => ({
              name: `${path ? `${path}/` : ""}${String(frameIndex).padStart(5, "0")}.svg`,
              text: pathsToSvg(traced, frameIndex, info),
            }))
          : [{ name: `${path || "paths"}.json`, text: pathsToJson(traced, info, info.rate) }];
      for (const { name, text } of files) await sink.writeFile(name, new TextEncoder().encode(text));
      return files.map(({ name }) => name);
    },
    discard: async () => undefined,
  };
}

/** Null for an empty matte: the object is hidden, and all paths end. */
function keepMatte(
  alpha: Uint8Array | Uint8ClampedArray,
  { width, height }: { width: number; height: number },
): (() => AlphaRegion) | null {
  const inside = boxOfMask({ width, height, data: Uint8Array.from(alpha, (value) => (value > 127 ? 1 : 0)) });
  if (!inside) return null;
  const frame = { width, height };
  // Two pixels more, for the soft edge.
  const box = growBox(inside, 2, frame);
  const packed = deflateSync(cut(alpha, box, width), { level: 1 });
  return () => ({ ...box, frame, alpha: Float32Array.from(inflateSync(packed), (value) => value / 255) });
}

function cut(alpha: Uint8Array | Uint8ClampedArray, box: Box, width: number): Uint8Array {
  const bytes = new Uint8Array(box.width * box.height);
  for (let y = 0; y < box.height; y++) {
    const from = (box.y + y) * width + box.x;
    bytes.set(alpha.subarray(from, from + box.width), y * box.width);
  }
  return bytes;
}
