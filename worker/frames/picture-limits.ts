/** Pure: sizes that a clip may have; a header can claim anything. */
import { TrackerError } from "../tracker-error.ts";

/** 16K: larger than any camera's frame; one such picture takes 512 MB. */
const MOST_PIXELS = 16_384 * 8192;

/** @throws TrackerError `bad-clip` */
export function assertPictureSize(name: string, width: number, height: number): void {
  if (width > 0 && height > 0 && width * height <= MOST_PIXELS) return;
  throw new TrackerError(
    "bad-clip",
    `${name} claims to be ${width} x ${height} pixels; at most ${MOST_PIXELS} are read.`,
    "Check the file, or make it smaller.",
  );
}
