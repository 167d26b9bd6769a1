/** Pure: what a person points at becomes what the mask decoder takes. */
import type { DecoderPrompt } from "./sam2-engine.ts";
import { badPrompt } from "./session-errors.ts";

/** Prompt labels as the prompt encoder knows them. */
const POINT_LABEL = { none: -1, outside: 0, inside: 1, boxStart: 2, boxEnd: 3 } as const;

/** Upstream takes a box's corners as points of their own labels, too. */
const KNOWN_LABELS: readonly number[] = Object.values(POINT_LABEL);

/** Points of one object on one frame, in the order in which they were given; boxes are two points. */
export interface PointInputs {
  /** x, y pairs in model pixels, 0 to S. */
  coordinates: Float32Array;
  labels: Float32Array;
}

/** Pixels of the source frame, origin top left. */
export interface PointsOrBox {
  points?: readonly (readonly [x: number, y: number])[];
  /** 1 inside, 0 outside; one per point. */
  labels?: readonly number[];
  box?: readonly [x0: number, y0: number, x1: number, y1: number];
}

/** A box comes first, whatever the points are; both axes are scaled to the square input on their own. */
export function encodePoints(
  { points = [], labels = [], box }: PointsOrBox,
  frame: { width: number; height: number },
  imageSize: number,
): PointInputs {
  checkPoints(points, labels, box);
  const corners: (readonly [number, number])[] = box
    ? [
        [box[0], box[1]],
        [box[2], box[3]],
      ]
    : [];
  const all = [...corners, ...points];
  return {
    coordinates: Float32Array.from(
      all.flatMap(([x, y]) => [scale(x, frame.width, imageSize), scale(y, frame.height, imageSize)]),
    ),
    labels: Float32Array.from([...(box ? [POINT_LABEL.boxStart, POINT_LABEL.boxEnd] : []), ...labels]),
  };
}

/** Rounded to float32 after each step, as torch does. */
function scale(value: number, extent: number, imageSize: number): number {
  return Math.fround(Math.fround(Math.fround(value) / extent) * imageSize);
}

function checkPoints(
  points: NonNullable<PointsOrBox["points"]>,
  labels: readonly number[],
  box: PointsOrBox["box"],
): void {
  if (points.length !== labels.length) {
    throw badPrompt(`Expected one label per point, got ${points.length} points, ${labels.length} labels.`);
  }
  if (points.length === 0 && !box) throw badPrompt("Expected at least one point or a box, got neither.");
  const numbers = [...points.flat(), ...(box ?? [])];
  if (!numbers.every(Number.isFinite)) {
    throw badPrompt(`Expected finite coordinates in source pixels, got ${numbers.join(", ")}.`);
  }
  const unknown = labels.find((label) => !KNOWN_LABELS.includes(label));
  if (unknown !== undefined) throw badPrompt(`Expected labels of 1 (inside) or 0 (outside), got ${unknown}.`);
}

export function appendPoints(old: PointInputs | undefined, added: PointInputs): PointInputs {
  if (!old) return added;
  return {
    coordinates: Float32Array.of(...old.coordinates, ...added.coordinates),
    labels: Float32Array.of(...old.labels, ...added.labels),
  };
}

/** The decoder always gets a point: one that says "none" where a person gave none. */
export function toDecoderPrompt(points: PointInputs | null, maskLogits: Float32Array | null): DecoderPrompt {
  if (points) return { ...points, maskLogits };
  return { coordinates: new Float32Array(2), labels: Float32Array.of(POINT_LABEL.none), maskLogits };
}

const PREVIOUS_LOGIT_LIMIT = 32;

/** The mask of the click before, fed back with the next click. */
export function clampPreviousLogits(logits: Float32Array): Float32Array {
  return logits.map((logit) => Math.min(Math.max(logit, -PREVIOUS_LOGIT_LIMIT), PREVIOUS_LOGIT_LIMIT));
}
