/** Reading datasets: three layouts, and every way in which their files can be wrong. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { encode } from "fast-png";
import { describe, expect, it } from "vitest";
import { decodeAnnotation, encodeAnnotation } from "../../worker/evaluation/annotation-png.ts";
import { maskArea } from "../../worker/evaluation/binary-mask.ts";
import type { DatasetClip } from "../../worker/evaluation/dataset-clip.ts";
import type { DatasetFolder } from "../../worker/evaluation/dataset-folder.ts";
import { findClips } from "../../worker/evaluation/dataset-layout.ts";
import { imageSize } from "../../worker/evaluation/image-header.ts";
import { openClips } from "../../worker/evaluation/run-evaluation.ts";
import { diskFolder } from "../../worker/node/disk-folder.ts";
import { type MemoryFiles, memoryFolder } from "../support/memory-folder.ts";
import {
  davisFiles,
  frameName,
  framePng,
  greyPng,
  palettePng,
  savFiles,
  squareAt,
  TINY,
} from "../support/tiny-dataset.ts";

const CLIPS = fileURLToPath(new URL("../../../shared/clips/", import.meta.url));

async function open(folder: DatasetFolder, sparse = false): Promise<DatasetClip[]> {
  return openClips(folder, await findClips(folder), { sparse });
}

const openFiles = (files: MemoryFiles, sparse = false) => open(memoryFolder(files), sparse);

describe("a dataset in DAVIS layout", () => {
  it("is read with or without the folder that names the resolution", async () => {
    const files = davisFiles(["bear", "ant"], 3);
    const flat = Object.fromEntries(
      Object.entries(files).map(([path, bytes]) => [path.replace("/480p", ""), bytes]),
    );
    for (const one of [files, flat]) {
      const clips = await openFiles(one);
      expect(clips.map(({ name }) => name)).toEqual(["ant", "bear"]);
      expect(clips[0]).toMatchObject({ width: 48, height: 32, annotatedFrames: [0, 1, 2], rule: "davis" });
    }
  });

  it("keeps palette indices as objects", async () => {
    const [clip] = await openFiles(davisFiles(["a"], 2, 2));
    expect(clip!.objects).toEqual([
      { id: 1, name: "1", firstFrame: 0 },
      { id: 2, name: "2", firstFrame: 0 },
    ]);
    const truth = await clip!.truth(1);
    expect(truth.get(1)?.data).toEqual(squareAt(1, 1));
    expect(truth.get(2)?.data).toEqual(squareAt(1, 2));
  });

  it("takes 0 and 255 as one object, and 255 beside other indices as undecided", async () => {
    const files = davisFiles(["a"], 2);
    const binary = { ...files };
    for (const t of [0, 1]) {
      binary[`Annotations/480p/a/${frameName(t)}.png`] = greyPng(squareAt(t).map((value) => value * 255));
    }
    const [clip] = await openFiles(binary);
    expect(clip!.objects).toHaveLength(1);
    expect(maskArea((await clip!.truth(1)).get(1)!)).toBe(TINY.side ** 2);

    const undecided = squareAt(1);
    undecided[0] = 255;
    const [other] = await openFiles({
      ...files,
      "Annotations/480p/a/00001.png": encodeAnnotation(TINY.width, TINY.height, undecided),
    });
    expect(other!.objects.map(({ name }) => name)).toEqual(["1"]);
    expect(maskArea((await other!.truth(1)).get(1)!)).toBe(TINY.side ** 2);
  });

  it("prompts an object that comes later on the frame where it comes", async () => {
    const files = davisFiles(["a"], 3, 2);
    files["Annotations/480p/a/00000.png"] = palettePng(0, 1);
    const [clip] = await openFiles(files);
    expect(clip!.objects.map(({ firstFrame }) => firstFrame)).toEqual([0, 1]);
  });
});

describe("a dataset in SA-V layout", () => {
  it("has a folder per object and masks on every fourth frame", async () => {
    const [clip] = await openFiles(savFiles(9, 4));
    expect(clip).toMatchObject({ annotatedFrames: [0, 4, 8], rule: "sav", exclusive: false });
    expect(clip!.objects.map(({ name }) => name)).toEqual(["000", "001"]);
    expect((await clip!.truth(4)).get(2)?.data).toEqual(squareAt(4, 2));
    expect((await clip!.truth(5)).size).toBe(0);
  });

  it("refuses a mask with two values, and names it", async () => {
    const files = savFiles(9, 4);
    files["Annotations_6fps/sav_1/001/00004.png"] = palettePng(4, 2);
    await expect(openFiles(files)).rejects.toThrow("Annotations_6fps/sav_1/001/00004.png: has values 1, 2");
  });
});

describe.skipIf(!existsSync(CLIPS))("the simple layout", () => {
  it("is what the shared clips have: dense and sparse, with what meta.json promises", async () => {
    const clips = await open(diskFolder(CLIPS));
    expect(
      clips.map(({ name, objects, annotatedFrames }) => [name, objects.length, annotatedFrames.length]),
    ).toEqual([
      ["pumavos_caps", 2, 5],
      ["pumavos_chair", 1, 60],
    ]);
    expect(clips[0]!.annotatedFrames).toEqual([0, 14, 33, 43, 66]);
    expect(clips[0]!.objects[1]!.firstFrame).toBe(33);
    expect(clips[0]!.framesPerSecond).toBe(30);
  });
});

describe("a dataset with mistakes", () => {
  const mistakes: { title: string; change: (files: MemoryFiles) => void; says: string }[] = [
    {
      title: "a mask is missing in the middle",
      change: (files) => delete files["Annotations/480p/a/00002.png"],
      says: "Annotations/480p/a/00002.png: is missing",
    },
    {
      title: "the last masks are missing",
      change: (files) => delete files["Annotations/480p/a/00003.png"],
      says: "Annotations/480p/a/00003.png: is missing",
    },
    {
      title: "a mask has no frame",
      change: (files) => Object.assign(files, { "Annotations/480p/a/00007.png": palettePng(3) }),
      says: "Annotations/480p/a/00007.png: has no frame",
    },
    {
      title: "a mask has another size",
      change: (files) =>
        Object.assign(files, {
          "Annotations/480p/a/00001.png": greyPng(new Uint8Array(6), {
            ...TINY,
            width: 3,
            height: 2,
          }),
        }),
      says: "Annotations/480p/a/00001.png: is 3 x 2, the clip's first frame is 48 x 32",
    },
    {
      title: "a frame has another size",
      change: (files) =>
        Object.assign(files, {
          "JPEGImages/480p/a/00003.png": encode({
            width: 4,
            height: 4,
            data: new Uint8Array(48),
            channels: 3,
            depth: 8,
          }),
        }),
      says: "JPEGImages/480p/a/00003.png: is 4 x 4",
    },
    {
      title: "an index lies beyond the number of objects",
      change: (files) =>
        Object.assign(files, {
          "Annotations/480p/a/00002.png": encodeAnnotation(
            TINY.width,
            TINY.height,
            squareAt(2).map((v) => v * 7),
          ),
        }),
      says: "Annotations/480p/a/00002.png: has index 7, beyond the clip's 2 objects (1 to 2)",
    },
    {
      title: "an index lies beyond the palette",
      change: (files) =>
        Object.assign(files, {
          "Annotations/480p/a/00002.png": encode({
            ...TINY,
            data: squareAt(2),
            channels: 1,
            depth: 8,
            palette: [[0, 0, 0]],
          }),
        }),
      says: "Annotations/480p/a/00002.png: has index 1, its palette has 1 colours",
    },
    {
      title: "a mask is cut off",
      change: (files) => Object.assign(files, { "Annotations/480p/a/00001.png": palettePng(1).slice(0, 60) }),
      says: "Annotations/480p/a/00001.png: can't be read",
    },
    {
      title: "a mask is text",
      change: (files) => Object.assign(files, { "Annotations/480p/a/00001.png": "not a picture" }),
      says: "Annotations/480p/a/00001.png: is neither a PNG nor a JPEG",
    },
    {
      title: "a mask has colours instead of indices",
      change: (files) => Object.assign(files, { "Annotations/480p/a/00001.png": framePng(1) }),
      says: "Annotations/480p/a/00001.png: can't be read: an annotation must have one value per pixel",
    },
    {
      title: "no frame is there",
      change: (files) => {
        for (const t of [0, 1, 2, 3]) delete files[`JPEGImages/480p/a/${frameName(t)}.png`];
        files["JPEGImages/480p/b/00000.png"] = framePng(0);
      },
      says: "a: has masks but no frames",
    },
    {
      title: "one mask alone is there",
      change: (files) => {
        for (const t of [1, 2, 3]) delete files[`Annotations/480p/a/${frameName(t)}.png`];
      },
      says: "Annotations/480p/a: needs at least 2 masks to score a track, has 1",
    },
    {
      title: "every mask is empty",
      change: (files) => {
        for (const t of [0, 1, 2, 3])
          files[`Annotations/480p/a/${frameName(t)}.png`] = greyPng(new Uint8Array(TINY.width * TINY.height));
      },
      says: "Annotations/480p/a: has no object in any mask",
    },
    {
      title: "annotations are missing altogether",
      change: (files) => {
        for (const path of Object.keys(files)) if (path.startsWith("Annotations")) delete files[path];
      },
      says: "Annotations: is missing",
    },
  ];

  for (const { title, change, says } of mistakes) {
    it(`says so when ${title}`, async () => {
      const files = davisFiles(["a"], 4);
      change(files);
      await expect(openFiles(files)).rejects.toThrow(says);
    });
  }

  it("says so when it is empty, or is some other folder", async () => {
    await expect(openFiles({})).rejects.toThrow("holds no clip");
    await expect(openFiles({ "holiday/photo.jpg": "…" })).rejects.toThrow("holds no clip");
  });

  it("is told apart from one with gaps that are meant", async () => {
    const files = davisFiles(["a"], 6);
    for (const t of [1, 3]) delete files[`Annotations/480p/a/${frameName(t)}.png`];
    await expect(openFiles(files)).rejects.toThrow("is missing");
    expect((await openFiles(files, true))[0]!.annotatedFrames).toEqual([0, 2, 4, 5]);
  });

  it("lists what is wrong in all clips at once", async () => {
    const files = davisFiles(["a", "b"], 4);
    delete files["Annotations/480p/a/00001.png"];
    delete files["Annotations/480p/b/00002.png"];
    await expect(openFiles(files)).rejects.toThrow(/a\/00001\.png: is missing\n.*b\/00002\.png: is missing/);
  });

  it("says so when meta.json promises something else", async () => {
    const files: MemoryFiles = { "meta.json": JSON.stringify({ mask_count: 3, mask_values: [1], fps: 25 }) };
    for (const t of [0, 1, 2, 3]) {
      files[`frames/${frameName(t)}.png`] = framePng(t);
      files[`masks/${frameName(t)}.png`] = palettePng(t, t === 3 ? 2 : 1);
    }
    await expect(openFiles(files)).rejects.toThrow("has masks for 4 frames, its meta.json promises 3");
    files["meta.json"] = JSON.stringify({ mask_count: 4, mask_values: [1] });
    await expect(openFiles(files)).rejects.toThrow(
      "masks/00003.png: has index 2, beyond the clip's 1 objects (1)",
    );
    files["meta.json"] = "{";
    await expect(openFiles(files)).rejects.toThrow("meta.json: is not JSON");
  });
});

describe("annotation pictures", () => {
  it("survive being written and read", () => {
    const data = Uint8Array.from({ length: 256 }, (_, i) => i);
    expect(decodeAnnotation(encodeAnnotation(16, 16, data))).toMatchObject({ data, paletteSize: 256 });
  });

  it("of one, two and four bits a pixel are unpacked, rows starting on whole bytes", () => {
    for (const depth of [1, 2, 4] as const) {
      const packed = Uint8Array.from({ length: 3 * Math.ceil((3 * depth) / 8) }, () => 0b10_01_00_01);
      const { data } = decodeAnnotation(encode({ width: 3, height: 3, data: packed, channels: 1, depth }));
      const row = { 1: [1, 0, 0], 2: [2, 1, 0], 4: [9, 1, 9] }[depth];
      expect([...data]).toEqual([...row, ...row, ...row]);
    }
  });

  it("tell their size from the first bytes", () => {
    expect(imageSize(palettePng(0))).toEqual({ width: 48, height: 32 });
    const jpeg = Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 4, 0, 0, 0xff, 0xc2, 0, 17, 8, 1, 2, 3, 4, 3, 0, 0);
    expect(imageSize(jpeg)).toEqual({ width: 3 * 256 + 4, height: 256 + 2 });
    expect(imageSize(jpeg.slice(0, 12))).toBeNull();
  });
});
