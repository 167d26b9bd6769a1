/** Runs in a worker or in Node: mattes become files. Frame n of the matte is frame n of the clip. */
import type { Picture } from "../frames/frame-source.ts";
import type { ClipInfo, MatteFormat, MatteRequest } from "../protocol.ts";
import type { MatteSink } from "./write/matte-sink.ts";
import { openPngWriter } from "./write/png-writer.ts";
import { openRleWriter } from "./write/rle-writer.ts";

/** One frame of a matte, at the clip's size. */
export interface MatteFrame {
  frameIndex: number;
  /** width * height values, row by row: 0 to 255, or 0 to 65535 in 16 bits; full is inside. */
  alpha: Uint8Array | Uint8ClampedArray | Uint16Array;
  /** The clip's frame; needed for a cut-out, ignored for a matte. */
  picture?: Picture;
}

export interface MatteWriter {
  /** Frames in ascending order. Resolves when the writer is ready for the next one. */
  add(frame: MatteFrame): Promise<void>;
  /** Completes the files, also after a cancellation: what was added is readable. Returns their paths. */
  finish(): Promise<string[]>;
  /** Gives up what can't be completed; single-frame files that are done stay. */
  discard(): Promise<void>;
}

/** Formats whose frames are written one by one; paths need all of them first, see `export-paths.ts`. */
export type FrameFormat = Exclude<MatteFormat, "paths" | "svg">;

export interface MatteWriterRequest {
  format: FrameFormat;
  /** `matte`: white on black. `cutout`: the picture, with the matte as alpha. */
  content: "matte" | "cutout";
  /** Absent: straight. */
  alpha?: MatteRequest["alpha"];
  /** Of H.264; absent: limited. */
  range?: MatteRequest["range"];
  info: ClipInfo;
  /** First frame of the matte; the clock of a movie starts there. */
  from: number;
  sink: MatteSink;
  /** A folder for single-frame formats, else the file without its extension; "" is the sink's root. */
  path: string;
  /** Makes encoders available in this realm. */
  prepareCodec: (codec: string) => Promise<void>;
}

type OpenWriter = (request: MatteWriterRequest) => Promise<MatteWriter>;

/** Loaded when a movie is wanted: muxers and codecs are most of the media library. */
const openMovieWriter: OpenWriter = async (request) =>
  (await import("./write/movie-writer.ts")).openMovieWriter(request);

const WRITERS: Record<FrameFormat, OpenWriter> = {
  png: openPngWriter,
  png16: openPngWriter,
  prores4444: openMovieWriter,
  prores422hq: openMovieWriter,
  h264: openMovieWriter,
  "vp9-alpha": openMovieWriter,
  rle: openRleWriter,
};

/** @throws TrackerError `unsupported-codec` where this realm has no encoder, `write-failed` from the sink. */
export function openMatteWriter(request: MatteWriterRequest): Promise<MatteWriter> {
  return WRITERS[request.format](request);
}

/** File extension of a format. */
export const MATTE_EXTENSION: Record<MatteFormat, string> = {
  png: "png",
  png16: "png",
  prores4444: "mov",
  prores422hq: "mov",
  h264: "mp4",
  "vp9-alpha": "webm",
  rle: "json",
  paths: "json",
  svg: "svg",
};
