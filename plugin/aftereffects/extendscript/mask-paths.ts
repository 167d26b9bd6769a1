/** Runs in ExtendScript: Bézier masks with keyframes, prepared in pieces and written in one step. */
import type { CommitPaths, PathKey, Report, StagePathKeys } from "../calls.ts";
import { endsWith, hasKeys, setInterpolation, setMarkers, setOpacityKeys } from "./keys.ts";
import { findLayer } from "./layers.ts";
import { HostRefusal } from "./refusal.ts";
import { inOneUndoStep, unlocked } from "./undo.ts";

interface StagedPath {
  name: string;
  mode: StagePathKeys["mode"];
  opacity: StagePathKeys["opacity"];
  times: number[];
  shapes: Shape[];
  holds: boolean[];
}

/** Shapes that wait for their commit, by stage; the engine's globals last as long as After Effects runs. */
const stages: { [stage: string]: StagedPath[] } = {};

/**
 * Builds shapes without touching the project, so that the long part of the work can be cut into pieces
 * that leave the host responsive. Pieces of a path come in the order of their keys.
 */
export function stagePathKeys(piece: StagePathKeys): { stagedKeys: number; milliseconds: number } {
  const begun = new Date().getTime();
  if (!stages[piece.stage]) beginStage(piece.stage);
  const paths = stages[piece.stage] as StagedPath[];
  if (!paths[piece.path]) {
    paths[piece.path] = {
      name: piece.name,
      mode: piece.mode,
      opacity: piece.opacity,
      times: [],
      shapes: [],
      holds: [],
    };
  }
  const path = paths[piece.path] as StagedPath;
  for (let i = 0; i < piece.keys.length; i++) stageKey(path, piece.keys[i] as PathKey);
  return { stagedKeys: path.times.length, milliseconds: new Date().getTime() - begun };
}

/** A panel that was closed while it staged leaves nothing behind: there is one stage at a time. */
function beginStage(name: string): void {
  for (const other in stages) delete stages[other];
  stages[name] = [];
}

export function stagedKeys(argument: { stage: string }): { keys: number[] } {
  const paths = stages[argument.stage] || [];
  const keys: number[] = [];
  for (let i = 0; i < paths.length; i++) keys.push((paths[i] as StagedPath).times.length);
  return { keys: keys };
}

function stageKey(path: StagedPath, key: PathKey): void {
  path.times.push(key.time);
  path.shapes.push(shapeOf(key.vertices));
  path.holds.push(key.hold);
}

export function discardStage(argument: { stage: string }): null {
  delete stages[argument.stage];
  return null;
}

function shapeOf(numbers: number[]): Shape {
  const vertices: [number, number][] = [];
  const inTangents: [number, number][] = [];
  const outTangents: [number, number][] = [];
  for (let i = 0; i + 5 < numbers.length; i += 6) {
    vertices.push([numbers[i] as number, numbers[i + 1] as number]);
    inTangents.push([numbers[i + 2] as number, numbers[i + 3] as number]);
    outTangents.push([numbers[i + 4] as number, numbers[i + 5] as number]);
  }
  const shape = new Shape();
  shape.closed = true;
  shape.vertices = vertices;
  shape.inTangents = inTangents;
  shape.outTangents = outTangents;
  return shape;
}

/** Replaces what an earlier run made, in one undo step. The stage is gone afterwards. */
export function commitPaths(argument: CommitPaths): Report {
  const begun = new Date().getTime();
  const paths = stages[argument.stage];
  discardStage(argument);
  if (!paths) {
    throw new HostRefusal(
      "internal",
      "The mask's keyframes did not arrive in After Effects.",
      "Write the mask again.",
    );
  }
  const layer = findLayer(argument.layer);
  const report: Report = { done: [], notDone: [], milliseconds: 0 };
  inOneUndoStep(argument.undoLabel, () =>
    unlocked(layer, () => replaceMasks(layer, paths, argument, report)),
  );
  report.milliseconds = new Date().getTime() - begun;
  return report;
}

/** New ones first: where that fails, they go again and the earlier ones are still there. */
function replaceMasks(layer: AVLayer, paths: StagedPath[], argument: CommitPaths, report: Report): void {
  const before = masksOf(layer).numProperties;
  try {
    for (let i = 0; i < paths.length; i++) addMask(layer, paths[i] as StagedPath, argument.signature, report);
  } catch (error) {
    for (let i = masksOf(layer).numProperties; i > before; i--) masksOf(layer).property(i).remove();
    throw error;
  }
  const others = before - removeEarlier(layer, before, argument.signature);
  if (others > 0) report.notDone.push(otherMasks(layer, others));
  if (!setMarkers(layer, argument.markers, argument.signature)) report.notDone.push(missingMarkers());
}

/** Of the first `count` masks; from the last one, because indices move up. Returns how many went. */
function removeEarlier(layer: AVLayer, count: number, signature: string): number {
  let removed = 0;
  for (let i = count; i >= 1; i--) {
    const mask = masksOf(layer).property(i) as PropertyGroup;
    if (!endsWith(mask.name, signature)) continue;
    mask.remove();
    removed++;
  }
  return removed;
}

function otherMasks(layer: AVLayer, count: number): Report["notDone"][number] {
  return {
    what: "Other masks",
    why: layer.name + " has " + count + " more, and After Effects puts all masks together.",
    remedy: "Set the mode of those that should not count to None.",
  };
}

export function missingMarkers(): Report["notDone"][number] {
  return {
    what: "Markers",
    why: "After Effects did not keep all of the layer's markers.",
    remedy: "Look through the frames that the panel lists under Review.",
  };
}

function masksOf(layer: AVLayer): PropertyGroup {
  return layer.property("ADBE Mask Parade") as PropertyGroup;
}

/** [Note: fetched again] Adding to a group makes references into it invalid, so each is fetched by index. */
function addMask(layer: AVLayer, path: StagedPath, signature: string, report: Report): void {
  const index = (masksOf(layer).addProperty("ADBE Mask Atom") as PropertyGroup).propertyIndex;
  const fetch = () => masksOf(layer).property(index) as MaskPropertyGroup;
  const mode = path.mode === "subtract" ? MaskMode.SUBTRACT : MaskMode.ADD;
  fetch().name = path.name + " " + signature;
  fetch().maskMode = mode;
  const shape = fetch().property("ADBE Mask Shape") as Property;
  shape.setValuesAtTimes(path.times, path.shapes);
  if (hasKeys(shape, path.times)) setInterpolation(shape, path.holds);
  const opacity = setOpacityKeys(fetch().property("ADBE Mask Opacity") as Property, path.opacity);
  reportMask(shape, path, report);
  if (!opacity) report.notDone.push(missingOpacity(path.name));
  if (fetch().maskMode !== mode) report.notDone.push(wrongMode(path));
}

/** Says what reads back: a host that answers and writes nothing must not pass for one that wrote. */
function reportMask(shape: Property, path: StagedPath, report: Report): void {
  if (hasKeys(shape, path.times) && hasShapes(shape, path.shapes)) {
    const keyframes = shape.numKeys === 1 ? " keyframe" : " keyframes";
    report.done.push("Mask " + path.name + ": " + shape.numKeys + keyframes);
    return;
  }
  report.notDone.push({
    what: "Mask " + path.name,
    why:
      shape.numKeys === path.times.length
        ? "After Effects keeps other times or vertices than it was given."
        : "After Effects has " + shape.numKeys + " of its " + path.times.length + " keyframes.",
    remedy: "Undo once and write the mask again; if it stays so, write a track matte instead.",
  });
}

/** First and last key: what changes one of them changes all. */
function hasShapes(shape: Property, shapes: Shape[]): boolean {
  const ends = [0, shapes.length - 1];
  for (let i = 0; i < ends.length; i++) {
    const at = ends[i] as number;
    const [read, written] = [shape.keyValue(at + 1) as Shape, shapes[at] as Shape];
    if (!read || read.vertices.length !== written.vertices.length) return false;
    const [a, b] = [read.vertices[0] as [number, number], written.vertices[0] as [number, number]];
    if (Math.abs(a[0] - b[0]) > 0.01 || Math.abs(a[1] - b[1]) > 0.01) return false;
  }
  return true;
}

function missingOpacity(name: string): Report["notDone"][number] {
  return {
    what: "Mask Opacity of " + name,
    why: "After Effects did not keep the keyframes that switch it off while the object is hidden.",
    remedy: "Set Mask Opacity to 0 % where the object is hidden.",
  };
}

function wrongMode(path: StagedPath): Report["notDone"][number] {
  return {
    what: "Mode of " + path.name,
    why: "After Effects did not take it.",
    remedy: "Set the mask's mode to " + (path.mode === "subtract" ? "Subtract." : "Add."),
  };
}
