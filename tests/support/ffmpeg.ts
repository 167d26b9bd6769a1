/** Debian's ffmpeg, a program that isn't ours, reads what we write. */
import { execFileSync } from "node:child_process";

/** Empty where both programs are there; else what to say. */
export const FFMPEG_MISSING = ["ffmpeg", "ffprobe"]
  .filter((program) => !runs(program))
  .map((program) => `${program} is not installed: files are not compared with what it reads`)
  .join("; ");

function runs(program: string): boolean {
  try {
    execFileSync(program, ["-version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** Decoded samples of all frames, one after the other, as they are stored (`pixelFormat`) or converted to it. */
export function decodeRaw(file: string, pixelFormat: string, input: readonly string[] = []): Uint8Array {
  const output = ["-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", pixelFormat, "-"];
  return execFileSync("ffmpeg", ["-v", "error", ...input, "-i", file, ...output], {
    maxBuffer: 1 << 28,
  });
}

/** A movie of grey frames, encoded by ffmpeg. */
export function makeMovie(file: string, frames: number, options: readonly string[]): void {
  const picture = ["-f", "lavfi", "-i", "color=gray:size=96x64:rate=1", "-frames:v", String(frames)];
  execFileSync("ffmpeg", ["-v", "error", "-y", ...picture, ...options, file]);
}

interface ProbedStream {
  codec_type: string;
  codec_name: string;
  codec_tag_string: string;
  profile?: string;
  pix_fmt: string;
  width: number;
  height: number;
  nb_read_frames: string;
  avg_frame_rate: string;
  color_range?: string;
  color_space?: string;
  color_primaries?: string;
  color_transfer?: string;
  tags?: Record<string, string>;
}

export interface Probed {
  streams: ProbedStream[];
  /** Seconds, of the pictures in their order. */
  times: number[];
}

export function probe(file: string): Probed {
  const args = ["-v", "error", "-count_frames", "-show_streams", "-show_frames", "-of", "json", file];
  const { streams, frames } = JSON.parse(execFileSync("ffprobe", args, { maxBuffer: 1 << 26 }).toString());
  const pictures = frames.filter(({ media_type }: { media_type: string }) => media_type === "video");
  return { streams, times: pictures.map(({ pts_time }: { pts_time: string }) => Number(pts_time)) };
}
