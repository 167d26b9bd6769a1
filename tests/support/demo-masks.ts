/** Test support, in Node: where the koi of the demo clip truly is. */
import { readFileSync } from "node:fs";
import { decodeMask } from "../../worker/mask-rle.ts";

interface DemoMasks {
  width: number;
  height: number;
  objects: { counts: string[] }[];
}

const masks = JSON.parse(readFileSync("tests/fixtures/demo/demo-masks.json", "utf8")) as DemoMasks;

/** Pixels of the demo clip. */
export const DEMO_SIZE = { width: masks.width, height: masks.height };

/** Visible pixels of the koi, row by row. */
export function trueMask(frame: number): Uint8Array {
  const { width, height, objects } = masks;
  return decodeMask({ width, height, counts: objects[0]!.counts[frame]! });
}

/** The pixel of the mask that is nearest to its centre of mass. */
export function clickPoint(frame: number): { x: number; y: number } {
  const { width } = masks;
  const inside = [...trueMask(frame).entries()].filter(([, value]) => value).map(([index]) => index);
  const mean = (of: (index: number) => number) =>
    inside.reduce((sum, index) => sum + of(index), 0) / inside.length;
  const [x, y] = [mean((index) => index % width), mean((index) => Math.floor(index / width))];
  const distance = (index: number) => Math.hypot((index % width) - x, Math.floor(index / width) - y);
  const nearest = inside.reduce((best, index) => (distance(index) < distance(best) ? index : best));
  return { x: nearest % width, y: Math.floor(nearest / width) };
}

/** Intersection over union; a matte is on above the middle. */
export function overlap(matte: Uint8Array, truth: Uint8Array): number {
  let [both, either] = [0, 0];
  truth.forEach((value, index) => {
    const shown = matte[index]! > 127;
    if (value && shown) both++;
    if (value || shown) either++;
  });
  return both / either;
}
