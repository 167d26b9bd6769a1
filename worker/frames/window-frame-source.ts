/** Runs anywhere: a clip as seen through a window that moves over another clip. */
import type { Box } from "../matte/alpha-region.ts";
import type { FrameSource, Picture } from "./frame-source.ts";

/**
 * Its coordinates are shares of the window, `side` a full one: a point in the middle of any window is at
 * (side / 2, side / 2). Pictures are the window's own pixels, whatever its size. Closing it leaves `frames` open.
 * `windowAt`: within the frame.
 */
export function windowFrameSource(
  frames: FrameSource,
  windowAt: (frameIndex: number) => Box,
  side: number,
): FrameSource {
  const cut = (frameIndex: number, picture: Picture) => cropPicture(picture, windowAt(frameIndex));
  return {
    info: { ...frames.info, width: side, height: side },
    frame: async (frameIndex, signal) => cut(frameIndex, await frames.frame(frameIndex, signal)),
    async *frames(from, to, signal) {
      for await (const { frameIndex, picture } of frames.frames(from, to, signal)) {
        yield { frameIndex, picture: cut(frameIndex, picture) };
      }
    },
    close() {
      // The frames are their owner's.
    },
  };
}

function cropPicture(picture: Picture, { x, y, width, height }: Box): Picture {
  const data = new Uint8ClampedArray(width * height * 4);
  for (let row = 0; row < height; row++) {
    const from = ((y + row) * picture.width + x) * 4;
    data.set(picture.data.subarray(from, from + width * 4), row * width * 4);
  }
  return { width, height, data };
}
