/**
 * A session as one file: what is kept on disk as one works, and what is exported and imported. Pure.
 *
 *   8 bytes   "MASKLET1"
 *   4 bytes   length of the JSON that follows, little-endian
 *   n bytes   JSON: the clip's identity, the document, the frame under the playhead
 *   rest      the tracker's own state; empty where there is none
 */
import type { ClipInfo, FramePrompts, TrackerState } from "../../worker/protocol.ts";
import type { FrameRecord, SessionDocument, TrackedObject } from "./document.ts";

const MAGIC = "MASKLET1";
const HEADER = MAGIC.length + 4;

/** Enough to tell whether a session belongs to a clip. */
export type ClipIdentity = Pick<ClipInfo, "name" | "width" | "height" | "frameCount">;

export interface SavedSession {
  clip: ClipIdentity;
  document: SessionDocument;
  frame: number;
  selectedObjectId: number | null;
  state: TrackerState | null;
}

interface PlainObject extends Omit<TrackedObject, "prompts" | "records"> {
  prompts: [number, FramePrompts][];
  records: FrameRecord[];
}

interface PlainSession {
  clip: ClipIdentity;
  document: Omit<SessionDocument, "objects"> & { objects: PlainObject[] };
  frame: number;
  selectedObjectId: number | null;
  modelId: string | null;
}

export function encodeSession(session: SavedSession): Uint8Array {
  const plain: PlainSession = {
    clip: session.clip,
    document: { ...session.document, objects: session.document.objects.map(plainObject) },
    frame: session.frame,
    selectedObjectId: session.selectedObjectId,
    modelId: session.state?.modelId ?? null,
  };
  const json = new TextEncoder().encode(JSON.stringify(plain));
  const state = session.state?.bytes ?? new Uint8Array(0);
  const bytes = new Uint8Array(HEADER + json.length + state.length);
  bytes.set(new TextEncoder().encode(MAGIC));
  new DataView(bytes.buffer).setUint32(MAGIC.length, json.length, true);
  bytes.set(json, HEADER);
  bytes.set(state, HEADER + json.length);
  return bytes;
}

/** @throws RangeError when the bytes are not a session of Masklet, or are cut short. */
export function decodeSession(bytes: Uint8Array): SavedSession {
  const magic = new TextDecoder().decode(bytes.subarray(0, MAGIC.length));
  if (magic !== MAGIC || bytes.length < HEADER)
    throw new RangeError(
      "A Masklet session begins with MASKLET1; this file does not. Choose a .masklet file.",
    );
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = HEADER + view.getUint32(MAGIC.length, true);
  if (end > bytes.length)
    throw new RangeError(
      `The session needs at least ${end} bytes, got ${bytes.length}: the file is cut short.`,
    );
  const plain = JSON.parse(new TextDecoder().decode(bytes.subarray(HEADER, end))) as PlainSession;
  const { modelId, document, ...rest } = plain;
  return {
    ...rest,
    document: { ...document, objects: document.objects.map(livingObject) },
    state: modelId === null ? null : { modelId, bytes: bytes.slice(end) },
  };
}

const plainObject = (object: TrackedObject): PlainObject => ({
  ...object,
  prompts: [...object.prompts],
  records: [...object.records.values()],
});

const livingObject = (object: PlainObject): TrackedObject => ({
  ...object,
  prompts: new Map(object.prompts),
  records: new Map(object.records.map((record) => [record.frameIndex, record])),
});

export const sameClip = (a: ClipIdentity, b: ClipIdentity) =>
  a.width === b.width && a.height === b.height && a.frameCount === b.frameCount;
