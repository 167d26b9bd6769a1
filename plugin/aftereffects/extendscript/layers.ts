/** Runs in ExtendScript: finds comps and layers, and says what a layer is made of. */
import type { LayerFacts, LayerReference } from "../calls.ts";
import { HostRefusal } from "./refusal.ts";

/** The one selected footage layer of the comp in front. Throws a HostRefusal that says what to select. */
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
  if (layers.length !== 1 || !(layer instanceof AVLayer)) {
    throw new HostRefusal(
      "no-selection",
      "Expected one selected layer with a picture, found " + layers.length + " selected.",
      "Select the one layer that shows the object.",
    );
  }
  return layer;
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

export function layerFacts(layer: AVLayer): LayerFacts {
  const comp = layer.containingComp;
  const source = layer.source as AVItem;
  const footage = source instanceof FootageItem ? source : null;
  const main = footage ? footage.mainSource : null;
  const problem = fileProblem(source);
  const still = main?.isStill ?? false;
  return {
    compId: comp.id,
    layerId: layer.id,
    name: layer.name,
    compName: comp.name,
    file: problem === "" ? (main as FileSource).file.fsName : null,
    fileProblem: problem,
    width: source.width,
    height: source.height,
    pixelAspect: source.pixelAspect,
    sourceRate: main ? rateOf(main) : source.frameRate,
    sourceDuration: still ? 0 : source.duration / loopsOf(main),
    loops: loopsOf(main),
    still: still,
    alpha: main ? alphaOf(main) : "none",
    startTime: layer.startTime,
    inPoint: layer.inPoint,
    outPoint: layer.outPoint,
    stretch: layer.stretch,
    remap: layer.timeRemapEnabled ? remapOf(layer, comp) : null,
    locked: layer.locked,
    comp: {
      rate: comp.frameRate,
      width: comp.width,
      height: comp.height,
      pixelAspect: comp.pixelAspect,
      time: comp.time,
      startTime: comp.displayStartTime,
    },
  };
}

function fileProblem(source: AVItem): string {
  if (!(source instanceof FootageItem)) return "The layer's source is a composition.";
  if (source.footageMissing) return "The layer's footage is missing.";
  if (!(source.mainSource instanceof FileSource)) return "The layer's source is no file.";
  return "";
}

function rateOf(main: FootageSource): number {
  return main.conformFrameRate > 0 ? main.conformFrameRate : main.nativeFrameRate;
}

function loopsOf(main: FootageSource | null): number {
  return main && main.loop > 0 ? main.loop : 1;
}

function alphaOf(main: FootageSource): LayerFacts["alpha"] {
  if (!main.hasAlpha) return "none";
  if (main.alphaMode === AlphaMode.IGNORE) return "ignored";
  return main.alphaMode === AlphaMode.STRAIGHT ? "straight" : "premultiplied";
}

/** Sampled in the middle of each comp frame, so that rounding can't fall into the one before. */
function remapOf(layer: AVLayer, comp: CompItem): number[] {
  const remap = layer.property("ADBE Time Remapping") as Property;
  const times: number[] = [];
  const count = Math.round((layer.outPoint - layer.inPoint) / comp.frameDuration);
  for (let n = 0; n < count; n++) {
    times.push(remap.valueAtTime(layer.inPoint + (n + 0.5) * comp.frameDuration, false) as number);
  }
  return times;
}
