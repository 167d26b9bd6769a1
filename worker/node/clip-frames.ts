/** Node: the frames of a dataset's clip, decoded as the tracker gets them. */
import type { DatasetClip } from "../evaluation/dataset-clip.ts";
import type { FrameSource } from "../frames/frame-source.ts";
import { openStillClip } from "../frames/still-frame-source.ts";
import { decodeJpeg } from "./jpeg.ts";

export function openClipFrames(clip: DatasetClip): Promise<FrameSource> {
  const { name, framesPerSecond, framePaths, folder } = clip;
  const files = framePaths.map((path) => ({ name: path, read: () => folder.read(path) }));
  return openStillClip({ files, name, clipId: name, framesPerSecond, decodeJpeg });
}
