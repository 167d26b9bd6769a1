/** Test support, in Node: a project with a tracked layer, the page's host over it, plans for it, and what it holds. */
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode } from "fast-png";
import { expect } from "vitest";
import { AfterEffectsHost } from "../../../plugin/aftereffects/after-effects-host.ts";
import { type NodeFiles, ScriptCalls } from "../../../plugin/aftereffects/cep.ts";
import type { EditPlan, MaskPath, MatteImport } from "../../../plugin/edit-plan.ts";
import type { HostOutcome } from "../../../plugin/protocol.ts";
import { frameToTicks } from "../../../plugin/timecode.ts";
import type { Traps } from "./fake-traps.ts";
import { node17Files } from "./node-17.ts";
import { openScriptContext, type ScriptContext } from "./script-context.ts";

type Fake = ScriptContext["fake"];
export type Layer = InstanceType<Fake["FakeLayer"]>;
export type Group = Layer["root"];

const RATE = { numerator: 24, denominator: 1 };

const ticks = (frame: number): string => frameToTicks(frame, RATE).toString();

const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==",
  "base64",
);

export interface Scene {
  script: ScriptContext;
  host: AfterEffectsHost;
  layer: Layer;
  folder: string;
  clipId: string;
  /** Scripts that the page had evaluated. */
  scripts: string[];
}

interface Wishes {
  traps?: Partial<Traps>;
  version?: string;
  /** Before the layer is read. */
  arrange?: (layer: Layer) => void;
}

/** A layer of five seconds at 24 frames a second, trimmed to 1.5 .. 4 seconds of its comp, and read. */
export async function makeScene({ traps = {}, version, arrange }: Wishes = {}): Promise<Scene> {
  const script = await openScriptContext(version);
  Object.assign(script.traps, traps);
  const folder = mkdtempSync(join(tmpdir(), "masklet-ae-scene-"));
  writeFileSync(join(folder, "shot.mov"), "0123456789");
  const { project } = script.app;
  project.file = { parent: { fsName: folder } };
  project.brightness = brightnessOf;
  project.renderStill = (path) => renderStill(path, script.traps.stills);
  const comp = project.items.addComp("Shot 12", 640, 360, 1, 5, 24);
  const layer = comp.layers.add(new script.fake.FakeFootage(project, join(folder, "shot.mov")));
  Object.assign(layer, { startTime: 1, inPoint: 1.5, outPoint: 4 });
  comp.selectedLayers = [layer];
  project.activeItem = comp;
  arrange?.(layer);
  const scripts: string[] = [];
  const host = openHost(script, folder, scripts);
  const { clipId } = answerOf(await host.readSelection());
  return { script, host, layer, folder, clipId, scripts };
}

function openHost(script: ScriptContext, folder: string, scripts: string[]): AfterEffectsHost {
  const cep = {
    getSystemPath: () => folder,
    evalScript: (text: string, callback: (result: string) => void) => {
      scripts.push(text);
      setImmediate(() => callback(String(script.evaluate(text))));
    },
  };
  const files = node17Files as unknown as NodeFiles;
  const calls = new ScriptCalls(cep, files, folder, 2_000);
  return new AfterEffectsHost({ calls, files, dataFolder: folder, pollMilliseconds: 2, pollCount: 20 });
}

/** Of the numbered picture that is really there. */
function brightnessOf(first: string, frame: number, across: number): number {
  const digits = /(\d+)\.png$/.exec(first)?.[1] ?? "";
  const path = `${first.slice(0, -digits.length - 4)}${String(frame).padStart(digits.length, "0")}.png`;
  const { width, data } = decode(readFileSync(path));
  return data[Math.floor(across * width)]! / 255;
}

function renderStill(path: string, how: Traps["stills"]): void {
  if (how !== "none") writeFileSync(path, how === "whole" ? PNG : PNG.subarray(0, 40));
  if (how === "late") setTimeout(() => writeFileSync(path, PNG), 8);
}

export function answerOf<T>(outcome: HostOutcome<T>): T {
  if (!outcome.ok) throw new Error(outcome.error.message);
  return outcome.value;
}

// ---------------------------------------------------------------- plans

/** The object is hidden on frames 20 to 29. */
const OPACITY = [
  { time: ticks(0), value: 100, interpolation: "hold" as const },
  { time: ticks(20), value: 0, interpolation: "hold" as const },
  { time: ticks(30), value: 100, interpolation: "hold" as const },
];

function planOf(clipId: string, write: EditPlan["write"], markers: EditPlan["markers"] = MARKERS): EditPlan {
  return { label: "Masklet: car", clipId, signature: "mk-1", write, markers };
}

const MARKERS = [{ time: ticks(40), duration: ticks(2), name: "check car", comment: "jumps" }];

/** A part and a hole in it, both with keys on every second frame. */
export function maskPlan(clipId: string, keys = 12): EditPlan {
  const vertex = (x: number, y: number) => ({ x, y, inX: 0, inY: 0, outX: 0, outY: 0 });
  const path = (name: string, mode: MaskPath["mode"]): MaskPath => ({
    name,
    mode,
    keyframes: Array.from({ length: keys }, (_, n) => ({
      time: ticks(2 * n),
      value: [vertex(1.23456 + n, 2), vertex(9, 2), vertex(9, 9)],
      interpolation: "linear" as const,
    })),
    opacity: OPACITY,
  });
  return planOf(clipId, { kind: "mask-paths", paths: [path("car", "add"), path("car hole", "subtract")] });
}

/** `run` names the file, as each run writes to a folder of its own. */
export function mattePlan(
  { clipId, folder }: Scene,
  kind: "track-matte" | "cut-out" | "import-only",
  run = "run 1",
  changes: Partial<MatteImport> = {},
): EditPlan {
  const firstFile = join(folder, changes.kind === "movie" ? `${run}.mov` : `${run} 00000.png`);
  writeFileSync(firstFile, PNG);
  const matte: MatteImport = {
    kind: "stills",
    firstFile,
    frameCount: 60,
    width: 640,
    height: 360,
    fitToFrame: false,
    name: "shot - car",
    rate: RATE,
    start: ticks(36),
    end: ticks(96),
    ...changes,
  };
  if (kind === "import-only") return planOf(clipId, { kind, matte });
  return planOf(
    clipId,
    kind === "cut-out" ? { kind, picture: matte, opacity: OPACITY } : { kind, matte, opacity: OPACITY },
  );
}

// ---------------------------------------------------------------- what the project holds

/** Every undo group that was opened is closed, and none that isn't ours. */
export function expectOwnGroupsClosed({ script: { app, fake } }: Scene): void {
  expect([...app.openGroups].filter((label) => label !== fake.ANOTHERS_GROUP)).toEqual([]);
  expect([...app.undoSteps]).not.toContain(fake.ANOTHERS_GROUP);
}

/** Everything that a person would see changed, in plain values. */
export function describeProject({ script }: Scene): unknown {
  return [...script.app.project.all].map((item) => ({
    name: item.name,
    source: item instanceof script.fake.FakeFootage ? describeFootage(item) : null,
    layers: item instanceof script.fake.FakeComp ? [...item.stack].map(describeLayer) : null,
  }));
}

/** Its rate counts where no layer makes up for it. */
function describeFootage(footage: InstanceType<Fake["FakeFootage"]>): unknown {
  const { mainSource, pixelAspect } = footage;
  const rate = footage.usedIn.length === 0 ? rateOf(mainSource) : null;
  return { rate, isStill: mainSource.isStill, pixelAspect: Number(pixelAspect.toFixed(4)) };
}

const rateOf = ({
  conformFrameRate,
  nativeFrameRate,
}: {
  conformFrameRate: number;
  nativeFrameRate: number;
}) => conformFrameRate || nativeFrameRate;

/** Comp seconds that a frame of the layer's footage lasts. */
function frameSeconds({ source, stretch }: Layer): number {
  const { mainSource } = source as Partial<InstanceType<Fake["FakeFootage"]>>;
  const rate = mainSource ? rateOf(mainSource) : (source?.frameRate ?? 0);
  return Number((stretch / 100 / rate).toFixed(6));
}

function describeLayer(layer: Layer): unknown {
  const transform = layer.property("ADBE Transform Group") as Group;
  return {
    ...pick(layer, ["name", "comment", "startTime", "inPoint", "outPoint", "locked", "enabled"]),
    frameSeconds: frameSeconds(layer),
    parent: layer.parent?.name ?? null,
    matte: layer.hasTrackMatte ? [layer.trackMatteType, layer.trackMatteLayer?.name ?? "above"] : null,
    corners: [layer.sourcePointToComp([0, 0]), layer.sourcePointToComp([layer.width, layer.height])].map(
      (corner) => [...corner].map((value) => Number(value.toFixed(3))),
    ),
    opacity: keysOf(transform, "ADBE Opacity"),
    markers: keysOf(layer.root, "ADBE Marker").map(({ time, value }) => ({ time, value })),
    masks: masksOf(layer).map((mask) => ({
      name: mask.name,
      mode: mask.maskMode,
      shape: keysOf(mask, "ADBE Mask Shape"),
      opacity: keysOf(mask, "ADBE Mask Opacity"),
    })),
  };
}

function pick<T, Key extends keyof T>(value: T, keys: Key[]): Pick<T, Key> {
  return Object.fromEntries(keys.map((key) => [key, value[key]])) as Pick<T, Key>;
}

/** The context's arrays have no ES5 methods, as ExtendScript's have none. */
export function masksOf(layer: Layer): Group[] {
  return [...(layer.property("ADBE Mask Parade") as Group).members] as Group[];
}

export function keysOf(group: Group, name: string): { time: number; value: unknown; out: number }[] {
  const property = group.property(name) as unknown as {
    keys: { time: number; value: unknown; out: number }[];
  };
  // As plain values of this realm.
  return JSON.parse(JSON.stringify([...property.keys]));
}
