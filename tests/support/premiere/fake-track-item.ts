/** A clip on the timeline over the model; checked against the official type. */
import type {
  Action,
  ProjectItem,
  TickTime,
  VideoClipTrackItem,
  VideoComponentChain,
} from "@adobe/premierepro";
import { FakeChain } from "./fake-components.ts";
import { FakeProjectItem } from "./fake-project-items.ts";
import { guid, type Members, time } from "./fake-values.ts";
import type { FakeWorld } from "./fake-world.ts";
import { ScriptObject } from "./script-object.ts";
import type { ModelTrackItem } from "./timeline-model.ts";

type UsedTrackItem = Omit<
  Members<VideoClipTrackItem>,
  | "createRemoveVideoTransitionAction"
  | "createSetNameAction"
  | "createSetInPointAction"
  | "createSetOutPointAction"
>;

export class FakeTrackItem extends ScriptObject implements UsedTrackItem {
  readonly uid: number;
  constructor(world: FakeWorld, uid: number) {
    super(world);
    this.uid = uid;
  }
  #item = (): ModelTrackItem => this.world.trackItem(this.uid).item;
  #read(): ModelTrackItem {
    this.live();
    return this.#item();
  }
  createAddVideoTransitionAction(): Action {
    return this.live().action("transition", () => {});
  }
  async getMatchName(): Promise<string> {
    return "";
  }
  async getName(): Promise<string> {
    return this.#read().name;
  }
  async getIsSelected(): Promise<boolean> {
    return this.live().selection.includes(this.uid);
  }
  async getSpeed(): Promise<number> {
    return this.#read().speed;
  }
  async isAdjustmentLayer(): Promise<boolean> {
    return this.#read().adjustment;
  }
  async isSpeedReversed(): Promise<number> {
    return this.#read().reversed ? 1 : 0;
  }
  async isDisabled(): Promise<boolean> {
    return this.#read().disabled;
  }
  async getInPoint(): Promise<TickTime> {
    return time(this.#read().inPoint);
  }
  async getOutPoint(): Promise<TickTime> {
    return time(this.#read().outPoint);
  }
  async getStartTime(): Promise<TickTime> {
    return time(this.#read().start);
  }
  async getEndTime(): Promise<TickTime> {
    return time(this.#read().end);
  }
  async getDuration(): Promise<TickTime> {
    return time(this.#read().end - this.#read().start);
  }
  async getType(): Promise<number> {
    return 1;
  }
  async getMediaType() {
    return guid("video");
  }
  async getTrackIndex(): Promise<number> {
    return this.live().trackItem(this.uid).trackIndex;
  }
  async getProjectItem(): Promise<ProjectItem> {
    const { itemId } = this.#read();
    return (itemId === null ? null : new FakeProjectItem(this.world, itemId)) as unknown as ProjectItem;
  }
  async getComponentChain(): Promise<VideoComponentChain> {
    this.#read();
    return new FakeChain(this.world, this.#item) as unknown as VideoComponentChain;
  }
  createMoveAction(by: TickTime): Action {
    return this.live().action("move", () => {
      this.#item().start += BigInt(by.ticks);
      this.#item().end += BigInt(by.ticks);
    });
  }
  createSetStartAction(at: TickTime): Action {
    return this.live().action("set-start", () => {
      this.#item().start = BigInt(at.ticks);
    });
  }
  createSetEndAction(at: TickTime): Action {
    return this.live().action("set-end", () => {
      this.#item().end = BigInt(at.ticks);
    });
  }
  createSetDisabledAction(disabled: boolean): Action {
    return this.live().action("set-disabled", () => {
      this.#item().disabled = disabled;
    });
  }
}
