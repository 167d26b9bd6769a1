/** Node: a clip by its path, a media file or a folder of stills. */
import { open, readdir, readFile, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { FilePathSource } from "mediabunny";
import type { FrameSource } from "../frames/frame-source.ts";
import { openMediaClip } from "../frames/media-frame-source.ts";
import { openStillClip } from "../frames/still-frame-source.ts";
import { TrackerError } from "../tracker-error.ts";
import { decodeJpeg } from "./jpeg.ts";
import { prepareMediaCodecs } from "./media-codecs.ts";

/** Stills have no rate of their own; DAVIS and SA-V have this one. */
const STILLS_PER_SECOND = 24;

/** @throws TrackerError `not-found`, `bad-clip` or `unsupported-codec`. */
export async function openClipAt(path: string, framesPerSecond = STILLS_PER_SECOND): Promise<FrameSource> {
  const found = await stat(path).catch(() => null);
  if (!found) {
    throw new TrackerError("not-found", `There is no clip at ${path}.`, "Check the path.");
  }
  const name = basename(resolve(path));
  if (found.isDirectory()) return openStills(path, name, framesPerSecond);
  if (found.size === 0) {
    throw new TrackerError("bad-clip", `${name} is empty (0 bytes).`, "Copy or download the clip again.");
  }
  const source = new FilePathSource(path);
  const read = (start: number, end: number) => readRange(path, start, end);
  return openMediaClip({ source, read, name, clipId: path, prepareCodec: prepareMediaCodecs });
}

async function readRange(path: string, start: number, end: number): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const { bytesRead, buffer } = await file.read(new Uint8Array(end - start), 0, end - start, start);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

async function openStills(folder: string, name: string, framesPerSecond: number): Promise<FrameSource> {
  const files = (await stillsIn(folder)).map((file) => ({
    name: file,
    read: () => readFile(join(folder, file)),
  }));
  return openStillClip({ files, name, clipId: folder, framesPerSecond, decodeJpeg });
}

/** Names of PNG and JPEG files, in the order of their numbers; hidden ones are the system's. */
export async function stillsIn(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => /^[^.].*\.(png|jpe?g)$/i.test(name));
  return names.sort(new Intl.Collator("en", { numeric: true }).compare);
}
