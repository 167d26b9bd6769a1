/** Test support, anywhere: RGB frames as a frame source. */
import { arrayFrameSource } from "../../worker/frames/array-frame-source.ts";
import type { FrameSource, Picture } from "../../worker/frames/frame-source.ts";

export interface RgbClip {
  frameCount: number;
  width: number;
  height: number;
  /** RGB, row by row. */
  frame(index: number): Uint8Array;
}

export function framesOf(clip: RgbClip): FrameSource {
  const { frameCount, width, height } = clip;
  const pictures = Array.from({ length: frameCount }, (_, index) =>
    withAlpha(clip.frame(index), width, height),
  );
  return arrayFrameSource(pictures, "recorded clip");
}

function withAlpha(rgb: Uint8Array, width: number, height: number): Picture {
  const data = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let pixel = 0; pixel < width * height; pixel++) {
    for (let channel = 0; channel < 3; channel++) data[pixel * 4 + channel] = rgb[pixel * 3 + channel] ?? 0;
  }
  return { width, height, data };
}
