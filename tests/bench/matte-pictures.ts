/** Runs in Node: edges at 400 % side by side: before, after, true; the outline in yellow on the picture. */
import { encode } from "fast-png";
import type { BinaryMask } from "../../worker/evaluation/binary-mask.ts";
import type { Picture } from "../../worker/frames/frame-source.ts";
import { boxOfMask } from "../../worker/matte/alpha-region.ts";

const ZOOM = 4;
/** Source pixels of each panel, at most. */
const SIDE = 150;

/** PNG bytes. */
export function edgePicture(picture: Picture, ...masks: BinaryMask[]): Uint8Array {
  const box = boxOfMask(masks.at(-1)!)!;
  const x0 = Math.max(0, Math.min(picture.width - SIDE, box.x - 10));
  const y0 = Math.max(0, Math.min(picture.height - SIDE, box.y - 10));
  const side = Math.min(SIDE, picture.width, picture.height);
  const width = side * ZOOM * masks.length;
  const height = side * ZOOM;
  const data = new Uint8Array(width * height * 3);
  for (let y = 0, at = 0; y < height; y++)
    for (let x = 0; x < width; x++, at += 3) {
      const mask = masks[Math.floor(x / (side * ZOOM))]!;
      const u = x0 + Math.floor((x % (side * ZOOM)) / ZOOM);
      const v = y0 + Math.floor(y / ZOOM);
      data.set(isEdge(mask, u, v, x % ZOOM, y % ZOOM) ? [255, 230, 0] : colourAt(picture, mask, u, v), at);
    }
  return encode({ width, height, data, channels: 3 });
}

/** Dimmed outside, so that the matte can be judged too. */
function colourAt({ width, data }: Picture, mask: BinaryMask, x: number, y: number): number[] {
  const pixel = (y * width + x) * 4;
  const light = mask.data[y * width + x] ? 1 : 0.55;
  return [data[pixel]! * light, data[pixel + 1]! * light, data[pixel + 2]! * light];
}

/** The first of the enlarged pixels along a side where the mask changes. */
function isEdge({ width, data }: BinaryMask, x: number, y: number, subX: number, subY: number): boolean {
  const here = data[y * width + x];
  return (
    (subX === 0 && x > 0 && data[y * width + x - 1] !== here) ||
    (subY === 0 && y > 0 && data[(y - 1) * width + x] !== here)
  );
}
