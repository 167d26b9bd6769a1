/** Pure: whether a frame number lies in a clip. */
import type { ClipInfo } from "../protocol.ts";
import { TrackerError } from "../tracker-error.ts";

/** @throws TrackerError `out-of-range`. */
export function assertInClip(info: Pick<ClipInfo, "name" | "frameCount">, frameIndex: number): void {
  if (Number.isInteger(frameIndex) && frameIndex >= 0 && frameIndex < info.frameCount) return;
  throw new TrackerError(
    "out-of-range",
    `Frame ${frameIndex} is not in ${info.name}: its frames are 0 to ${info.frameCount - 1}.`,
    `Choose a frame from 0 to ${info.frameCount - 1}.`,
  );
}
