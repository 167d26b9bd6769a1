/** Runs inside the script context of tests: project, comps, footage and layers as After Effects has them. */
import { FakeGroup, FakeProperty } from "./fake-properties.ts";
import type { Traps } from "./fake-traps.ts";

const TRACK_MATTE_NONE = 5012;

let nextId = 1;

export class FakeFileSource
  implements Pick<FootageSource, "isStill" | "hasAlpha" | "loop" | "nativeFrameRate" | "conformFrameRate">
{
  file: { fsName: string };
  isStill = false;
  hasAlpha = false;
  alphaMode: number = 5413;
  loop = 1;
  nativeFrameRate = 24;
  conformFrameRate = 0;

  constructor(path: string) {
    this.file = { fsName: path };
  }
}

export class FakeItem
  implements Pick<AVItem, "id" | "name" | "width" | "height" | "pixelAspect" | "frameRate" | "duration">
{
  readonly id = nextId++;
  name: string;
  width = 640;
  height = 360;
  pixelAspect = 1;
  frameRate = 24;
  duration = 5;
  project: FakeProject;

  constructor(project: FakeProject, name: string) {
    this.project = project;
    this.name = name;
    project.all.push(this);
  }

  remove(): void {
    const rest: FakeItem[] = [];
    for (let i = 0; i < this.project.all.length; i++) {
      const item = this.project.all[i] as FakeItem;
      if (item !== this) rest.push(item);
      if (item instanceof FakeComp) item.dropLayersOf(this);
    }
    this.project.all = rest;
  }
}

export class FakeFootage extends FakeItem implements Pick<FootageItem, "footageMissing"> {
  footageMissing = false;
  mainSource: FakeFileSource;

  constructor(project: FakeProject, path: string) {
    super(project, path);
    this.mainSource = new FakeFileSource(path);
  }
}

export class FakeComp
  extends FakeItem
  implements Pick<CompItem, "numLayers" | "frameDuration" | "displayStartTime" | "time">
{
  stack: FakeLayer[] = [];
  time = 0;
  displayStartTime = 0;
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

  saveFrameToPng(time: number, file: { fsName: string }): void {
    this.savedStills.push({ time, file: file.fsName });
  }

  dropLayersOf(item: FakeItem): void {
    const rest: FakeLayer[] = [];
    for (let i = 0; i < this.stack.length; i++) {
      const layer = this.stack[i] as FakeLayer;
      if (layer.source !== item) rest.push(layer);
      else this.releaseMatte(layer);
    }
    this.stack = rest;
  }

  private releaseMatte(matte: FakeLayer): void {
    for (let i = 0; i < this.stack.length; i++) {
      const layer = this.stack[i] as FakeLayer;
      if (layer.trackMatteLayer === matte) layer.removeTrackMatte();
    }
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
      | "width"
      | "height"
      | "startTime"
      | "inPoint"
      | "outPoint"
      | "stretch"
      | "locked"
      | "enabled"
      | "threeDLayer"
      | "timeRemapEnabled"
      | "numProperties"
    >
{
  readonly id = nextId++;
  readonly source: FakeItem;
  readonly containingComp: FakeComp;
  readonly traps: Traps;
  name: string;
  startTime = 0;
  inPoint = 0;
  outPoint = 5;
  stretch = 100;
  locked = false;
  enabled = true;
  threeDLayer = false;
  timeRemapEnabled = false;
  parent: FakeLayer | null = null;
  trackMatteType: number = TRACK_MATTE_NONE;
  trackMatteLayer: FakeLayer | null = null;
  readonly root: FakeGroup;

  constructor(comp: FakeComp, source: FakeItem) {
    this.containingComp = comp;
    this.source = source;
    this.name = source.name;
    this.traps = comp.project.traps;
    const property = (name: string) => new FakeProperty(name, this.traps);
    this.root = new FakeGroup("layer", this.traps, [
      new FakeGroup("ADBE Mask Parade", this.traps),
      new FakeGroup("ADBE Transform Group", this.traps, [
        property("ADBE Position"),
        property("ADBE Opacity"),
      ]),
      property("ADBE Marker"),
      property("ADBE Time Remapping"),
    ]);
  }

  get width(): number {
    return this.source.width;
  }

  get height(): number {
    return this.source.height;
  }

  get numProperties(): number {
    return this.root.numProperties;
  }

  property(name: string): FakeGroup | FakeProperty {
    if (this.traps.addMaskThrows && name === "ADBE Mask Parade") throw new Error("A modal dialog is open");
    return this.root.property(name);
  }

  setParentWithJump(parent: FakeLayer): void {
    this.writable();
    this.parent = parent;
  }

  moveBefore(other: FakeLayer): void {
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
    if (this.traps.trackMatteIgnored) return;
    this.trackMatteLayer = matte;
    this.trackMatteType = type;
  }

  removeTrackMatte(): void {
    this.trackMatteLayer = null;
    this.trackMatteType = TRACK_MATTE_NONE;
  }

  private writable(): void {
    if (this.locked) throw new Error("The layer is locked");
  }
}

export class FakeProject implements Pick<Project, "numItems"> {
  all: FakeItem[] = [];
  activeItem: FakeItem | null = null;
  file: { parent: { fsName: string } } | null = null;
  readonly traps: Traps;
  readonly items = {
    addComp: (
      name: string,
      width: number,
      height: number,
      aspect: number,
      duration: number,
      rate: number,
    ): FakeComp => {
      const comp = new FakeComp(this, name);
      comp.width = width;
      comp.height = height;
      comp.pixelAspect = aspect;
      comp.duration = duration;
      comp.frameRate = rate;
      return comp;
    },
  };

  constructor(traps: Traps) {
    this.traps = traps;
  }

  get numItems(): number {
    return this.all.length;
  }

  item(index: number): FakeItem {
    return this.all[index - 1] as FakeItem;
  }

  importFile(options: { file: { fsName: string } }): FakeFootage {
    return new FakeFootage(this, options.file.fsName);
  }
}
