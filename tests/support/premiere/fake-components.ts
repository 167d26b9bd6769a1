/** Effects, parameters and keyframes over the model; checked against the official types. */
import type {
  Action,
  Color,
  Component,
  ComponentParam,
  Keyframe,
  PointF,
  TickTime,
  VideoComponentChain,
  VideoFilterComponent,
} from "@adobe/premierepro";
import { type Members, time } from "./fake-values.ts";
import type { FakeWorld } from "./fake-world.ts";
import { ScriptObject } from "./script-object.ts";
import type { ModelComponent, ModelParam, ModelTrackItem } from "./timeline-model.ts";

type Value = number | string | boolean | PointF | Color;

class FakeKeyframe implements Members<Keyframe> {
  value: { value: Value };
  position: TickTime = time(0n);
  #mode: number;
  constructor(value: Value, mode = 5) {
    this.value = { value };
    this.#mode = mode;
  }
  async getTemporalInterpolationMode(): Promise<number> {
    return this.#mode;
  }
  async setTemporalInterpolationMode(mode: number): Promise<boolean> {
    this.#mode = mode;
    return true;
  }
}

type UsedParam = Pick<
  ComponentParam,
  | "createKeyframe"
  | "getValueAtTime"
  | "createSetValueAction"
  | "createAddKeyframeAction"
  | "createSetTimeVaryingAction"
  | "getStartValue"
  | "getKeyframeListAsTickTimes"
  | "getKeyframePtr"
  | "isTimeVarying"
  | "createSetInterpolationAtKeyframeAction"
  | "displayName"
>;

class FakeParam extends ScriptObject implements UsedParam {
  readonly #param: () => ModelParam;
  readonly #component: string;
  constructor(world: FakeWorld, component: string, param: () => ModelParam) {
    super(world);
    this.#component = component;
    this.#param = param;
  }
  get displayName(): string {
    return this.#param().name;
  }
  get #isMatte(): boolean {
    return this.#component.includes("Track Matte") && this.#param().name === "Matte:";
  }
  createKeyframe(value: Value): Keyframe {
    if (this.live().traps.matteRefusesValue && this.#isMatte) throw new Error("Illegal Parameter type");
    return new FakeKeyframe(value) as unknown as Keyframe;
  }
  async getValueAtTime(): Promise<Value> {
    if (this.live().traps.matteUnreadable && this.#isMatte) throw new Error("Parameter can't be read");
    return this.#param().value as Value;
  }
  async getStartValue(): Promise<Keyframe> {
    return new FakeKeyframe(await this.getValueAtTime()) as unknown as Keyframe;
  }
  isTimeVarying(): boolean {
    this.live();
    return this.#param().timeVarying;
  }
  getKeyframeListAsTickTimes(): TickTime[] {
    this.live();
    return this.#param().keys.map((key) => time(key.time));
  }
  getKeyframePtr(at?: TickTime): Keyframe {
    this.live();
    const key = this.#param().keys.find((each) => each.time === BigInt(at?.ticks ?? "0"));
    if (!key) throw new Error("No keyframe at this time");
    return new FakeKeyframe(key.value as Value, key.mode) as unknown as Keyframe;
  }
  createSetTimeVaryingAction(timeVarying: boolean): Action {
    return this.live().action("set-time-varying", () => {
      this.#param().timeVarying = timeVarying;
    });
  }
  createSetValueAction(keyframe: Keyframe): Action {
    const { traps } = this.live();
    const isComposite = this.#param().name === "Composite Using:";
    const ignored =
      (traps.matteIgnoresValue && this.#isMatte) || (traps.compositeIgnoresValue && isComposite);
    return this.world.action("set-value", () => {
      if (!ignored) this.#param().value = keyframe.value.value;
    });
  }
  createAddKeyframeAction(keyframe: Keyframe): Action {
    if (this.live().traps.keysRefused) throw new Error("Keyframes are not supported");
    return this.world.action("add-keyframe", () => {
      const key = { time: BigInt(keyframe.position.ticks), value: keyframe.value.value, mode: 5 };
      const param = this.#param();
      const others = param.keys.filter((each) => each.time !== key.time);
      param.keys = [...others, key].sort((a, b) => (a.time < b.time ? -1 : 1));
    });
  }
  createSetInterpolationAtKeyframeAction(at: TickTime, mode: number): Action {
    const { traps } = this.live();
    const find = () => this.#param().keys.find((each) => each.time === BigInt(at.ticks));
    const existed = find() !== undefined;
    if (traps.interpolationNeedsKey && !existed) throw new Error("No keyframe at this time");
    return this.world.action("set-interpolation", () => {
      const key = find();
      if (key && !(traps.interpolationLost && !existed)) key.mode = mode;
    });
  }
}

class FakeComponent extends ScriptObject implements Members<Component> {
  readonly #component: () => ModelComponent;
  constructor(world: FakeWorld, component: () => ModelComponent) {
    super(world);
    this.#component = component;
  }
  async getMatchName(): Promise<string> {
    this.live();
    return this.#component().matchName;
  }
  async getDisplayName(): Promise<string> {
    return this.getMatchName();
  }
  getParamCount(): number {
    this.live();
    return this.#component().params.length;
  }
  getParam(index = 0): ComponentParam {
    this.live();
    const { matchName } = this.#component();
    const param = () => this.#component().params[index]!;
    return new FakeParam(this.world, matchName, param) as unknown as ComponentParam;
  }
}

/** What `VideoFilterFactory` makes: an effect that is in no chain yet. */
export class FakeFilter implements Members<VideoFilterComponent> {
  readonly model: ModelComponent;
  constructor(model: ModelComponent) {
    this.model = model;
  }
}

export class FakeChain extends ScriptObject implements Members<VideoComponentChain> {
  readonly #item: () => ModelTrackItem;
  constructor(world: FakeWorld, item: () => ModelTrackItem) {
    super(world);
    this.#item = item;
  }
  getComponentCount(): number {
    this.live();
    return this.#item().components.length;
  }
  getComponentAtIndex(index: number): Component {
    this.live();
    return new FakeComponent(this.world, () => this.#item().components[index]!) as unknown as Component;
  }
  createAppendComponentAction(component: Component | VideoFilterComponent): Action {
    return this.createInsertComponentAction(component, Number.POSITIVE_INFINITY);
  }
  createInsertComponentAction(component: Component | VideoFilterComponent, index: number): Action {
    return this.live().action("append-component", () => {
      const copy = structuredClone((component as FakeFilter).model);
      this.#item().components.splice(Math.min(index, this.#item().components.length), 0, copy);
    });
  }
  /** The last one: Masklet takes back only what it appended. */
  createRemoveComponentAction(): Action {
    return this.live().action("remove-component", () => this.#item().components.pop());
  }
}
