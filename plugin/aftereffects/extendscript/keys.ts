/** Runs in ExtendScript: keyframes on a property, and markers on a layer. */
import type { MarkerFacts, OpacityKey } from "../calls.ts";

/** Seconds by which After Effects may round a key's time; far less than a frame. */
const TIME_ROUNDING = 1e-4;

/** Percent keys; a property without keys keeps its value. Whether it has what was asked for. */
export function setOpacityKeys(property: Property, keys: OpacityKey[]): boolean {
  if (keys.length === 0) return true;
  const times: number[] = [];
  const values: number[] = [];
  const holds: boolean[] = [];
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as OpacityKey;
    times.push(key.time);
    values.push(key.value);
    holds.push(key.hold);
  }
  property.setValuesAtTimes(times, values);
  if (!hasKeys(property, times)) return false;
  setInterpolation(property, holds);
  for (let k = 0; k < keys.length; k++) {
    if (Math.abs((property.keyValue(k + 1) as number) - (values[k] as number)) > 0.01) return false;
    if (property.keyOutInterpolationType(k + 1) !== wanted(holds[k] as boolean)) return false;
  }
  return true;
}

/** Whether a property has keys at these times, ascending, and no others. */
export function hasKeys(property: Property, times: number[]): boolean {
  if (property.numKeys !== times.length) return false;
  for (let k = 0; k < times.length; k++)
    if (Math.abs(property.keyTime(k + 1) - (times[k] as number)) > TIME_ROUNDING) return false;
  return true;
}

/** Each key holds until the next one, or moves evenly to it, whatever a person has set for new keys. */
export function setInterpolation(property: Property, holds: boolean[]): void {
  for (let k = 1; k <= holds.length; k++) {
    const out = wanted(holds[k - 1] as boolean);
    const into = KeyframeInterpolationType.LINEAR;
    if (property.keyOutInterpolationType(k) !== out || property.keyInInterpolationType(k) !== into)
      property.setInterpolationTypeAtKey(k, into, out);
  }
}

function wanted(hold: boolean): KeyframeInterpolationType {
  return hold ? KeyframeInterpolationType.HOLD : KeyframeInterpolationType.LINEAR;
}

/**
 * Markers whose comment ends with the signature are replaced; a person's stay, and where one has the time, ours
 * comes a frame later. Whether they are all there.
 */
export function setMarkers(layer: AVLayer, markers: MarkerFacts[], signature: string): boolean {
  const property = layer.property("ADBE Marker") as Property;
  for (let k = property.numKeys; k >= 1; k--) if (isOurs(property, k, signature)) property.removeKey(k);
  const before = property.numKeys;
  for (let i = 0; i < markers.length; i++) {
    const facts = markers[i] as MarkerFacts;
    const marker = new MarkerValue(facts.comment + " " + signature);
    marker.duration = facts.duration;
    property.setValueAtTime(freeTime(property, facts.time, layer.containingComp.frameDuration), marker);
  }
  return property.numKeys === before + markers.length;
}

function isOurs(property: Property, key: number, signature: string): boolean {
  return endsWith((property.keyValue(key) as MarkerValue).comment, signature);
}

function freeTime(property: Property, time: number, frame: number): number {
  let free = time;
  while (hasKeyAt(property, free, frame / 2)) free += frame;
  return free;
}

function hasKeyAt(property: Property, time: number, within: number): boolean {
  for (let k = 1; k <= property.numKeys; k++) if (Math.abs(property.keyTime(k) - time) < within) return true;
  return false;
}

export function endsWith(text: string, ending: string): boolean {
  return text.length >= ending.length && text.slice(text.length - ending.length) === ending;
}
