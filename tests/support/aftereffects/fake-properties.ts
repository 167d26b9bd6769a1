/**
 * Runs inside the script context of tests: properties and keyframes as After Effects has them. Checked by
 * the compiler against Adobe's types (`implements Pick<…>`), in a project that knows nothing newer than ES3.
 */
import type { Traps } from "./fake-traps.ts";

interface Key {
  time: number;
  value: unknown;
  out: KeyframeInterpolationType;
}

export class FakeProperty
  implements
    Pick<
      ShapeProperty,
      "matchName" | "name" | "numKeys" | "keyInInterpolationType" | "removeKey" | "setInterpolationTypeAtKey"
    >
{
  readonly matchName: string;
  name: string;
  keys: Key[] = [];
  value: unknown = null;
  stale = false;
  traps: Traps;

  constructor(matchName: string, traps: Traps) {
    this.matchName = matchName;
    this.name = matchName;
    this.traps = traps;
  }

  get numKeys(): number {
    return this.keys.length;
  }

  setValue(value: unknown): void {
    this.use();
    if (this.keys.length > 0) throw new Error("Can not set value on a property with keyframes");
    this.value = value;
  }

  setValueAtTime(time: number, value: unknown): void {
    this.setValuesAtTimes([time], [value]);
  }

  setValuesAtTimes(times: number[], values: unknown[]): void {
    this.use();
    if (times.length !== values.length) throw new Error("Arrays of times and values differ in length");
    if (this.traps.propertyIgnoresKeys === this.matchName) return;
    for (let i = 0; i < times.length; i++) this.putKey(times[i] as number, values[i]);
  }

  private putKey(time: number, value: unknown): void {
    const key: Key = { time, value, out: 6612 as KeyframeInterpolationType };
    let at = 0;
    while (at < this.keys.length && (this.keys[at] as Key).time < time) at++;
    const same = at < this.keys.length && (this.keys[at] as Key).time === time;
    this.keys = this.keys.slice(0, at).concat([key], this.keys.slice(same ? at + 1 : at));
  }

  keyTime(index: number): number {
    return this.key(index).time;
  }

  keyValue(index: number): unknown {
    return this.key(index).value;
  }

  keyInInterpolationType(index: number): KeyframeInterpolationType {
    this.key(index);
    return 6612 as KeyframeInterpolationType;
  }

  keyOutInterpolationType(index: number): KeyframeInterpolationType {
    return this.key(index).out;
  }

  setInterpolationTypeAtKey(
    index: number,
    inType: KeyframeInterpolationType,
    outType?: KeyframeInterpolationType,
  ): void {
    this.use();
    this.key(index).out = outType === undefined ? inType : outType;
  }

  removeKey(index: number): void {
    this.key(index);
    this.keys = this.keys.slice(0, index - 1).concat(this.keys.slice(index));
  }

  valueAtTime(time: number, _preExpression: boolean): unknown {
    let value = this.value;
    for (let i = 0; i < this.keys.length; i++) {
      const key = this.keys[i] as Key;
      if (key.time <= time) value = key.value;
    }
    return typeof value === "function" ? (value as (time: number) => unknown)(time) : value;
  }

  private key(index: number): Key {
    const key = this.keys[index - 1];
    if (!key) throw new Error("Keyframe " + index + " does not exist");
    return key;
  }

  private use(): void {
    if (this.stale) throw new Error("Object is invalid");
  }
}

/** A group; adding to it makes every reference that was handed out before invalid, as in the real host. */
export class FakeGroup implements Pick<PropertyGroup, "matchName" | "name" | "numProperties"> {
  readonly matchName: string;
  name: string;
  maskMode: MaskMode | null = null;
  parentGroup: FakeGroup | null = null;
  members: (FakeGroup | FakeProperty)[] = [];
  stale = false;
  traps: Traps;

  constructor(matchName: string, traps: Traps, members: (FakeGroup | FakeProperty)[] = []) {
    this.matchName = matchName;
    this.name = matchName;
    this.traps = traps;
    this.members = members;
  }

  get numProperties(): number {
    return this.members.length;
  }

  get propertyIndex(): number {
    const siblings = this.parentGroup ? this.parentGroup.members : [];
    for (let i = 0; i < siblings.length; i++) if (siblings[i] === this) return i + 1;
    return 0;
  }

  /** By match name, or by index from 1. */
  property(which: string | number): FakeGroup | FakeProperty {
    if (this.stale) throw new Error("Object is invalid");
    for (let i = 0; i < this.members.length; i++) {
      const member = this.members[i] as FakeGroup | FakeProperty;
      if (which === i + 1 || which === member.matchName) return member;
    }
    throw new Error("No property " + which + " in " + this.matchName);
  }

  addProperty(matchName: string): FakeGroup {
    if (matchName !== "ADBE Mask Atom") throw new Error("Can not add " + matchName);
    if (this.traps.referencesDieOnAdd) this.replaceMembers();
    const mask = new FakeGroup(matchName, this.traps, [
      new FakeProperty("ADBE Mask Shape", this.traps),
      new FakeProperty("ADBE Mask Opacity", this.traps),
    ]);
    mask.parentGroup = this;
    this.members.push(mask);
    return mask;
  }

  /** The same contents in new objects; the old objects answer nothing any more. */
  private replaceMembers(): void {
    for (let i = 0; i < this.members.length; i++) {
      const old = this.members[i] as FakeGroup;
      const copy = new FakeGroup(old.matchName, old.traps, old.members);
      copy.name = old.name;
      copy.maskMode = old.maskMode;
      copy.parentGroup = this;
      this.members[i] = copy;
      old.stale = true;
    }
  }

  remove(): void {
    const index = this.propertyIndex;
    if (!this.parentGroup || index === 0) throw new Error("Can not remove");
    const siblings = this.parentGroup.members;
    this.parentGroup.members = siblings.slice(0, index - 1).concat(siblings.slice(index));
  }
}
