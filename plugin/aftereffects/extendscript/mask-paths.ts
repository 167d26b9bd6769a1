/** Runs in ExtendScript: Bézier masks with keyframes, prepared in pieces and written in one step. */
import type { CommitPaths, PathKey, Report, StagePathKeys } from "../calls.ts";
import { endsWith, holdFrom, setMarkers, setOpacityKeys } from "./keys.ts";
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
  if (!stages[piece.stage]) stages[piece.stage] = [];
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
  if (!paths) {
    throw new HostRefusal(
      "internal",
      "The mask's keyframes did not arrive in After Effects.",
      "Write the mask again.",
    );
  }
  const layer = findLayer(argument.layer);
  const report: Report = { done: [], notDone: [], milliseconds: 0 };
  try {
    inOneUndoStep(argument.undoLabel, () =>
      unlocked(layer, () => {
        removeMasks(layer, argument.signature);
        for (let i = 0; i < paths.length; i++)
          addMask(layer, paths[i] as StagedPath, argument.signature, report);
        setMarkers(layer, argument.markers, argument.signature);
      }),
    );
  } finally {
    discardStage(argument);
  }
  report.milliseconds = new Date().getTime() - begun;
  return report;
}

/** From the last one, because indices move up. */
function removeMasks(layer: AVLayer, signature: string): void {
  const masks = masksOf(layer);
  for (let i = masks.numProperties; i >= 1; i--) {
    const mask = masks.property(i) as PropertyGroup;
    if (endsWith(mask.name, signature)) mask.remove();
  }
}

function masksOf(layer: AVLayer): PropertyGroup {
  return layer.property("ADBE Mask Parade") as PropertyGroup;
}

/** [Note: fetched again] Adding to a group makes references into it invalid, so each is fetched by index. */
function addMask(layer: AVLayer, path: StagedPath, signature: string, report: Report): void {
  const index = (masksOf(layer).addProperty("ADBE Mask Atom") as PropertyGroup).propertyIndex;
  const fetch = () => masksOf(layer).property(index) as MaskPropertyGroup;
  fetch().name = path.name + " " + signature;
  fetch().maskMode = path.mode === "subtract" ? MaskMode.SUBTRACT : MaskMode.ADD;
  const shape = fetch().property("ADBE Mask Shape") as Property;
  shape.setValuesAtTimes(path.times, path.shapes);
  for (let k = 0; k < shape.numKeys; k++) if (path.holds[k]) holdFrom(shape, k + 1);
  setOpacityKeys(fetch().property("ADBE Mask Opacity") as Property, path.opacity);
  checkKeys(shape, path, report);
}

/** Says what reads back: a host that answers and writes nothing must not pass for one that wrote. */
function checkKeys(shape: Property, path: StagedPath, report: Report): void {
  if (shape.numKeys === path.times.length) {
    report.done.push("Mask " + path.name + ": " + shape.numKeys + " keyframes");
    return;
  }
  report.notDone.push({
    what: "Mask " + path.name,
    why: "After Effects has " + shape.numKeys + " of its " + path.times.length + " keyframes.",
    remedy: "Undo once and write the mask again; if it stays so, write a track matte instead.",
  });
}
