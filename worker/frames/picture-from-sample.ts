/** Runs in a worker or in Node: a decoded video sample becomes the displayed picture. */
import type { VideoSample } from "mediabunny";
import type { Picture } from "./frame-source.ts";
import { orientPicture, stretchPicture } from "./orient-picture.ts";
import { yuvColour, yuvLayout, yuvToRgba } from "./yuv.ts";

/** The sample stays open; the caller closes it. `width` and `height`: the clip's displayed size. */
export async function pictureFromSample(
  sample: VideoSample,
  width: number,
  height: number,
): Promise<Picture> {
  const picture = orientPicture(await storedPicture(sample), sample);
  return stretchPicture(picture, width, height);
}

async function storedPicture(sample: VideoSample): Promise<Picture> {
  const { width, height } = sample.visibleRect;
  const layout = sample.format ? yuvLayout(sample.format) : null;
  if (!layout || sample.colorSpace.matrix === "rgb") return rgbPicture(sample);
  const bytes = new Uint8Array(sample.allocationSize());
  const planes = await sample.copyTo(bytes);
  const colour = yuvColour(sample.colorSpace, height);
  const data = yuvToRgba(
    planes.map(({ offset, stride }) => ({ data: bytes, offset, stride })),
    layout,
    colour,
    width,
    height,
  );
  return { width, height, data };
}

/** For RGB samples, and for those that live on a graphics card in a format without a name. */
async function rgbPicture(sample: VideoSample): Promise<Picture> {
  const { width, height } = sample.visibleRect;
  const data = new Uint8ClampedArray(width * height * 4);
  await sample.copyTo(data, { format: "RGBA" });
  return { width, height, data };
}
