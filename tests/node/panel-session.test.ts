/** The session without a page: everything that a person does, against a tracker made of discs. */
import { beforeEach, describe, expect, it, vi } from "vitest";
import { objectOf } from "../../panel/session/document.ts";
import type { FileSink } from "../../panel/session/exporting.ts";
import { Session } from "../../panel/session/session.ts";
import { decodeSession } from "../../panel/session/session-file.ts";
import { speedsOf } from "../../panel/session/speed-options.ts";
import { nextTrack } from "../../panel/session/track-plan.ts";
import type { MatteFile, StateInParts } from "../../worker/protocol.ts";
import { FAKE_CLIP, FakeTracker } from "../support/panel-fake-tracker.ts";
import { MemoryStore } from "../support/panel-memory-store.ts";

const CLICK = { x: 20, y: 18, label: 1 as const };
const LAST = FAKE_CLIP.frameCount - 1;
const media = () => ({ kind: "media" as const, blob: new Blob(["media"]), name: "shot.mp4" });

let tracker: FakeTracker;
let store: MemoryStore;
let session: Session;

const object = (id = 1) => objectOf(session.state.document.value, id);
const trackedFrames = (id = 1) => [...(object(id)?.records.keys() ?? [])].sort((a, b) => a - b);

/** Stops the track as soon as `frame` is shown. */
const stopAt = (frame: number) =>
  new Promise<void>((resolve) => {
    const dispose = session.state.frame.subscribe((value) => {
      if (value !== frame || session.state.tracking.value.phase === "idle") return;
      void session.tracking.stop().then(resolve);
      queueMicrotask(() => dispose());
    });
  });

beforeEach(async () => {
  tracker = new FakeTracker();
  store = new MemoryStore();
  session = new Session(tracker, store);
  await session.models.load({ kind: "listed", id: "nano" });
  await session.openClip(media());
});

describe("zooming in", () => {
  const areas = () => [...(object()?.records.values() ?? [])].map(({ area }) => area);

  it("gives the tracked frames finer masks and nothing else, as one step to undo", async () => {
    await session.prompts.addPoint(CLICK);
    await session.track();
    const before = object()!.records;
    await session.tracking.zoom();
    expect(tracker.calls.at(-1)).toBe(`zoom 0→${LAST} of 1`);
    expect(areas().every((area, i) => area < [...before.values()][i]!.area)).toBe(true);
    for (const [frame, { direction, origin, objectScore }] of before)
      expect(object()!.records.get(frame)).toMatchObject({ direction, origin, objectScore });
    expect(session.state.notice.value?.message).toContain(`${LAST + 1} frames`);
    await session.undo();
    expect(object()!.records).toEqual(before);
  });

  it("can be tried on the frame under the playhead, which leaves the others", async () => {
    await session.prompts.addPoint(CLICK);
    await session.track();
    const [full] = areas();
    session.goTo(7);
    await session.tracking.zoom("frame");
    expect(tracker.calls.at(-1)).toBe("zoom 7→7 of 1");
    expect(areas().flatMap((area, frame) => (area < full! ? [frame] : []))).toEqual([7]);
    expect([session.state.frame.value, session.state.undoLabel.value]).toEqual([7, "Zoom in on this frame"]);
    await session.undo();
    expect(new Set(areas())).toEqual(new Set([full]));
  });

  it("keeps what is done when it is stopped, and says so where there is no track", async () => {
    await session.tracking.zoom();
    expect(session.state.notice.value?.message).toContain("no track");
    await session.prompts.addPoint(CLICK);
    await session.track();
    const [full] = areas();
    const stopped = stopAt(5);
    await session.tracking.zoom();
    await stopped;
    const finer = areas().filter((area) => area < full!).length;
    expect(finer).toBeGreaterThan(0);
    expect(finer).toBeLessThan(LAST);
    expect(session.state.tracking.value.phase).toBe("idle");
  });
});

describe("speed options", () => {
  it("load the same model again, are measured apart, and are what was there before where they fail", async () => {
    await session.models.refresh();
    expect(tracker.options).toEqual({});
    await session.models.useSpeed("half");
    expect(tracker.options).toEqual({ input_size: 256 });
    session.models.measured(40);
    await session.models.useSpeed("pooled");
    expect(tracker.options).toEqual({ memory_pooling: 2 });
    session.models.measured(90);
    expect(session.state.speeds.value).toEqual({ "nano/webgpu/half": 40, "nano/webgpu/pooled": 90 });

    const error = { code: "bad-config" as const, message: "No such size.", remedy: "Take another." };
    tracker.failNext = { call: "loadModel", error };
    await session.models.useSpeed("half");
    expect(session.state.speed.value).toBe("pooled");
    expect(session.state.model.value.phase).toBe("ready");
    expect(tracker.options).toEqual({ memory_pooling: 2 });
    expect(session.state.notice.value?.message).toBe("No such size.");
  });

  it("offer half precision where the graphics card has it, and go on without it on the processor", async () => {
    const names = (half: boolean) => speedsOf(undefined, half).map(({ name }) => name);
    expect(names(true)).toEqual(["exact", "half-precision", "pooled"]);
    expect(names(false)).not.toContain("half-precision");
    const environment = await tracker.environment();
    const card = { backend: "webgpu" as const, available: true, threads: 1, reason: "a card" };
    tracker.environment = async () => ({
      ...environment,
      backends: [{ ...card, half: true }, ...environment.backends],
    });
    await session.models.refresh();
    await session.models.useSpeed("half-precision");
    expect(tracker.options).toEqual({ half_precision: true });
    await session.models.loadWithoutGraphics();
    expect(tracker.options).toEqual({});
    tracker.environment = async () => ({ ...environment, backends: [card, ...environment.backends] });
    await session.models.refresh();
    await session.models.load({ kind: "listed", id: "nano" });
    expect(tracker.options).toEqual({});
  });

  it("are exact where the model does not take the one that was chosen", async () => {
    await session.models.refresh();
    session.state.speed.value = "three-quarters";
    await session.models.load({ kind: "listed", id: "nano" });
    expect(tracker.options).toEqual({});
  });
});

describe("clicking", () => {
  it("makes an object with a mask out of the first click", async () => {
    await session.prompts.addPoint(CLICK);
    expect(object()?.prompts.get(0)?.points).toEqual([CLICK]);
    expect(object()?.records.get(0)).toMatchObject({ origin: "prompted", direction: 0, staleSince: null });
    expect(session.state.selectedObjectId.value).toBe(1);
  });

  it("waits for a model that is still loading, then answers", async () => {
    const early = new Session(tracker, new MemoryStore());
    await early.openClip(media());
    const clicked = early.prompts.addPoint(CLICK);
    expect(early.state.answering.value).toBe(1);
    await early.models.load({ kind: "listed", id: "nano" });
    await clicked;
    expect(early.state.document.value.objects[0]?.records.has(0)).toBe(true);
  });

  it("gathers points on one frame and keeps other frames apart", async () => {
    await session.prompts.addPoint(CLICK);
    await session.prompts.addPoint({ x: 40, y: 10, label: 0 });
    session.goTo(5);
    await session.prompts.addPoint(CLICK);
    expect(object()?.prompts.get(0)?.points).toHaveLength(2);
    expect(object()?.prompts.get(5)?.points).toHaveLength(1);
  });

  it("keeps the order of clicks that come faster than the answers", async () => {
    const points = [1, 2, 3, 4].map((x) => ({ x, y: 1, label: 1 as const }));
    await Promise.all(points.map((point) => session.prompts.addPoint(point)));
    expect(object()?.prompts.get(0)?.points).toEqual(points);
    expect(session.state.answering.value).toBe(0);
  });

  it("moves, flips and deletes points, and forgets the frame with the last one", async () => {
    await session.prompts.addPoint(CLICK);
    await session.prompts.movePoint(0, { x: 30, y: 9 });
    await session.prompts.flipPoint(0);
    expect(object()?.prompts.get(0)?.points).toEqual([{ x: 30, y: 9, label: 0 }]);
    await session.prompts.removePoint(0);
    expect(object()?.prompts.has(0)).toBe(false);
    expect(object()?.records.has(0)).toBe(false);
  });

  it("goes through the three masks of the last click and round again, and undo takes one back", async () => {
    await session.prompts.otherMask();
    expect(session.state.notice.value?.remedy).toContain("Click on the object");
    expect(object()).toBeUndefined();
    await session.prompts.addPoint(CLICK);
    await session.prompts.addPoint({ x: 40, y: 10, label: 0 });
    const alternatives = () =>
      object()
        ?.prompts.get(0)
        ?.points.map(({ alternative }) => alternative);
    const seen = [];
    for (let press = 0; press < 3; press++) {
      await session.prompts.otherMask();
      seen.push(alternatives());
    }
    expect(seen).toEqual([
      [undefined, 1],
      [undefined, 2],
      [undefined, undefined],
    ]);
    await session.undo();
    expect(alternatives()).toEqual([undefined, 2]);
    expect(tracker.state.prompts.get(1)?.get(0)?.points.at(-1)?.alternative).toBe(2);
  });

  it("keeps a dragged box in order and inside the picture", async () => {
    await session.prompts.setBox({ x0: 50, y0: 30, x1: -10, y1: 5 });
    const box = object()?.prompts.get(0)?.box;
    expect(box).toEqual({ x0: 0, y0: 5, x1: 50, y1: 30 });
  });

  it("puts a painted mask in the place of points and box", async () => {
    await session.prompts.addPoint(CLICK);
    const mask = object()!.records.get(0)!.mask;
    await session.prompts.setMask(mask);
    expect(object()?.prompts.get(0)).toEqual({ points: [], mask });
  });

  it("refuses a click on a locked object and says why", async () => {
    await session.prompts.addPoint(CLICK);
    session.objects.set(1, { locked: true });
    await session.prompts.addPoint(CLICK);
    expect(object()?.prompts.get(0)?.points).toHaveLength(1);
    expect(session.state.notice.value?.message).toContain("locked");
  });

  it("shows what the tracker refuses, with its remedy, and changes nothing", async () => {
    const error = { code: "bad-prompt" as const, message: "outside", remedy: "click inside" };
    tracker.failNext = { call: "setPrompts", error };
    await session.prompts.addPoint(CLICK);
    expect(session.state.document.value.objects).toEqual([]);
    expect(session.state.notice.value).toMatchObject({
      tone: "error",
      message: "outside",
      remedy: "click inside",
    });
    expect(session.state.undoLabel.value).toBeNull();
  });
});

describe("tracking", () => {
  beforeEach(async () => {
    session.goTo(5);
    await session.prompts.addPoint(CLICK);
  });

  it("covers the whole range from the prompt: forward, then backward", async () => {
    await session.track();
    expect(tracker.calls.filter((call) => call.startsWith("track"))).toEqual([
      `track 5→${LAST} of 1`,
      "track 5→0 of 1",
    ]);
    expect(trackedFrames()).toHaveLength(FAKE_CLIP.frameCount);
    expect(object()?.records.get(3)?.direction).toBe(-1);
    expect(object()?.records.get(9)?.direction).toBe(1);
  });

  it("keeps to the in and out points", async () => {
    session.setIn(4);
    session.setOut(8);
    await session.track();
    expect(trackedFrames()).toEqual([4, 5, 6, 7, 8]);
  });

  it("waits at another shot while the other direction goes on, and asks whether to go on", async () => {
    tracker.cutAt = 8;
    await session.track();
    expect(trackedFrames()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    const { notice, document } = session.state;
    expect(notice.value?.message).toMatch(/frame 9; the track waits/);
    expect(document.value.pending).toEqual([{ from: 8, to: LAST, objectIds: [1] }]);
    await session.track();
    expect(trackedFrames()).toHaveLength(FAKE_CLIP.frameCount);
  });

  it("drops what lies behind a cut when the answer is to stop there", async () => {
    tracker.cutAt = 8;
    await session.track();
    session.state.notice.value?.otherAction?.run();
    expect(session.state.document.value.pending).toEqual([]);
    expect(session.state.notice.value).toBeNull();
    expect(trackedFrames()).toHaveLength(8);
  });

  it("keeps what is done when it is stopped, and goes on from there", async () => {
    const stopped = stopAt(9);
    await session.track();
    await stopped;
    expect(trackedFrames()).toEqual([5, 6, 7, 8, 9]);
    expect(nextTrack(session.state.document.value).label).toMatch(/^Resume/);
    await session.track();
    expect(trackedFrames()).toHaveLength(FAKE_CLIP.frameCount);
    expect(session.state.document.value.pending).toEqual([]);
  });

  it("marks what a correction makes out of date and tracks that alone again", async () => {
    await session.track();
    session.goTo(12);
    await session.prompts.addPoint({ x: 30, y: 18, label: 1 });
    expect(object()?.records.get(11)?.staleSince).toBeNull();
    expect(object()?.records.get(13)?.staleSince).toBe(12);
    expect(nextTrack(session.state.document.value).label).toBe("Track again 13–20");
    tracker.calls.length = 0;
    await session.track();
    expect(tracker.calls).toEqual([`track 12→${LAST} of 1`]);
    expect([...object()!.records.values()].every(({ staleSince }) => staleSince === null)).toBe(true);
  });

  it("measures how far forward and backward agree where both have passed", async () => {
    await session.track();
    session.goTo(LAST);
    await session.prompts.addPoint({ x: 36, y: 18, label: 1 });
    await session.track("backward");
    const agreement = object()?.records.get(13)?.agreement;
    expect(agreement).toBeGreaterThan(0);
    expect(agreement).toBeLessThan(1);
  });

  it("leaves finished and locked objects alone", async () => {
    await session.track();
    session.objects.add();
    session.goTo(0);
    await session.prompts.addPoint({ x: 50, y: 10, label: 1 });
    session.objects.add();
    await session.prompts.addPoint({ x: 9, y: 9, label: 1 });
    session.objects.set(3, { locked: true });
    tracker.calls.length = 0;
    await session.track();
    expect(tracker.calls).toEqual([`track 0→${LAST} of 2`]);
  });

  it("stops for a click, then answers it", async () => {
    let clicked: Promise<void> | undefined;
    const dispose = session.state.frame.subscribe((frame) => {
      if (frame === 8 && session.state.tracking.value.phase !== "idle")
        clicked ??= session.prompts.addPoint(CLICK);
    });
    await session.track();
    await clicked;
    dispose();
    expect(object()?.prompts.has(8)).toBe(true);
    expect(trackedFrames().length).toBeLessThan(FAKE_CLIP.frameCount);
  });

  it("says what to do where there is nothing to track", async () => {
    await session.objects.remove(1);
    await session.track();
    expect(session.state.notice.value?.remedy).toContain("Click the object");
  });

  it("keeps the frames before a failure and can go on", async () => {
    const error = { code: "out-of-memory" as const, message: "no memory", remedy: "close a tab" };
    tracker.failNext = { call: "track", error };
    await session.track();
    expect(session.state.notice.value?.message).toBe("no memory");
    expect(session.state.tracking.value.phase).toBe("idle");
    expect(trackedFrames().length).toBeGreaterThan(1);
    await session.track();
    expect(trackedFrames()).toHaveLength(FAKE_CLIP.frameCount);
  });
});

describe("undo and redo", () => {
  it("goes back through tracks, prompts and edits, and forward again, with the tracker", async () => {
    await session.prompts.addPoint(CLICK);
    session.objects.set(1, { name: "car" });
    await session.track();
    const after = session.state.document.value;
    const trackedBefore = tracker.state.tracked.size;

    await session.undo();
    expect(trackedFrames()).toEqual([0]);
    expect(tracker.state.tracked.size).toBe(0);
    await session.undo();
    expect(object()?.name).toBe("Object 1");
    await session.undo();
    expect(session.state.document.value.objects).toEqual([]);
    expect(tracker.state.prompts.size).toBe(0);
    expect(session.state.undoLabel.value).toBeNull();

    for (let step = 0; step < 3; step++) await session.redo();
    expect(session.state.document.value).toEqual(after);
    expect(tracker.state.tracked.size).toBe(trackedBefore);
    expect(session.state.redoLabel.value).toBeNull();
  });

  it("forgets what was undone once something new is done, in the tracker too", async () => {
    await session.prompts.addPoint(CLICK);
    await session.prompts.addPoint(CLICK);
    await session.undo();
    await session.prompts.addPoint({ x: 1, y: 1, label: 0 });
    expect(session.state.redoLabel.value).toBeNull();
    expect(tracker.keptStates).toBe(2);
  });

  it("stops a running track first and undoes what it has done", async () => {
    await session.prompts.addPoint(CLICK);
    let undone: Promise<void> | undefined;
    const dispose = session.state.frame.subscribe((frame) => {
      if (frame === 6) undone ??= session.undo();
    });
    await session.track();
    await undone;
    dispose();
    expect(trackedFrames()).toEqual([0]);
  });
});

describe("keeping", () => {
  it("comes back with prompts, masks, frame and the tracker's state", async () => {
    await session.prompts.addPoint(CLICK);
    await session.track();
    session.goTo(7);
    await session.keeper.flush();
    const before = session.state.document.value;

    const reopened = new Session(new FakeTracker(), store);
    await reopened.models.load({ kind: "listed", id: "nano" });
    const [stored] = await store.list();
    await reopened.openStored(stored!.key);
    expect(reopened.state.document.value).toEqual(before);
    expect(reopened.state.frame.value).toBe(7);
    expect((reopened.tracker as FakeTracker).state.tracked.size).toBe(FAKE_CLIP.frameCount);
  });

  it("saves every few seconds of a track, as it was between two frames, and the track goes on", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    try {
      await session.prompts.addPoint(CLICK);
      const dispose = session.state.frame.subscribe((frame) => {
        if (frame === 6) vi.setSystemTime(Date.now() + 60_000);
      });
      await session.track();
      dispose();
      expect(tracker.calls.filter((call) => call.startsWith("track"))).toEqual([`track 0→${LAST} of 1`]);
      expect(trackedFrames()).toHaveLength(FAKE_CLIP.frameCount);
      await vi.waitFor(() => expect(store.files.size).toBe(1));
      const saved = decodeSession([...store.files.values()][0]!.bytes);
      expect(saved.document.pending).toEqual([{ from: 7, to: LAST, objectIds: [1] }]);
      expect(saved.document.objects[0]?.records.size).toBe(7);
      expect((saved.state as StateInParts).parts).toHaveLength(7);
      expect(store.stateParts.size).toBe(7);
    } finally {
      vi.useRealTimers();
    }
  });

  it("writes a frame of a track once, however often it saves, and drops what is not needed any more", async () => {
    const written: string[] = [];
    const writePart = store.writePart.bind(store);
    store.writePart = async (key, part) => {
      written.push(part.name);
      await writePart(key, part);
    };
    await session.prompts.addPoint(CLICK);
    await session.track();
    await session.keeper.flush();
    expect(written).toHaveLength(FAKE_CLIP.frameCount);
    session.goTo(3);
    await session.keeper.flush();
    expect(written).toHaveLength(FAKE_CLIP.frameCount);
    await session.undo();
    await session.keeper.flush();
    expect(store.stateParts.size).toBe(0);
  });

  it("is the session before where a save is cut off between its parts, and says so where it fails", async () => {
    await session.prompts.addPoint(CLICK);
    const stopped = stopAt(6);
    await session.track();
    await stopped;
    await session.keeper.flush();
    const before = session.state.document.value;
    let left = 4;
    const writePart = store.writePart.bind(store);
    store.writePart = async (key, part) => {
      if (left-- === 0) throw new DOMException("The disk is full.", "QuotaExceededError");
      await writePart(key, part);
    };
    await session.track();
    await session.keeper.flush();
    expect(session.state.notice.value?.message).toMatch(/could not be saved: The disk is full/);
    expect(session.state.saving.value).toBe("unavailable");
    const reopened = new Session(new FakeTracker(), store);
    await reopened.models.load({ kind: "listed", id: "nano" });
    store.claimed.clear();
    await reopened.openStored((await store.list())[0]!.key);
    expect(reopened.state.document.value).toEqual(before);
    expect((reopened.tracker as FakeTracker).calls).toContain("importState");
  });

  it("leaves saving to the tab that has the clip open, says so, and takes it up when that one is closed", async () => {
    await session.prompts.addPoint(CLICK);
    await session.keeper.flush();
    const [key] = [...store.files.keys()];
    const saved = store.files.get(key!)!.bytes;
    const second = new Session(new FakeTracker(), store);
    await second.models.load({ kind: "listed", id: "nano" });
    await second.openStored(key!);
    expect(second.state.notice.value?.message).toMatch(/open in another tab/);
    expect(second.state.saving.value).toBe("unavailable");
    await second.prompts.addPoint({ ...CLICK, x: CLICK.x + 9 });
    await second.keeper.flush();
    expect(store.files.get(key!)!.bytes).toBe(saved);

    await session.openClip({ ...media(), name: "other.mp4" });
    await second.openStored(key!);
    expect(second.state.notice.value).toBeNull();
    await second.prompts.addPoint({ ...CLICK, x: CLICK.x + 9 });
    await second.keeper.flush();
    expect(store.files.get(key!)!.bytes).not.toBe(saved);
  });

  it("continues a track that a crash has cut off", async () => {
    await session.prompts.addPoint(CLICK);
    const stopped = stopAt(6);
    await session.track();
    await stopped;
    await session.keeper.flush();
    session = new Session(new FakeTracker(), store);
    await session.models.load({ kind: "listed", id: "nano" });
    await session.openStored((await store.list())[0]!.key);
    await session.track();
    expect(trackedFrames()).toHaveLength(FAKE_CLIP.frameCount);
  });

  it("lets nothing be asked before a restored session has reached a model that loads late", async () => {
    await session.prompts.addPoint(CLICK);
    await session.keeper.flush();
    const late = new FakeTracker();
    const reopened = new Session(late, store);
    await reopened.openStored((await store.list())[0]!.key);
    const tracked = new Promise<void>((resolve) => {
      reopened.state.model.subscribe(({ phase }) => {
        if (phase === "ready") resolve(reopened.track());
      });
    });
    await reopened.models.load({ kind: "listed", id: "nano" });
    await tracked;
    const calls = late.calls.filter((call) => /^(import|track)/.test(call));
    expect(calls).toEqual(["importState", `track 0→${LAST} of 1`]);
  });

  it("survives as one exported file", async () => {
    await session.prompts.addPoint(CLICK);
    const bytes = await session.exportSession();
    const document = session.state.document.value;
    await session.objects.remove(1);
    expect(await session.importSession(bytes!)).toBe(true);
    expect(session.state.document.value).toEqual(document);
    expect(tracker.state.prompts.size).toBe(1);
  });

  it("refuses a file that is no session, and one of another clip, in words", async () => {
    expect(await session.importSession(new Uint8Array([1, 2, 3]))).toBe(false);
    expect(session.state.notice.value?.message).toContain("MASKLET1");
    const bytes = await session.exportSession();
    tracker.clip = { ...FAKE_CLIP, frameCount: 5, name: "other.mp4" };
    await session.openClip({ ...media(), name: "other.mp4" });
    expect(await session.importSession(bytes!)).toBe(false);
    expect(session.state.notice.value?.message).toContain("shot.mp4");
  });

  it("opens the clip even where its saved session is damaged", async () => {
    await session.prompts.addPoint(CLICK);
    await session.keeper.flush();
    const [key, file] = [...store.files][0]!;
    store.files.set(key, { ...file, bytes: file.bytes.slice(0, 30) });
    const reopened = new Session(new FakeTracker(), store);
    expect(await reopened.openClip(media())).toBe(true);
    expect(reopened.state.document.value.objects).toEqual([]);
  });
});

describe("models and clips", () => {
  it("asks another model the same questions and calls the old answers out of date", async () => {
    await session.prompts.addPoint(CLICK);
    await session.track();
    tracker.calls.length = 0;
    await session.models.load({ kind: "listed", id: "tiny" });
    expect(tracker.calls).toContain("setPrompts 1@0 1");
    expect(object()?.records.get(4)?.staleSince).toBe(0);
    expect(object()?.records.get(0)?.staleSince).toBeNull();
  });

  it("goes on without the graphics device when it is lost, and loses nothing", async () => {
    await session.prompts.addPoint(CLICK);
    const error = { code: "device-lost" as const, message: "gone", remedy: "" };
    tracker.failNext = { call: "setPrompts", error };
    await session.prompts.addPoint({ x: 1, y: 1, label: 0 });
    await expect
      .poll(() => session.state.model.value)
      .toMatchObject({ phase: "ready", model: { backend: "wasm" } });
    expect(session.state.notice.value?.message).toContain("WebAssembly");
    expect(object()?.prompts.get(0)?.points).toHaveLength(2);
    expect(session.state.undoLabel.value).toBe("Add excluding point");
    await session.track();
    expect(trackedFrames()).toHaveLength(FAKE_CLIP.frameCount);
  });

  it("brings the model before back when another one cannot be loaded", async () => {
    const error = { code: "network" as const, message: "no network", remedy: "try again" };
    tracker.failNext = { call: "loadModel", error };
    expect(await session.models.load({ kind: "listed", id: "large" })).toBe(false);
    expect(session.state.model.value).toMatchObject({ phase: "ready", id: "nano" });
    expect(session.state.notice.value?.message).toBe("no network");
  });

  it("keeps the clip that is open, and its track that runs, when another cannot be opened", async () => {
    const error = { code: "unsupported-codec" as const, message: "no hevc here.", remedy: "Transcode it." };
    await session.prompts.addPoint(CLICK);
    const tracking = session.track();
    tracker.failNext = { call: "openClip", error };
    expect(await session.openClip({ ...media(), name: "other.mov" })).toBe(false);
    await tracking;
    expect(session.state.clip.value).toMatchObject({ phase: "ready", info: { name: FAKE_CLIP.name } });
    expect(trackedFrames()).toHaveLength(FAKE_CLIP.frameCount);
    expect(session.state.notice.value).toMatchObject({
      message: error.message,
      remedy: `Transcode it. ${FAKE_CLIP.name} stays open.`,
    });
    expect(session.state.opening.value).toBeNull();
  });

  it("says on the first screen why a clip cannot be opened, and nowhere else", async () => {
    const error = { code: "unsupported-codec" as const, message: "no hevc here", remedy: "transcode it" };
    const fresh = new Session(tracker, new MemoryStore());
    tracker.failNext = { call: "openClip", error };
    expect(await fresh.openClip(media())).toBe(false);
    expect(fresh.state.clip.value).toMatchObject({ phase: "failed", error });
    expect(fresh.state.notice.value).toBeNull();
    expect(await fresh.openClip(media())).toBe(true);
  });

  it("opens two clips that are dropped at once one after the other, and closes the first", async () => {
    const [first, second] = [session.openClip(media()), session.openClip({ ...media(), name: "other.mov" })];
    expect([await first, await second]).toEqual([true, true]);
    expect(tracker.openClips).toHaveLength(1);
  });
});

describe("exporting", () => {
  class ListSink implements FileSink {
    readonly files: MatteFile[] = [];
    abandoned = false;
    async write(file: MatteFile) {
      this.files.push(file);
    }
    async finish() {
      return `${this.files.length} files`;
    }
    async abandon() {
      this.abandoned = true;
    }
  }

  const choice = {
    format: "png",
    content: "matte",
    grouping: "merged",
    range: "in-out",
    alpha: "straight",
    levels: "limited",
    edge: "exact",
    visibility: "followed",
  } as const;

  it("writes the chosen range and says where it is", async () => {
    await session.prompts.addPoint(CLICK);
    await session.track();
    session.setIn(3);
    session.setOut(6);
    const sink = new ListSink();
    expect(await session.exporting.run(choice, sink)).toBe(true);
    expect(sink.files.map(({ path }) => path)).toEqual(["3.png", "4.png", "5.png", "6.png"]);
    expect(session.state.exporting.value).toEqual({ phase: "done", files: 4, where: "4 files" });
  });

  it("says so where there is no mask, and writes nothing", async () => {
    expect(await session.exporting.run(choice, new ListSink())).toBe(false);
    expect(session.state.notice.value?.message).toContain("no mask");
  });

  it("keeps the whole files of an export that is stopped, and says so", async () => {
    await session.prompts.addPoint(CLICK);
    await session.track();
    const sink = new ListSink();
    const write = sink.write.bind(sink);
    sink.write = async (file) => {
      await write(file);
      if (sink.files.length === 2) await session.exporting.cancel();
    };
    expect(await session.exporting.run(choice, sink)).toBe(false);
    expect(sink.files).toHaveLength(2);
    expect(sink.abandoned).toBe(false);
    expect(session.state.exporting.value).toEqual({ phase: "done", files: 2, where: "Stopped: 2 files" });
  });

  it("throws away what a failed export has begun", async () => {
    await session.prompts.addPoint(CLICK);
    tracker.failNext = { call: "exportMatte", error: { code: "write-failed", message: "full", remedy: "" } };
    const sink = new ListSink();
    expect(await session.exporting.run(choice, sink)).toBe(false);
    expect(sink.abandoned).toBe(true);
    expect(session.state.exporting.value.phase).toBe("idle");
  });
});
