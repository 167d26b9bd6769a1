/** Runs inside the script context of tests: which frame of its footage a layer shows, and what is there. */
import { FakeFootage, type FakeSequence } from "./fake-items.ts";
import type { FakeLayer } from "./fake-layers.ts";
import type { FakeGroup, FakeProperty } from "./fake-properties.ts";

/** Share of a frame that rounding may take. */
const ROUNDING = 1e-6;

/** Channel 0 (red) to 3 (alpha), 0 to 1, at a place across the layer's middle. */
export function sampleLayer(layer: FakeLayer, x: number, channel: number, time: number): number {
  const footage = layer.source;
  if (!(footage instanceof FakeFootage)) throw new Error("Only footage has pixels here");
  if (channel === 3) return isMasked(layer, x) ? 0 : 1;
  const file = (footage.mainSource as unknown as { file: { fsName: string } }).file.fsName;
  const frame = frameShown(layer, footage as FakeSequence, time);
  return footage.project.brightness(file, frame, x / footage.width);
}

function frameShown(layer: FakeLayer, { mainSource, frames }: FakeSequence, time: number): number {
  const rate = mainSource.conformFrameRate || mainSource.nativeFrameRate;
  const remap = layer.property("ADBE Time Remapping") as FakeProperty;
  const seconds = layer.timeRemapEnabled
    ? (remap.valueAtTime(time, false) as number)
    : ((time - layer.startTime) * 100) / layer.stretch;
  const runsBack = !layer.timeRemapEnabled && layer.stretch < 0 && !layer.traps.reversedShowsFrameAt;
  const frame = runsBack ? Math.ceil(seconds * rate - ROUNDING) - 1 : Math.floor(seconds * rate + ROUNDING);
  const last = frames * mainSource.loop - 1;
  return Math.min(Math.max(frame, 0), last) % frames;
}

/** Outside of the first mask's left and right end. */
function isMasked(layer: FakeLayer, x: number): boolean {
  const mask = (layer.property("ADBE Mask Parade") as FakeGroup).members[0] as FakeGroup | undefined;
  if (!mask) return false;
  const { vertices } = (mask.property("ADBE Mask Shape") as FakeProperty).value as Shape;
  const wide = layer.traps.masksCountShownPixels && layer.source ? layer.source.pixelAspect : 1;
  let left = x;
  let right = x;
  for (let i = 0; i < vertices.length; i++) {
    const at = (vertices[i] as [number, number])[0] / wide;
    if (i === 0 || at < left) left = at;
    if (i === 0 || at > right) right = at;
  }
  return x < left || x > right;
}
