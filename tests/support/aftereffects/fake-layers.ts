/** Runs inside the script context of tests: comps and layers as After Effects has them. */
import { FakeItem } from "./fake-items.ts";
import { sampleLayer } from "./fake-pixels.ts";
import { FakeGroup, FakeProperty } from "./fake-properties.ts";
import type { Traps } from "./fake-traps.ts";

const TRACK_MATTE_NONE = 5012;
const FIRST_VERSION_WITH_SET_TRACK_MATTE = 23;

type Point = [number, number];

export class FakeComp
  extends FakeItem
  implements Pick<CompItem, "numLayers" | "frameDuration" | "displayStartTime" | "time" | "dropFrame">
{
  stack: FakeLayer[] = [];
  time = 0;
  displayStartTime = 0;
  dropFrame = false;
  savedStills: { time: number; file: string }[] = [];
  selectedLayers: FakeLayer[] = [];
  readonly layers = { add: (item: FakeItem) => this.addLayer(item) };

  get frameDuration(): number {
    return 1 / this.frameRate;
  }

  get numLayers(): number {
    return this.stack.length;
  }

  layer(index: number): FakeLayer {
    return this.stack[index - 1] as FakeLayer;
  }

  layerOfName(name: string): FakeLayer {
    for (let i = 0; i < this.stack.length; i++)
      if ((this.stack[i] as FakeLayer).name === name) return this.stack[i] as FakeLayer;
    throw new Error("No layer " + name);
  }

  uses(item: FakeItem): boolean {
    for (let i = 0; i < this.stack.length; i++) if ((this.stack[i] as FakeLayer).source === item) return true;
    return false;
  }

  saveFrameToPng(time: number, file: { fsName: string }): void {
    this.savedStills.push({ time, file: file.fsName });
    if (!this.project.traps.noFileAccess) this.project.renderStill(file.fsName, time);
  }

  dropLayersOf(item: FakeItem): void {
    for (let i = this.stack.length - 1; i >= 0; i--) {
      const layer = this.stack[i] as FakeLayer;
      if (layer.source === item) this.drop(layer);
    }
  }

  /** A layer that is parented to it, or has it as matte, is let go. */
  drop(gone: FakeLayer): void {
    const rest: FakeLayer[] = [];
    for (let i = 0; i < this.stack.length; i++) {
      const layer = this.stack[i] as FakeLayer;
      if (layer !== gone) rest.push(layer);
      if (layer.parent === gone) layer.parent = null;
      if (layer.trackMatteLayer === gone) layer.removeTrackMatte();
    }
    this.stack = rest;
  }

  private addLayer(item: FakeItem): FakeLayer {
    const layer = new FakeLayer(this, item);
    this.stack = [layer].concat(this.stack);
    return layer;
  }
}

export class FakeLayer
  implements
    Pick<
      AVLayer,
      | "id"
      | "name"
      | "comment"
      | "index"
      | "width"
      | "height"
      | "hasVideo"
      | "nullLayer"
      | "startTime"
      | "inPoint"
      | "outPoint"
      | "stretch"
      | "locked"
      | "enabled"
      | "threeDLayer"
      | "motionBlur"
      | "timeRemapEnabled"
      | "numProperties"
      | "hasTrackMatte"
      | "isTrackMatte"
    >
{
  readonly id: number;
  source: FakeItem | null;
  readonly containingComp: FakeComp;
  readonly traps: Traps;
  name: string;
  comment = "";
  hasVideo = true;
  nullLayer = false;
  startTime = 0;
  inPoint = 0;
  outPoint: number;
  stretch = 100;
  locked = false;
  enabled = true;
  threeDLayer = false;
  motionBlur = false;
  quality = 4614;
  blendingMode = 5212;
  frameBlendingType = 4012;
  timeRemapEnabled = false;
  parent: FakeLayer | null = null;
  trackMatteLayer: FakeLayer | null = null;
  readonly root: FakeGroup;
  private matteType: number = TRACK_MATTE_NONE;

  constructor(comp: FakeComp, source: FakeItem) {
    this.containingComp = comp;
    this.id = comp.project.nextId();
    this.source = source;
    this.name = source.name;
    this.outPoint = source.duration;
    this.traps = comp.project.traps;
    const property = (name: string, value: unknown = null) => new FakeProperty(name, this, value);
    this.root = new FakeGroup("layer", this, [
      new FakeGroup("ADBE Mask Parade", this),
      new FakeGroup("ADBE Transform Group", this, [
        property("ADBE Position", [comp.width / 2, comp.height / 2, 0]),
        property("ADBE Scale", [100, 100, 100]),
        property("ADBE Opacity", 100),
      ]),
      property("ADBE Marker"),
      property("ADBE Time Remapping"),
    ]);
  }

  get index(): number {
    const stack = this.containingComp.stack;
    for (let i = 0; i < stack.length; i++) if (stack[i] === this) return i + 1;
    throw new Error("Object is invalid");
  }

  get width(): number {
    return this.source ? this.source.width : this.containingComp.width;
  }

  get height(): number {
    return this.source ? this.source.height : this.containingComp.height;
  }

  get numProperties(): number {
    return this.root.numProperties;
  }

  get trackMatteType(): number {
    return this.matteType;
  }

  /** The way before `setTrackMatte`; without effect where After Effects ignores track mattes. */
  set trackMatteType(type: number) {
    this.writable();
    if (this.traps.trackMatteThrows) throw new Error("Can not set the track matte");
    if (type === TRACK_MATTE_NONE) this.removeTrackMatte();
    else if (!this.traps.trackMatteIgnored) this.matteType = type;
  }

  get hasTrackMatte(): boolean {
    return this.matteType !== TRACK_MATTE_NONE;
  }

  /** Of a layer by `setTrackMatte`, or of the one below it by the older way. */
  get isTrackMatte(): boolean {
    const stack = this.containingComp.stack;
    for (let i = 0; i < stack.length; i++) {
      const layer = stack[i] as FakeLayer;
      if (layer.hasTrackMatte && layer.trackMatteLayer === this) return true;
      if (layer.hasTrackMatte && !layer.trackMatteLayer && stack[i - 1] === this) return true;
    }
    return false;
  }

  property(name: string): FakeGroup | FakeProperty {
    return this.root.property(name);
  }

  setParentWithJump(parent: FakeLayer): void {
    this.writable();
    if (!this.traps.parentIgnored) this.parent = parent;
  }

  /** Without rotation: anchor points lie in the middle. */
  sourcePointToComp(point: Point): Point {
    const own = this.throughTransform(point);
    return this.parent ? this.parent.sourcePointToComp(own) : own;
  }

  evaluate(expression: string, time: number): number {
    if (this.traps.samplingThrows) throw new Error("Expression disabled");
    const parts =
      /^100 \* thisComp\.layer\("(.*)"\)\.sampleImage\(\[([\d.]+), [\d.]+\], \[0\.5, 0\.5\], true, time\)\[(\d)\]$/.exec(
        expression,
      );
    if (!parts) throw new Error("Unknown expression " + expression);
    const layer = this.containingComp.layerOfName(parts[1] as string);
    return 100 * sampleLayer(layer, Number(parts[2]), Number(parts[3]), time);
  }

  private throughTransform(point: Point): Point {
    const transform = this.root.property("ADBE Transform Group") as FakeGroup;
    const position = transform.property("ADBE Position") as FakeProperty;
    const scale = transform.property("ADBE Scale") as FakeProperty;
    const at = position.value as [number, number, number];
    const percent = scale.value as [number, number, number];
    return [
      at[0] + (point[0] - this.width / 2) * (percent[0] / 100) * this.wide(),
      at[1] + (point[1] - this.height / 2) * (percent[1] / 100),
    ];
  }

  /** Pixels across of what lies around for one of this layer's. */
  private wide(): number {
    const own = this.source ? this.source.pixelAspect : 1;
    const around = this.parent?.source ? this.parent.source.pixelAspect : this.containingComp.pixelAspect;
    return this.traps.parentCountsShownPixels && this.parent ? 1 : own / around;
  }

  moveBefore(other: FakeLayer): void {
    if (this.traps.moveThrows) throw new Error("Can not move the layer");
    const stack = this.containingComp.stack;
    const rest: FakeLayer[] = [];
    for (let i = 0; i < stack.length; i++) {
      if (stack[i] === other) rest.push(this);
      if (stack[i] !== this) rest.push(stack[i] as FakeLayer);
    }
    this.containingComp.stack = rest;
  }

  setTrackMatte(matte: FakeLayer, type: number): void {
    this.writable();
    if (parseFloat(this.containingComp.project.version) < FIRST_VERSION_WITH_SET_TRACK_MATTE)
      throw new Error("Function setTrackMatte is undefined");
    if (this.traps.trackMatteThrows) throw new Error("Can not set the track matte");
    if (this.traps.trackMatteIgnored) return;
    this.trackMatteLayer = matte;
    this.matteType = type;
  }

  removeTrackMatte(): void {
    this.trackMatteLayer = null;
    this.matteType = TRACK_MATTE_NONE;
  }

  remove(): void {
    this.writable();
    this.containingComp.drop(this);
  }

  private writable(): void {
    if (this.locked) throw new Error("The layer is locked");
  }
}
