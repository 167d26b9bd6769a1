/** Runs in ExtendScript: matte footage as a layer that follows the tracked one. */
import type { PlaceMatte, Report } from "../calls.ts";
import { endsWith, setMarkers, setOpacityKeys } from "./keys.ts";
import { findLayer } from "./layers.ts";
import { HostRefusal } from "./refusal.ts";
import { inOneUndoStep, unlocked } from "./undo.ts";

/** `setTrackMatte` came with After Effects 23; before, the matte had to lie directly above. */
const FIRST_VERSION_WITH_SET_TRACK_MATTE = 23;

export function canSetTrackMatte(): boolean {
  return parseFloat(app.version) >= FIRST_VERSION_WITH_SET_TRACK_MATTE;
}

export function placeMatte(argument: PlaceMatte): Report {
  const begun = new Date().getTime();
  const report: Report = { done: [], notDone: [], milliseconds: 0 };
  const layer = findLayer(argument.layer);
  inOneUndoStep(argument.undoLabel, () => {
    const footage = importMatte(argument);
    report.done.push("Imported " + footage.name);
    if (argument.use === "import-only") return;
    unlocked(layer, () => placeAbove(layer, footage, argument, report));
  });
  report.milliseconds = new Date().getTime() - begun;
  return report;
}

/** Footage of an earlier run is removed with its layers: After Effects drops both together. */
function importMatte(argument: PlaceMatte): FootageItem {
  const file = new File(argument.file);
  if (!file.exists) {
    throw new HostRefusal(
      "offline-media",
      "The matte is not where it was written: " + file.fsName + ".",
      "Write the matte again.",
    );
  }
  removeEarlier(argument.signature);
  const options = new ImportOptions(file);
  if (argument.sequence) {
    options.sequence = true;
    options.forceAlphabetical = false;
  }
  const footage = app.project.importFile(options) as FootageItem;
  footage.name = argument.name + " " + argument.signature;
  footage.mainSource.conformFrameRate = argument.rate;
  return footage;
}

function removeEarlier(signature: string): void {
  for (let i = app.project.numItems; i >= 1; i--) {
    const item = app.project.item(i);
    if (item instanceof FootageItem && endsWith(item.name, signature)) item.remove();
  }
}

function placeAbove(layer: AVLayer, footage: FootageItem, argument: PlaceMatte, report: Report): void {
  const matte = layer.containingComp.layers.add(footage);
  matte.name = argument.name + " " + argument.signature;
  matte.startTime = argument.start;
  matte.moveBefore(layer);
  followTransform(matte, layer);
  setOpacityKeys(opacityOf(matte), argument.opacity);
  if (argument.use === "luma") useAsLumaMatte(layer, matte, report);
  else useAsCutOut(layer, matte, report);
  setMarkers(layer, argument.markers, argument.signature);
}

/**
 * The matte has the source's size, so that a parent link with an identity transform lays it exactly over
 * the layer, whatever is animated there and whatever is animated later. With a jump, because without it
 * After Effects would keep the matte where it is and write that into its transform.
 */
function followTransform(matte: AVLayer, layer: AVLayer): void {
  matte.threeDLayer = layer.threeDLayer;
  matte.setParentWithJump(layer);
  const position = transformOf(matte).property("ADBE Position") as Property;
  position.setValue([layer.width / 2, layer.height / 2, 0]);
}

function transformOf(layer: AVLayer): PropertyGroup {
  return layer.property("ADBE Transform Group") as PropertyGroup;
}

function opacityOf(layer: AVLayer): Property {
  return transformOf(layer).property("ADBE Opacity") as Property;
}

function useAsLumaMatte(layer: AVLayer, matte: AVLayer, report: Report): void {
  if (canSetTrackMatte()) layer.setTrackMatte(matte, TrackMatteType.LUMA);
  else layer.trackMatteType = TrackMatteType.LUMA;
  if (layer.trackMatteType === TrackMatteType.LUMA) {
    report.done.push("Track matte: luma of " + matte.name);
    return;
  }
  report.notDone.push({
    what: "Track matte",
    why: "After Effects did not take the track matte.",
    remedy: "In the timeline, set Track Matte of " + layer.name + " to " + matte.name + ", Luma.",
  });
}

function useAsCutOut(layer: AVLayer, matte: AVLayer, report: Report): void {
  layer.enabled = false;
  report.done.push("Cut-out above " + layer.name + ", which is switched off: " + matte.name);
}
