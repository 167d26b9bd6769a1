/** What the panel hands over for training. */
import { describe, expect, it } from "vitest";
import { emptyDocument, type FrameRecord, newObject } from "../../panel/session/document.ts";
import { trainingRecord } from "../../panel/session/training-record.ts";
import { parseTrackRecord } from "../../worker/evaluation/track-record.ts";
import { encodeMask } from "../../worker/mask-rle.ts";
import type { ClipInfo } from "../../worker/protocol.ts";

const CLIP: ClipInfo = {
  clipId: "clip 1",
  name: "car.mov",
  width: 4,
  height: 2,
  frameCount: 5,
  timestamps: [0, 0.04, 0.08, 0.12, 0.16],
  framesPerSecond: 25,
  rate: { numerator: 25, denominator: 1 },
  variableFrameRate: false,
  durationSeconds: 0.2,
  codec: "avc",
  rotation: 0,
  pixelAspect: { numerator: 1, denominator: 1 },
};
const MADE = new Date("2026-11-22T08:00:00Z");

function record(frameIndex: number, staleSince: number | null = null): FrameRecord {
  return {
    objectId: 1,
    frameIndex,
    mask: encodeMask([1, 1, 0, 0, 0, 0, 0, 0], 4, 2),
    objectScore: 3,
    predictedIou: 0.9,
    area: 2,
    origin: "tracked",
    milliseconds: 1,
    direction: 1,
    agreement: null,
    staleSince,
  };
}

describe("a record for training", () => {
  it("has the person's frames, the model's, and not those that a correction has made out of date", () => {
    const document = {
      ...emptyDocument(5),
      objects: [
        {
          ...newObject(1),
          name: "car",
          prompts: new Map([1, 3].map((frame) => [frame, { points: [{ x: 1, y: 0, label: 1 as const }] }])),
          records: new Map([1, 2, 3, 4].map((frame) => [frame, record(frame, frame === 4 ? 3 : null)])),
        },
        newObject(2),
      ],
    };
    const { clip, objects } = parseTrackRecord(trainingRecord(document, CLIP, "builtin", MADE)!);
    expect(clip).toEqual({
      name: "car.mov",
      fingerprint: "",
      width: 4,
      height: 2,
      frameCount: 5,
      rate: { numerator: 25, denominator: 1 },
    });
    expect(objects).toHaveLength(1);
    expect(objects[0]!.frames.map(({ frameIndex, origin }) => [frameIndex, origin])).toEqual([
      [1, "prompted"],
      [2, "predicted"],
      [3, "corrected"],
    ]);
    expect(objects[0]!.frames[0]!.source).toEqual({ model: "builtin", madeAt: MADE.toISOString() });
  });

  it("is none while nothing was tracked", () => {
    expect(
      trainingRecord({ ...emptyDocument(5), objects: [newObject(1)] }, CLIP, "builtin", MADE),
    ).toBeNull();
  });
});
