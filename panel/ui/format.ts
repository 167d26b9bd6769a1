/** Numbers in words: sizes, times, rates. Pure. */
import type { ClipInfo, LoadProgress } from "../../worker/protocol.ts";

export function bytes(count: number): string {
  if (count < 1e6) return `${Math.max(1, Math.round(count / 1e3))} kB`;
  if (count < 1e9) return `${(count / 1e6).toFixed(count < 1e7 ? 1 : 0)} MB`;
  return `${(count / 1e9).toFixed(1)} GB`;
}

/** "8 s", "2 min 05 s", "1 h 10 min". */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
  return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, "0")} min`;
}

/** A rate a person can read: 23.976, 29.97, 25. */
export const rate = (framesPerSecond: number) => String(Number(framesPerSecond.toFixed(3)));

export const speed = (framesPerSecond: number) =>
  framesPerSecond >= 10 ? framesPerSecond.toFixed(0) : framesPerSecond.toFixed(framesPerSecond >= 1 ? 1 : 2);

/** Minutes, seconds and hundredths of a frame's presentation time. */
export function clock(info: ClipInfo, frame: number): string {
  const seconds = info.timestamps[frame] ?? 0;
  const minutes = Math.floor(seconds / 60);
  return `${String(minutes).padStart(2, "0")}:${(seconds - minutes * 60).toFixed(2).padStart(5, "0")}`;
}

export function loading(progress: LoadProgress | null): string {
  if (!progress) return "starting";
  switch (progress.phase) {
    case "download":
      return `downloading ${bytes(progress.doneBytes)} of ${bytes(progress.totalBytes)}`;
    case "read":
      return "reading weights";
    case "build":
      return `building ${progress.graph}`;
    case "session":
      return `preparing ${progress.graph}`;
  }
}

/** 0 to 1; null where the end is not known. */
export const loadShare = (progress: LoadProgress | null): number | null =>
  progress && (progress.phase === "download" || progress.phase === "read") && progress.totalBytes > 0
    ? progress.doneBytes / progress.totalBytes
    : null;

const CODECS: readonly (readonly [RegExp, string])[] = [
  [/^avc|^h264/i, "H.264"],
  [/^(hev|hvc|h265)/i, "HEVC"],
  [/^(vp09|vp9)/i, "VP9"],
  [/^vp0?8/i, "VP8"],
  [/^av01|^av1/i, "AV1"],
  [/^(ap4|apc|prores)/i, "ProRes"],
];

/** For people: "H.264" of "avc1.64001e"; as it is where it has no better known name. */
export const codecName = (codec: string): string =>
  CODECS.find(([pattern]) => pattern.test(codec))?.[1] ?? codec;
