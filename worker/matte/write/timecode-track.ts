/**
 * Pure: a QuickTime time code track for a finished movie, which the media library here doesn't write.
 *
 * The movie's index (its `moov` box) lies at the end of the file, so a longer one can take its place, with the
 * one sample of the new track behind it. Boxes are those of Apple's QuickTime File Format Specification.
 */

export interface Timecode {
  /** Of the first frame: frames counted from 00:00:00:00. */
  startFrame: number;
  /** Frames a second of the movie. */
  rate: { numerator: number; denominator: number };
  dropFrame: boolean;
}

/** `moov` as it was written at `position`: what to write there instead. */
export function withTimecodeTrack(moov: Uint8Array, position: number, timecode: Timecode): Uint8Array {
  const boxes = childrenOf(moov);
  const header = boxes.find(({ type }) => type === "mvhd");
  const movie = header && readHeader(header.bytes);
  const track = boxes.find(({ type }) => type === "trak");
  if (!movie || !track) throw new RangeError("A movie's index has a header and a track; this one lacks one.");
  const build = (sampleOffset: number) =>
    box(
      "moov",
      ...boxes.map(({ type, bytes }) => {
        if (type === "mvhd") return withNextTrack(bytes, movie.nextTrack + 1);
        return bytes === track.bytes ? withReference(bytes, movie.nextTrack) : bytes;
      }),
      timecodeTrack(timecode, movie, sampleOffset),
    );
  // The offset has the same size whatever it is.
  const sampleOffset = position + build(0).length + BOX_HEADER;
  return joined(build(sampleOffset), box("mdat", u32(timecode.startFrame)));
}

const BOX_HEADER = 8;

interface MovieHeader {
  /** Units a second, and how many of them the movie lasts. */
  timescale: number;
  duration: number;
  nextTrack: number;
}

function readHeader(mvhd: Uint8Array): MovieHeader {
  const view = viewOf(mvhd);
  const long = view.getUint8(BOX_HEADER) === 1;
  const timescale = view.getUint32(BOX_HEADER + (long ? 20 : 12));
  const duration = long ? Number(view.getBigUint64(BOX_HEADER + 24)) : view.getUint32(BOX_HEADER + 16);
  return { timescale, duration, nextTrack: view.getUint32(mvhd.length - 4) };
}

function withNextTrack(mvhd: Uint8Array, nextTrack: number): Uint8Array {
  const copy = mvhd.slice();
  viewOf(copy).setUint32(copy.length - 4, nextTrack);
  return copy;
}

/** The picture's track says which track its time code is in. */
function withReference(trak: Uint8Array, trackId: number): Uint8Array {
  return box("trak", trak.subarray(BOX_HEADER), box("tref", box("tmcd", u32(trackId))));
}

function timecodeTrack({ rate, dropFrame }: Timecode, movie: MovieHeader, sampleOffset: number): Uint8Array {
  const seconds = movie.duration / movie.timescale;
  const duration = Math.round(seconds * rate.numerator);
  return box(
    "trak",
    fullBox(
      "tkhd",
      ENABLED,
      zeros(8),
      u32(movie.nextTrack),
      zeros(4),
      u32(movie.duration),
      zeros(16),
      IDENTITY,
      zeros(8),
    ),
    box(
      "mdia",
      fullBox("mdhd", 0, zeros(8), u32(rate.numerator), u32(duration), zeros(4)),
      fullBox("hdlr", 0, ascii("mhlrtmcd"), zeros(12), pascal("TimeCodeHandler")),
      box("minf", mediaHeader(), dataInThisFile(), sampleTable({ rate, dropFrame }, duration, sampleOffset)),
    ),
  );
}

const ENABLED = 3;

function mediaHeader(): Uint8Array {
  const look = [u16(0), u16(0), u16(12), u16(0), zeros(6), zeros(6), pascal("")];
  return box(
    "gmhd",
    fullBox("gmin", 0, u16(0x40), u16(0x8000), u16(0x8000), u16(0x8000), zeros(4)),
    box("tmcd", fullBox("tcmi", 0, ...look)),
  );
}

const dataInThisFile = () => box("dinf", fullBox("dref", 0, u32(1), fullBox("url ", 1)));

function sampleTable(
  { rate, dropFrame }: Omit<Timecode, "startFrame">,
  duration: number,
  sampleOffset: number,
): Uint8Array {
  const framesASecond = Math.round(rate.numerator / rate.denominator);
  const entry = box(
    "tmcd",
    zeros(6),
    u16(1), // data reference
    zeros(4),
    u32(WRAPS_AT_A_DAY | (dropFrame ? DROPS_FRAMES : 0)),
    u32(rate.numerator),
    u32(rate.denominator),
    Uint8Array.of(framesASecond, 0),
  );
  return box(
    "stbl",
    fullBox("stsd", 0, u32(1), entry),
    fullBox("stts", 0, u32(1), u32(1), u32(duration)),
    fullBox("stsc", 0, u32(1), u32(1), u32(1), u32(1)),
    fullBox("stsz", 0, u32(4), u32(1)),
    fullBox("co64", 0, u32(1), u64(sampleOffset)),
  );
}

const DROPS_FRAMES = 1;
const WRAPS_AT_A_DAY = 2;

// ---------------------------------------------------------------- boxes

interface Box {
  type: string;
  bytes: Uint8Array;
}

function childrenOf(parent: Uint8Array): Box[] {
  const boxes: Box[] = [];
  const view = viewOf(parent);
  for (let at = BOX_HEADER; at < parent.length; ) {
    const size = view.getUint32(at);
    if (size < BOX_HEADER || at + size > parent.length)
      throw new RangeError(`A box of a movie's index has ${size} bytes, which do not fit at ${at}.`);
    const bytes = parent.subarray(at, at + size);
    boxes.push({ type: String.fromCharCode(...bytes.subarray(4, BOX_HEADER)), bytes });
    at += size;
  }
  return boxes;
}

function box(type: string, ...parts: Uint8Array[]): Uint8Array {
  const body = joined(...parts);
  return joined(u32(BOX_HEADER + body.length), ascii(type), body);
}

/** With a version, which is 0, and 24 flags. */
const fullBox = (type: string, flags: number, ...parts: Uint8Array[]) => box(type, u32(flags), ...parts);

const IDENTITY = joined(...[0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000].map(u32));

function joined(...parts: Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
const zeros = (count: number) => new Uint8Array(count);
const ascii = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const pascal = (text: string) => joined(Uint8Array.of(text.length), ascii(text));

function u16(value: number): Uint8Array {
  const bytes = new Uint8Array(2);
  viewOf(bytes).setUint16(0, value);
  return bytes;
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  viewOf(bytes).setUint32(0, value);
  return bytes;
}

function u64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  viewOf(bytes).setBigUint64(0, BigInt(value));
  return bytes;
}
