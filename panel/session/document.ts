/** What a person makes of a clip, as plain immutable data. Pure: no DOM, no tracker. */
import { type MatteSettings, productSettings } from "../../worker/matte/matte-settings.ts";
import type { FramePrompts, FrameResult } from "../../worker/protocol.ts";
import type { VisibilityOverride } from "../../worker/visibility.ts";

/** One frame of one object: what the tracker said, and how it came there. */
export interface FrameRecord extends FrameResult {
  /** 1: tracked forward; -1: tracked backward; 0: prompted. */
  direction: 1 | -1 | 0;
  /** Overlap (IoU, 0 to 1) with the track of the other direction; null where only one has passed. */
  agreement: number | null;
  /** The frame whose correction has made this record out of date; null while it is up to date. */
  staleSince: number | null;
}

export interface TrackedObject {
  id: number;
  name: string;
  /** CSS colour, one of `OBJECT_COLOURS` unless the person chose another. */
  colour: string;
  shown: boolean;
  solo: boolean;
  locked: boolean;
  /** What it does to the merged matte, in list order. */
  operation: "add" | "subtract";
  prompts: ReadonlyMap<number, FramePrompts>;
  records: ReadonlyMap<number, FrameRecord>;
  /** The person's word on where it is visible; apart from the records, so that it outlives them. */
  visibility: readonly VisibilityOverride[];
}

/** A stretch still to be tracked; `from` > `to` runs backward. */
export interface TrackLeg {
  from: number;
  to: number;
  objectIds: readonly number[];
}

export interface SessionDocument {
  objects: readonly TrackedObject[];
  nextObjectId: number;
  /** First and last frame to work on, both included. */
  inFrame: number;
  outFrame: number;
  /** What a stopped track has left to do. */
  pending: readonly TrackLeg[];
  /** How edges and time are treated on the way out; `matteSettings` has the names. At zero: hard masks. */
  matte: MatteSettings;
}

/** Told apart by people with the common colour blindnesses too; all readable on dark and on light. */
export const OBJECT_COLOURS = [
  "#3d9bff",
  "#ff9f2e",
  "#2fd08a",
  "#ff5d8f",
  "#b58cff",
  "#f2d13c",
  "#35d6e0",
  "#ff7043",
] as const;

export const NO_PROMPTS: FramePrompts = { points: [] };

export const emptyDocument = (frameCount: number): SessionDocument => ({
  objects: [],
  nextObjectId: 1,
  inFrame: 0,
  outFrame: Math.max(0, frameCount - 1),
  pending: [],
  matte: productSettings(),
});

export function newObject(id: number): TrackedObject {
  return {
    id,
    name: `Object ${id}`,
    colour: OBJECT_COLOURS[(id - 1) % OBJECT_COLOURS.length]!,
    shown: true,
    solo: false,
    locked: false,
    operation: "add",
    prompts: new Map(),
    records: new Map(),
    visibility: [],
  };
}

export const objectOf = (document: SessionDocument, id: number | null) =>
  document.objects.find((object) => object.id === id);

/** Replaces one object by what `change` makes of it. */
export function withObject(
  document: SessionDocument,
  id: number,
  change: (object: TrackedObject) => Partial<TrackedObject>,
): SessionDocument {
  const objects = document.objects.map((object) =>
    object.id === id ? { ...object, ...change(object) } : object,
  );
  return { ...document, objects };
}

export const promptsAt = (object: TrackedObject | undefined, frame: number): FramePrompts =>
  object?.prompts.get(frame) ?? NO_PROMPTS;

export const hasPrompts = (prompts: FramePrompts) =>
  prompts.points.length > 0 || prompts.box !== undefined || prompts.mask !== undefined;

/** A copy of the map with one entry set, or removed where `value` is null. */
export function withEntry<K, V>(map: ReadonlyMap<K, V>, key: K, value: V | null): ReadonlyMap<K, V> {
  const copy = new Map(map);
  if (value === null) copy.delete(key);
  else copy.set(key, value);
  return copy;
}

/** The objects on screen: solo ones where there are any, else the shown ones. */
export function visibleObjects(document: SessionDocument): readonly TrackedObject[] {
  const solo = document.objects.filter((object) => object.solo);
  return solo.length > 0 ? solo : document.objects.filter((object) => object.shown);
}

/** Records of `from` to `to` are out of date because the prompts of `frame` changed. */
export function outdated(
  records: ReadonlyMap<number, FrameRecord>,
  frame: number,
  from: number,
  to: number,
): ReadonlyMap<number, FrameRecord> {
  const copy = new Map(records);
  for (const [index, record] of records) {
    const within = index >= from && index <= to && index !== frame;
    if (within && record.origin === "tracked") copy.set(index, { ...record, staleSince: frame });
  }
  return copy;
}

/** With record maps of its own, which may grow while the ones here stay. */
export const unshared = (document: SessionDocument): SessionDocument => ({
  ...document,
  objects: document.objects.map((object) => ({ ...object, records: new Map(object.records) })),
});
