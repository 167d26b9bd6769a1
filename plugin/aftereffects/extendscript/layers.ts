/** Runs in ExtendScript: finds comps and layers. */
import type { LayerReference } from "../calls.ts";
import { HostRefusal } from "./refusal.ts";

/** The one selected layer with footage in the comp in front. Throws a HostRefusal that says what to select. */
export function selectedLayer(): AVLayer {
  const comp = app.project.activeItem;
  if (!(comp instanceof CompItem)) {
    throw new HostRefusal(
      "no-selection",
      "No composition is open in front.",
      "Click into the timeline of the composition, then select one layer.",
    );
  }
  const layers = comp.selectedLayers;
  const layer = layers[0];
  if (layers.length !== 1 || !layer) {
    throw new HostRefusal(
      "no-selection",
      "Expected one selected layer, found " + layers.length + " selected.",
      "Select the one layer that shows the object.",
    );
  }
  return withPicture(layer);
}

/** Text, shapes, cameras, lights, nulls and sound have no frames of their own. */
function withPicture(layer: Layer): AVLayer {
  const candidate = layer as AVLayer;
  if (candidate.source && candidate.hasVideo && !layer.nullLayer) return candidate;
  throw new HostRefusal(
    "no-selection",
    'The layer "' + layer.name + '" has no footage whose frames could be tracked.',
    "Select a layer of footage, or pre-compose this one and select the pre-composition.",
  );
}

/** A layer by ids, because references and indices don't last from call to call. */
export function findLayer(reference: LayerReference): AVLayer {
  const comp = findComp(reference.compId);
  for (let i = 1; comp && i <= comp.numLayers; i++) {
    const layer = comp.layer(i);
    if (layer.id === reference.layerId) return layer as AVLayer;
  }
  throw new HostRefusal(
    "no-selection",
    "The layer that was tracked is gone.",
    "Undo its removal, or select the layer again and track it.",
  );
}

function findComp(id: number): CompItem | null {
  for (let i = 1; i <= app.project.numItems; i++) {
    const item = app.project.item(i);
    if (item.id === id && item instanceof CompItem) return item;
  }
  return null;
}
