/** Pure: one frame of the demo clip as RGBA, with the exact mask of every koi. */
import { DEMO, grain, type Moment, momentOf, OBJECT_NAMES } from "./scene.ts";

export interface RenderedFrame {
  /** width * height * 4 bytes. */
  rgba: Uint8ClampedArray;
  /** Per object: width * height bytes, 1 where at least half of the pixel shows it. */
  masks: Uint8Array[];
}

/** Samples of a pixel, along x and y. */
const GRID = 2;

export function renderFrame(frameIndex: number): RenderedFrame {
  const moment = momentOf(frameIndex);
  const pixels = DEMO.width * DEMO.height;
  const rgba = new Uint8ClampedArray(pixels * 4);
  const masks = OBJECT_NAMES.map(() => new Uint8Array(pixels));
  for (let pixel = 0; pixel < pixels; pixel++) {
    const x = pixel % DEMO.width;
    const y = (pixel - x) / DEMO.width;
    const { sum, seen } = samplePixel(moment, x, y);
    const vignette = 1 - 0.16 * ((x / DEMO.width - 0.5) ** 2 + (y / DEMO.height - 0.5) ** 2) * 2;
    for (let channel = 0; channel < 3; channel++) {
      const mean = (sum[channel]! / GRID ** 2) * vignette;
      rgba[pixel * 4 + channel] = 255 * mean + grain(x, y, frameIndex);
    }
    rgba[pixel * 4 + 3] = 255;
    masks.forEach((mask, index) => {
      mask[pixel] = seen[index + 1]! * 2 >= GRID ** 2 ? 1 : 0;
    });
  }
  return { rgba, masks };
}

function samplePixel(moment: Moment, x: number, y: number): { sum: number[]; seen: number[] } {
  const sum = [0, 0, 0];
  const seen = [0, ...OBJECT_NAMES.map(() => 0)];
  for (let sample = 0; sample < GRID ** 2; sample++) {
    const dx = ((sample % GRID) + 0.5) / GRID;
    const dy = (Math.floor(sample / GRID) + 0.5) / GRID;
    const { colour, object } = moment.look(...moment.toWorld(x + dx, y + dy));
    sum[0]! += colour[0];
    sum[1]! += colour[1];
    sum[2]! += colour[2];
    seen[object]! += 1;
  }
  return { sum, seen };
}
