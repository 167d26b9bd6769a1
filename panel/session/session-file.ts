/**
 * A session as one file: what is kept on disk as one works, and what is exported and imported. Pure.
 *
 *   8 bytes        "MASKLET1"
 *   then sections, each 4 bytes of length (little-endian) and its bytes:
 *     head         JSON: the clip's identity, the document without records, the playhead
 *     records …    JSON arrays of frame records; the head says how many sections
 *     state        the tracker's own state; empty where there is none. Where the head names parts, they
 *                  lie beside the file, and this section is their index
 */
import type { ClipInfo, FramePrompts, StateInParts, TrackerState } from "../../worker/protocol.ts";
import type { FrameRecord, SessionDocument, TrackedObject } from "./document.ts";

const MAGIC = new TextEncoder().encode("MASKLET1");
/** Records of a section: about a megabyte, and few milliseconds to write as JSON. */
const RECORDS_A_SECTION = 400;

/** Enough to tell whether a session belongs to a clip. */
export type ClipIdentity = Pick<ClipInfo, "name" | "width" | "height" | "frameCount">;

export interface SavedSession {
  clip: ClipIdentity;
  document: SessionDocument;
  frame: number;
  selectedObjectId: number | null;
  state: TrackerState | StateInParts | null;
}

type PlainObject = Omit<TrackedObject, "prompts" | "records" | "visibility"> & {
  prompts: [number, FramePrompts][];
  /** Absent in sessions of before there were such words. */
  visibility?: TrackedObject["visibility"];
};

interface Head {
  clip: ClipIdentity;
  document: Omit<SessionDocument, "objects"> & { objects: PlainObject[] };
  frame: number;
  selectedObjectId: number | null;
  modelId: string | null;
  /** Absent where the state is in the file itself. */
  stateParts?: string[];
  recordSections: number;
}

/** `pause` is awaited between sections, so that writing a long session never holds the page up. */
export async function encodeSession(
  session: SavedSession,
  pause: () => Promise<void> = async () => undefined,
): Promise<Uint8Array> {
  const records = session.document.objects.flatMap((object) => [...object.records.values()]);
  const recordSections = Math.ceil(records.length / RECORDS_A_SECTION);
  const sections: Uint8Array[] = [json(headOf(session, recordSections))];
  for (let index = 0; index < recordSections; index++) {
    sections.push(json(records.slice(index * RECORDS_A_SECTION, (index + 1) * RECORDS_A_SECTION)));
    await pause();
  }
  sections.push(stateSection(session.state));
  return joined(sections);
}

function headOf({ state, document, ...rest }: SavedSession, recordSections: number): Head {
  const objects = document.objects.map(({ records: _apart, ...object }) => ({
    ...object,
    prompts: [...object.prompts],
  }));
  const parts = state && "parts" in state ? { stateParts: state.parts } : {};
  const modelId = state?.modelId ?? null;
  return { ...rest, document: { ...document, objects }, modelId, recordSections, ...parts };
}

function stateSection(state: SavedSession["state"]): Uint8Array {
  if (!state) return new Uint8Array(0);
  return "parts" in state ? state.index : state.bytes;
}

const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

function joined(sections: readonly Uint8Array[]): Uint8Array {
  const length = sections.reduce((sum, section) => sum + 4 + section.length, MAGIC.length);
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  let at = MAGIC.length;
  for (const section of sections) {
    view.setUint32(at, section.length, true);
    bytes.set(section, at + 4);
    at += 4 + section.length;
  }
  return bytes;
}

/** @throws RangeError when the bytes are not a session of Masklet, or are cut short. */
export function decodeSession(bytes: Uint8Array): SavedSession {
  if (!MAGIC.every((byte, index) => bytes[index] === byte))
    throw new RangeError(
      "A Masklet session begins with MASKLET1; this file does not. Choose a .masklet file.",
    );
  const sections = sectionsOf(bytes);
  const { modelId, stateParts, document, recordSections, ...rest } = parsed<Head>(sections[0]!);
  const records = sections.slice(1, 1 + recordSections).flatMap((section) => parsed<FrameRecord[]>(section));
  const state = sections[1 + recordSections];
  if (!state) throw cutShort(bytes);
  return {
    ...rest,
    document: { ...document, objects: document.objects.map((object) => livingObject(object, records)) },
    state: stateFrom(modelId, stateParts, state.slice()),
  };
}

function stateFrom(
  modelId: string | null,
  parts: string[] | undefined,
  bytes: Uint8Array,
): SavedSession["state"] {
  if (modelId === null) return null;
  return parts ? { modelId, index: bytes, parts } : { modelId, bytes };
}

const parsed = <T>(section: Uint8Array) => JSON.parse(new TextDecoder().decode(section)) as T;

function sectionsOf(bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const sections: Uint8Array[] = [];
  for (let at = MAGIC.length; at < bytes.length; ) {
    if (at + 4 > bytes.length) throw cutShort(bytes);
    const end = at + 4 + view.getUint32(at, true);
    if (end > bytes.length) throw cutShort(bytes);
    sections.push(bytes.subarray(at + 4, end));
    at = end;
  }
  if (sections.length === 0) throw cutShort(bytes);
  return sections;
}

const cutShort = (bytes: Uint8Array) =>
  new RangeError(
    `The session ends too early, after ${bytes.length} bytes: the file was cut short. Use another copy.`,
  );

const livingObject = (object: PlainObject, records: readonly FrameRecord[]): TrackedObject => ({
  ...object,
  visibility: object.visibility ?? [],
  prompts: new Map(object.prompts),
  records: new Map(
    records.filter(({ objectId }) => objectId === object.id).map((record) => [record.frameIndex, record]),
  ),
});

export const sameClip = (a: ClipIdentity, b: ClipIdentity) =>
  a.width === b.width && a.height === b.height && a.frameCount === b.frameCount;
