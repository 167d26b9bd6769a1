/** Benchmark support, in Node: the demo clip (640 x 360, H.264), decoded. */
import { readFileSync } from "node:fs";
import type { FrameSource, Picture } from "../../../worker/frames/frame-source.ts";
import { openMediaBlob } from "../../../worker/frames/media-blob.ts";
import { prepareMediaCodecs } from "../../../worker/node/media-codecs.ts";

export function openDemoClip(): Promise<FrameSource> {
  return openMediaBlob({
    blob: new Blob([readFileSync("tests/fixtures/demo/demo.mp4")]),
    name: "demo.mp4",
    clipId: "demo",
    prepareCodec: prepareMediaCodecs,
  });
}

/** Its first `count` frames at 1280 x 720, each pixel four times. */
export async function demoPictures(count: number): Promise<Picture[]> {
  const clip = await openDemoClip();
  const pictures: Picture[] = [];
  for await (const { picture } of clip.frames(0, count - 1)) pictures.push(doubled(picture));
  clip.close();
  return pictures;
}

function doubled({ width, height, data }: Picture): Picture {
  const pixels = new Uint32Array(data.slice().buffer);
  const large = new Uint32Array(4 * width * height).map((_, index) => {
    const x = index % (2 * width);
    const y = (index - x) / (2 * width);
    return pixels[(y >> 1) * width + (x >> 1)]!;
  });
  return { width: 2 * width, height: 2 * height, data: new Uint8ClampedArray(large.buffer) };
}
