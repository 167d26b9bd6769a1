/** Runs anywhere: a clip whose frames are in memory, for tests and recordings of other programs. */
import type { ClipInfo } from "../protocol.ts";
import { assertInClip } from "./frame-range.ts";
import type { FrameSource, Picture } from "./frame-source.ts";

/** `pictures`: at least one, all of one size. */
export function arrayFrameSource(
  pictures: readonly Picture[],
  name: string,
  framesPerSecond = 25,
): FrameSource {
  const info = arrayClipInfo(pictures, name, framesPerSecond);
  const frame = async (frameIndex: number, signal?: AbortSignal): Promise<Picture> => {
    assertInClip(info, frameIndex);
    signal?.throwIfAborted();
    return pictures[frameIndex]!;
  };
  return {
    info,
    frame,
    async *frames(from, to, signal) {
      const step = from <= to ? 1 : -1;
      for (let frameIndex = from; frameIndex !== to + step; frameIndex += step) {
        yield { frameIndex, picture: await frame(frameIndex, signal) };
      }
    },
    close() {
      // The pictures belong to the caller.
    },
  };
}

function arrayClipInfo(pictures: readonly Picture[], name: string, framesPerSecond: number): ClipInfo {
  const { width, height } = pictures[0]!;
  return {
    clipId: name,
    name,
    width,
    height,
    frameCount: pictures.length,
    timestamps: pictures.map((_, index) => index / framesPerSecond),
    framesPerSecond,
    rate: { numerator: framesPerSecond, denominator: 1 },
    variableFrameRate: false,
    durationSeconds: pictures.length / framesPerSecond,
    codec: "raw",
    rotation: 0,
    pixelAspect: { numerator: 1, denominator: 1 },
  };
}
