/** Runs in ExtendScript: keyframes on a property, and markers on a layer. */
import type { MarkerFacts, OpacityKey } from "../calls.ts";

/** Percent keys; a property without keys keeps its value. */
export function setOpacityKeys(property: Property, keys: OpacityKey[]): void {
  const times: number[] = [];
  const values: number[] = [];
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as OpacityKey;
    times.push(key.time);
    values.push(key.value);
  }
  if (keys.length === 0) return;
  property.setValuesAtTimes(times, values);
  for (let k = 0; k < property.numKeys; k++) if ((keys[k] as OpacityKey).hold) holdFrom(property, k + 1);
}

/** Nothing moves between key `index` (from 1) and the next one. */
export function holdFrom(property: Property, index: number): void {
  property.setInterpolationTypeAtKey(
    index,
    property.keyInInterpolationType(index),
    KeyframeInterpolationType.HOLD,
  );
}

/** Markers whose comment ends with the signature are replaced. */
export function setMarkers(layer: AVLayer, markers: MarkerFacts[], signature: string): void {
  const property = layer.property("ADBE Marker") as Property;
  for (let k = property.numKeys; k >= 1; k--) {
    const comment = (property.keyValue(k) as MarkerValue).comment;
    if (endsWith(comment, signature)) property.removeKey(k);
  }
  for (let i = 0; i < markers.length; i++) {
    const facts = markers[i] as MarkerFacts;
    const marker = new MarkerValue(facts.comment + " " + signature);
    marker.duration = facts.duration;
    property.setValueAtTime(facts.time, marker);
  }
}

export function endsWith(text: string, ending: string): boolean {
  return text.length >= ending.length && text.slice(text.length - ending.length) === ending;
}
