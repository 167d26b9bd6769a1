/**
 * Runs anywhere: the prompts that a careful person would give, computed from the true mask.
 *
 * Clicks follow upstream's `sample_one_point_from_error_center` (`sam2/modeling/sam2_utils.py`), which is
 * RITM's rule: the next click goes to the middle of the error, where the way to its border is longest.
 */
import type { BoxPrompt, PointPrompt } from "../protocol.ts";
import { type BinaryMask, maskBounds, subtractMask } from "./binary-mask.ts";
import { squaredDistanceInside } from "./distance-transform.ts";

/**
 * The next click on a frame, or null when there is no error left (upstream would click the corner).
 * `current` null: nothing was said yet. Coordinates are pixel indices, as upstream passes them.
 */
export function nextClick(truth: BinaryMask, current: BinaryMask | null): PointPrompt | null {
  const missed = deepest(current === null ? truth : subtractMask(truth, current));
  const excess = current === null ? null : deepest(subtractMask(current, truth));
  // A tie goes to the excess, as upstream's strict comparison decides.
  const positive = missed !== null && missed.depth > (excess?.depth ?? 0);
  const chosen = positive ? missed : excess;
  return chosen === null ? null : { x: chosen.x, y: chosen.y, label: positive ? 1 : 0 };
}

/** The box around the mask, corner pixels' indices (upstream: `masks_to_boxes`); null for an empty mask. */
export function boxAround(truth: BinaryMask): BoxPrompt | null {
  return maskBounds(truth);
}

/** The pixel farthest from the region's border, the first one in reading order; null when empty. */
function deepest(region: BinaryMask): { x: number; y: number; depth: number } | null {
  const squared = squaredDistanceInside(region, true);
  let best = 0;
  for (let i = 1; i < squared.length; i++) if (squared[i]! > squared[best]!) best = i;
  const depth = squared[best] ?? 0;
  if (depth === 0) return null;
  return { x: best % region.width, y: Math.floor(best / region.width), depth };
}
