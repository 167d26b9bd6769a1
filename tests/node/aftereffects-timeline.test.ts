/** The panel's side of After Effects: opening layers, writing what was made of them; a tracker made of discs. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { effect } from "@preact/signals";
import { describe, expect, it } from "vitest";
import { HostTimeline } from "../../panel/host/host-timeline.ts";
import { MaskPaths } from "../../panel/output/mask-paths.ts";
import { Session } from "../../panel/session/session.ts";
import { neutralSettings } from "../../worker/matte/matte-settings.ts";
import type { MatteRequest, TrackerFailure } from "../../worker/protocol.ts";
import { keysOf, type Layer, makeScene, masksOf, type Scene } from "../support/aftereffects/scenario.ts";
import { FAKE_CLIP, FakeTracker } from "../support/panel-fake-tracker.ts";
import { MemoryStore } from "../support/panel-memory-store.ts";

interface Panel {
  scene: Scene;
  session: Session;
  timeline: HostTimeline;
  maskPaths: MaskPaths;
}

/** The tracker's clip (64 x 36, 20 frames) as the footage of a layer in a comp of 24 frames a second. */
async function open(arrange: (layer: Layer) => void = () => {}): Promise<Panel> {
  const tracker = new FakeTracker();
  tracker.clip = { ...FAKE_CLIP, rate: { numerator: 24, denominator: 1 }, framesPerSecond: 24 };
  const session = new Session(tracker, new MemoryStore());
  await session.models.load({ kind: "listed", id: "nano" });
  const scene = await makeScene({
    arrange: (layer) => {
      Object.assign(layer, { startTime: 1, inPoint: 1 + 4 / 24, outPoint: 1 + 18 / 24 });
      Object.assign(layer.source!, { width: 64, height: 36, duration: 20 / 24 });
      arrange(layer);
    },
  });
  const timeline = new HostTimeline(scene.host, session);
  const maskPaths = new MaskPaths(session, () => timeline.pathOrder);
  expect(await timeline.openSelection()).toBe(true);
  return { scene, session, timeline, maskPaths };
}

async function clickAndTrack({ session }: Panel): Promise<void> {
  await session.prompts.addPoint({ x: 20, y: 18, label: 1 });
  await session.track("forward");
}

async function writePath({ session, timeline, maskPaths }: Panel): Promise<void> {
  await maskPaths.trace();
  const written = await timeline.writePaths(maskPaths.document!);
  expect(session.state.notice.value).toBeNull();
  expect(written).toBe(true);
}

describe("a mask path", () => {
  it("can be asked of After Effects", async () => {
    const { timeline } = await open();
    expect(timeline.takesPaths).toBe(true);
    expect(timeline.description.value?.name).toBe("aftereffects");
  });

  it("of the panel comes to the layer with the keys that the panel has shown", async () => {
    const panel = await open();
    await clickAndTrack(panel);
    await writePath(panel);
    const shown = panel.maskPaths.document!;
    expect(shown.quality.visibleFrames).toBe(14);
    const [mask] = masksOf(panel.scene.layer);
    const keys = keysOf(mask!, "ADBE Mask Shape");
    expect(keys.map(({ time }) => Math.round((time - 1) * 24))).toEqual(
      shown.tracks[0]!.keys.map(({ frameIndex }) => frameIndex),
    );
    expect(panel.timeline.state.value).toMatchObject({ phase: "written", report: { notDone: [] } });
  });

  it("is as faithful or sparse as the panel says, and traced again only for another place", async () => {
    const panel = await open();
    await clickAndTrack(panel);
    panel.maskPaths.sparsity.value = 0;
    await writePath(panel);
    const tracker = panel.session.tracker as FakeTracker;
    const [request] = tracker.exports.slice(-1);
    expect(request?.paths?.tolerance).toBe(2.5);
    await writePath(panel);
    expect(tracker.exports).toHaveLength(1);
  });

  it("follows what a time-remapped layer shows, and says which frames of the clip those are", async () => {
    const panel = await open((layer) => {
      layer.timeRemapEnabled = true;
      (layer.property("ADBE Time Remapping") as unknown as { value: unknown }).value = (time: number) =>
        (17 / 24 - (time - 28 / 24)) / 2;
    });
    expect(panel.timeline.pathOrder).toEqual([8, 8, 7, 7, 6, 6, 5, 5, 4, 4, 3, 3, 2, 2]);
    const { inFrame, outFrame } = panel.session.state.document.value;
    expect([inFrame, outFrame]).toEqual([2, 8]);
    panel.session.goTo(2);
    await clickAndTrack(panel);
    // The fake's pictures are black, and what is steadied goes by pictures.
    const { document } = panel.session.state;
    document.value = { ...document.value, matte: neutralSettings() };
    panel.maskPaths.sparsity.value = 0;
    await writePath(panel);
    const { maskPaths } = panel;
    expect(maskPaths.document!.quality.visibleFrames).toBe(14);
    expect([maskPaths.numberOf(7), maskPaths.clipFrameOf(3)]).toEqual([2, 7]);
    const xs = keysOf(masksOf(panel.scene.layer)[0]!, "ADBE Mask Shape").map(({ value }) =>
      Math.max(...(value as { vertices: [number, number][] }).vertices.map(([x]) => x)),
    );
    // The disc moves to the right in the clip, and to the left on the layer.
    expect(xs[0]).toBeGreaterThan(xs.at(-1)! + 3);
  });

  it("does not begin without a mask, and says what to do", async () => {
    const { timeline, maskPaths, session } = await open();
    await maskPaths.trace();
    expect(maskPaths.document).toBeNull();
    expect(session.state.notice.value).toBeNull();
    const empty = { tracks: [] } as never;
    expect(await timeline.writePaths(empty)).toBe(false);
    expect(session.state.notice.value?.message).toBe("There is no mask to write.");
  });
});

describe("mattes", () => {
  it("are written beside the project and set as the layer's track matte", async () => {
    const panel = await open();
    panel.scene.script.app.project.sequence = { frames: 14, width: 64, height: 36, hasAlpha: false };
    await clickAndTrack(panel);
    expect(await panel.timeline.write("track-matte")).toBe(true);
    expect(panel.timeline.state.value).toMatchObject({ phase: "written", report: { notDone: [] } });
    expect(existsSync(join(panel.scene.folder, "Masklet"))).toBe(true);
    expect(panel.scene.layer.hasTrackMatte).toBe(true);
  });
});

describe("mattes as one movie", () => {
  /** The tracker as an engine with codecs is one: it puts the file there itself. */
  async function openWithMovies(arrange?: (layer: Layer) => void): Promise<Panel> {
    const panel = await open(arrange);
    panel.scene.script.app.project.sequence = { frames: 14, width: 64, height: 36, hasAlpha: true };
    const tracker = panel.session.tracker as FakeTracker;
    const pictures = tracker.exportMatte.bind(tracker);
    tracker.exportMatte = async (clip, request, onFile) => {
      if (request.folder === undefined) return pictures(clip, request, onFile);
      tracker.exports.push(request);
      mkdirSync(request.folder, { recursive: true });
      writeFileSync(join(request.folder, "matte.mov"), "a movie");
      return { ok: true, value: { files: 1 } };
    };
    const timeline = new HostTimeline(panel.scene.host, panel.session, () => true);
    await timeline.openSelection();
    timeline.asMovie.value = true;
    return { ...panel, timeline };
  }

  it("are written by the tracker where the layer's other mattes are, and set as any other", async () => {
    const panel = await openWithMovies();
    await clickAndTrack(panel);
    expect(await panel.timeline.write("track-matte")).toBe(true);
    expect(panel.timeline.state.value).toMatchObject({ phase: "written", report: { notDone: [] } });
    const [{ folder, ...request }] = (panel.session.tracker as FakeTracker).exports as [MatteRequest];
    expect(request).toMatchObject({ format: "prores4444", content: "matte", from: 4, to: 17 });
    expect(folder).toMatch(new RegExp(`^${panel.scene.folder}/Masklet/shot`));
    const matte = panel.scene.layer.trackMatteLayer!;
    const { mainSource } = matte.source as unknown as { mainSource: { conformFrameRate: number } };
    expect([matte.startTime, matte.outPoint, mainSource.conformFrameRate]).toEqual([
      1 + 4 / 24,
      1 + 18 / 24,
      24,
    ]);
  });

  it("are pictures after all where the timeline shows frames twice, or the tracker can't", async () => {
    const panel = await openWithMovies((layer) =>
      Object.assign(layer, { stretch: 200, outPoint: 1 + 18 / 24 }),
    );
    await clickAndTrack(panel);
    await panel.timeline.write("import-only");
    const plain = new HostTimeline(panel.scene.host, panel.session);
    plain.asMovie.value = true;
    expect([panel.timeline.canWriteMovies, plain.canWriteMovies]).toEqual([true, false]);
    await plain.openSelection();
    await clickAndTrack(panel);
    await plain.write("import-only");
    const { exports } = panel.session.tracker as FakeTracker;
    expect(exports.map(({ format }) => format)).toEqual(["png", "png"]);
  });
});

describe("layers whose frames After Effects renders", () => {
  it("are opened one frame after the other, from one temporary composition that is gone afterwards", async () => {
    const panel = await open((layer) => {
      layer.source = layer.containingComp.project.items.addComp("Inner", 64, 36, 1, 5, 24);
    });
    expect(panel.timeline.clip.value?.route).toBe("stills");
    expect([...panel.scene.script.app.undoSteps]).toEqual(["Masklet: frames", "Masklet: tidy up"]);
    expect(panel.session.state.notice.value?.message).toContain("source is a composition");
  });

  it("are taken where the file decodes lying and After Effects shows it upright", async () => {
    const panel = await open((layer) => Object.assign(layer.source!, { width: 36, height: 64 }));
    expect(panel.timeline.clip.value?.route).toBe("stills");
  });

  it("take the place of a file that can't be decoded, and no error is shown while they come", async () => {
    const panel = await open();
    const { session, timeline } = panel;
    const seen: string[] = [];
    const stop = effect(() => {
      const { opening, notice } = session.state;
      const { value } = timeline.state;
      if (value.phase === "reading" && value.doneFrames < value.totalFrames)
        seen.push(`${value.doneFrames} ${opening.value} ${notice.value?.tone}`);
    });
    (session.tracker as FakeTracker).failNext = { call: "openClip", error: NO_CODEC };
    expect(await timeline.openSelection()).toBe(true);
    stop();
    expect(seen).toEqual(
      Array.from({ length: 14 }, (_, n) => `${n} ${timeline.clip.value?.selection.name} undefined`),
    );
    expect(session.state.opening.value).toBeNull();
    expect(timeline.clip.value?.route).toBe("stills");
    expect(session.state.notice.value).toEqual({
      tone: "info",
      message: `${NO_CODEC.message} The host renders its frames instead, which is slower.`,
      remedy: "",
    });
  });

  it("say what is wrong with the file too where they don't come either, and the clip before stays", async () => {
    const panel = await open();
    const before = [panel.session.state.clip.value, panel.timeline.clip.value];
    panel.scene.script.traps.stills = "none";
    (panel.session.tracker as FakeTracker).failNext = { call: "openClip", error: NO_CODEC };
    expect(await panel.timeline.openSelection()).toBe(false);
    expect([panel.session.state.clip.value, panel.timeline.clip.value]).toEqual(before);
    expect(panel.session.state.opening.value).toBeNull();
    expect(panel.session.state.notice.value).toMatchObject({
      tone: "error",
      message: expect.stringMatching(/^No codec for it\. After Effects said .*no whole picture came/),
    });
  });

  it("are tidied up too where one of them doesn't come", async () => {
    const panel = await open();
    panel.scene.layer.source = panel.scene.layer.containingComp.project.items.addComp(
      "Inner",
      64,
      36,
      1,
      5,
      24,
    );
    panel.scene.script.traps.stills = "none";
    expect(await panel.timeline.openSelection()).toBe(false);
    expect(panel.session.state.notice.value?.message).toContain("no whole picture came");
    expect([...panel.scene.script.app.project.all].some(({ comment }) => comment !== "")).toBe(false);
  });

  it("of an image sequence are its files", async () => {
    const panel = await open((layer) => {
      const { project } = layer.containingComp;
      const folder = join(project.file!.parent.fsName, "plates");
      mkdirSync(folder);
      for (let n = 1; n <= 20; n++) writeFileSync(join(folder, `p${String(n).padStart(3, "0")}.png`), PNG);
      const footage = layer.source as unknown as { mainSource: { file: unknown } };
      const name = "p001.png";
      footage.mainSource.file = { fsName: join(folder, name), name, exists: true };
    });
    expect(panel.timeline.clip.value?.route).toBe("stills");
    expect(panel.scene.scripts.some((text) => text.includes("saveStill"))).toBe(false);
  });
});

const NO_CODEC: TrackerFailure = {
  code: "unsupported-codec",
  message: "No codec for it.",
  remedy: "Convert it.",
};

const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==",
  "base64",
);
