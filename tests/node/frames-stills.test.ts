import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encode } from "fast-png";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { decodePng, decodePngMask } from "../../worker/frames/decode-png.ts";
import { orientPicture, stretchPicture } from "../../worker/frames/orient-picture.ts";
import { yuvColour, yuvLayout, yuvToRgba } from "../../worker/frames/yuv.ts";
import { decodeJpeg } from "../../worker/node/jpeg.ts";
import { openClipAt } from "../../worker/node/open-clip.ts";
import { PILLOW_JPEGS } from "../support/pillow-jpegs.ts";

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "masklet-stills-"));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const grey = (value: number) =>
  encode({ width: 4, height: 2, data: new Uint8Array(8).fill(value), channels: 1 });

describe("a folder of stills", () => {
  test("is read in the order of its numbers, not of its letters", async () => {
    const clip = join(folder, "numbers");
    mkdirSync(clip);
    for (const number of [10, 9, 2, 100]) writeFileSync(join(clip, `frame_${number}.png`), grey(number));
    writeFileSync(join(clip, "._frame_2.png"), "a system's own file");
    writeFileSync(join(clip, "notes.txt"), "no frame");
    const frames = await openClipAt(clip);
    const values: number[] = [];
    for await (const { picture } of frames.frames(0, 3)) values.push(picture.data[0]!);
    expect(values).toEqual([2, 9, 10, 100]);
    const backward: number[] = [];
    for await (const { frameIndex } of frames.frames(3, 1)) backward.push(frameIndex);
    expect(backward).toEqual([3, 2, 1]);
    expect((await frames.frame(1)).data[0]).toBe(9);
  });

  test("has the rate that is asked for, exactly", async () => {
    const clip = join(folder, "rate");
    mkdirSync(clip);
    writeFileSync(join(clip, "0.png"), grey(1));
    expect((await openClipAt(clip, 23.976)).info.rate).toEqual({ numerator: 24000, denominator: 1001 });
    expect((await openClipAt(clip, 12.5)).info.rate).toEqual({ numerator: 12500, denominator: 1000 });
  });
});

describe("JPEG", () => {
  test.each(PILLOW_JPEGS)(
    "$name has the pixels that Pillow gives",
    async ({ base64, width, height, sha256 }) => {
      const picture = await decodeJpeg(Buffer.from(base64, "base64"));
      expect([picture.width, picture.height]).toEqual([width, height]);
      const rgb = picture.data.filter((_, at) => at % 4 !== 3);
      expect(createHash("sha256").update(rgb).digest("hex")).toBe(sha256);
    },
  );

  test("that ends early is refused, not filled with grey", async () => {
    const bytes = Buffer.from(PILLOW_JPEGS[0]!.base64, "base64");
    await expect(decodeJpeg(bytes.subarray(0, bytes.length - 40))).rejects.toThrow(
      "ends before its picture does",
    );
    expect((await decodeJpeg(bytes)).width).toBe(PILLOW_JPEGS[0]!.width);
  });
});

describe("PNG", () => {
  test("of 16 bits keeps the high byte", () => {
    const data = Uint16Array.from([0x12ff, 0x80ff, 0xff00]);
    const picture = decodePng(encode({ width: 1, height: 1, data, channels: 3, depth: 16 }));
    expect([...picture.data]).toEqual([0x12, 0x80, 0xff, 255]);
  });

  test("with alpha keeps colour and alpha apart", () => {
    const data = Uint8Array.from([10, 20, 30, 0, 40, 50, 60, 128]);
    expect([...decodePng(encode({ width: 2, height: 1, data, channels: 4 })).data]).toEqual([...data]);
  });

  test("with a palette shows its colours", () => {
    const palette = [
      [1, 2, 3],
      [200, 100, 50],
    ];
    const bytes = encode({ width: 2, height: 1, data: Uint8Array.of(1, 0), channels: 1, palette });
    expect([...decodePng(bytes).data]).toEqual([200, 100, 50, 255, 1, 2, 3, 255]);
  });
});

describe("a picture that claims an absurd size", () => {
  test("is refused before memory is taken for it", () => {
    const bytes = grey(1);
    new DataView(bytes.buffer, bytes.byteOffset).setUint32(16, 2_000_000_000);
    expect(() => decodePng(bytes)).toThrow("claims to be 2000000000 x 2 pixels");
  });
});

describe("a mask from a PNG", () => {
  const pixels = (bytes: Uint8Array) => [...decodePngMask(bytes).pixels];

  test("is what is at least half white", () => {
    const data = Uint8Array.of(0, 127, 128, 255);
    expect(pixels(encode({ width: 4, height: 1, data, channels: 1 }))).toEqual([0, 0, 1, 1]);
  });

  test("is anything but 0 where the values are object numbers", () => {
    const data = Uint8Array.of(0, 1, 2, 0);
    expect(pixels(encode({ width: 4, height: 1, data, channels: 1 }))).toEqual([0, 1, 1, 0]);
  });

  test("is any palette entry but the first, whatever its colour", () => {
    const palette = [
      [255, 255, 255],
      [0, 0, 0],
    ];
    const data = Uint8Array.of(0, 1);
    expect(pixels(encode({ width: 2, height: 1, data, channels: 1, palette }))).toEqual([0, 1]);
  });

  test("is the alpha of a cut-out", () => {
    const data = Uint8Array.from([255, 255, 255, 0, 0, 0, 0, 255]);
    expect(pixels(encode({ width: 2, height: 1, data, channels: 4 }))).toEqual([0, 1]);
  });
});

describe("colours of video", () => {
  const convert = (format: string, bytes: number[], fullRange: boolean, matrix: string) => {
    const data = Uint8Array.from(bytes);
    const planes = bytes.map((_, offset) => ({ data, offset, stride: 1 }));
    return [...yuvToRgba(planes, yuvLayout(format)!, yuvColour({ matrix, fullRange }, 1), 1, 1)];
  };

  test("limited range ends at 16 and 235, full range at 0 and 255", () => {
    expect(convert("I444", [16, 128, 128], false, "bt709")).toEqual([0, 0, 0, 255]);
    expect(convert("I444", [235, 128, 128], false, "bt709")).toEqual([255, 255, 255, 255]);
    expect(convert("I444", [16, 128, 128], true, "bt709")).toEqual([16, 16, 16, 255]);
  });

  test("red is red by the clip's own matrix", () => {
    expect(convert("I444", [63, 102, 240], false, "bt709")).toEqual([255, 1, 0, 255]);
    expect(convert("I444", [81, 90, 240], false, "smpte170m")).toEqual([254, 0, 0, 255]);
  });

  test("a clip without a matrix is BT.709 from 720 lines, else BT.601, as players assume", () => {
    expect(yuvColour({}, 720)).toEqual(yuvColour({ matrix: "bt709" }, 100));
    expect(yuvColour({}, 719)).toEqual(yuvColour({ matrix: "smpte170m" }, 100));
  });

  test("ten bits and alpha", () => {
    const data = new Uint8Array(Uint16Array.of(940, 512, 512, 512).buffer);
    const planes = [0, 2, 4, 6].map((offset) => ({ data, offset, stride: 2 }));
    const colour = yuvColour({ matrix: "bt709" }, 1);
    expect([...yuvToRgba(planes, yuvLayout("I444AP10")!, colour, 1, 1)]).toEqual([255, 255, 255, 128]);
  });
});

describe("orientation", () => {
  const letters = (text: string, width: number) => ({
    width,
    height: text.length / width,
    data: Uint8ClampedArray.from([...text].flatMap((letter) => [letter.charCodeAt(0), 0, 0, 255])),
  });
  const read = (picture: { data: Uint8ClampedArray }) =>
    String.fromCharCode(...picture.data.filter((_, at) => at % 4 === 0));

  test.each([
    [0, false, "abcdef"],
    [90, false, "daebfc"],
    [180, false, "fedcba"],
    [270, false, "cfbead"],
    [0, true, "cbafed"],
    [90, true, "adbecf"],
  ] as const)("%i degrees clockwise, mirrored: %s", (rotation, flip, expected) => {
    const turned = orientPicture(letters("abcdef", 3), { rotation, flip });
    expect(read(turned)).toBe(expected);
    expect(turned.width).toBe(rotation === 90 ? 2 : rotation === 270 ? 2 : 3);
  });

  test("stretching keeps the mean and the size asked for", () => {
    const data = new Uint8ClampedArray(4 * 2 * 4).map((_, at) => (at % 8 < 4 ? 100 : 200));
    const stretched = stretchPicture({ width: 4, height: 2, data }, 6, 3);
    expect([stretched.width, stretched.height, stretched.data.length]).toEqual([6, 3, 72]);
    const mean = stretched.data.reduce((sum, value) => sum + value, 0) / stretched.data.length;
    expect(Math.abs(mean - 150)).toBeLessThan(2);
  });
});
