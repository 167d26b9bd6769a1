/** The frames most worth a person's look, worst first, each with the reason. Pure. */
import { isWithin } from "../../worker/visibility-overrides.ts";
import type { FrameRecord, TrackedObject } from "../session/document.ts";

export interface ReviewItem {
  objectId: number;
  frameIndex: number;
  reason: string;
  /** 0 to 1; 1 asks loudest. */
  severity: number;
}

/** Frames nearer than this are one occasion: the worst of them stands for all. */
const SAME_OCCASION = 5;
const MAX_ITEMS = 40;
/** Below this the decoder doubts its own mask; good masks of the official models lie above 0.8. */
const LOW_IOU = 0.7;
/** Models differ in how sure they are: a doubt is also well below what this object usually gets. */
const BELOW_USUAL = 0.8;
/** Logit; nearer to 0 than this, visible or not is a guess. */
const UNCLEAR_SCORE = 1.5;
/** Relative change of the area from one frame to the next. */
const AREA_JUMP = 0.35;
const LOW_AGREEMENT = 0.8;

export function reviewList(objects: readonly TrackedObject[]): ReviewItem[] {
  return objects
    .flatMap((object) => thinned(itemsOf(object)))
    .sort((a, b) => b.severity - a.severity)
    .slice(0, MAX_ITEMS);
}

function itemsOf(object: TrackedObject): ReviewItem[] {
  const records = [...object.records.values()].sort((a, b) => a.frameIndex - b.frameIndex);
  const lowIou = Math.min(LOW_IOU, BELOW_USUAL * usualConfidence(records));
  return records.flatMap((record, index) => {
    if (record.origin === "prompted" || isWithin(object.visibility, record.frameIndex)) return [];
    const before = records[index - 1];
    const worst = doubts(
      record,
      before?.frameIndex === record.frameIndex - 1 ? before : undefined,
      lowIou,
    ).sort((a, b) => b.severity - a.severity)[0];
    return worst ? [{ objectId: object.id, frameIndex: record.frameIndex, ...worst }] : [];
  });
}

/** The median of what the decoder expects of its masks where the object is visible, 0 to 1. */
export function usualConfidence(records: readonly FrameRecord[]): number {
  const values = records.filter(({ objectScore }) => objectScore > 0).map(({ predictedIou }) => predictedIou);
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 1;
}

type Doubt = Pick<ReviewItem, "reason" | "severity">;

function doubts(record: FrameRecord, before: FrameRecord | undefined, lowIou: number): Doubt[] {
  const found: Doubt[] = [];
  const { predictedIou, objectScore, agreement } = record;
  if (objectScore > 0 && predictedIou < lowIou)
    found.push({ reason: `low confidence, ${percent(predictedIou)}`, severity: 1 - predictedIou / lowIou });
  if (Math.abs(objectScore) < UNCLEAR_SCORE)
    found.push({
      reason: `visible or not is unclear, score ${objectScore.toFixed(1)}`,
      severity: 0.9 * (1 - Math.abs(objectScore) / UNCLEAR_SCORE),
    });
  if (agreement !== null && agreement < LOW_AGREEMENT)
    found.push({
      reason: `forward and backward differ, overlap ${percent(agreement)}`,
      severity: 1 - agreement,
    });
  const jump = before ? areaDoubt(record, before) : null;
  if (jump) found.push(jump);
  return found;
}

function areaDoubt(record: FrameRecord, before: FrameRecord): Doubt | null {
  if (record.area === 0 && before.area === 0) return null;
  if (record.area === 0) return { reason: "the object disappears", severity: 0.45 };
  if (before.area === 0) return { reason: "the object comes back", severity: 0.5 };
  const change = record.area / before.area - 1;
  const size = Math.abs(Math.log(record.area / before.area));
  if (Math.abs(change) < AREA_JUMP) return null;
  const sign = change > 0 ? "+" : "−";
  return {
    reason: `size jumps ${sign}${percent(Math.abs(change))}`,
    severity: Math.min(1, Math.round(size * 50) / 100),
  };
}

function thinned(items: ReviewItem[]): ReviewItem[] {
  const kept: ReviewItem[] = [];
  for (const item of [...items].sort((a, b) => b.severity - a.severity))
    if (kept.every((other) => Math.abs(other.frameIndex - item.frameIndex) >= SAME_OCCASION)) kept.push(item);
  return kept;
}

const percent = (share: number) => `${Math.round(share * 100)} %`;

/** The item after (or before) a frame in time; wraps around. Null for an empty list. */
export function neighbour(items: readonly ReviewItem[], frame: number, step: 1 | -1): ReviewItem | null {
  const inTime = [...items].sort((a, b) => a.frameIndex - b.frameIndex);
  if (step === 1) return inTime.find((item) => item.frameIndex > frame) ?? inTime[0] ?? null;
  const before = inTime.filter((item) => item.frameIndex < frame);
  return before[before.length - 1] ?? inTime[inTime.length - 1] ?? null;
}
