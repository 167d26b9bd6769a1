/** Pure: finds the files inside a zip archive without reading them. */
import type { ByteSource } from "../byte-source.ts";
import { badCheckpoint } from "../model-error.ts";
import { decodeUtf8 } from "./text.ts";

/** A stored (uncompressed) file inside the archive. */
export interface ZipEntry {
  name: string;
  /** Bytes. */
  size: number;
  /** 0: stored. PyTorch writes nothing else, so that tensors can be mapped from disk. */
  compression: number;
  localHeaderOffset: number;
}

const END_SIGNATURE = 0x06054b50;
const END_BYTES = 22;
const ZIP64_END_SIGNATURE = 0x06064b50;
const ZIP64_LOCATOR_SIGNATURE = 0x07064b50;
const ZIP64_LOCATOR_BYTES = 20;
const CENTRAL_SIGNATURE = 0x02014b50;
const CENTRAL_BYTES = 46;
const LOCAL_SIGNATURE = 0x04034b50;
const LOCAL_BYTES = 30;
const SATURATED_32 = 0xffffffff;
/** The archive's comment, which lies after the end record, has a 16-bit length. */
const MAX_COMMENT_BYTES = 0xffff;
/** SAM 2 large has 908 files in 0.1 MB of directory. */
const MAX_DIRECTORY_BYTES = 16 * 2 ** 20;

const TRUNCATED = "it is truncated or damaged";

export async function readZipDirectory(source: ByteSource): Promise<Map<string, ZipEntry>> {
  const { offset, size } = await locateDirectory(source);
  if (size > MAX_DIRECTORY_BYTES) {
    throw badCheckpoint(
      `The archive's directory claims ${size} bytes; at most ${MAX_DIRECTORY_BYTES} are read.`,
    );
  }
  if (offset + size > source.size) {
    throw badCheckpoint(
      `The archive's directory should lie at byte ${offset}, but the file has ${source.size} bytes: ${TRUNCATED}.`,
    );
  }
  const bytes = await source.read(offset, size);
  const entries = new Map<string, ZipEntry>();
  for (let at = 0; at + CENTRAL_BYTES <= size; ) {
    const { entry, length } = parseCentralHeader(bytes, at);
    entries.set(entry.name, entry);
    at += length;
  }
  return entries;
}

/** The bytes of a file, or a part of them; `offset` counts from the file's start. */
export async function readZipEntry(
  source: ByteSource,
  entry: ZipEntry,
  offset = 0,
  length = entry.size - offset,
): Promise<Uint8Array> {
  checkStored(entry);
  const start = (await dataOffset(source, entry)) + offset;
  if (offset + length > entry.size || start + length > source.size) {
    throw badCheckpoint(
      `"${entry.name}" should reach to byte ${start + length}, but the file has ${source.size} bytes: ${TRUNCATED}.`,
    );
  }
  return source.read(start, length);
}

/** A compressed file can't be read in parts, and may unpack to any size. */
export function checkStored({ name, compression }: ZipEntry): void {
  if (compression === 0) return;
  throw badCheckpoint(
    `"${name}" in the archive is compressed (method ${compression}); PyTorch stores it as it is.`,
    "Save the checkpoint again with torch.save.",
  );
}

async function dataOffset(source: ByteSource, entry: ZipEntry): Promise<number> {
  const at = entry.localHeaderOffset;
  const outside = at + LOCAL_BYTES > source.size;
  const header = outside ? null : view(await source.read(at, LOCAL_BYTES));
  if (header === null || header.getUint32(0, true) !== LOCAL_SIGNATURE) {
    throw badCheckpoint(`The archive has no file header for "${entry.name}" at byte ${at}: ${TRUNCATED}.`);
  }
  // Name and padding here need not be as long as in the central directory.
  return at + LOCAL_BYTES + header.getUint16(26, true) + header.getUint16(28, true);
}

async function locateDirectory(source: ByteSource): Promise<{ offset: number; size: number }> {
  const tailSize = Math.min(source.size, END_BYTES + MAX_COMMENT_BYTES);
  const tailStart = source.size - tailSize;
  const tail = view(await source.read(tailStart, tailSize));
  for (let at = tailSize - END_BYTES; at >= 0; at--) {
    if (tail.getUint32(at, true) !== END_SIGNATURE) continue;
    const size = tail.getUint32(at + 12, true);
    const offset = tail.getUint32(at + 16, true);
    if (size !== SATURATED_32 && offset !== SATURATED_32) return { offset, size };
    return locateZip64Directory(source, tailStart + at);
  }
  throw badCheckpoint(`The file starts as a zip archive but has no directory at its end: ${TRUNCATED}.`);
}

async function locateZip64Directory(
  source: ByteSource,
  endOffset: number,
): Promise<{ offset: number; size: number }> {
  const broken = badCheckpoint(`The archive's 64-bit directory can't be found: ${TRUNCATED}.`);
  if (endOffset < ZIP64_LOCATOR_BYTES) throw broken;
  const locator = view(await source.read(endOffset - ZIP64_LOCATOR_BYTES, ZIP64_LOCATOR_BYTES));
  if (locator.getUint32(0, true) !== ZIP64_LOCATOR_SIGNATURE) throw broken;
  const recordOffset = Number(locator.getBigUint64(8, true));
  if (recordOffset + 56 > source.size) throw broken;
  const record = view(await source.read(recordOffset, 56));
  if (record.getUint32(0, true) !== ZIP64_END_SIGNATURE) throw broken;
  return { size: Number(record.getBigUint64(40, true)), offset: Number(record.getBigUint64(48, true)) };
}

function parseCentralHeader(bytes: Uint8Array, at: number): { entry: ZipEntry; length: number } {
  const header = view(bytes.subarray(at));
  if (header.getUint32(0, true) !== CENTRAL_SIGNATURE) {
    throw badCheckpoint(`The archive's directory is not readable ${at} bytes in: ${TRUNCATED}.`);
  }
  const nameLength = header.getUint16(28, true);
  const extraLength = header.getUint16(30, true);
  const length = CENTRAL_BYTES + nameLength + extraLength + header.getUint16(32, true);
  if (at + length > bytes.length)
    throw badCheckpoint(`The archive's directory ends inside an entry: ${TRUNCATED}.`);
  const nameStart = at + CENTRAL_BYTES;
  const extra = bytes.subarray(nameStart + nameLength, nameStart + nameLength + extraLength);
  const entry = {
    name: decodeUtf8(bytes.subarray(nameStart, nameStart + nameLength)),
    compression: header.getUint16(10, true),
    ...sizesOf(header, extra),
  };
  return { entry, length };
}

/** Sizes and offsets that do not fit 32 bits stand in the extra field 1, in this order. */
function sizesOf(header: DataView, extra: Uint8Array): { size: number; localHeaderOffset: number } {
  const wide = zip64Field(extra);
  let at = 0;
  const widen = (narrow: number): number => {
    if (narrow !== SATURATED_32) return narrow;
    if (wide === null || at + 8 > wide.byteLength) {
      throw badCheckpoint(`The archive's directory lacks a 64-bit size: ${TRUNCATED}.`);
    }
    at += 8;
    return Number(wide.getBigUint64(at - 8, true));
  };
  const size = widen(header.getUint32(24, true));
  widen(header.getUint32(20, true));
  return { size, localHeaderOffset: widen(header.getUint32(42, true)) };
}

function zip64Field(extra: Uint8Array): DataView | null {
  const fields = view(extra);
  for (let at = 0; at + 4 <= extra.length; at += 4 + fields.getUint16(at + 2, true)) {
    if (fields.getUint16(at, true) !== 1) continue;
    const length = Math.min(fields.getUint16(at + 2, true), extra.length - at - 4);
    return view(extra.subarray(at + 4, at + 4 + length));
  }
  return null;
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
