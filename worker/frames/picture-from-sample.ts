/** Runs in a worker or in Node: a decoded video sample becomes the displayed picture. */
import type { VideoSample } from "mediabunny";
import type { Picture } from "./frame-source.ts";
import { orientPicture, stretchPicture } from "./orient-picture.ts";
import { yuvColour, yuvLayout, yuvToRgba } from "./yuv.ts";

/** What the clip's displayed pictures are made with. */
export interface Display {
  width: number;
  height: number;
  /** As the file declares them; browsers put guesses of their own into their frames. */
  colour: { matrix?: string | null; fullRange?: boolean | null };
}

/** The sample stays open; the caller closes it. */
export async function pictureFromSample(sample: VideoSample, display: Display): Promise<Picture> {
  const picture = orientPicture(await storedPicture(sample, display.colour), sample);
  return stretchPicture(picture, display.width, display.height);
}

async function storedPicture(sample: VideoSample, declared: Display["colour"]): Promise<Picture> {
  const { width, height } = sample.visibleRect;
  const layout = sample.format ? yuvLayout(sample.format) : null;
  if (!layout || declared.matrix === "rgb") return rgbPicture(sample);
  const bytes = new Uint8Array(sample.allocationSize());
  const planes = await sample.copyTo(bytes);
  const data = yuvToRgba(
    planes.map(({ offset, stride }) => ({ data: bytes, offset, stride })),
    layout,
    yuvColour(declared, height),
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
