/** Runs in ExtendScript: what a layer shows, and when. */
import type { CompFacts, LayerFacts, SampleRemap } from "../calls.ts";
import { findLayer } from "./layers.ts";
import { HostRefusal } from "./refusal.ts";

export function layerFacts(layer: AVLayer): LayerFacts {
  const comp = layer.containingComp;
  const source = layer.source as AVItem;
  const main = source instanceof FootageItem ? source.mainSource : null;
  if (source instanceof FootageItem) requireFootage(source);
  const problem = fileProblem(source);
  const still = main ? main.isStill : false;
  return {
    compId: comp.id,
    layerId: layer.id,
    name: layer.name,
    compName: comp.name,
    file: problem === "" ? (main as FileSource).file.fsName : null,
    fileProblem: problem,
    sequence: problem === "" && !still && isPicture((main as FileSource).file.name),
    width: source.width,
    height: source.height,
    pixelAspect: source.pixelAspect,
    sourceRate: main ? rateOf(main) : source.frameRate,
    sourceDuration: still ? 0 : source.duration / loopsOf(main),
    loops: loopsOf(main),
    still: still,
    alpha: main ? alphaOf(main) : "none",
    frameBlending: layer.frameBlendingType !== FrameBlendingType.NO_FRAME_BLEND,
    startTime: layer.startTime,
    inPoint: layer.inPoint,
    outPoint: layer.outPoint,
    stretch: layer.stretch,
    remapped: layer.timeRemapEnabled,
    locked: layer.locked,
    comp: compFacts(comp),
  };
}

function compFacts(comp: CompItem): CompFacts {
  return {
    rate: comp.frameRate,
    width: comp.width,
    height: comp.height,
    pixelAspect: comp.pixelAspect,
    duration: comp.duration,
    time: comp.time,
    startTime: comp.displayStartTime,
    dropFrame: comp.dropFrame === true,
  };
}

/** Colour bars in place of the footage must not be tracked. */
function requireFootage(footage: FootageItem): void {
  const main = footage.mainSource;
  const isFile = main instanceof FileSource;
  if (!footage.footageMissing && !(main instanceof PlaceholderSource) && (!isFile || main.file.exists))
    return;
  const place = isFile ? ": " + (main as FileSource).missingFootagePath : "";
  throw new HostRefusal(
    "offline-media",
    'The footage "' + footage.name + '" is missing' + place + ".",
    "Find it with File, Dependencies, Find Missing Footage, then open the layer again.",
  );
}

/** Where the file's frames are not the ones that After Effects shows, it must render them. */
function fileProblem(source: AVItem): string {
  if (!(source instanceof FootageItem)) return "The layer's source is a composition.";
  const main = source.mainSource;
  if (!(main instanceof FileSource)) return "The layer's source is no file.";
  if (main.removePulldown !== PulldownPhase.OFF) return "Pulldown is removed from the layer's footage.";
  if (main.fieldSeparationType !== FieldSeparationType.OFF)
    return "The layer's footage has separated fields.";
  return "";
}

function isPicture(name: string): boolean {
  return /\.(png|jpe?g|tiff?|exr|dpx|cin|tga|psd|bmp|gif|iff|sgi|pct|hdr|dng|cr2|nef|arw)$/i.test(name);
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

/** Share of a frame by which samples are taken late, so that rounding can't fall before a hold keyframe. */
const LATE = 1e-5;

/** Source seconds at the start of comp frames, which is when After Effects looks. */
export function sampleRemap(argument: SampleRemap): { times: number[]; milliseconds: number } {
  const begun = new Date().getTime();
  const layer = findLayer(argument.layer);
  const remap = layer.property("ADBE Time Remapping") as Property;
  const frame = layer.containingComp.frameDuration;
  const times: number[] = [];
  for (let n = 0; n < argument.count; n++)
    times.push(remap.valueAtTime((argument.first + n + LATE) * frame, false) as number);
  return { times: times, milliseconds: new Date().getTime() - begun };
}
