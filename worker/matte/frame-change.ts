/** Runs anywhere: whether a frame repeats the one before, or begins another shot. */
import type { Picture } from "../frames/frame-source.ts";
import { DissolveDetector } from "./dissolve.ts";

/** Brightness and colour of a frame on a small raster; each channel 0 to 255. */
type Thumbnail = Float32Array;

const WIDTH = 48;
const HEIGHT = 27;

function thumbnailOf({ width, height, data }: Picture): Thumbnail {
  const sums = new Float32Array(WIDTH * HEIGHT * 3);
  const counts = new Float32Array(WIDTH * HEIGHT);
  // Every pixel of small frames; of large ones every second or third, which is as good for a mean.
  const stride = Math.max(1, Math.floor(width / 640));
  for (let y = 0; y < height; y += stride)
    for (let x = 0; x < width; x += stride) {
      const cell = Math.floor((y * HEIGHT) / height) * WIDTH + Math.floor((x * WIDTH) / width);
      const pixel = (y * width + x) * 4;
      counts[cell]! += 1;
      for (let c = 0; c < 3; c++) sums[cell * 3 + c]! += data[pixel + c]!;
    }
  return sums.map((sum, i) => sum / Math.max(1, counts[Math.floor(i / 3)]!));
}

export type FrameChange = "duplicate" | "continuous" | "cut";

/** Levels: a copy that was compressed again stays below; sensor noise alone is above. */
const DUPLICATE_MEAN = 0.12;
const DUPLICATE_MOST = 1;
/** Levels by which cells must differ, beyond movement, for a new shot; and how often more than usual. */
const CUT_MEAN = 14;
const CUT_RATIO = 4;
/** Share of the running mean that the newest difference gets. */
const LEARNING = 0.2;

/** Frames one after the other, forward or backward. */
export class FrameChangeDetector {
  #last: Thumbnail | null = null;
  /** The last one with a picture on it. */
  #before: Thumbnail | null = null;
  #isBlank = false;
  #usual: number | null = null;
  readonly #dissolves = new DissolveDetector();

  /** How this frame relates to the one before; the first one is continuous. */
  next(picture: Picture): FrameChange {
    const here = thumbnailOf(picture);
    const last = this.#last;
    this.#last = here;
    if (last && isDuplicate(last, here)) return "duplicate";
    // Black, white or fog shows no shot: what comes after it is compared with what was before it.
    const wasBlank = this.#isBlank;
    this.#isBlank = lightOf(here).contrast < NO_PICTURE;
    if (this.#isBlank) return "continuous";
    const before = this.#before;
    this.#before = here;
    if (!before) return "continuous";
    if (wasBlank) return isSameShot(before, here) ? "continuous" : this.#cut();
    const first = this.#dissolves.next(here);
    if (first && !isSameShot(first, here)) return this.#cut();
    const difference = differenceBothWays(before, here);
    if (difference > CUT_MEAN && difference > CUT_RATIO * (this.#usual ?? 0)) {
      return isSameShot(before, here) ? "continuous" : this.#cut();
    }
    this.#usual = this.#usual === null ? difference : this.#usual + (difference - this.#usual) * LEARNING;
    return "continuous";
  }

  #cut(): FrameChange {
    this.#usual = null;
    this.#dissolves.forget();
    return "cut";
  }
}

/** Levels of deviation from the frame's mean colour below which nothing is to be seen. */
const NO_PICTURE = 4;

/**
 * Share of the frames' contrast by which they may differ, in one light, and be the same shot. On made-up shots
 * and the demo clip: at most 0.33 for one shot in two lights, burnt out or not, at least 0.43 for two shots.
 */
const SAME_SHOT = 0.36;

/** The same shot in another light, or burnt out by a flash: its shapes are where they were. */
function isSameShot(before: Thumbnail, here: Thumbnail): boolean {
  const { maps, contrast } = inOneLight(before, here);
  return differenceBothWays(...maps) < SAME_SHOT * contrast;
}

function differenceBothWays(a: Thumbnail, b: Thumbnail): number {
  return (differenceBeyondMovement(a, b) + differenceBeyondMovement(b, a)) / 2;
}

/** `mean`: of red, green and blue; `contrast`: standard deviation from them, levels. */
interface Light {
  mean: [number, number, number];
  contrast: number;
}

function lightOf(thumbnail: Thumbnail): Light {
  const cells = thumbnail.length / 3;
  const mean: Light["mean"] = [0, 0, 0];
  for (let i = 0; i < thumbnail.length; i++) mean[i % 3]! += thumbnail[i]! / cells;
  const squares = thumbnail.reduce((sum, value, i) => sum + (value - mean[i % 3]!) ** 2, 0);
  return { mean, contrast: Math.sqrt(squares / thumbnail.length) };
}

/** Both with the mean 0 and the greater contrast of the two. */
function inOneLight(a: Thumbnail, b: Thumbnail): { maps: [Thumbnail, Thumbnail]; contrast: number } {
  const [lightA, lightB] = [lightOf(a), lightOf(b)];
  const contrast = Math.max(lightA.contrast, lightB.contrast);
  const lit = (thumbnail: Thumbnail, light: Light) =>
    thumbnail.map((value, i) => ((value - light.mean[i % 3]!) * contrast) / light.contrast);
  return { maps: [lit(a, lightA), lit(b, lightB)], contrast };
}

function isDuplicate(a: Thumbnail, b: Thumbnail): boolean {
  let [sum, most] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i]! - b[i]!);
    sum += difference;
    most = Math.max(most, difference);
  }
  return sum / a.length < DUPLICATE_MEAN && most < DUPLICATE_MOST;
}

/** Cells that content may move by between two frames: a sixteenth of the frame's width. */
const MOVEMENT = 3;

/** Mean over the cells of the least difference to any cell nearby in the other frame. */
function differenceBeyondMovement(a: Thumbnail, b: Thumbnail): number {
  let sum = 0;
  for (let y = 0; y < HEIGHT; y++)
    for (let x = 0; x < WIDTH; x++) sum += leastDifference(a, (y * WIDTH + x) * 3, b, x, y);
  return sum / (WIDTH * HEIGHT);
}

function leastDifference(a: Thumbnail, cell: number, b: Thumbnail, x: number, y: number): number {
  let least = Number.POSITIVE_INFINITY;
  const x1 = Math.min(WIDTH - 1, x + MOVEMENT);
  for (let row = Math.max(0, y - MOVEMENT); row <= Math.min(HEIGHT - 1, y + MOVEMENT); row++)
    for (let column = Math.max(0, x - MOVEMENT); column <= x1; column++) {
      const other = (row * WIDTH + column) * 3;
      const difference =
        Math.abs(a[cell]! - b[other]!) +
        Math.abs(a[cell + 1]! - b[other + 1]!) +
        Math.abs(a[cell + 2]! - b[other + 2]!);
      if (difference < least) least = difference;
    }
  return least / 3;
}
