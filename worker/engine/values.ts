/** Runs on both sides of the engine's pipe: what `TrackerApi` takes and gives, as JSON and binary parts. Pure. */
import type { WireMessage } from "./wire.ts";

/** 8-bit RGBA in the place of an ImageBitmap, which Node does not have. */
export class PixelBitmap implements ImageBitmap {
  readonly width: number;
  readonly height: number;
  /** width * height * 4 bytes, rows from the top. */
  readonly data: Uint8ClampedArray;

  constructor(width: number, height: number, data: Uint8ClampedArray) {
    this.width = width;
    this.height = height;
    this.data = data;
  }

  close(): void {}
}

/** What stays on its side and is reached by number, and what this side makes of it. */
export interface Crossing {
  /** A number by which the other side calls the function. */
  lendFunction(work: (...args: unknown[]) => unknown): number;
  borrowFunction(id: number): (...args: unknown[]) => Promise<unknown>;
  /** A number by which the other side reads the blob; null: its bytes go along. */
  lendBlob(blob: Blob): number | null;
  borrowBlob(id: number, size: number, type: string): Blob;
}

type Tagged =
  | { $: "bytes"; part: number }
  | { $: "pixels"; part: number; width: number; height: number }
  | { $: "blob"; part: number; type: string }
  | { $: "lent blob"; id: number; size: number; type: string }
  | { $: "function"; id: number }
  | { $: "number"; text: string };

type LendCrossing = Pick<Crossing, "lendFunction" | "lendBlob">;
type BorrowCrossing = Pick<Crossing, "borrowFunction" | "borrowBlob">;

/** Plain data, typed bytes, blobs, pixels and functions; throws a TypeError on a port or anything like it. */
export async function pack(value: unknown, crossing: LendCrossing): Promise<WireMessage> {
  const parts: Uint8Array[] = [];
  return { json: await packed(value, parts, crossing), parts };
}

async function packed(value: unknown, parts: Uint8Array[], crossing: LendCrossing): Promise<unknown> {
  if (typeof value === "number" && !Number.isFinite(value)) return tag({ $: "number", text: String(value) });
  if (typeof value === "function") {
    return tag({ $: "function", id: crossing.lendFunction(value as (...args: unknown[]) => unknown) });
  }
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof PixelBitmap) {
    const { width, height, data } = value;
    return tag({ $: "pixels", part: addPart(parts, bytesOf(data)), width, height });
  }
  if (ArrayBuffer.isView(value)) return tag({ $: "bytes", part: addPart(parts, bytesOf(value)) });
  if (value instanceof Blob) return packedBlob(value, parts, crossing);
  if (Array.isArray(value)) return Promise.all(value.map((each) => packed(each, parts, crossing)));
  return packedRecord(value, parts, crossing);
}

async function packedRecord(value: object, parts: Uint8Array[], crossing: LendCrossing): Promise<object> {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && Object.prototype.toString.call(value) !== "[object Object]") {
    throw new TypeError(`The engine takes plain data, got ${Object.prototype.toString.call(value)}.`);
  }
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  return Object.fromEntries(
    await Promise.all(
      entries.map(async ([name, each]) => [name, await packed(each, parts, crossing)] as const),
    ),
  );
}

async function packedBlob(blob: Blob, parts: Uint8Array[], crossing: LendCrossing): Promise<Tagged> {
  const id = crossing.lendBlob(blob);
  if (id !== null) return { $: "lent blob", id, size: blob.size, type: blob.type };
  const bytes = new Uint8Array(await blob.arrayBuffer());
  return { $: "blob", part: addPart(parts, bytes), type: blob.type };
}

export function unpack({ json, parts }: WireMessage, crossing: BorrowCrossing): unknown {
  if (typeof json !== "object" || json === null) return json;
  if (Array.isArray(json)) return json.map((each) => unpack({ json: each, parts }, crossing));
  if ("$" in json) return untagged(json as Tagged, parts, crossing);
  return Object.fromEntries(
    Object.entries(json).map(([name, each]) => [name, unpack({ json: each, parts }, crossing)]),
  );
}

function untagged(tagged: Tagged, parts: Uint8Array[], crossing: BorrowCrossing): unknown {
  switch (tagged.$) {
    case "bytes":
      return partOf(parts, tagged.part);
    case "pixels": {
      const { buffer, byteOffset, length } = partOf(parts, tagged.part);
      return new PixelBitmap(tagged.width, tagged.height, new Uint8ClampedArray(buffer, byteOffset, length));
    }
    case "blob":
      return new Blob([partOf(parts, tagged.part)], { type: tagged.type });
    case "lent blob":
      return crossing.borrowBlob(tagged.id, tagged.size, tagged.type);
    case "function":
      return crossing.borrowFunction(tagged.id);
    case "number":
      return Number(tagged.text);
  }
}

const tag = (tagged: Tagged): Tagged => tagged;

function addPart(parts: Uint8Array[], bytes: Uint8Array): number {
  return parts.push(bytes) - 1;
}

function partOf(parts: Uint8Array[], index: number): Uint8Array<ArrayBuffer> {
  const part = parts[index];
  if (part) return part as Uint8Array<ArrayBuffer>;
  throw new RangeError(`Message: expected a part ${index}, got ${parts.length} parts.`);
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
