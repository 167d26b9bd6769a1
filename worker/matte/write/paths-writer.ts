/**
 * Runs in a worker or in Node: mattes as keyframed Bézier paths, in one JSON file or as an SVG per frame.
 *
 * Paths need the whole clip: the outlines of all frames are kept until the end, the mattes are not.
 */
import { boxOfMask, growBox } from "../alpha-region.ts";
import type { MatteWriter, MatteWriterRequest } from "../matte-writer.ts";
import { type OutlinedFrame, outlineFrame } from "../outline-tracks.ts";
import { pathsToJson, pathsToSvg } from "../path-export.ts";
import { tracePaths } from "../trace-paths.ts";
import { to8Bits } from "./matte-pixels.ts";

export async function openPathsWriter(request: MatteWriterRequest): Promise<MatteWriter> {
  const { info, format, path, sink, paths: options } = request;
  const frames: OutlinedFrame[] = [];
  return {
    add: async ({ frameIndex, alpha }) => {
      const outlined = outlineOf(frameIndex, to8Bits(alpha), info);
      if (outlined) frames.push(outlined);
    },
    finish: async () => {
      frames.sort((a, b) => a.frameIndex - b.frameIndex);
      const traced = await tracePaths(frames, options);
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
function outlineOf(
  frameIndex: number,
  bytes: Uint8Array | Uint8ClampedArray,
  { width, height }: { width: number; height: number },
): OutlinedFrame | null {
  const inside = boxOfMask({ width, height, data: Uint8Array.from(bytes, (value) => (value > 127 ? 1 : 0)) });
  if (!inside) return null;
  // Two pixels more, for the soft edge.
  const box = growBox(inside, 2, { width, height });
  const alpha = new Float32Array(box.width * box.height);
  for (let y = 0, i = 0; y < box.height; y++)
    for (let x = 0; x < box.width; x++, i++) alpha[i] = bytes[(box.y + y) * width + box.x + x]! / 255;
  return outlineFrame(frameIndex, { ...box, frame: { width, height }, alpha });
}
