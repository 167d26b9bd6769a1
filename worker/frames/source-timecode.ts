/**
 * Pure but for the reading: the count that a camera or an edit gave to a movie's first frame, from its time code
 * track. Boxes are those of Apple's QuickTime File Format Specification; MP4 files have the same.
 */

import type { ClipTimecode } from "../protocol.ts";

/** Bytes `start` to `end` of a file, the last one not included. */
export type ReadRange = (start: number, end: number) => Promise<Uint8Array>;

interface Rate {
  numerator: number;
  denominator: number;
}

interface Box {
  type: string;
  /** Of its content, in the file. */
  from: number;
  to: number;
}

/** Null where the file has none, or none that can be read: a clip without it is as good. */
export async function readTimecode(read: ReadRange, bytes: number, rate: Rate): Promise<ClipTimecode | null> {
  try {
    for await (const track of tracksOf({ type: "file", from: 0, to: bytes }, read)) {
      const found = await timecodeOf(track, read, rate);
      if (found) return found;
    }
  } catch {
    // A damaged index is said where the pictures are read.
  }
  return null;
}

async function* tracksOf(file: Box, read: ReadRange): AsyncGenerator<Box> {
  for await (const movie of boxesIn(file, read)) {
    if (movie.type !== "moov") continue;
    for await (const box of boxesIn(movie, read)) if (box.type === "trak") yield box;
    // There is one; behind it a fragmented movie has thousands of boxes, each a reading of its own.
    return;
  }
}

async function timecodeOf(track: Box, read: ReadRange, rate: Rate): Promise<ClipTimecode | null> {
  const handler = await contentOf(track, ["mdia", "hdlr"], read);
  if (!handler || textAt(handler, 8) !== "tmcd") return null;
  const table = ["mdia", "minf", "stbl"];
  const description = await contentOf(track, [...table, "stsd"], read);
  const short = await contentOf(track, [...table, "stco"], read);
  const long = await contentOf(track, [...table, "co64"], read);
  if (!description || !(short ?? long)) return null;
  const at = short ? short.getUint32(8) : Number(long!.getBigUint64(8));
  const count = viewOf(await read(at, at + 4)).getUint32(0);
  return counted(count, description, rate);
}

/** Of the first entry of the description, behind its own eight bytes. */
const FLAGS = 8 + 20;
const TIMESCALE = 8 + 24;
const FRAME_DURATION = 8 + 28;
const DROP_FRAME = 1;
/** Then the sample is no time of day but a running number. */
const COUNTER = 8;

function counted(count: number, description: DataView, rate: Rate): ClipTimecode | null {
  const flags = description.getUint32(FLAGS);
  if ((flags & COUNTER) !== 0) return null;
  // A camera may count 25 a second for 50 pictures.
  const counts = description.getUint32(TIMESCALE) / description.getUint32(FRAME_DURATION);
  const pictures = rate.numerator / rate.denominator;
  const startFrame = count * Math.round(pictures / counts);
  return { startFrame, dropFrame: (flags & DROP_FRAME) !== 0 };
}

// ---------------------------------------------------------------- boxes

const HEADER = 16;

async function* boxesIn(parent: Box, read: ReadRange): AsyncGenerator<Box> {
  for (let at = parent.from; at + 8 <= parent.to; ) {
    const header = viewOf(await read(at, Math.min(at + HEADER, parent.to)));
    const stated = header.getUint32(0);
    const isLong = stated === 1;
    const size = isLong ? Number(header.getBigUint64(8)) : stated === 0 ? parent.to - at : stated;
    const from = at + (isLong ? HEADER : 8);
    if (size < from - at || at + size > parent.to) return;
    yield { type: textAt(header, 4), from, to: at + size };
    at += size;
  }
}

/** More than the boxes that are read here ever have; a longer one isn't one of them. */
const LONGEST_CONTENT = 1 << 16;

async function contentOf(box: Box, [type, ...path]: string[], read: ReadRange): Promise<DataView | null> {
  for await (const child of boxesIn(box, read)) {
    if (child.type !== type) continue;
    if (path.length > 0) return contentOf(child, path, read);
    return viewOf(await read(child.from, Math.min(child.to, child.from + LONGEST_CONTENT)));
  }
  return null;
}

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

const textAt = (view: DataView, at: number) =>
  String.fromCharCode(...[0, 1, 2, 3].map((n) => view.getUint8(at + n)));
