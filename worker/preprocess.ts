/**
 * Runs in the tracking worker or in Node: a picture becomes the image encoder's input, bit for bit as the
 * official predictor does it with Pillow (bicubic, a = -0.5, antialiased, two 8-bit passes, aspect not kept).
 */
import type { Picture } from "./frames/frame-source.ts";

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
  const pixels = resizeLikePillow(picture, size, size);
  for (let channel = 0; channel < 3; channel++) {
    const normalised = NORMALISED[channel] as Float32Array;
    const start = channel * size * size;
    for (let index = 0; index < size * size; index++) {
      target[start + index] = normalised[pixels[index * 3 + channel] as number] as number;
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
  const columns = resizeRows(picture, resampling(picture.width, width), width);
  return resizeColumns(columns, width, resampling(picture.height, height), height);
}

// ---------------------------------------------------------------- Pillow's resampling

/** Pillow keeps coefficients as integers with this many fractional bits: 32 - 8 (pixel) - 2 (overshoot). */
const PRECISION_BITS = 22;
const HALF = 1 << (PRECISION_BITS - 1);
const BICUBIC_REACH = 2; // source pixels to each side, at scale 1
const BICUBIC_A = -0.5;

/** For each target position: the first source position, and `taps` integer coefficients from there. */
interface Resampling {
  taps: number;
  starts: Int32Array;
  coefficients: Int32Array;
}

function resampling(from: number, to: number): Resampling {
  const scale = from / to;
  const stretch = Math.max(scale, 1); // antialiasing: the filter widens when shrinking
  const reach = BICUBIC_REACH * stretch;
  const taps = Math.ceil(reach) * 2 + 1;
  const starts = new Int32Array(to);
  const coefficients = new Int32Array(to * taps);
  for (let index = 0; index < to; index++) {
    const centre = (index + 0.5) * scale;
    const start = Math.max(Math.trunc(centre - reach + 0.5), 0);
    const end = Math.min(Math.trunc(centre + reach + 0.5), from);
    starts[index] = start;
    coefficients.set(integerWeights(start, end, centre, stretch), index * taps);
  }
  return { taps, starts, coefficients };
}

function integerWeights(start: number, end: number, centre: number, stretch: number): number[] {
  const weights: number[] = [];
  let sum = 0;
  for (let position = start; position < end; position++) {
    const weight = bicubic((position - centre + 0.5) * (1 / stretch));
    weights.push(weight);
    sum += weight;
  }
  return weights.map((weight) => {
    const scaled = (weight / sum) * (1 << PRECISION_BITS);
    return Math.trunc(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
  });
}

function bicubic(signedDistance: number): number {
  const x = Math.abs(signedDistance);
  if (x < 1) return ((BICUBIC_A + 2) * x - (BICUBIC_A + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * BICUBIC_A;
  return 0;
}

function toByte(sum: number): number {
  const value = sum >> PRECISION_BITS;
  return Math.min(Math.max(value, 0), 255);
}

/** First pass: RGBA [h, w, 4] to RGB [h, width, 3]. */
function resizeRows(picture: Picture, { taps, starts, coefficients }: Resampling, width: number): Uint8Array {
  const { data, height } = picture;
  const result = new Uint8Array(height * width * 3);
  for (let row = 0, out = 0; row < height; row++) {
    const rowStart = row * picture.width * 4;
    const rowEnd = rowStart + picture.width * 4;
    for (let column = 0; column < width; column++, out += 3) {
      // Pillow's precision keeps the sums within 32 bits; saying so makes this a quarter faster.
      let red = HALF;
      let green = HALF;
      let blue = HALF;
      let tap = column * taps;
      const first = rowStart + (starts[column] as number) * 4;
      const end = Math.min(first + taps * 4, rowEnd);
      for (let at = first; at < end; at += 4, tap++) {
        const coefficient = coefficients[tap] as number;
        red = (red + Math.imul(data[at] as number, coefficient)) | 0;
        green = (green + Math.imul(data[at + 1] as number, coefficient)) | 0;
        blue = (blue + Math.imul(data[at + 2] as number, coefficient)) | 0;
      }
      result[out] = toByte(red);
      result[out + 1] = toByte(green);
      result[out + 2] = toByte(blue);
    }
  }
  return result;
}

/** Second pass: [h, width, 3] to [height, width, 3]. */
function resizeColumns(
  source: Uint8Array,
  width: number,
  { taps, starts, coefficients }: Resampling,
  height: number,
): Uint8Array {
  const stride = width * 3;
  const sums = new Int32Array(stride);
  const result = new Uint8Array(height * stride);
  for (let row = 0; row < height; row++) {
    sums.fill(HALF);
    for (let tap = 0; tap < taps; tap++) {
      const coefficient = coefficients[row * taps + tap] as number;
      if (coefficient === 0) continue; // also what lies past the last source row
      const start = ((starts[row] as number) + tap) * stride;
      for (let at = 0; at < stride; at++) {
        sums[at] = (sums[at] as number) + Math.imul(source[start + at] as number, coefficient);
      }
    }
    for (let at = 0; at < stride; at++) result[row * stride + at] = toByte(sums[at] as number);
  }
  return result;
}
