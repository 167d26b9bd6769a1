/** How far two masks of one frame agree. Pure. */

import { intersectMasks, maskArea } from "../../worker/mask-rle.ts";
import type { Mask } from "../../worker/protocol.ts";

/** Intersection over union, 0 to 1; two empty masks agree fully. */
export function maskOverlap(a: Mask, b: Mask): number {
  if (a.counts === b.counts) return 1;
  const common = maskArea(intersectMasks(a, b));
  const all = maskArea(a) + maskArea(b) - common;
  return all === 0 ? 1 : common / all;
}
