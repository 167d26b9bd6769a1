/** Benchmark support: everything around the model: resizing, masks at the clip's size, decoding, PNG. */
import { encode } from "fast-png";
import { maskOfLogits } from "../../../worker/postprocess.ts";
import { preprocess } from "../../../worker/preprocess.ts";
import { openDemoClip } from "./demo-clip.ts";
import { bestOf, noise } from "./timing.ts";

const WIDTH = 1920;
const HEIGHT = 1080;

/** Milliseconds per 1080p frame, by name. */
export async function measurePictures(inputSize: number): Promise<Record<string, number>> {
  const picture = {
    width: WIDTH,
    height: HEIGHT,
    data: Uint8ClampedArray.from({ length: WIDTH * HEIGHT * 4 }, (_, index) => (index * 31) & 255),
  };
  const side = inputSize / 4;
  const logits = noise(side * side);
  const matte = new Uint8Array(WIDTH * HEIGHT).fill(255, 0, (WIDTH * HEIGHT) / 3);
  const decoding = await bestOf(1, decodeDemo);
  return {
    "decoding, a frame of the demo clip": decoding / DECODED.frames,
    "resize and normalise": await bestOf(3, async () => void preprocess(picture, inputSize)),
    "mask at 1080p": await bestOf(3, async () => void maskOfLogits(logits, side, WIDTH, HEIGHT)),
    "PNG of a matte": await bestOf(3, async () => {
      encode({ width: WIDTH, height: HEIGHT, data: matte, channels: 1, depth: 8 });
    }),
  };
}

/** The demo clip's frames, one after the other. */
async function decodeDemo(): Promise<void> {
  const clip = await openDemoClip();
  for await (const _frame of clip.frames(0, clip.info.frameCount - 1)) DECODED.frames++;
  clip.close();
}

const DECODED = { frames: 0 };
