/** Runs in a worker or in Node: one PNG a frame, named by its number. */
import { encode } from "fast-png";
import type { MatteFrame, MatteWriter, MatteWriterRequest } from "../matte-writer.ts";
import { cutOut, to8Bits, to16Bits } from "./matte-pixels.ts";

/** Speed over size: hard masks are small anyway, and frames are many. */
const COMPRESSION = { level: 4 } as const;

export async function openPngWriter(request: MatteWriterRequest): Promise<MatteWriter> {
  const paths: string[] = [];
  return {
    add: async (frame) => {
      const path = `${request.path ? `${request.path}/` : ""}${stillName(frame.frameIndex)}`;
      await request.sink.writeFile(path, encodeStill(frame, request));
      paths.push(path);
    },
    finish: async () => paths,
    discard: async () => undefined,
  };
}

/** Five digits, as upstream's frames are numbered; longer clips grow to the left. */
function stillName(frameIndex: number): string {
  return `${String(frameIndex).padStart(5, "0")}.png`;
}

function encodeStill(frame: MatteFrame, { format, content, alpha, info }: MatteWriterRequest): Uint8Array {
  const { width, height } = info;
  const deep = format === "png16";
  const options = { zlib: COMPRESSION };
  if (content === "cutout") {
    const data = cutOut(frame, deep, alpha === "premultiplied");
    return encode({ width, height, data, channels: 4, depth: deep ? 16 : 8 }, options);
  }
  const data = deep ? to16Bits(frame.alpha) : to8Bits(frame.alpha);
  return encode({ width, height, data, channels: 1, depth: deep ? 16 : 8 }, options);
}
