/**
 * Runs in ExtendScript: what an earlier run made for a layer, and how it goes.
 *
 * A signature is made of names, which two layers may share. Therefore a layer of ours counts as a layer's
 * where it is its child, and footage of ours goes only where nothing else uses it.
 */
import { endsWith } from "./keys.ts";

/** In the comment of a cut-out that switched its layer off: when it goes, the layer comes back. */
const SWITCHED_OFF = "Masklet switched the layer below off";

export function noteSwitchedOff(cutOut: AVLayer): void {
  cutOut.comment = SWITCHED_OFF;
}

export interface Earlier {
  layers: AVLayer[];
  footage: FootageItem[];
}

/** Made before, for this layer; footage also where it was only imported. */
export function earlierOf(layer: AVLayer, signature: string): Earlier {
  const earlier: Earlier = { layers: [], footage: [] };
  const comp = layer.containingComp;
  for (let i = 1; i <= comp.numLayers; i++) {
    const other = comp.layer(i) as AVLayer;
    if (other.parent === layer && endsWith(other.name, signature)) earlier.layers.push(other);
  }
  for (let i = 1; i <= app.project.numItems; i++) {
    const item = app.project.item(i);
    if (item instanceof FootageItem && endsWith(item.name, signature)) earlier.footage.push(item);
  }
  return earlier;
}

/** The layer is as it was before the earlier run; `keepMatte` where it has a new track matte by now. */
export function removeEarlier(layer: AVLayer, earlier: Earlier, keepMatte: boolean): void {
  for (let i = 0; i < earlier.layers.length; i++) {
    const own = earlier.layers[i] as AVLayer;
    const wasMatte = own.isTrackMatte;
    if (own.comment === SWITCHED_OFF) layer.enabled = true;
    own.locked = false;
    own.remove();
    // Before After Effects 23 the layer would be keyed by whatever lies above it from now on.
    if (wasMatte && !keepMatte && layer.hasTrackMatte) layer.trackMatteType = TrackMatteType.NO_TRACK_MATTE;
  }
  for (let i = 0; i < earlier.footage.length; i++) {
    const item = earlier.footage[i] as FootageItem;
    if (item.usedIn.length === 0) item.remove();
  }
}

/** Whether the layer's track matte is a person's, or none. */
export function foreignMatte(layer: AVLayer, earlier: Earlier): boolean {
  if (!layer.hasTrackMatte) return false;
  for (let i = 0; i < earlier.layers.length; i++)
    if ((earlier.layers[i] as AVLayer).isTrackMatte) return false;
  return true;
}
