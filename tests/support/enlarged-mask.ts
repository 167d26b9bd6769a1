/** Test support: a mask at a multiple of its size, as a finer mask of the same object would be. Pure. */
import type { BinaryMask } from "../../worker/evaluation/binary-mask.ts";

/** Blended between pixels and cut at a half, so that edges are smooth instead of large steps. */
export function enlargeMask({ width, height, data }: BinaryMask, times: number): BinaryMask {
  const large = { width: width * times, height: height * times };
  const result = new Uint8Array(large.width * large.height);
  const at = (x: number, y: number) =>
    data[Math.min(height - 1, Math.max(0, y)) * width + Math.min(width - 1, Math.max(0, x))]!;
  for (let row = 0; row < large.height; row++) {
    const y = (row + 0.5) / times - 0.5;
    const [y0, v] = [Math.floor(y), y - Math.floor(y)];
    for (let column = 0; column < large.width; column++) {
      const x = (column + 0.5) / times - 0.5;
      const [x0, u] = [Math.floor(x), x - Math.floor(x)];
      const above = at(x0, y0) * (1 - u) + at(x0 + 1, y0) * u;
      const below = at(x0, y0 + 1) * (1 - u) + at(x0 + 1, y0 + 1) * u;
      result[row * large.width + column] = above * (1 - v) + below * v > 0.5 ? 1 : 0;
    }
  }
  return { ...large, data: result };
}
