/**
 * Runs inside the script context of tests: properties and keyframes as After Effects has them. Checked by
 * the compiler against Adobe's types (`implements Pick<…>`), in a project that knows nothing newer than ES3.
 */
import type { Traps } from "./fake-traps.ts";

const LINEAR = 6612 as KeyframeInterpolationType;
const BEZIER = 6613 as KeyframeInterpolationType;
const HOLD = 6614 as KeyframeInterpolationType;

interface Key {
  time: number;
  value: unknown;
  into: KeyframeInterpolationType;
  out: KeyframeInterpolationType;
}

/** What all properties of a layer share: the traps, and whether the layer may be changed. */
export interface Owner {
  traps: Traps;
  locked: boolean;
  /** Of the one expression that Masklet uses. */
  evaluate(expression: string, time: number): number;
}

/** Seconds: times are fractions in After Effects, where 1/24 * 3 is 3/24. */
const SAME_TIME = 1e-9;

function requireUnlocked(owner: Owner): void {
  if (owner.locked) throw new Error("The layer is locked");
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
  value: unknown;
  expression = "";
  stale = false;
  owner: Owner;

  constructor(matchName: string, owner: Owner, value: unknown = null) {
    this.matchName = matchName;
    this.name = matchName;
    this.owner = owner;
    this.value = value;
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
    const { traps } = this.owner;
    if (traps.propertyIgnoresKeys === this.matchName) return;
    for (let i = 0; i < times.length; i++) {
      const dropped = traps.propertyDropsKeys === this.matchName && i % 2 === 1;
      if (!dropped) this.putKey(times[i] as number, this.kept(values[i]));
    }
  }

  private kept(value: unknown): unknown {
    if (!this.owner.traps.shapeChanged || this.matchName !== "ADBE Mask Shape") return value;
    const shape = value as Shape;
    const vertices = shape.vertices.concat([shape.vertices[0] as [number, number]]);
    return { closed: shape.closed, vertices: vertices, inTangents: [], outTangents: [] };
  }

  private putKey(time: number, value: unknown): void {
    const kind = this.owner.traps.newKeysAre;
    const out = kind === "hold" ? HOLD : kind === "bezier" ? BEZIER : LINEAR;
    const key: Key = { time, value, into: kind === "linear" ? LINEAR : BEZIER, out };
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
    return this.key(index).into;
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
    this.key(index).into = inType;
    this.key(index).out = outType === undefined ? inType : outType;
  }

  removeKey(index: number): void {
    this.use();
    this.key(index);
    this.keys = this.keys.slice(0, index - 1).concat(this.keys.slice(index));
  }

  /** Of its expression, a function of time, or its keys. */
  valueAtTime(time: number, preExpression: boolean): unknown {
    if (this.expression !== "" && !preExpression) return this.owner.evaluate(this.expression, time);
    if (typeof this.value === "function") return (this.value as (time: number) => unknown)(time);
    if (this.keys.length === 0) return this.value;
    let at = 0;
    while (at + 1 < this.keys.length && (this.keys[at + 1] as Key).time <= time + SAME_TIME) at++;
    const before = this.keys[at] as Key;
    const after = this.keys[at + 1];
    if (!after || before.out === HOLD || time <= before.time) return before.value;
    return this.mix(before, after, (time - before.time) / (after.time - before.time));
  }

  /** Numbers, and the vertices of shapes, evenly; not so where the trap says that After Effects eases. */
  private mix(before: Key, after: Key, share: number): unknown {
    const eased = this.owner.traps.keysEase ? share * share * (3 - 2 * share) : share;
    if (typeof before.value === "number")
      return before.value + ((after.value as number) - before.value) * eased;
    const a = (before.value as Shape).vertices;
    const b = (after.value as Shape).vertices;
    const vertices: [number, number][] = [];
    for (let i = 0; i < a.length; i++) {
      const p = a[i] as [number, number];
      const q = b[i] as [number, number];
      vertices.push([p[0] + (q[0] - p[0]) * eased, p[1] + (q[1] - p[1]) * eased]);
    }
    return { closed: true, vertices: vertices };
  }

  private key(index: number): Key {
    const key = this.keys[index - 1];
    if (!key) throw new Error("Keyframe " + index + " does not exist");
    return key;
  }

  private use(): void {
    if (this.stale) throw new Error("Object is invalid");
    requireUnlocked(this.owner);
  }
}

/** A group; adding to it may make every reference that was handed out before invalid, as in the real host. */
export class FakeGroup implements Pick<PropertyGroup, "matchName" | "name" | "numProperties"> {
  readonly matchName: string;
  name: string;
  parentGroup: FakeGroup | null = null;
  members: (FakeGroup | FakeProperty)[] = [];
  stale = false;
  owner: Owner;
  private mode = 6813 as MaskMode;

  constructor(matchName: string, owner: Owner, members: (FakeGroup | FakeProperty)[] = []) {
    this.matchName = matchName;
    this.name = matchName;
    this.owner = owner;
    this.members = members;
  }

  get maskMode(): MaskMode {
    return this.mode;
  }

  set maskMode(mode: MaskMode) {
    requireUnlocked(this.owner);
    if (!this.owner.traps.maskModeIgnored) this.mode = mode;
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
    requireUnlocked(this.owner);
    const { traps } = this.owner;
    if (traps.addMaskThrows || (traps.secondMaskThrows && this.members.length > 0))
      throw new Error("A modal dialog is open");
    if (traps.referencesDieOnAdd) this.replaceMembers();
    const mask = new FakeGroup(matchName, this.owner, [
      new FakeProperty("ADBE Mask Shape", this.owner),
      new FakeProperty("ADBE Mask Opacity", this.owner),
    ]);
    mask.parentGroup = this;
    this.members.push(mask);
    return mask;
  }

  /** The same contents in new objects; the old objects answer nothing any more. */
  private replaceMembers(): void {
    for (let i = 0; i < this.members.length; i++) {
      const old = this.members[i] as FakeGroup;
      const copy = new FakeGroup(old.matchName, old.owner, old.members);
      copy.name = old.name;
      copy.mode = old.mode;
      copy.parentGroup = this;
      this.members[i] = copy;
      old.stale = true;
    }
  }

  remove(): void {
    requireUnlocked(this.owner);
    const index = this.propertyIndex;
    if (!this.parentGroup || index === 0) throw new Error("Can not remove");
    const siblings = this.parentGroup.members;
    this.parentGroup.members = siblings.slice(0, index - 1).concat(siblings.slice(index));
  }
}
