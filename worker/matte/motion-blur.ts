/** Runs anywhere: edges softened along the object's movement, as an open shutter does. */
import type { AlphaRegion } from "./alpha-region.ts";
import { sampleAlpha } from "./edge-controls.ts";
import { type Affine, motionBetween, type Shape } from "./shape-motion.ts";

/** Movement in pixels per frame at pixel centres: vx = a x + b y + c, vy = d x + e y + f. */
export type Velocity = Affine;

/** Longest blur, pixels; more needs more samples than it is worth. */
const MOST_PIXELS = 64;

/** The mean of the movement from the frame before and to the frame after, where there are both; else one. */
export function velocityOf(before: Shape | null, here: Shape, after: Shape | null): Velocity | null {
  const back = before && motionBetween(here, before);
  const ahead = after && motionBetween(here, after);
  if (!back && !ahead) return null;
  const half = back && ahead ? 0.5 : 1;
  const mean = [0, 1, 2, 3, 4, 5].map((i) => {
    const still = i === 0 || i === 4 ? 1 : 0;
    return half * ((ahead ? ahead[i]! - still : 0) - (back ? back[i]! - still : 0));
  }) as unknown as Affine;
  return toPixels(mean, here.step);
}

/** From cells to pixels: cell centres lie at (i + 0.5) * step, pixel centres are counted from 0. */
function toPixels([a, b, c, d, e, f]: Affine, step: number): Affine {
  const centre = (0.5 - step / 2) / step;
  return [a, b, step * (c + (a + b) * centre), d, e, step * (f + (d + e) * centre)];
}

/** `shutter`: degrees; 0 gives the matte itself. */
export function blurAlongMotion(
  region: AlphaRegion,
  velocity: Velocity | null,
  shutter: number,
): AlphaRegion {
  if (shutter === 0 || !velocity) return region;
  const alpha = new Float32Array(region.alpha.length);
  const [a, b, c, d, e, f] = velocity;
  const open = shutter / 360;
  for (let y = 0, i = 0; y < region.height; y++)
    for (let x = 0; x < region.width; x++, i++) {
      const px = x + region.x;
      const py = y + region.y;
      alpha[i] = meanAlong(region, x, y, open * (a * px + b * py + c), open * (d * px + e * py + f));
    }
  return { ...region, alpha };
}

function meanAlong(region: AlphaRegion, x: number, y: number, dx: number, dy: number): number {
  const length = Math.hypot(dx, dy);
  if (length < 0.1) return region.alpha[y * region.width + x]!;
  const scale = Math.min(1, MOST_PIXELS / length);
  const count = Math.ceil(length * scale) + 1;
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const share = ((i + 0.5) / count - 0.5) * scale;
    sum += sampleAlpha(region, x + dx * share, y + dy * share);
  }
  return sum / count;
}

/** Pixels that the blur can reach beyond a region. */
export function blurReach(region: AlphaRegion, velocity: Velocity | null, shutter: number): number {
  if (shutter === 0 || !velocity) return 0;
  const [a, b, c, d, e, f] = velocity;
  const corners = [0, 1].flatMap((i) =>
    [0, 1].map((j) => [region.x + i * region.width, region.y + j * region.height] as const),
  );
  const fastest = Math.max(...corners.map(([x, y]) => Math.hypot(a * x + b * y + c, d * x + e * y + f)));
  return Math.ceil(Math.min(MOST_PIXELS, (fastest * shutter) / 360) / 2) + 1;
}
