/** A time code track that cameras write otherwise than ffmpeg does, or that is damaged. */
import { expect, test } from "vitest";
import { readTimecode } from "../../worker/frames/source-timecode.ts";

const RATE = { numerator: 50, denominator: 1 };

const u32 = (...values: number[]) =>
  values.flatMap((value) => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255]);
const text = (letters: string) => [...letters].map((letter) => letter.charCodeAt(0));
const box = (type: string, ...parts: number[][]) => {
  const body = parts.flat();
  return [...u32(8 + body.length), ...text(type), ...body];
};
/** With the 64-bit size that boxes above 4 GB have. */
const longBox = (type: string, body: number[]) => [
  ...u32(1),
  ...text(type),
  ...u32(0, 16 + body.length),
  ...body,
];

interface Shape {
  flags?: number;
  countsASecond?: number;
  handler?: string;
}

/** The sample lies in front of the index, behind a long box. */
function movie({ flags = 0, countsASecond = 50, handler = "tmcd" }: Shape): Uint8Array {
  const data = longBox("mdat", u32(90_000));
  const entry = [
    ...u32(34),
    ...text("tmcd"),
    ...u32(0),
    0,
    0,
    0,
    1,
    ...u32(0, flags, countsASecond, 1),
    25,
    0,
  ];
  const track = box(
    "trak",
    box("tkhd", u32(0, 0)),
    box(
      "mdia",
      box("hdlr", u32(0), text("mhlr"), text(handler), u32(0)),
      box("minf", box("stbl", box("stsd", u32(0, 1), entry), box("stco", u32(0, 1, 16)))),
    ),
  );
  return Uint8Array.from([...data, ...box("moov", box("mvhd", u32(0)), track)]);
}

const timecodeIn = (bytes: Uint8Array) =>
  readTimecode(async (start, end) => bytes.slice(start, end), bytes.length, RATE);

test("counts pictures where the camera counts every second one", async () => {
  expect(await timecodeIn(movie({}))).toEqual({ startFrame: 90_000, dropFrame: false });
  expect(await timecodeIn(movie({ countsASecond: 25 }))).toEqual({ startFrame: 180_000, dropFrame: false });
});

test("reads nothing behind the index, where a fragmented movie goes on for thousands of boxes", async () => {
  const whole = movie({ handler: "vide" });
  const ends: number[] = [];
  const read = async (start: number, end: number) => {
    ends.push(end);
    return whole.slice(start, end);
  };
  expect(await readTimecode(read, whole.length + 1_000_000, RATE)).toBeNull();
  expect(Math.max(...ends)).toBeLessThanOrEqual(whole.length);
});

test("is none where it is a running number, or another kind of track", async () => {
  expect(await timecodeIn(movie({ flags: 8 }))).toBeNull();
  expect(await timecodeIn(movie({ handler: "vide" }))).toBeNull();
});

test("keeps no clip from opening, wherever the file is cut off or wrong", async () => {
  const whole = movie({});
  for (let length = 0; length < whole.length; length++)
    expect(await timecodeIn(whole.slice(0, length)), `${length} bytes`).toBeNull();
  for (let at = 0; at < whole.length; at++) {
    const wrong = whole.slice();
    wrong[at] = 0xff;
    await timecodeIn(wrong); // ends, and throws nothing
  }
});
