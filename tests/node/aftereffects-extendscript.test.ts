/** The ExtendScript bundle against a fake After Effects: what the project holds afterwards. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import type { LayerReference } from "../../plugin/aftereffects/calls.ts";
import { openScriptContext, type ScriptContext } from "../support/aftereffects/script-context.ts";

type Layer = InstanceType<ScriptContext["fake"]["FakeLayer"]>;
type Group = Layer["root"];

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
      remap: null,
    });
    expect(facts.comp).toMatchObject({ rate: 24, width: 640 });
  });

  it("takes the conformed rate over the file's own", () => {
    (layer.source as InstanceType<ScriptContext["fake"]["FakeFootage"]>).mainSource.conformFrameRate = 23.976;
    expect(host.done("readLayer", null).sourceRate).toBe(23.976);
  });

  it("samples time remapping in the middle of every comp frame", () => {
    layer.timeRemapEnabled = true;
    layer.outPoint = 0.125;
    (layer.property("ADBE Time Remapping") as unknown as { value: unknown }).value = (time: number) =>
      time * 2;
    const remap = host.done("readLayer", null).remap!;
    expect(remap.map((time) => time.toFixed(6))).toEqual(["0.041667", "0.125000", "0.208333"]);
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

  it("says why missing footage has no file", () => {
    (layer.source as InstanceType<ScriptContext["fake"]["FakeFootage"]>).footageMissing = true;
    expect(host.done("readLayer", null)).toMatchObject({
      file: null,
      fileProblem: "The layer's footage is missing.",
    });
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
    expect(host.app.openGroups).toEqual([]);
    host.traps.addMaskThrows = false;
    expect(commit()).toMatchObject({
      ok: false,
      error: { message: expect.stringContaining("did not arrive") },
    });
  });

  it("says that the layer is gone when it was removed meanwhile", () => {
    stage("car", [0, 1]);
    layer.source.remove();
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

  const place = (use: "luma" | "cut-out" | "import-only", path = file) =>
    host.call("placeMatte", {
      layer: reference,
      file: path,
      sequence: true,
      rate: 24,
      name: "car",
      use,
      start: 0.5,
      signature: "[mk-1]",
      undoLabel: "Masklet: car",
      opacity: [{ time: 0.5, value: 100, hold: true }],
      markers: [],
    });

  it("lays the matte directly above, parented, and sets it as luma matte", () => {
    expect(place("luma")).toMatchObject({ ok: true, value: { notDone: [] } });
    const [matte, below] = layer.containingComp.stack;
    expect(below).toBe(layer);
    expect(matte).toMatchObject({ name: "car [mk-1]", startTime: 0.5, parent: layer });
    expect(layer).toMatchObject({ trackMatteType: 5015, trackMatteLayer: matte });
    expect(host.app.undoSteps).toEqual(["Masklet: car"]);
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

describe("frames and messages", () => {
  it("renders stills from one temporary comp of the source's size and removes it", () => {
    host.done("saveStill", { layer: reference, time: 0.5, file: "/tmp/a.png" });
    host.done("saveStill", { layer: reference, time: 1, file: "/tmp/b.png" });
    const comps = [...host.app.project.all].filter(({ name }) => name.includes("temporary"));
    expect(comps).toHaveLength(1);
    expect(comps[0]).toMatchObject({ width: 640, height: 360, savedStills: [{ time: 0.5 }, { time: 1 }] });
    host.done("removeStills", null);
    expect([...host.app.project.all].some(({ name }) => name.includes("temporary"))).toBe(false);
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
