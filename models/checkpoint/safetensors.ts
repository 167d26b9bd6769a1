/** Pure: reads the tensors of a `.safetensors` file. */
import type { ByteSource } from "../byte-source.ts";
import { badCheckpoint } from "../model-error.ts";
import { BYTES_PER_ELEMENT, type Dtype, toFloat32 } from "./dtype.ts";
import { MAX_TENSOR_ELEMENTS, type StateDict } from "./state-dict.ts";
import { decodeUtf8 } from "./text.ts";

/** The format's own limit is 100 MB; SAM 2 large needs 0.1 MB. */
export const MAX_HEADER_BYTES = 16 * 2 ** 20;

const DTYPES: Record<string, Dtype> = {
  F64: "f64",
  F32: "f32",
  F16: "f16",
  BF16: "bf16",
  I64: "i64",
  I32: "i32",
  I16: "i16",
  I8: "i8",
  U8: "u8",
  BOOL: "bool",
};

interface StoredRange {
  dtype: Dtype;
  shape: number[];
  /** Bytes from the start of the file. */
  start: number;
  length: number;
}

export async function openSafetensors(source: ByteSource): Promise<StateDict> {
  const headerLength = Number(view(await source.read(0, 8)).getBigUint64(0, true));
  if (headerLength > MAX_HEADER_BYTES || 8 + headerLength > source.size) {
    throw badCheckpoint(
      `The safetensors header claims ${headerLength} bytes; the file has ${source.size}, at most ${MAX_HEADER_BYTES} are read.`,
    );
  }
  const header = parseHeader(decodeUtf8(await source.read(8, headerLength)));
  const tensors = new Map<string, StoredRange>();
  for (const [name, entry] of Object.entries(header)) {
    if (name !== "__metadata__") tensors.set(name, parseEntry(name, entry, 8 + headerLength, source.size));
  }
  return {
    format: "safetensors",
    tensors,
    read: async (name) => {
      const range = tensors.get(name);
      if (range === undefined) throw badCheckpoint(`The checkpoint has no tensor "${name}".`);
      return toFloat32(await source.read(range.start, range.length), range.dtype);
    },
  };
}

function parseHeader(json: string): object {
  try {
    const header: unknown = JSON.parse(json);
    if (typeof header === "object" && header !== null) return header;
  } catch {
    // Falls through to the error below.
  }
  throw badCheckpoint("The safetensors header is no JSON object: the file is damaged.");
}

function parseEntry(name: string, entry: unknown, dataStart: number, fileSize: number): StoredRange {
  const { dtype: dtypeName, shape, data_offsets: offsets } = (entry ?? {}) as Record<string, unknown>;
  const dtype = typeof dtypeName === "string" ? DTYPES[dtypeName] : undefined;
  if (dtype === undefined) {
    throw badCheckpoint(
      `"${name}" has element type ${String(dtypeName)}; known are ${Object.keys(DTYPES).join(", ")}.`,
    );
  }
  if (!isCounts(shape) || !isCounts(offsets) || offsets.length !== 2) {
    throw badCheckpoint(`"${name}" lacks its shape or its place in the file.`);
  }
  const [start, end] = offsets as [number, number];
  const elements = shape.reduce((product, dimension) => product * dimension, 1);
  if (elements > MAX_TENSOR_ELEMENTS) {
    throw badCheckpoint(`"${name}" has shape [${shape}]: more than ${MAX_TENSOR_ELEMENTS} values.`);
  }
  if (end - start !== elements * BYTES_PER_ELEMENT[dtype]) {
    throw badCheckpoint(
      `"${name}" of shape [${shape}] should have ${elements * BYTES_PER_ELEMENT[dtype]} bytes; it has ${end - start}.`,
    );
  }
  if (dataStart + end > fileSize) {
    throw badCheckpoint(
      `"${name}" should reach to byte ${dataStart + end}, but the file has ${fileSize}: it is truncated.`,
    );
  }
  return { dtype, shape, start: dataStart + start, length: end - start };
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
