/** The ExtendScript bundle against a fake After Effects: what the project holds afterwards. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import type { LayerReference, PlaceMatte } from "../../plugin/aftereffects/calls.ts";
import { openScriptContext, type ScriptContext } from "../support/aftereffects/script-context.ts";

type Layer = InstanceType<ScriptContext["fake"]["FakeLayer"]>;
type Group = Layer["root"];
type Footage = InstanceType<ScriptContext["fake"]["FakeFootage"]>;

const HOLD = 6614;
const SQUARE = [0, 0, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0, 10, 10, 0, 0, 0, 0, 0, 10, 0, 0, 1, 2];

let host: ScriptContext;
let layer: Layer;
let reference: LayerReference;

async function openShot(version?: string): Promise<void> {
  host = await openScriptContext(version);
  const comp = host.app.project.items.addComp("Shot 12", 640, 360, 1, 5, 24);
  const footage = new host.fake.FakeFootage(host.app.project, "/footage/shot.mov");
  layer = comp.layers.add(footage);
  comp.selectedLayers = [layer];
  host.app.project.activeItem = comp;
  reference = { compId: comp.id, layerId: layer.id };
}

beforeEach(() => openShot());

function masks(): Group[] {
  // The context's arrays have no ES5 methods, as ExtendScript's have none.
  return [...(layer.property("ADBE Mask Parade") as Group).members] as Group[];
}

function keysOf(group: Group, name: string) {
  return [
    ...(
      group.property(name) as InstanceType<
        typeof import("../support/aftereffects/fake-properties.ts").FakeProperty
      >
    ).keys,
  ];
}

function stage(
  name: string,
  times: number[],
  options: { mode?: "add" | "subtract"; path?: number } = {},
): void {
  host.done("stagePathKeys", {
    stage: "s1",
    path: options.path ?? 0,
    name,
    mode: options.mode ?? "add",
    opacity: [
      { time: 0, value: 100, hold: true },
      { time: 1, value: 0, hold: true },
    ],
    keys: times.map((time, index) => ({ time, vertices: SQUARE, hold: index === 1 })),
  });
}

function commit() {
  return host.call("commitPaths", {
    stage: "s1",
    layer: reference,
    signature: "[mk-1]",
    undoLabel: "Masklet: car",
    markers: [{ time: 0.5, duration: 0.25, comment: "look here" }],
  });
}

describe("reading the layer", () => {
  it("says file, timing and interpretation of the one selected layer", () => {
    layer.startTime = 1.5;
    layer.stretch = -50;
    const facts = host.done("readLayer", null);
    expect(facts).toMatchObject({
      file: "/footage/shot.mov",
      startTime: 1.5,
      stretch: -50,
      sourceRate: 24,
      remapped: false,
    });
    expect(facts.comp).toMatchObject({ rate: 24, width: 640 });
  });

  it("takes the conformed rate over the file's own", () => {
    (layer.source as InstanceType<ScriptContext["fake"]["FakeFootage"]>).mainSource.conformFrameRate = 23.976;
    expect(host.done("readLayer", null).sourceRate).toBe(23.976);
  });

  it("samples time remapping at the start of comp frames, never before it", () => {
    layer.timeRemapEnabled = true;
    (layer.property("ADBE Time Remapping") as unknown as { value: unknown }).value = (time: number) =>
      time * 2;
    expect(host.done("readLayer", null).remapped).toBe(true);
    const { times } = host.done("sampleRemap", { layer: reference, first: 3, count: 3 });
    expect(times.map((time) => (time * 12).toFixed(3))).toEqual(["3.000", "4.000", "5.000"]);
    expect(times.every((time, n) => time >= (2 * (3 + n)) / 24)).toBe(true);
  });

  it("says what to select when nothing is selected, and when no comp is open", () => {
    layer.containingComp.selectedLayers = [];
    expect(host.call("readLayer", null)).toMatchObject({
      ok: false,
      error: { code: "no-selection", message: expect.stringContaining("0 selected") },
    });
    host.app.project.activeItem = null;
    expect(host.call("readLayer", null)).toMatchObject({
      ok: false,
      error: { message: "No composition is open in front." },
    });
  });

  it.each(["marked as missing", "gone from the disk", "a placeholder"])(
    "refuses footage that is %s, because colour bars must not be tracked",
    (how) => {
      const footage = layer.source as Footage;
      if (how === "marked as missing") footage.footageMissing = true;
      if (how === "gone from the disk")
        footage.mainSource = new host.fake.FakeFileSource("/footage/shot.mov", false);
      if (how === "a placeholder") footage.mainSource = new host.fake.FakePlaceholderSource();
      expect(host.call("readLayer", null)).toMatchObject({
        ok: false,
        error: { code: "offline-media", remedy: expect.stringContaining("Find Missing Footage") },
      });
    },
  );

  it("refuses layers without frames of their own, by name", () => {
    Object.assign(layer, { name: "Null 1", nullLayer: true });
    expect(host.call("readLayer", null)).toMatchObject({
      ok: false,
      error: { code: "no-selection", message: expect.stringContaining('"Null 1"') },
    });
    Object.assign(layer, { name: "Titles", nullLayer: false, source: null });
    expect(host.call("readLayer", null)).toMatchObject({
      ok: false,
      error: { message: expect.stringContaining('"Titles"') },
    });
  });

  it("gives no file where its frames aren't the ones that After Effects shows", () => {
    const { mainSource } = layer.source as Footage;
    mainSource.removePulldown = 5814;
    expect(host.done("readLayer", null)).toMatchObject({
      file: null,
      fileProblem: expect.stringContaining("Pulldown"),
    });
    Object.assign(mainSource, { removePulldown: 5813, fieldSeparationType: 5612 });
    expect(host.done("readLayer", null)).toMatchObject({ fileProblem: expect.stringContaining("fields") });
    (layer.source as Footage).mainSource = new host.fake.FakeSolidSource();
    expect(host.done("readLayer", null)).toMatchObject({ fileProblem: expect.stringContaining("no file") });
    layer.source = layer.containingComp;
    expect(host.done("readLayer", null)).toMatchObject({
      fileProblem: expect.stringContaining("composition"),
    });
  });

  it("knows an image sequence from a still and from a movie, and one pass of what is looped", () => {
    const footage = layer.source as Footage;
    expect(host.done("readLayer", null)).toMatchObject({ sequence: false, still: false });
    footage.mainSource = new host.fake.FakeFileSource("/footage/shot.0001.exr");
    expect(host.done("readLayer", null)).toMatchObject({ sequence: true, still: false });
    footage.mainSource.isStill = true;
    expect(host.done("readLayer", null)).toMatchObject({ sequence: false, still: true, sourceDuration: 0 });
    Object.assign(footage.mainSource, { isStill: false, loop: 2 });
    expect(host.done("readLayer", null)).toMatchObject({ loops: 2, sourceDuration: 2.5 });
  });

  it.each([
    [false, 5412, "none"],
    [true, 5412, "straight"],
    [true, 5414, "premultiplied"],
    [true, 5413, "ignored"],
  ])("says how alpha is interpreted: has it %s, mode %i is %s", (hasAlpha, alphaMode, alpha) => {
    Object.assign((layer.source as Footage).mainSource, { hasAlpha, alphaMode });
    expect(host.done("readLayer", null).alpha).toBe(alpha);
  });
});

describe("writing mask paths", () => {
  it("makes one mask per path with its keys, holds and opacity, in one undo step", () => {
    stage("car", [0, 0.5, 1]);
    stage("car hole", [0, 1], { mode: "subtract", path: 1 });
    expect(masks()).toHaveLength(0);
    expect(commit()).toMatchObject({ ok: true, value: { notDone: [] } });

    expect(masks().map(({ name, maskMode }) => ({ name, maskMode }))).toEqual([
      { name: "car [mk-1]", maskMode: 6813 },
      { name: "car hole [mk-1]", maskMode: 6814 },
    ]);
    const shape = keysOf(masks()[0]!, "ADBE Mask Shape");
    expect(shape.map(({ time, out }) => ({ time, hold: out === HOLD }))).toEqual([
      { time: 0, hold: false },
      { time: 0.5, hold: true },
      { time: 1, hold: false },
    ]);
    expect(shape[0]!.value).toMatchObject({
      closed: true,
      vertices: [
        [0, 0],
        [10, 0],
        [10, 10],
        [0, 10],
      ],
      outTangents: [
        [0, 0],
        [0, 0],
        [0, 0],
        [1, 2],
      ],
    });
    expect(
      keysOf(masks()[0]!, "ADBE Mask Opacity").map(({ time, value, out }) => [time, value, out]),
    ).toEqual([
      [0, 100, HOLD],
      [1, 0, HOLD],
    ]);
    expect(host.app.undoSteps).toEqual(["Masklet: car"]);
    expect(host.app.openGroups).toEqual([]);
  });

  it("joins keys that come in several pieces", () => {
    stage("car", [0, 0.5]);
    stage("car", [1, 1.5]);
    commit();
    expect(keysOf(masks()[0]!, "ADBE Mask Shape").map(({ time }) => time)).toEqual([0, 0.5, 1, 1.5]);
  });

  it("replaces its own masks and markers and leaves a person's alone", () => {
    const own = (layer.property("ADBE Mask Parade") as Group).addProperty("ADBE Mask Atom");
    own.name = "Mask 1";
    for (const times of [
      [0, 1],
      [0, 1, 2],
    ]) {
      stage("car", times);
      commit();
    }
    expect(masks().map(({ name }) => name)).toEqual(["Mask 1", "car [mk-1]"]);
    expect(keysOf(masks()[1]!, "ADBE Mask Shape")).toHaveLength(3);
    expect(keysOf(layer.root, "ADBE Marker")).toHaveLength(1);
  });

  it("works where adding a mask makes earlier references invalid", () => {
    host.traps.referencesDieOnAdd = true;
    stage("car", [0, 1]);
    stage("car hole", [0, 1], { path: 1, mode: "subtract" });
    expect(commit()).toMatchObject({ ok: true, value: { notDone: [] } });
    expect(masks()).toHaveLength(2);
  });

  it("writes on a locked layer and locks it again", () => {
    layer.locked = true;
    stage("car", [0, 1]);
    expect(commit()).toMatchObject({ ok: true });
    expect(layer.locked).toBe(true);
  });

  it("says so when After Effects takes keyframes and keeps none", () => {
    host.traps.propertyIgnoresKeys = "ADBE Mask Shape";
    stage("car", [0, 1]);
    expect(commit()).toMatchObject({
      ok: true,
      value: { done: [], notDone: [{ what: "Mask car", why: expect.stringContaining("0 of its 2") }] },
    });
  });

  it("closes the undo group and forgets the stage when the host throws", () => {
    host.traps.addMaskThrows = true;
    stage("car", [0, 1]);
    expect(commit()).toMatchObject({
      ok: false,
      error: { message: expect.stringContaining("A modal dialog is open") },
    });
    expect(masks()).toHaveLength(0);
    expect(host.app.openGroups).toEqual([]);
    host.traps.addMaskThrows = false;
    expect(commit()).toMatchObject({
      ok: false,
      error: { message: expect.stringContaining("did not arrive") },
    });
  });

  it("says that the layer is gone when it was removed meanwhile", () => {
    stage("car", [0, 1]);
    layer.source?.remove();
    expect(commit()).toMatchObject({
      ok: false,
      error: { code: "no-selection", message: "The layer that was tracked is gone." },
    });
  });
});

describe("placing a matte", () => {
  let file: string;

  beforeEach(() => {
    file = join(mkdtempSync(join(tmpdir(), "masklet-matte-")), "car_00000.png");
    writeFileSync(file, "png");
  });

  const corner = (one: Layer) => [...one.sourcePointToComp([one.width, one.height])];

  const place = (use: PlaceMatte["use"], path = file) =>
    host.call("placeMatte", { ...argument(use), file: path });

  function argument(use: PlaceMatte["use"]): PlaceMatte {
    return {
      layer: reference,
      file,
      sequence: true,
      frameCount: 60,
      rate: 24,
      name: "car",
      use,
      start: 0.5,
      end: 3,
      signature: "[mk-1]",
      undoLabel: "Masklet: car",
      opacity: [{ time: 0.5, value: 100, hold: true }],
      markers: [],
    };
  }

  it("lays the matte directly above, parented, and sets it as luma matte", () => {
    expect(place("luma")).toMatchObject({ ok: true, value: { notDone: [] } });
    const [matte, below] = layer.containingComp.stack;
    expect(below).toBe(layer);
    expect(matte).toMatchObject({ name: "car [mk-1]", startTime: 0.5, parent: layer });
    expect(layer).toMatchObject({ trackMatteType: 5015, trackMatteLayer: matte });
    expect(host.app.undoSteps).toEqual(["Masklet: car"]);
  });

  it("gives the matte the shape of the layer's pixels, so that both are one size", () => {
    Object.assign(layer.source as Footage, { width: 720, height: 480, pixelAspect: 10 / 11 });
    host.app.project.sequence = { frames: 60, width: 655, height: 480, hasAlpha: false };
    expect(place("luma")).toMatchObject({ ok: true, value: { notDone: [] } });
    const matte = layer.containingComp.stack[0]!;
    expect(matte.source?.pixelAspect).toBe(1);
    expect(corner(matte)[0]).toBeCloseTo(corner(layer)[0]!, 0);
    expect(corner(matte)[1]).toBeCloseTo(corner(layer)[1]!, 0);
  });

  it("scales a matte that was written at another size", () => {
    host.app.project.sequence = { frames: 60, width: 320, height: 180, hasAlpha: false };
    expect(place("luma")).toMatchObject({ ok: true, value: { notDone: [] } });
    expect(corner(layer.containingComp.stack[0]!)).toEqual(corner(layer));
  });

  it("interprets a cut-out's alpha as straight and ignores a matte's", () => {
    host.app.project.sequence.hasAlpha = true;
    place("cut-out");
    expect((layer.containingComp.stack[0]!.source as Footage).mainSource.alphaMode).toBe(5412);
    place("luma");
    expect((layer.containingComp.stack[0]!.source as Footage).mainSource.alphaMode).toBe(5413);
  });

  it("stretches a matte whose rate After Effects can't conform", () => {
    host.call("placeMatte", { ...argument("luma"), rate: 120 });
    const matte = layer.containingComp.stack[0]!;
    expect((matte.source as Footage).mainSource.conformFrameRate).toBe(99);
    expect(matte.stretch).toBeCloseTo((100 * 99) / 120, 9);
  });

  it("uses the older property before After Effects 23", async () => {
    await openShot("22.6");
    expect(place("luma")).toMatchObject({ ok: true, value: { notDone: [] } });
    expect(layer).toMatchObject({ trackMatteType: 5015, trackMatteLayer: null });
  });

  it("replaces its own matte on a second run", () => {
    place("luma");
    place("luma");
    expect(layer.containingComp.stack).toHaveLength(2);
    expect([...host.app.project.all].filter(({ name }) => name === "car [mk-1]")).toHaveLength(1);
  });

  it("says which pop-up to set when After Effects ignores the track matte", () => {
    host.traps.trackMatteIgnored = true;
    expect(place("luma")).toMatchObject({
      ok: true,
      value: { notDone: [{ what: "Track matte", remedy: expect.stringContaining("set Track Matte of") }] },
    });
  });

  it("switches the layer off under a cut-out, and touches no layer when only importing", () => {
    place("cut-out");
    expect(layer.enabled).toBe(false);
    layer.enabled = true;
    place("import-only");
    expect(layer.enabled).toBe(true);
    expect(layer.containingComp.stack).toEqual([layer]);
  });

  it("says that the matte is missing before it changes anything", () => {
    place("luma");
    expect(place("luma", `${file}.gone`)).toMatchObject({ ok: false, error: { code: "offline-media" } });
    expect(layer.trackMatteLayer).not.toBeNull();
  });
});

describe("what isn't ours", () => {
  let file: string;

  beforeEach(() => {
    file = join(mkdtempSync(join(tmpdir(), "masklet-matte-")), "car_00000.png");
    writeFileSync(file, "png");
  });

  const place = (use: PlaceMatte["use"], onto = reference) =>
    host.call("placeMatte", {
      layer: onto,
      file,
      sequence: true,
      frameCount: 60,
      rate: 24,
      name: "car",
      use,
      start: 0,
      end: 2.5,
      signature: "[mk-1]",
      undoLabel: "Masklet: car",
      opacity: [],
      markers: [],
    });
  const names = (comp = layer.containingComp) => [...comp.stack].map(({ name }) => name);

  it("stays: the matte of another layer with the same name, and footage that another comp uses", () => {
    const comp = layer.containingComp;
    const twin = comp.layers.add(layer.source!);
    place("luma");
    place("luma", { compId: comp.id, layerId: twin.id });
    place("luma", { compId: comp.id, layerId: twin.id });
    expect(names()).toEqual(["car [mk-1]", "shot.mov", "car [mk-1]", "shot.mov"]);
    expect(layer.trackMatteLayer).toBe(comp.stack[2]);
    const elsewhere = host.app.project.items.addComp("Elsewhere", 640, 360, 1, 5, 24);
    elsewhere.layers.add(comp.stack[2]!.source!);
    place("luma");
    expect(names(elsewhere)).toEqual(["car [mk-1]"]);
  });

  it("is refused before anything changes: a layer with a person's own track matte", () => {
    const own = layer.containingComp.layers.add(
      new host.fake.FakeFootage(host.app.project, "/own matte.png"),
    );
    layer.setTrackMatte(own, 5013);
    expect(place("luma")).toMatchObject({
      ok: false,
      error: { code: "refused", remedy: expect.stringContaining("Pre-compose") },
    });
    expect(layer).toMatchObject({ trackMatteType: 5013, trackMatteLayer: own });
    expect(host.app.undoSteps).toEqual([]);
    expect(place("cut-out")).toMatchObject({ ok: true });
    expect(layer).toMatchObject({ trackMatteType: 5013, trackMatteLayer: own });
  });

  it("comes back: a layer that a cut-out had switched off, once a track matte takes its place", () => {
    place("cut-out");
    place("cut-out");
    expect(layer.enabled).toBe(false);
    place("luma");
    expect(layer.enabled).toBe(true);
    expect(names()).toEqual(["car [mk-1]", "shot.mov"]);
  });

  it("stays off: a layer that a person had switched off before a track matte", () => {
    layer.enabled = false;
    place("luma");
    expect(layer.enabled).toBe(false);
  });

  it("stays: a person's marker where one of ours belongs, which comes a frame later", () => {
    const markers = layer.property("ADBE Marker") as unknown as {
      setValueAtTime(time: number, value: unknown): void;
    };
    markers.setValueAtTime(0.5, { comment: "cue", duration: 0 });
    stage("car", [0, 1]);
    commit();
    const kept = keysOf(layer.root, "ADBE Marker").map(({ time, value }) => [
      Number(time.toFixed(4)),
      (value as { comment: string }).comment,
    ]);
    expect(kept).toEqual([
      [0.5, "cue"],
      [0.5417, "look here [mk-1]"],
    ]);
  });

  it("is told: other masks of a person's, which add up with ours", () => {
    (layer.property("ADBE Mask Parade") as Group).addProperty("ADBE Mask Atom").name = "Mask 1";
    stage("car", [0, 1]);
    expect(commit()).toMatchObject({ ok: true, value: { notDone: [{ what: "Other masks" }] } });
  });
});

describe("frames and messages", () => {
  it("renders stills from one temporary comp of the source's size and removes it", () => {
    host.done("saveStill", { layer: reference, maxWidth: 1024, time: 0.5, file: "/tmp/a.png" });
    host.done("saveStill", { layer: reference, maxWidth: 1024, time: 1, file: "/tmp/b.png" });
    const comps = [...host.app.project.all].filter(({ name }) => name.includes("temporary"));
    expect(comps).toHaveLength(1);
    expect(comps[0]).toMatchObject({ width: 640, height: 360, savedStills: [{ time: 0.5 }, { time: 1 }] });
    host.done("removeStills", null);
    expect([...host.app.project.all].some(({ name }) => name.includes("temporary"))).toBe(false);
  });

  it("renders a wide source no wider than asked for, filling the frame", () => {
    Object.assign(layer.source!, { width: 4096, height: 2304 });
    host.done("saveStill", { layer: reference, maxWidth: 1024, time: 0, file: "/tmp/a.png" });
    const comp = [...host.app.project.all].find(({ name }) => name.includes("temporary"));
    expect(comp).toMatchObject({ width: 1024, height: 576 });
    const [first] = (comp as Layer["containingComp"]).stack;
    expect([...first!.sourcePointToComp([4096, 2304])]).toEqual([1024, 576]);
  });

  it("takes text of any script and any length without a JSON object", () => {
    const text = `"quoted" \\ \n\u2028 日本 😀 ${"x".repeat(200_000)}`;
    expect(host.done("probe", { text })).toEqual({ length: text.length });
    layer.name = 'Ägypten "2"\n';
    expect(host.done("readLayer", null).name).toBe('Ägypten "2"\n');
  });

  it("refuses an unknown step by name", () => {
    expect(host.call("format" as never, null as never)).toMatchObject({
      ok: false,
      error: { message: expect.stringContaining("format") },
    });
  });
});
