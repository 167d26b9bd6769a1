/** Corrected tracks kept as training data: written, read, merged, reviewed. */
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { clipFingerprint } from "../../worker/evaluation/clip-fingerprint.ts";
import { clipFileName } from "../../worker/evaluation/dataset-export.ts";
import { findClips } from "../../worker/evaluation/dataset-layout.ts";
import {
  addRecord,
  type DatasetStore,
  mergeDatasets,
  readRecords,
} from "../../worker/evaluation/dataset-merge.ts";
import { reviewDataset } from "../../worker/evaluation/dataset-review.ts";
import { openClips } from "../../worker/evaluation/run-evaluation.ts";
import { fromSavAnnotation, toSavAnnotation } from "../../worker/evaluation/sav-annotation.ts";
import {
  mergeRecords,
  recordSession,
  type SessionObject,
  type TrackRecord,
} from "../../worker/evaluation/track-record.ts";
import { emptyMask, encodeMask } from "../../worker/mask-rle.ts";
import { diskFolder, diskStore } from "../../worker/node/disk-folder.ts";
import { encodeJpeg } from "../../worker/node/encode-jpeg.ts";
import type { FramePrompts, Mask } from "../../worker/protocol.ts";
import { squareAt, TINY } from "../support/tiny-dataset.ts";

const CLIP = {
  name: "my car.mov",
  fingerprint: "0123456789abcdef",
  width: TINY.width,
  height: TINY.height,
  frameCount: 6,
  rate: { numerator: 25, denominator: 1 },
};
const MORNING = { model: "masklet-nano", madeAt: "2026-11-22T08:00:00Z" };
const EVENING = { model: "sam2.1-tiny", madeAt: "2026-11-22T20:00:00Z" };

const square = (t: number, object = 1): Mask => encodeMask(squareAt(t, object), TINY.width, TINY.height);
const nothing = emptyMask(TINY.width, TINY.height);

/** Each letter is clicked at a place of its own, which is what its key is made of. */
function sessionObject(name: string, prompted: number[], masks: [number, Mask][]): SessionObject {
  const click: FramePrompts = { points: [{ x: name.length, y: 5, label: 1 }] };
  return {
    name,
    prompts: new Map(prompted.map((frame) => [frame, click])),
    records: new Map(masks.map(([frame, mask]) => [frame, { mask }])),
  };
}

/** Object "a" prompted on 2, corrected on 0, hidden on 4; object "b" on two frames only. */
function record(source = MORNING): TrackRecord {
  const a = sessionObject(
    "a",
    [2, 0],
    [
      [2, square(2)],
      [0, square(0)],
      [1, square(1)],
      [3, square(3)],
      [4, nothing],
      [5, square(5)],
    ],
  );
  const b = sessionObject(
    "bb",
    [1],
    [
      [1, square(1, 2)],
      [2, square(2, 2)],
    ],
  );
  return recordSession(CLIP, [a, b, sessionObject("never tracked", [], [])], source);
}

const picture = (t: number) => {
  const data = new Uint8ClampedArray(TINY.width * TINY.height * 4).fill(40 * t);
  return encodeJpeg({ width: TINY.width, height: TINY.height, data });
};

let folder: string;
let store: DatasetStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "masklet-dataset-"));
  store = diskStore(folder);
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const add = (what: TrackRecord) => addRecord(store, what, async (frame) => picture(frame));
const name = clipFileName(CLIP);

describe("a record of a session", () => {
  it("says which frames a person prompted, which were corrected, which only predicted", () => {
    expect(record().objects.map(({ key }) => key)).toEqual(["frame 2, point 1,5", "frame 1, point 2,5"]);
    expect(record().objects[0]!.frames.map(({ frameIndex, origin }) => [frameIndex, origin])).toEqual([
      [0, "corrected"],
      [1, "predicted"],
      [2, "prompted"],
      [3, "predicted"],
      [4, "predicted"],
      [5, "predicted"],
    ]);
  });

  it("becomes SA-V's annotation with its own numbers, and comes back unchanged", () => {
    const annotation = toSavAnnotation(record(), "x");
    expect(annotation).toMatchObject({
      video_frame_count: 6,
      video_duration: 0.24,
      masklet_num: 2,
      masklet_size_abs: [144, 144],
      masklet_size_bucket: ["small", "small"],
      masklet_visibility_changes: [2, 0],
      masklet_first_appeared_frame: [0, 1],
      masklet_frame_count: [6, 2],
      masklet_edited_frame_count: [2, 1],
    });
    expect(annotation.masklet[3]![0]).toEqual({ size: [32, 48], counts: square(3).counts });
    expect(annotation.masklet[3]![1]).toBeNull();
    expect(fromSavAnnotation(JSON.parse(JSON.stringify(annotation)))).toEqual(record());
  });
});

describe("an exported dataset", () => {
  it("passes its review, and is read as a DAVIS dataset by the evaluation", async () => {
    expect(await add(record())).toEqual({
      clips: 1,
      objects: 2,
      masks: { prompted: 2, corrected: 1, predicted: 5 },
    });
    expect(await reviewDataset(diskFolder(folder))).toEqual({ clips: 1, objects: 2, masks: 8, problems: [] });
    const disk = diskFolder(folder);
    const [clip] = await openClips(disk, await findClips(disk), { sparse: false });
    expect(clip).toMatchObject({ name, annotatedFrames: [0, 1, 2, 3, 4, 5] });
    expect((await clip!.truth(2)).get(2)?.data).toEqual(squareAt(2, 2));
  });

  it("has no duplicates when the same session is exported again", async () => {
    await add(record());
    const files = await readdir(folder, { recursive: true });
    const report = await add(record());
    expect(report).toMatchObject({ clips: 1, objects: 2 });
    expect((await readdir(folder, { recursive: true })).sort()).toEqual(files.sort());
    expect(await readRecords(store)).toEqual([record()]);
  });

  it("asks for pictures only that it does not have", async () => {
    await add(record());
    const asked: number[] = [];
    await addRecord(store, record(EVENING), async (frame) => {
      asked.push(frame);
      return picture(frame);
    });
    expect(asked).toEqual([]);
  });

  it("merges with another one: both clips are in it, the common one once", async () => {
    await add(record());
    const other = await mkdtemp(join(tmpdir(), "masklet-dataset-"));
    const elsewhere = diskStore(other);
    const second = { ...record(), clip: { ...CLIP, name: "boat", fingerprint: "ffffffffffffffff" } };
    await addRecord(elsewhere, second, async (frame) => picture(frame));
    await addRecord(elsewhere, record(EVENING), async (frame) => picture(frame));
    const report = await mergeDatasets(store, [elsewhere]);
    expect(report).toMatchObject({ clips: 2, objects: 4 });
    expect((await reviewDataset(store)).problems).toEqual([]);
    await rm(other, { recursive: true });
  });
});

describe("merging", () => {
  const one = (key: string, prompted: number[], masks: [number, Mask][], source = MORNING) =>
    recordSession(CLIP, [sessionObject(key, prompted, masks)], source);

  it("lets a person's mask win over a model's, and a newer one over an older one", () => {
    const older = one(
      "a",
      [0, 2],
      [
        [0, square(0)],
        [1, square(1)],
        [2, square(2)],
      ],
    );
    const newer = one(
      "a",
      [0, 3],
      [
        [0, square(5)],
        [1, square(4)],
        [2, square(3)],
        [3, square(2)],
      ],
      EVENING,
    );
    const [merged] = mergeRecords(older, newer).objects;
    expect(merged!.frames.map(({ mask, origin, source }) => [mask, origin, source])).toEqual([
      [square(5), "prompted", EVENING],
      [square(4), "predicted", EVENING],
      [square(2), "corrected", MORNING],
      [square(2), "corrected", EVENING],
    ]);
    // In whichever order they come.
    expect(mergeRecords(newer, older).objects[0]!.frames).toEqual(merged!.frames);
  });

  it("recognises an object of another session by its masks", () => {
    const again = one("second session", [0], [[0, square(0)]]);
    expect(mergeRecords(one("first", [0], [[0, square(0)]]), again).objects).toHaveLength(1);
    const other = one("second session", [0], [[0, square(0, 2)]]);
    expect(mergeRecords(one("first", [0], [[0, square(0)]]), other).objects).toHaveLength(2);
  });

  it("refuses records of different clips", () => {
    const other = { ...record(), clip: { ...CLIP, frameCount: 7 } };
    expect(() => mergeRecords(record(), other)).toThrow("6 frames");
  });
});

describe("the review", () => {
  const problemsAfter = async (spoil: () => Promise<unknown>) => {
    await add(record());
    await spoil();
    return (await reviewDataset(diskFolder(folder))).problems.map(
      ({ path, problem }) => `${path}: ${problem}`,
    );
  };

  async function edit(change: (annotation: ReturnType<typeof toSavAnnotation>) => void): Promise<void> {
    const annotation = toSavAnnotation(record(), name);
    change(annotation);
    await writeFile(join(folder, `${name}_manual.json`), JSON.stringify(annotation));
  }

  const JSON_NAME = `${name}_manual.json`;
  const mistakes: { title: string; spoil: () => Promise<unknown>; says: string }[] = [
    {
      title: "a missing picture",
      spoil: () => rm(join(folder, `JPEGImages/Full-Resolution/${name}/00003.jpg`)),
      says: `JPEGImages/Full-Resolution/${name}/00003.jpg: is missing`,
    },
    {
      title: "a missing palette mask",
      spoil: () => rm(join(folder, `Annotations/Full-Resolution/${name}/00003.png`)),
      says: `Annotations/Full-Resolution/${name}/00003.png: is missing`,
    },
    {
      title: "an extra file",
      spoil: () => writeFile(join(folder, `Annotations/Full-Resolution/${name}/00009.png`), "x"),
      says: `Annotations/Full-Resolution/${name}/00009.png: belongs to no mask`,
    },
    {
      title: "a clip's folder without annotation",
      spoil: () => rm(join(folder, JSON_NAME)),
      says: ": holds no CLIP_manual.json",
    },
    {
      title: "a truncated annotation",
      spoil: () => writeFile(join(folder, JSON_NAME), '{"masklet": ['),
      says: `${JSON_NAME}: is not JSON`,
    },
    {
      title: "an annotation of another program",
      spoil: () => edit((annotation) => Reflect.deleteProperty(annotation, "masklet_provenance")),
      says: `${JSON_NAME}: has provenance of format null, expected masklet-dataset-1`,
    },
    {
      title: "masks of another size",
      spoil: () =>
        edit((annotation) => {
          annotation.masklet[1]![0]!.size = [48, 32];
        }),
      says: `${JSON_NAME}: object "a", frame 1: the mask is 32 x 48, the clip 48 x 32`,
    },
    {
      title: "damaged run lengths",
      spoil: () =>
        edit((annotation) => {
          annotation.masklet[1]![0]!.counts = "a";
        }),
      says: `${JSON_NAME}: object "a", frame 1: `,
    },
    {
      title: "a mask of unknown origin",
      spoil: () =>
        edit((annotation) => {
          annotation.masklet_provenance.objects[0]!.frames.pop();
        }),
      says: `${JSON_NAME}: object "a", frame 5: has a mask of unknown origin`,
    },
    {
      title: "palette masks that say something else",
      spoil: () =>
        edit((annotation) => {
          annotation.masklet[1]![0] = annotation.masklet[5]![0]!;
        }),
      says: `Annotations/Full-Resolution/${name}/00001.png: differs from the run-length masks in `,
    },
    {
      title: "numbers that don't follow from the masks",
      spoil: () =>
        edit((annotation) => {
          annotation.masklet_visibility_changes[0] = 9;
        }),
      says: `${JSON_NAME}: masklet_visibility_changes is [9,0], the masks say [2,0]`,
    },
    {
      title: "the same media twice",
      spoil: () =>
        writeFile(join(folder, "other_manual.json"), JSON.stringify(toSavAnnotation(record(), "other"))),
      says: `other_manual.json: is of the same media as ${JSON_NAME}`,
    },
  ];

  for (const { title, spoil, says } of mistakes) {
    it(`finds ${title}`, async () => {
      const found = await problemsAfter(spoil);
      expect(found.filter((problem) => problem.startsWith(says))).toHaveLength(1);
    });
  }

  it("says so when there is nothing", async () => {
    expect((await reviewDataset(diskFolder(folder))).problems).toHaveLength(1);
  });
});

describe("a disk that can't be written to", () => {
  it("is named with the file that failed, and nothing half-written stays", async () => {
    await writeFile(join(folder, "JPEGImages"), "a file where a folder should be");
    await expect(add(record())).rejects.toThrow(
      /Can't write .*JPEGImages.*a file lies where a folder is needed/,
    );
    expect(await readdir(folder)).toEqual(["JPEGImages"]);
  });

  // Linux lets nobody write there, not even root, whom file modes don't stop.
  it.runIf(existsSync("/sys/kernel"))("is refused when it is read-only", async () => {
    const readOnly = diskStore("/sys/kernel/masklet");
    const adding = addRecord(readOnly, record(), async (frame) => picture(frame));
    await expect(adding).rejects.toThrow(/Can't write \/sys\/kernel\/masklet\//);
  });
});

describe("a clip's fingerprint", () => {
  it("depends on the bytes and on nothing else", async () => {
    const blob = (text: string) => new Blob([text]);
    expect(await clipFingerprint([blob("abc")])).toBe(await clipFingerprint([blob("abc")]));
    expect(await clipFingerprint([blob("abc")])).not.toBe(await clipFingerprint([blob("abd")]));
    expect(await clipFingerprint([blob("a"), blob("b")])).not.toBe(await clipFingerprint([blob("ab")]));
    expect(await clipFingerprint([blob("")])).toMatch(/^[0-9a-f]{16}$/);
  });
});
