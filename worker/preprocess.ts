/**
 * Runs in the tracking worker or in Node: a picture becomes the image encoder's input, bit for bit as the
 * official predictor does it with Pillow (bicubic, a = -0.5, antialiased, two 8-bit passes, aspect not kept).
 */
import type { Picture } from "./frames/frame-source.ts";
import { resampling } from "./resampling/resampling.ts";
import { resizeScalar } from "./resampling/resize-scalar.ts";
import { type Resized, SimdResizer } from "./resampling/resize-simd.ts";

/** ImageNet statistics of red, green and blue, for values of 0 to 1. */
const MEAN = [0.485, 0.456, 0.406] as const;
const STANDARD_DEVIATION = [0.229, 0.224, 0.225] as const;

/**
 * Float32 [3, size, size], normalised: what the graph calls `image`, without its batch dimension.
 * `target` is filled where given (3 * size * size values).
 */
export function preprocess(
  picture: Picture,
  size: number,
  target = new Float32Array(3 * size * size),
): Float32Array {
  const { data, stride } = resized(picture, size, size);
  for (let channel = 0, out = 0; channel < 3; channel++) {
    const normalised = NORMALISED[channel] as Float32Array;
    for (let row = 0; row < size; row++) {
      const end = row * stride + size * 4;
      for (let at = row * stride + channel; at < end; at += 4) {
        target[out++] = normalised[data[at] as number] as number;
      }
    }
  }
  return target;
}

/** What each of the 256 values becomes, with float32 rounding at the places where upstream rounds. */
const NORMALISED = MEAN.map((mean, channel) => {
  const deviation = Math.fround(STANDARD_DEVIATION[channel] as number);
  return Float32Array.from(
    { length: 256 },
    (_, value) => Math.fround(Math.fround(value / 255) - Math.fround(mean)) / deviation,
  );
});

/** RGB of `picture` (alpha is dropped) at another size: [height, width, 3], 8 bits. */
export function resizeLikePillow(picture: Picture, width: number, height: number): Uint8Array {
  const { data, stride } = resized(picture, width, height);
  const rgb = new Uint8Array(height * width * 3);
  for (let row = 0, out = 0; row < height; row++) {
    for (let at = row * stride; at < row * stride + width * 4; at += 4) {
      for (let channel = 0; channel < 3; channel++) rgb[out++] = data[at + channel] as number;
    }
  }
  return rgb;
}

/** Null where there is none; opened for the first picture. */
let simd: SimdResizer | null | undefined;

function resized(picture: Picture, width: number, height: number): Resized {
  const across = resampling(picture.width, width);
  const down = resampling(picture.height, height);
  if (simd === undefined) simd = SimdResizer.open();
  return (
    simd?.resize(picture, across, down) ?? { data: resizeScalar(picture, across, down), stride: width * 4 }
  );
}
