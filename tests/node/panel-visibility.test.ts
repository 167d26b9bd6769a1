/** What a person says about visibility: kept, undone, and in everything that goes out. */
import { beforeEach, describe, expect, it } from "vitest";
import { hostMatte } from "../../panel/host/host-matte.ts";
import { reviewList } from "../../panel/review/review-list.ts";
import { objectOf } from "../../panel/session/document.ts";
import { type ExportChoice, matteLayers } from "../../panel/session/exporting.ts";
import { Session } from "../../panel/session/session.ts";
import { decodeSession, encodeSession } from "../../panel/session/session-file.ts";
import { trainingRecord } from "../../panel/session/training-record.ts";
import { objectRow, statusAt } from "../../panel/timeline/frame-status.ts";
import type { ClipSelection } from "../../plugin/protocol.ts";
import { frameToTicks, parseTicks, ticksToFrame } from "../../plugin/timecode.ts";
import { parseTrackRecord } from "../../worker/evaluation/track-record.ts";
import { FAKE_CLIP, FakeTracker } from "../support/panel-fake-tracker.ts";
import { MemoryStore } from "../support/panel-memory-store.ts";

const LAST = FAKE_CLIP.frameCount - 1;
const { rate } = FAKE_CLIP;

let tracker: FakeTracker;
let store: MemoryStore;
let session: Session;

const object = () => objectOf(session.state.document.value, 1)!;
const status = (frame: number) => statusAt(objectRow(object()), frame);
const hidden = () => matteLayers(session.state.document.value, 0, LAST)[0]?.hidden;
const media = () => ({ kind: "media" as const, blob: new Blob(["media"]), name: "shot.mp4" });

async function opened(): Promise<Session> {
  const opened = new Session(tracker, store);
  await opened.models.load({ kind: "listed", id: "nano" });
  await opened.openClip(media());
  return opened;
}

function sayOn(from: number, to: number, word: "visible" | "hidden" | "model"): void {
  session.goTo(from);
  session.visibility.markAt(from);
  session.goTo(to);
  session.visibility.say(word);
}

async function trackedWith(scores: [frame: number, score: number][] = []): Promise<void> {
  tracker = new FakeTracker();
  tracker.scores = new Map(scores);
  store = new MemoryStore();
  session = await opened();
  await session.prompts.addPoint({ x: 20, y: 18, label: 1 });
  await session.track();
}

beforeEach(() => trackedWith());

describe("a word on visibility", () => {
  it("is about the frame under the playhead, or from the mark to it, in either direction", () => {
    session.goTo(4);
    session.visibility.say("hidden");
    expect(object().visibility).toEqual([{ from: 4, to: 4, state: "hidden" }]);
    sayOn(9, 7, "hidden");
    expect(object().visibility).toEqual([
      { from: 4, to: 4, state: "hidden" },
      { from: 7, to: 9, state: "hidden" },
    ]);
    expect(session.state.mark.value).toBeNull();
    expect([3, 4, 5, 7, 9].map(status)).toEqual(["tracked", "hidden", "tracked", "hidden", "hidden"]);
  });

  it("is about the stretch around the playhead where that is marked", async () => {
    await trackedWith([6, 7, 8, 9].map((frame) => [frame, -6]));
    expect(hidden()).toEqual([{ from: 6, to: 9 }]);
    session.goTo(7);
    session.visibility.markStretch();
    expect([session.state.mark.value, session.state.frame.value]).toEqual([6, 9]);
    session.visibility.say("visible");
    expect(object().visibility).toEqual([{ from: 6, to: 9, state: "visible" }]);
    expect(hidden()).toEqual([]);
  });

  it("is undone and done again like any edit, and named", async () => {
    sayOn(4, 6, "hidden");
    expect(session.state.undoLabel.value).toBe("Hidden on frames 5–7");
    await session.undo();
    expect(object().visibility).toEqual([]);
    await session.redo();
    expect(hidden()).toEqual([{ from: 4, to: 6 }]);
    sayOn(0, LAST, "model");
    expect(hidden()).toEqual([]);
  });

  it("that changes nothing is no edit, and a locked object is left alone", () => {
    const before = session.state.undoLabel.value;
    sayOn(2, 3, "model");
    expect(session.state.undoLabel.value).toBe(before);
    session.objects.set(1, { locked: true });
    sayOn(2, 3, "hidden");
    expect(object().visibility).toEqual([]);
    expect(session.state.notice.value?.message).toContain("locked");
  });

  it("outlives another track over the same frames", async () => {
    sayOn(4, 6, "hidden");
    session.goTo(2);
    await session.prompts.addPoint({ x: 30, y: 18, label: 1 });
    await session.track();
    expect(object().records.get(5)?.staleSince).toBeNull();
    expect(hidden()).toEqual([{ from: 4, to: 6 }]);
  });

  it("is there after a reload, and in a session that goes through a file", async () => {
    sayOn(4, 6, "hidden");
    await session.keeper.flush();
    const bytes = (await session.exportSession())!;
    session = await opened();
    expect(hidden()).toEqual([{ from: 4, to: 6 }]);
    expect(decodeSession(bytes).document.objects[0]?.visibility).toEqual(object().visibility);
  });

  it("is simply absent in a session of before there were such words", async () => {
    const saved = decodeSession((await session.exportSession())!);
    const objects = saved.document.objects.map(({ visibility: _none, ...older }) => older);
    const older = { ...saved, document: { ...saved.document, objects } } as unknown as typeof saved;
    expect(decodeSession(await encodeSession(older)).document.objects[0]?.visibility).toEqual([]);
  });
});

describe("what goes out", () => {
  it("is empty on hidden frames by default, and every mask as it is where that is chosen", async () => {
    sayOn(4, 6, "hidden");
    const sink = { write: async () => {}, finish: async () => "", abandon: async () => {} };
    const choice: ExportChoice = {
      format: "png",
      content: "matte",
      grouping: "merged",
      range: "clip",
      alpha: "straight",
      levels: "limited",
      edge: "exact",
      visibility: "followed",
    };
    await session.exporting.run(choice, sink);
    await session.exporting.run({ ...choice, visibility: "masks" }, sink);
    const layers = tracker.exports.map((request) => request.layers[0]?.hidden);
    expect(layers).toEqual([[{ from: 4, to: 6 }], undefined]);
  });

  it("reaches the host's files and its keys, down to a single frame", () => {
    sayOn(4, 4, "hidden");
    const matte = hostMatte(
      { selection: SELECTION, route: "media" },
      FAKE_CLIP,
      session.state.document.value,
      { kind: "track-matte", fadeFrames: 0, asMovie: false },
    );
    expect(matte.request.layers[0]?.hidden).toEqual([{ from: 4, to: 4 }]);
    const { write } = matte.plan("/mattes/00000.png");
    const keys = write.kind === "track-matte" ? write.opacity : [];
    expect(keys.map(({ time, value }) => [ticksToFrame(parseTicks(time), rate), value])).toEqual([
      [0, 100],
      [4, 0],
      [5, 100],
    ]);
  });

  it("of several objects stays on while one that adds is visible", async () => {
    session.objects.add();
    session.goTo(0);
    await session.prompts.addPoint({ x: 50, y: 20, label: 1 });
    await session.track();
    const keys = () => {
      const { write } = hostMatte(
        { selection: SELECTION, route: "media" },
        FAKE_CLIP,
        session.state.document.value,
        { kind: "track-matte", fadeFrames: 0, asMovie: false },
      ).plan("/mattes/00000.png");
      return write.kind === "track-matte" ? write.opacity.map(({ value }) => value) : [];
    };
    sayOn(4, 4, "hidden");
    expect(keys()).toEqual([]);
    session.objects.select(1);
    sayOn(4, 4, "hidden");
    expect(keys()).toEqual([100, 0, 100]);
  });

  it("for training leaves out masks that the person refused", () => {
    sayOn(4, 6, "hidden");
    const text = trainingRecord(session.state.document.value, FAKE_CLIP, "nano", new Date(0))!;
    const frames = parseTrackRecord(text).objects[0]!.frames.map(({ frameIndex }) => frameIndex);
    const all = Array.from({ length: LAST + 1 }, (_, frame) => frame);
    expect(frames).toEqual(all.filter((frame) => frame < 4 || frame > 6));
  });
});

describe("the review list", () => {
  it("does not ask about frames that a person has spoken of", async () => {
    await trackedWith([[8, 0.1]]);
    expect(reviewList([object()]).map(({ frameIndex }) => frameIndex)).toContain(8);
    sayOn(8, 8, "visible");
    expect(reviewList([object()]).map(({ frameIndex }) => frameIndex)).not.toContain(8);
  });
});

const ticks = (frame: number) => frameToTicks(frame, rate).toString();

const SELECTION: ClipSelection = {
  clipId: "clip",
  name: "shot.mp4",
  mediaPath: "/shot.mp4",
  mediaBytes: 5,
  width: FAKE_CLIP.width,
  height: FAKE_CLIP.height,
  pixelAspect: { numerator: 1, denominator: 1 },
  rate,
  sourceIn: ticks(0),
  sourceOut: ticks(LAST + 1),
  start: ticks(0),
  end: ticks(LAST + 1),
  speed: 1,
  playhead: ticks(0),
  timeline: null,
  notes: [],
};
