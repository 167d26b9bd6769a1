/**
 * Runs in the tracking worker or in Node: a session's whole state as bytes and back, exactly.
 *
 * As one file: "MASKLET1", length of the JSON part, JSON (what is known of each object; outputs by number),
 * then each output's pointer, logits and memory.
 *
 * In parts: the JSON alone, and each output as a part under a name that no other one ever gets. Outputs never
 * change, so a part is written once, and who saves again writes only what is new.
 */
import type { FrameOutput } from "./memory-bank.ts";
import { fromBytes, type PixelStore, toBytes } from "./pixel-store.ts";
import type { Mask, StatePart } from "./protocol.ts";
import type { TrackedObject } from "./tracked-object.ts";
import { TrackerError } from "./tracker-error.ts";
import type { SessionState } from "./tracking-session.ts";

const MAGIC = new TextEncoder().encode("MASKLET1");
const HEADER_BYTES = MAGIC.length + 4;

/** Lengths of a model's arrays; a state fits only a model of the same ones. */
export interface StateShape {
  frameCount: number;
  pointer: number;
  logits: number;
  memory: number;
}

interface StateIndex {
  shape: StateShape;
  outputs: { objectScore: number; predictedIou: number; hasMemory: boolean; maskPrompt?: Mask }[];
  objects: Packed[];
}

export async function encodeState({ objects }: SessionState, shape: StateShape): Promise<Uint8Array> {
  const outputs = new Map<FrameOutput, number>();
  const packed = [...objects.values()].map((object) => pack(object, outputs));
  const index: StateIndex = { shape, outputs: [], objects: packed };
  const parts: Uint8Array[] = [];
  for (const { pixels, pointer, objectScore, predictedIou, maskPrompt } of outputs.keys()) {
    const data = await pixels.read();
    const hasMemory = data.memory !== null;
    index.outputs.push({ objectScore, predictedIou, hasMemory, ...(maskPrompt && { maskPrompt }) });
    parts.push(new Uint8Array(pointer.slice().buffer), toBytes(data));
  }
  const json = new TextEncoder().encode(JSON.stringify(index));
  const header = new Uint8Array(HEADER_BYTES);
  header.set(MAGIC);
  new DataView(header.buffer).setUint32(MAGIC.length, json.length, true);
  return concatenate([header, json, ...parts]);
}

interface PartedIndex {
  shape: StateShape;
  outputs: { objectScore: number; predictedIou: number; part: string; maskPrompt?: Mask }[];
  objects: Packed[];
}

/** One frame of one object is held at a time, and only where it isn't `known` already. */
export async function encodeParts(
  { objects }: SessionState,
  shape: StateShape,
  known: ReadonlySet<string>,
  onPart: (part: StatePart) => void | Promise<void>,
): Promise<{ index: Uint8Array; parts: string[] }> {
  const outputs = new Map<FrameOutput, number>();
  const packed = [...objects.values()].map((object) => pack(object, outputs));
  const index: PartedIndex = { shape, outputs: [], objects: packed };
  for (const output of outputs.keys()) {
    const { pointer, pixels, objectScore, predictedIou, maskPrompt } = output;
    const part = partName(output);
    if (!known.has(part)) {
      const data = toBytes(await pixels.read());
      await onPart({ name: part, bytes: concatenate([new Uint8Array(pointer.slice().buffer), data]) });
    }
    index.outputs.push({ objectScore, predictedIou, part, ...(maskPrompt && { maskPrompt }) });
  }
  const parts = index.outputs.map(({ part }) => part);
  return { index: new TextEncoder().encode(JSON.stringify(index)), parts };
}

/** @throws TrackerError `not-found` as `decodeState`, and where a part is missing. */
export async function decodeParts(
  bytes: Uint8Array,
  shape: StateShape,
  pixels: PixelStore,
  readPart: (name: string) => Promise<Uint8Array | null>,
): Promise<SessionState> {
  const index = parsed<PartedIndex>(bytes);
  assertShape(index.shape, shape);
  const outputs: FrameOutput[] = [];
  for (const { objectScore, predictedIou, part, maskPrompt } of index.outputs) {
    const { pointer, data } = splitPart(await readPart(part), part, shape);
    const stored = pixels.put(data);
    const output = { pixels: stored, pointer, objectScore, predictedIou, ...(maskPrompt && { maskPrompt }) };
    partNames.set(output, part);
    outputs.push(output);
    await pixels.settle();
  }
  return stateOf(index.objects, outputs);
}

function splitPart(bytes: Uint8Array | null, name: string, shape: StateShape) {
  if (!bytes) throw unreadable(`its part ${name} is missing`);
  const withoutMemory = (shape.pointer + shape.logits) * 4;
  const hasMemory = bytes.length === withoutMemory + shape.memory * 2;
  if (!hasMemory && bytes.length !== withoutMemory) {
    throw unreadable(`its part ${name} has ${bytes.length} bytes, expected ${withoutMemory} or more`);
  }
  const pointer = new Float32Array(bytes.slice(0, shape.pointer * 4).buffer);
  return { pointer, data: fromBytes(bytes.subarray(shape.pointer * 4), shape.logits, hasMemory) };
}

const partNames = new WeakMap<FrameOutput, string>();
/** Of this realm: what it names never meets what an earlier one has named. */
const REALM = [...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(16)).join("");
let named = 0;

function partName(output: FrameOutput): string {
  const name = partNames.get(output) ?? `${REALM}-${++named}`;
  partNames.set(output, name);
  return name;
}

/** @throws TrackerError `not-found` where the bytes are no state, or one of another clip or model. */
export function decodeState(bytes: Uint8Array, shape: StateShape, pixels: PixelStore): SessionState {
  const { index, rest } = readIndex(bytes);
  assertShape(index.shape, shape);
  return stateOf(index.objects, readOutputs(index, rest, pixels));
}

function assertShape(made: StateShape, here: StateShape): void {
  if (JSON.stringify(made) === JSON.stringify(here)) return;
  throw unreadable(`it was made for ${JSON.stringify(made)}, here is ${JSON.stringify(here)}`);
}

function stateOf(packed: readonly Packed[], outputs: readonly FrameOutput[]): SessionState {
  const objects = packed.map((object) => unpack(object, outputs) as unknown as TrackedObject);
  return { objects: new Map(objects.map((object) => [object.id, object])) };
}

function readIndex(bytes: Uint8Array): { index: StateIndex; rest: Uint8Array } {
  if (bytes.length < HEADER_BYTES || MAGIC.some((byte, at) => bytes[at] !== byte)) {
    throw unreadable("it does not start as one");
  }
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(MAGIC.length, true);
  const end = HEADER_BYTES + length;
  return { index: parsed<StateIndex>(bytes.subarray(HEADER_BYTES, end)), rest: bytes.subarray(end) };
}

function parsed<T>(json: Uint8Array): T {
  try {
    return JSON.parse(new TextDecoder().decode(json)) as T;
  } catch (error) {
    throw unreadable(`its index is damaged (${error instanceof Error ? error.message : String(error)})`);
  }
}

function readOutputs({ shape, outputs }: StateIndex, bytes: Uint8Array, pixels: PixelStore): FrameOutput[] {
  let at = 0;
  const next = (length: number) => {
    at += length;
    if (at > bytes.length) throw unreadable(`it ends after ${bytes.length} bytes of frames, within a frame`);
    return bytes.subarray(at - length, at);
  };
  return outputs.map(({ objectScore, predictedIou, hasMemory, maskPrompt }) => {
    const pointer = new Float32Array(next(shape.pointer * 4).slice().buffer);
    const data = next(shape.logits * 4 + (hasMemory ? shape.memory * 2 : 0));
    const stored = pixels.put(fromBytes(data, shape.logits, hasMemory));
    return { pixels: stored, pointer, objectScore, predictedIou, ...(maskPrompt && { maskPrompt }) };
  });
}

function unreadable(why: string): TrackerError {
  return new TrackerError(
    "not-found",
    `The saved tracking can't be read: ${why}.`,
    "Choose another saved tracking, or track the clip again.",
  );
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

// ---------------------------------------------------------------- maps, sets and outputs in JSON

type Packed =
  | null
  | boolean
  | number
  | string
  | Packed[]
  | { $: "map"; of: [Packed, Packed][] }
  | { $: "set"; of: Packed[] }
  | { $: "floats"; of: number[] }
  | { $: "output"; of: number }
  | { $: "object"; of: { [key: string]: Packed } };

function pack(value: unknown, outputs: Map<FrameOutput, number>): Packed {
  const inner = (part: unknown) => pack(part, outputs);
  if (value === null || typeof value !== "object") return value as Packed;
  if (Array.isArray(value)) return value.map(inner);
  if (value instanceof Float32Array) return { $: "floats", of: [...value] };
  if (value instanceof Set) return { $: "set", of: [...value].map(inner) };
  if (value instanceof Map) {
    return { $: "map", of: [...value].map(([key, part]) => [inner(key), inner(part)]) };
  }
  if (isOutput(value)) return { $: "output", of: numberOf(value, outputs) };
  const entries = Object.entries(value).map(([key, part]) => [key, inner(part)] as const);
  return { $: "object", of: Object.fromEntries(entries) };
}

function isOutput(value: object): value is FrameOutput {
  return "pixels" in value && "pointer" in value;
}

function numberOf(output: FrameOutput, outputs: Map<FrameOutput, number>): number {
  const known = outputs.get(output) ?? outputs.size;
  outputs.set(output, known);
  return known;
}

function unpack(value: Packed, outputs: readonly FrameOutput[]): unknown {
  const inner = (part: Packed) => unpack(part, outputs);
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(inner);
  switch (value.$) {
    case "map":
      return new Map(value.of.map(([key, part]) => [inner(key), inner(part)]));
    case "set":
      return new Set(value.of.map(inner));
    case "floats":
      return Float32Array.from(value.of);
    case "object":
      return Object.fromEntries(Object.entries(value.of).map(([key, part]) => [key, inner(part)]));
    case "output": {
      const output = outputs[value.of];
      if (output) return output;
      throw unreadable(`it refers to frame output ${value.of} of ${outputs.length}`);
    }
  }
}
