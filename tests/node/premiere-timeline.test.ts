/** The panel's side of a host's timeline, with a real adapter over the fake host and a tracker made of discs. */
import { beforeEach, describe, expect, test } from "vitest";
import { HostTimeline } from "../../panel/host/host-timeline.ts";
import { serveRanges } from "../../panel/host/range-server.ts";
import { Session } from "../../panel/session/session.ts";
import { frameToTicks } from "../../plugin/timecode.ts";
import type { RangeAnswer } from "../../worker/protocol.ts";
import { FakeTracker } from "../support/panel-fake-tracker.ts";
import { MemoryStore } from "../support/panel-memory-store.ts";
import { at, describeTimeline, makeScene, type Scene } from "../support/premiere/scenario.ts";
import type { Traps } from "../support/premiere/traps.ts";

let tracker: FakeTracker;
let session: Session;
let scene: Scene;
let timeline: HostTimeline;

/** Ten frames of the tracker's clip, from its frame 4, at frame 100 of a sequence of its size. */
async function begin(traps: Partial<Traps> = {}): Promise<void> {
  tracker = new FakeTracker();
  session = new Session(tracker, new MemoryStore());
  await session.models.load({ kind: "listed", id: "nano" });
  scene = makeScene({ staleObjects: true, actionsOnlyInLock: true, ...traps });
  scene.world.settings = { ...scene.world.settings, width: 64, height: 36 };
  Object.assign(scene.world.projectItem("street.mov"), { width: 64, height: 36 });
  Object.assign(scene.clip, { end: at(110), inPoint: at(4), outPoint: at(14) });
  timeline = new HostTimeline(scene.host, session);
}

async function clickAndTrack(): Promise<void> {
  await session.prompts.addPoint({ x: 20, y: 18, label: 1 });
  await session.track("forward");
}

/** What the tracker wrote into each matte file: the number of its source frame. */
const matteContents = () =>
  scene.world.files
    .paths()
    .filter((path) => path.startsWith("/projects/Masklet/"))
    .map((path) => Number(new TextDecoder().decode(scene.world.files.contents.get(path))));

const notice = () => session.state.notice.value;

beforeEach(() => begin());

describe("opening the selected clip", () => {
  test("works on the frames that the timeline shows, from the one under the player", async () => {
    scene.world.player = at(103);
    expect(await timeline.openSelection()).toBe(true);
    const { inFrame, outFrame } = session.state.document.value;
    expect([inFrame, outFrame, session.state.frame.value]).toEqual([4, 13, 7]);
    expect(timeline.clip.value?.route).toBe("media");
  });

  test("takes rendered frames where the file can't be decoded, one for each frame of the timeline", async () => {
    tracker.failNext = {
      call: "openClip",
      error: { code: "unsupported-codec", message: "coded as RAW", remedy: "" },
    };
    expect(await timeline.openSelection()).toBe(true);
    expect(timeline.clip.value?.route).toBe("stills");
    expect(session.state.document.value.inFrame).toBe(0);
    expect(scene.world.files.paths().filter((path) => path.startsWith("/temp"))).toEqual([]);
  });

  test("says what is missing when nothing is selected, and when media is offline", async () => {
    scene.world.selection = [];
    expect(await timeline.openSelection()).toBe(false);
    expect(notice()?.remedy).toContain("Click the clip");
    scene.world.selection = [scene.clip.uid];
    scene.world.projectItem("street.mov").offline = true;
    expect(await timeline.openSelection()).toBe(false);
    expect(notice()?.remedy).toContain("Link Media");
    expect(timeline.state.value.phase).toBe("idle");
  });

  test("reads ranges of the file through a port, and passes on why it can't", async () => {
    await timeline.openSelection();
    const clipId = timeline.clip.value!.selection.clipId;
    const port = serveRanges(scene.host, clipId);
    const ask = (start: number, end: number) =>
      new Promise<RangeAnswer>((resolve) => {
        port.onmessage = (event) => resolve(event.data as RangeAnswer);
        port.postMessage({ id: 1, start, end });
      });
    scene.world.files.readLimit = 100;
    const answer = await ask(10, 500);
    const file = scene.world.files.contents.get("/media/street.mov")!;
    expect("bytes" in answer && new Uint8Array(answer.bytes)).toEqual(file.slice(10, 500));
    expect(await ask(4990, 5010)).toMatchObject({ error: expect.stringContaining("ends at 5000") });
    scene.world.files.contents.clear();
    await scene.host.readMedia(clipId, 0, 1);
    expect(await ask(0, 10)).toMatchObject({ error: expect.stringContaining("can't be read") });
    port.close();
  });
});

describe("writing to the timeline", () => {
  test("puts the mask of source frame n into the matte file that lies over it, and hides what is hidden", async () => {
    for (let frame = 8; frame < 12; frame++) tracker.scores.set(frame, -8);
    await timeline.openSelection();
    await clickAndTrack();
    expect(await timeline.write("track-matte")).toBe(true);
    expect(matteContents()).toEqual([4, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
    const [clip, matte] = describeTimeline(scene.world.model);
    expect(clip![0]!.effects).toEqual([{ effect: "AE.ADBE Legacy Key Track Matte", values: [2, 1, false] }]);
    expect(matte!.map(({ from, to, opacity }) => ({ from, to, opacity }))).toEqual([
      {
        from: 100,
        to: 110,
        opacity: [
          [0, 100, 4],
          [4, 0, 4],
          [8, 100, 4],
        ],
      },
    ]);
    expect(timeline.state.value).toMatchObject({ phase: "written", report: { notDone: [] } });
  });

  test("fades as long as asked before the object goes and after it comes back", async () => {
    for (let frame = 8; frame < 12; frame++) tracker.scores.set(frame, -8);
    await timeline.openSelection();
    await clickAndTrack();
    timeline.fadeFrames.value = 1;
    expect(await timeline.write("track-matte")).toBe(true);
    const [, matte] = describeTimeline(scene.world.model);
    // 0 is linear, 4 hold.
    expect(matte![0]!.opacity).toEqual([
      [0, 100, 4],
      [3, 100, 0],
      [4, 0, 4],
      [8, 0, 0],
      [9, 100, 4],
    ]);
  });

  test("is offered as a cut-out, or only imported, where the timeline can't take a track matte", async () => {
    scene.clip.components[1]!.params[1]!.value = 120;
    await timeline.openSelection();
    await clickAndTrack();
    expect(await timeline.write("track-matte")).toBe(false);
    expect(notice()?.message).toContain("Scale was changed");
    expect([notice()?.action?.label, notice()?.otherAction?.label]).toEqual([
      "Write a cut-out",
      "Only import",
    ]);
    notice()!.action!.run();
    await expect.poll(() => timeline.state.value).toMatchObject({ phase: "written", kind: "cut-out" });
    expect(notice()).toBeNull();
    expect(describeTimeline(scene.world.model)[1]).toHaveLength(1);
  });

  test("goes where the person says, which is remembered and shown", async () => {
    await timeline.openSelection();
    expect(timeline.folder.value).toBe("/projects/Masklet");
    expect(timeline.canChooseFolder).toBe(true);
    expect(await timeline.chooseFolder()).toBe(true);
    expect(timeline.folder.value).toBe("/chosen");
    await clickAndTrack();
    expect(await timeline.write("import-only")).toBe(true);
    expect(scene.world.files.paths().filter((path) => path.startsWith("/chosen/"))).toHaveLength(10);
    expect(matteContents()).toEqual([]);
  });

  test.each([
    ["reversed", { reversed: true }, [13, 12, 11, 10, 9, 8, 7, 6, 5, 4]],
    ["at half speed", { speed: 0.5, outPoint: at(9) }, [4, 4, 5, 5, 6, 6, 7, 7, 8, 8]],
    [
      "with an in-point between two frames",
      { inPoint: at(4) + frameToTicks(1, { numerator: 50, denominator: 1 }), outPoint: at(14) },
      [4, 5, 6, 7, 8, 9, 10, 11, 12, 13],
    ],
  ])("a clip %s gets each mask where its frame is shown", async (_, change, expected) => {
    Object.assign(scene.clip, change);
    await timeline.openSelection();
    session.goTo(session.state.document.value.inFrame);
    await clickAndTrack();
    expect(await timeline.write("import-only"), notice()?.message).toBe(true);
    expect(matteContents()).toEqual(expected);
  });

  test("of frames that the host rendered numbers them as the timeline does, and fits them to its frame", async () => {
    await begin({ emptyMediaPath: true });
    tracker.clip = { ...tracker.clip, frameCount: 10 };
    await timeline.openSelection();
    await clickAndTrack();
    expect(await timeline.write("track-matte")).toBe(true);
    expect(matteContents()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const { itemId } = scene.world.model.tracks[1]!.items[0]!;
    expect(scene.world.projectItem(itemId!).scaledToFrame).toBe(true);
  });

  test("without a mask, or without a clip of the timeline, says what to do first", async () => {
    expect(await timeline.write("track-matte")).toBe(false);
    expect(notice()?.remedy).toContain("Select a clip");
    await timeline.openSelection();
    expect(await timeline.write("track-matte")).toBe(false);
    expect(notice()?.remedy).toContain("Track an object");
  });

  test("on a full disk leaves the timeline alone and keeps the session", async () => {
    await timeline.openSelection();
    await clickAndTrack();
    scene.world.files.full = true;
    expect(await timeline.write("track-matte")).toBe(false);
    expect(notice()).toMatchObject({ tone: "error", remedy: expect.stringContaining("space") });
    expect(scene.world.undoSteps).toEqual([]);
    expect(session.state.document.value.objects[0]!.records.size).toBe(10);
  });

  test("cancelled while files are written leaves the timeline alone", async () => {
    await timeline.openSelection();
    await clickAndTrack();
    const writing = timeline.write("track-matte");
    await timeline.cancel();
    expect(await writing).toBe(false);
    expect(scene.world.undoSteps).toEqual([]);
    expect(timeline.state.value.phase).toBe("idle");
  });

  test("is refused while another write is under way", async () => {
    await timeline.openSelection();
    await clickAndTrack();
    const first = timeline.write("track-matte");
    expect(await timeline.write("cut-out")).toBe(false);
    expect(await first).toBe(true);
    expect(scene.world.model.tracks[1]!.items).toHaveLength(1);
  });
});

describe("the self-check in the panel", () => {
  test("shows what the host found, and writing works afterwards", async () => {
    await timeline.openSelection();
    expect(timeline.canCheck).toBe(true);
    expect(await timeline.check()).toBe(true);
    expect(timeline.state.value).toMatchObject({ phase: "checked", report: { hostVersion: "26.3.0" } });
    await clickAndTrack();
    expect(await timeline.write("track-matte")).toBe(true);
  });
});
