/** Runs in ExtendScript: matte footage as a layer that follows the tracked one. */
import type { PlaceMatte, Report } from "../calls.ts";
import { setMarkers, setOpacityKeys } from "./keys.ts";
import { findLayer } from "./layers.ts";
import { missingMarkers } from "./mask-paths.ts";
import { importMatte, interpret, reportRate, stretchFor } from "./matte-footage.ts";
import { type Earlier, earlierOf, foreignMatte, noteSwitchedOff, removeEarlier } from "./own.ts";
import { HostRefusal } from "./refusal.ts";
import { inOneUndoStep, unlocked } from "./undo.ts";

/** `setTrackMatte` came with After Effects 23; before, the matte had to lie directly above. */
const FIRST_VERSION_WITH_SET_TRACK_MATTE = 23;
/** Pixels by which the matte's corners may lie beside the layer's. */
const IN_PLACE = 0.5;

function canSetTrackMatte(): boolean {
  return parseFloat(app.version) >= FIRST_VERSION_WITH_SET_TRACK_MATTE;
}

/** The new matte comes first and the earlier one goes last: where anything fails, it is still there. */
export function placeMatte(argument: PlaceMatte): Report {
  const begun = new Date().getTime();
  const report: Report = { done: [], notDone: [], milliseconds: 0 };
  const layer = findLayer(argument.layer);
  const earlier = earlierOf(layer, argument.signature);
  if (argument.use === "luma" && foreignMatte(layer, earlier)) throw otherMatte(layer);
  inOneUndoStep(argument.undoLabel, () => {
    const footage = importMatte(argument);
    try {
      unlocked(layer, () => useFootage(layer, footage, argument, report));
    } catch (error) {
      footage.remove();
      throw error;
    }
    unlocked(layer, () => {
      replaceEarlier(layer, earlier, argument, report);
      // Only now, because an earlier cut-out that goes switches the layer on.
      if (argument.use === "cut-out") layer.enabled = false;
    });
  });
  report.milliseconds = new Date().getTime() - begun;
  return report;
}

/** The new one is there by now, and stays whatever becomes of the earlier one. */
function replaceEarlier(layer: AVLayer, earlier: Earlier, argument: PlaceMatte, report: Report): void {
  try {
    removeEarlier(layer, earlier, argument.use === "luma");
  } catch (error) {
    report.notDone.push({
      what: "The earlier result",
      why: "After Effects did not remove it: " + (error as { message: string }).message,
      remedy: "Remove what ends with " + argument.signature + " below the new one.",
    });
  }
}

function otherMatte(layer: AVLayer): HostRefusal {
  return new HostRefusal(
    "refused",
    'The layer "' + layer.name + '" has a track matte already, and a layer can have one only.',
    "Pre-compose the layer with its matte, or write a mask path or a cut-out.",
  );
}

function useFootage(layer: AVLayer, footage: FootageItem, argument: PlaceMatte, report: Report): void {
  footage.name = argument.name + " " + argument.signature;
  interpret(footage, argument, pixelAspectFor(footage, layer.source as AVItem), report);
  report.done.push("Imported " + footage.name);
  if (argument.use === "import-only") reportRate(footage, argument.rate, report);
  else placeAbove(layer, footage, argument, report);
}

/** Pixels of the matte as wide as make both pictures one shape; the panel writes square ones of the shown size. */
function pixelAspectFor(footage: FootageItem, source: AVItem): number {
  const wanted = (source.pixelAspect * source.width * footage.height) / (source.height * footage.width);
  return Math.abs(wanted - 1) < 0.01 ? 1 : wanted;
}

function placeAbove(layer: AVLayer, footage: FootageItem, argument: PlaceMatte, report: Report): void {
  const matte = layer.containingComp.layers.add(footage);
  matte.name = argument.name + " " + argument.signature;
  setTiming(matte, footage, argument);
  matte.moveBefore(layer);
  lookAlike(matte, layer);
  followTransform(matte, layer, report);
  if (!setOpacityKeys(transformOf(matte).property("ADBE Opacity") as Property, argument.opacity))
    report.notDone.push(missingOpacity(matte));
  if (argument.use === "luma") useAsLumaMatte(layer, matte, report);
  else useAsCutOut(layer, matte, report);
  if (!setMarkers(layer, argument.markers, argument.signature)) report.notDone.push(missingMarkers());
}

/** Stretch first: After Effects moves in- and out-point with it. */
function setTiming(matte: AVLayer, footage: FootageItem, argument: PlaceMatte): void {
  const stretch = stretchFor(footage, argument.rate);
  if (stretch !== 100) matte.stretch = stretch;
  matte.startTime = argument.start;
  matte.inPoint = argument.start;
  matte.outPoint = argument.end;
}

function lookAlike(matte: AVLayer, layer: AVLayer): void {
  matte.quality = layer.quality;
  matte.motionBlur = layer.motionBlur;
  matte.blendingMode = layer.blendingMode;
}

/**
 * A parent link with the matte in the middle of the layer's own space lays it exactly over the layer, whatever
 * is animated there and whatever is animated later. With a jump, because without it After Effects would keep
 * the matte where it is and write that into its transform.
 */
function followTransform(matte: AVLayer, layer: AVLayer, report: Report): void {
  matte.threeDLayer = layer.threeDLayer;
  matte.setParentWithJump(layer);
  if (matte.parent !== layer) {
    report.notDone.push({
      what: "Parent of " + matte.name,
      why: "After Effects did not parent it, so it does not follow the layer's movement.",
      remedy:
        "Parent it to " +
        layer.name +
        " with the Shift key held, and set its Position to the middle of the layer.",
    });
    return;
  }
  const transform = transformOf(matte);
  (transform.property("ADBE Position") as Property).setValue([layer.width / 2, layer.height / 2, 0]);
  const scales = scalesOver(matte, layer);
  for (let i = 0; i < scales.length; i++) {
    (transform.property("ADBE Scale") as Property).setValue(scales[i] as [number, number, number]);
    if (liesOver(matte, layer)) return;
  }
  report.notDone.push({
    what: "Place of " + matte.name,
    why: "It does not lie exactly over " + layer.name + ", to which it is parented.",
    remedy: "Set its Position to the middle of the layer and its Scale so that both have one size.",
  });
}

/** Of pixels as they are shown, and of pixels as they are counted: After Effects doesn't say which a parent has. */
function scalesOver(matte: AVLayer, layer: AVLayer): [number, number, number][] {
  const aspect = (layer.source as AVItem).pixelAspect / (matte.source as AVItem).pixelAspect;
  const [x, y] = [(100 * layer.width) / matte.width, (100 * layer.height) / matte.height];
  return [
    [rounded(x * aspect), rounded(y), 100],
    [rounded(x), rounded(y), 100],
  ];
}

function rounded(percent: number): number {
  return Math.round(percent * 1e6) / 1e6;
}

/** Compares opposite corners in the comp; in space the comp's view of them says nothing, and is not asked. */
function liesOver(matte: AVLayer, layer: AVLayer): boolean {
  if (layer.threeDLayer || !layer.sourcePointToComp) return true;
  return (
    isNear(matte.sourcePointToComp([0, 0]), layer.sourcePointToComp([0, 0])) &&
    isNear(
      matte.sourcePointToComp([matte.width, matte.height]),
      layer.sourcePointToComp([layer.width, layer.height]),
    )
  );
}

function isNear(a: [number, number], b: [number, number]): boolean {
  return Math.abs(a[0] - b[0]) < IN_PLACE && Math.abs(a[1] - b[1]) < IN_PLACE;
}

function transformOf(layer: AVLayer): PropertyGroup {
  return layer.property("ADBE Transform Group") as PropertyGroup;
}

function missingOpacity(matte: AVLayer): Report["notDone"][number] {
  return {
    what: "Opacity of " + matte.name,
    why: "After Effects did not keep the keyframes that switch it off while the object is hidden.",
    remedy: "Nothing need be done: the matte's own pictures are empty there.",
  };
}

/** A matte's own picture is not shown, whoever switches it on. */
function useAsLumaMatte(layer: AVLayer, matte: AVLayer, report: Report): void {
  if (canSetTrackMatte()) layer.setTrackMatte(matte, TrackMatteType.LUMA);
  else layer.trackMatteType = TrackMatteType.LUMA;
  matte.enabled = false;
  if (layer.trackMatteType === TrackMatteType.LUMA && isMatteOf(matte, layer)) {
    report.done.push("Track matte: luma of " + matte.name);
    return;
  }
  report.notDone.push({
    what: "Track matte",
    why: "After Effects did not take the track matte.",
    remedy: "In the timeline, set Track Matte of " + layer.name + " to " + matte.name + ", Luma.",
  });
}

function isMatteOf(matte: AVLayer, layer: AVLayer): boolean {
  return canSetTrackMatte() ? layer.trackMatteLayer === matte : matte.index === layer.index - 1;
}

function useAsCutOut(layer: AVLayer, cutOut: AVLayer, report: Report): void {
  noteSwitchedOff(cutOut);
  report.done.push("Cut-out above " + layer.name + ", which is switched off: " + cutOut.name);
}
