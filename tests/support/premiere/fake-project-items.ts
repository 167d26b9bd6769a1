/** Bins and project items over the model; checked against the official types. */
import type {
  Action,
  ClipProjectItem,
  FolderItem,
  FootageInterpretation,
  ProjectItem,
  TickTime,
} from "@adobe/premierepro";
import type { Members } from "./fake-values.ts";
import type { FakeWorld } from "./fake-world.ts";
import { ScriptObject } from "./script-object.ts";
import type { ModelProjectItem } from "./timeline-model.ts";

export class FakeProjectItem extends ScriptObject implements Members<ProjectItem> {
  readonly id: string;
  constructor(world: FakeWorld, id: string) {
    super(world);
    this.id = id;
  }
  protected item(): ModelProjectItem {
    return this.live().projectItem(this.id);
  }
  get name(): string {
    return this.item().name;
  }
  get type(): number {
    return this.item().kind === "bin" ? 2 : 1;
  }
  getId(): string {
    return this.id;
  }
  async getColorLabelIndex(): Promise<number> {
    return 0;
  }
  async getProject() {
    return this.world.project;
  }
  getParentBin(): FolderItem {
    return new FakeFolder(this.world, this.item().binId) as unknown as FolderItem;
  }
  createSetColorLabelAction(): Action {
    return this.live().action("label", () => {});
  }
  createSetNameAction(name: string): Action {
    return this.live().action("name-item", () => {
      this.world.projectItem(this.id).name = name;
    });
  }
}

type UsedClip = Pick<
  ClipProjectItem,
  | "isSequence"
  | "isOffline"
  | "isMulticamClip"
  | "getMediaFilePath"
  | "getFootageInterpretation"
  | "createSetOverrideFrameRateAction"
  | "createSetInOutPointsAction"
  | "createSetScaleToFrameSizeAction"
  | "createSetNameAction"
  | "name"
  | "type"
>;

/** What `ClipProjectItem.cast` gives; factories don't take it. */
export class FakeClip extends FakeProjectItem implements UsedClip {
  async isSequence(): Promise<boolean> {
    return this.item().kind === "sequence";
  }
  async isOffline(): Promise<boolean> {
    return this.item().offline;
  }
  async isMulticamClip(): Promise<boolean> {
    return this.item().multicam;
  }
  async getMediaFilePath(): Promise<string> {
    const item = this.item();
    return this.world.traps.emptyMediaPath && item.stills === null ? "" : item.mediaPath;
  }
  async getFootageInterpretation(): Promise<FootageInterpretation> {
    const { frameRate, pixelAspect } = this.item();
    const used: Pick<FootageInterpretation, "getFrameRate" | "getPixelAspectRatio"> = {
      getFrameRate: () => frameRate,
      getPixelAspectRatio: () => pixelAspect,
    };
    return used as FootageInterpretation;
  }
  createSetOverrideFrameRateAction(rate: number): Action {
    return this.live().action("override-rate", () => {
      if (!this.world.traps.rateIgnored) this.world.setRate(this.id, rate);
    });
  }
  createSetScaleToFrameSizeAction(): Action {
    return this.live().action("scale-to-frame", () => {
      this.world.projectItem(this.id).scaledToFrame = true;
    });
  }
  createSetInOutPointsAction(from: TickTime, to: TickTime): Action {
    return this.live().action("in-out", () => {
      const item = this.world.projectItem(this.id);
      item.inPoint = BigInt(from.ticks);
      item.outPoint = BigInt(to.ticks);
    });
  }
}

type UsedFolder = Pick<
  FolderItem,
  "createBinAction" | "getItems" | "createRemoveItemAction" | "name" | "type"
>;

export class FakeFolder extends ScriptObject implements UsedFolder {
  readonly id: string | null;
  readonly type = 2;
  constructor(world: FakeWorld, id: string | null) {
    super(world);
    this.id = id;
  }
  get name(): string {
    return this.id === null ? "Root" : this.world.projectItem(this.id).name;
  }
  async getItems(): Promise<ProjectItem[]> {
    return this.live()
      .visibleItems(this.id)
      .map((item) => new FakeProjectItem(this.world, item.id) as unknown as ProjectItem);
  }
  createBinAction(name: string): Action {
    return this.live().action("bin", () => this.world.addBin(name));
  }
  createRemoveItemAction(item: ProjectItem): Action {
    return this.live().action("remove-item", () => this.world.removeItem(item.getId()));
  }
}
