/**
 * Runs anywhere: takes the background's colour out of soft edges, for cut-outs.
 *
 * A soft pixel is I = a F + (1 - a) B, so F = I + (1 - a)(F - B). The difference F - B is taken from the
 * solid object and the empty background around; the pixel's own texture stays.
 */
import type { Picture } from "../frames/frame-source.ts";
import type { AlphaRegion } from "./alpha-region.ts";
import { boxMean, type Plane, plane } from "./box-filter.ts";

/** Pixels within which solid object and empty background are looked for. */
const REACH = 12;

/** A new picture; `amount` 0 to 1, at 0 the picture itself. */
export function decontaminate(picture: Picture, region: AlphaRegion, amount: number): Picture {
  if (amount === 0 || region.alpha.length === 0) return picture;
  const object = colourAround(picture, region, (alpha) => (alpha > 0.98 ? 1 : 0));
  const rest = colourAround(picture, region, (alpha) => (alpha < 0.02 ? 1 : 0));
  const data = picture.data.slice();
  region.alpha.forEach((alpha, i) => {
    const [wo, wr] = [object[3]!.data[i]!, rest[3]!.data[i]!];
    if (alpha <= 0 || alpha >= 1 || wo < 1e-4 || wr < 1e-4) return;
    const x = i % region.width;
    const pixel = ((region.y + (i - x) / region.width) * picture.width + region.x + x) * 4;
    for (let c = 0; c < 3; c++) {
      const difference = object[c]!.data[i]! / wo - rest[c]!.data[i]! / wr;
      data[pixel + c] = data[pixel + c]! + amount * (1 - alpha) * difference;
    }
  });
  return { ...picture, data };
}

/** Means of weighted red, green and blue, and of the weight itself. */
function colourAround(picture: Picture, region: AlphaRegion, weigh: (alpha: number) => number): Plane[] {
  const planes = [0, 1, 2, 3].map(() => plane(region.width, region.height));
  region.alpha.forEach((alpha, i) => {
    const weight = weigh(alpha);
    if (weight === 0) return;
    const x = i % region.width;
    const pixel = ((region.y + (i - x) / region.width) * picture.width + region.x + x) * 4;
    for (let c = 0; c < 3; c++) planes[c]!.data[i] = picture.data[pixel + c]!;
    planes[3]!.data[i] = 1;
  });
  return planes.map((one) => boxMean(one, REACH));
}
