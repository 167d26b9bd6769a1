/**
 * Runs in ExtendScript: tries out, on a composition of its own, what After Effects doesn't document.
 *
 * Pixels are read with `sampleImage`, which expressions have and scripts have not: an expression on the opacity
 * of a second layer looks at the first one.
 */
import type { CheckCalls, TrialFootage, TrialTiming } from "../check-calls.ts";
import { layerFacts, sampleRemap } from "./layer-facts.ts";
import { HostRefusal } from "./refusal.ts";
import { isTemporary, markTemporary, removeTemporary } from "./temporary.ts";
import { inOneUndoStep, withoutDialogs } from "./undo.ts";

type Answer<Name extends keyof CheckCalls> = CheckCalls[Name]["answer"];

const NAME = "Masklet self-check (temporary)";
const STEP = "Masklet: self-check";
/** Seconds; three times as long as the footage. */
const PASSES = 3;
/** What the keyframes of a fine mask path are like. */
const TRIAL_KEYS = 50;
const TRIAL_VERTICES = 60;

export function checkBegin(footage: TrialFootage): Answer<"checkBegin"> {
  removeTemporary();
  return inOneUndoStep(STEP, () => {
    const options = new ImportOptions(new File(footage.file));
    options.sequence = true;
    options.forceAlphabetical = false;
    const item = withoutDialogs(() => app.project.importFile(options) as FootageItem);
    markTemporary(item);
    item.mainSource.conformFrameRate = footage.rate;
    const seconds = (PASSES * footage.frameCount) / footage.rate;
    const comp = app.project.items.addComp(NAME, item.width, item.height, 1, seconds, footage.rate);
    markTemporary(comp);
    return {
      isSequence: !item.mainSource.isStill,
      frames: Math.round(item.duration * footage.rate),
      rate: item.mainSource.conformFrameRate,
    };
  });
}

function trialComp(): CompItem {
  for (let i = 1; i <= app.project.numItems; i++) {
    const item = app.project.item(i);
    if (item instanceof CompItem && isTemporary(item)) return item;
  }
  throw gone();
}

function trialFootage(): FootageItem {
  for (let i = 1; i <= app.project.numItems; i++) {
    const item = app.project.item(i);
    if (item instanceof FootageItem && isTemporary(item)) return item;
  }
  throw gone();
}

function gone(): HostRefusal {
  return new HostRefusal("internal", "The trial composition is gone.", "Run the self-check again.");
}

/** A new layer of the footage as the comp's only one. */
function trialLayer(): AVLayer {
  const comp = trialComp();
  for (let i = comp.numLayers; i >= 1; i--) comp.layer(i).remove();
  const footage = trialFootage();
  footage.mainSource.loop = 1;
  footage.pixelAspect = 1;
  const layer = comp.layers.add(footage);
  layer.name = "Masklet trial";
  return layer;
}

// ---------------------------------------------------------------- frames

export function checkTiming(argument: { timing: TrialTiming }): Answer<"checkTiming"> {
  return inOneUndoStep(STEP, () => {
    const layer = trialLayer();
    setTiming(layer, argument.timing);
    const facts = layerFacts(layer);
    const count = Math.round(Math.abs(layer.outPoint - layer.inPoint) * facts.comp.rate);
    const first = Math.round(Math.min(layer.inPoint, layer.outPoint) * facts.comp.rate);
    const remap = facts.remapped ? sampleRemap({ layer: facts, first: first, count: count }).times : null;
    const look = watcher(layer, layer.width / 4, RED);
    const levels: number[] = [];
    for (let n = 0; n < count; n++) levels.push(look((first + n) / facts.comp.rate));
    return { layer: facts, remap: remap, levels: levels };
  });
}

function setTiming(layer: AVLayer, timing: TrialTiming): void {
  const seconds = (layer.source as AVItem).duration;
  if (timing === "slowed") layer.stretch = 300;
  if (timing === "reversed") {
    layer.stretch = -100;
    layer.startTime = seconds;
  }
  if (timing === "looped") {
    (layer.source as FootageItem).mainSource.loop = PASSES;
    layer.outPoint = PASSES * seconds;
  }
  if (timing === "remapped") {
    layer.timeRemapEnabled = true;
    const remap = layer.property("ADBE Time Remapping") as Property;
    remap.setValuesAtTimes([0, seconds / 2, seconds], [0, seconds * 0.9, seconds * 0.2]);
  }
}

const RED = 0;
const ALPHA = 3;

/** A function that says one channel (0 to 1) of a layer at a place across its middle, by comp seconds. */
function watcher(layer: AVLayer, x: number, channel: number): (time: number) => number {
  const comp = layer.containingComp;
  const other = comp.layers.add(layer.source as AVItem);
  other.outPoint = comp.duration;
  const transform = other.property("ADBE Transform Group") as PropertyGroup;
  const opacity = transform.property("ADBE Opacity") as Property;
  const look = "sampleImage([" + x + ", " + layer.height / 2 + "], [0.5, 0.5], true, time)[" + channel + "]";
  opacity.expression = '100 * thisComp.layer("' + layer.name + '").' + look;
  return (time) => (opacity.valueAtTime(time, false) as number) / 100;
}

// ---------------------------------------------------------------- masks

export function checkMasks(): Answer<"checkMasks"> {
  return inOneUndoStep(STEP, () => {
    const milliseconds = keysTake(trialLayer());
    return {
      countsSourcePixels: countsSourcePixels(trialLayer()),
      referencesLast: referencesLast(trialLayer()),
      movesEvenly: movesEvenly(trialLayer()),
      keys: TRIAL_KEYS,
      vertices: TRIAL_VERTICES,
      milliseconds: milliseconds,
    };
  });
}

function addMask(layer: AVLayer): PropertyGroup {
  const masks = layer.property("ADBE Mask Parade") as PropertyGroup;
  const index = (masks.addProperty("ADBE Mask Atom") as PropertyGroup).propertyIndex;
  return masks.property(index) as PropertyGroup;
}

function shapeOf(mask: PropertyGroup): Property {
  return mask.property("ADBE Mask Shape") as Property;
}

function polygon(vertices: [number, number][]): Shape {
  const shape = new Shape();
  shape.vertices = vertices;
  shape.closed = true;
  return shape;
}

function ring(count: number, radius: number): Shape {
  const vertices: [number, number][] = [];
  for (let i = 0; i < count; i++) {
    const angle = (2 * Math.PI * i) / count;
    vertices.push([radius * Math.cos(angle), radius * Math.sin(angle)]);
  }
  return polygon(vertices);
}

function keysTake(layer: AVLayer): number {
  const begun = new Date().getTime();
  const times: number[] = [];
  const shapes: Shape[] = [];
  for (let k = 0; k < TRIAL_KEYS; k++) {
    times.push(k * layer.containingComp.frameDuration);
    shapes.push(ring(TRIAL_VERTICES, 10 + k));
  }
  shapeOf(addMask(layer)).setValuesAtTimes(times, shapes);
  return new Date().getTime() - begun;
}

function referencesLast(layer: AVLayer): boolean {
  const first = addMask(layer);
  addMask(layer);
  try {
    return first.numProperties > 0 && shapeOf(first).numKeys === 0;
  } catch {
    return false;
  }
}

function movesEvenly(layer: AVLayer): boolean {
  const shape = shapeOf(addMask(layer));
  const frame = layer.containingComp.frameDuration;
  shape.setValuesAtTimes([0, 4 * frame], [ring(8, 10), ring(8, 20)]);
  for (let k = 1; k <= 2; k++)
    shape.setInterpolationTypeAtKey(k, KeyframeInterpolationType.LINEAR, KeyframeInterpolationType.LINEAR);
  const between = shape.valueAtTime(frame, false) as Shape;
  return (
    between.vertices.length === 8 && Math.abs((between.vertices[0] as [number, number])[0] - 12.5) < 0.05
  );
}

/**
 * Pixels twice as wide as high: a mask over the left half of the source's pixels must show the left half, which
 * is the bright one.
 */
function countsSourcePixels(layer: AVLayer): boolean {
  const [width, height] = [layer.width, layer.height];
  (layer.source as FootageItem).pixelAspect = 2;
  const [bright, dark] = [watcher(layer, width * 0.4, RED)(0), watcher(layer, width * 0.6, RED)(0)];
  const left: [number, number][] = [
    [0, 0],
    [width / 2, 0],
    [width / 2, height],
    [0, height],
  ];
  shapeOf(addMask(layer)).setValue(polygon(left));
  const [inside, outside] = [watcher(layer, width * 0.4, ALPHA)(0), watcher(layer, width * 0.6, ALPHA)(0)];
  return bright > dark && inside > 0.5 && outside < 0.5;
}

// ---------------------------------------------------------------- mattes and stills

export function checkMatte(): Answer<"checkMatte"> {
  return inOneUndoStep(STEP, () => {
    const layer = trialLayer();
    const matte = layer.containingComp.layers.add(layer.source as AVItem);
    matte.setParentWithJump(layer);
    if (layer.setTrackMatte) layer.setTrackMatte(matte, TrackMatteType.LUMA);
    else layer.trackMatteType = TrackMatteType.LUMA;
    return { isTaken: layer.trackMatteType === TrackMatteType.LUMA, follows: matte.parent === layer };
  });
}

export function checkStill(argument: { file: string }): null {
  trialLayer();
  trialComp().saveFrameToPng(0, new File(argument.file));
  return null;
}
