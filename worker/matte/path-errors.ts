/** Runs anywhere: how far fitted paths are from the mattes, drawn frame by frame as a host would. */
import type { Size } from "./alpha-region.ts";
import { flattenPath } from "./draw-path.ts";
import type { FittedKeys } from "./fit-keys.ts";
import type { OutlineTrack } from "./outline-tracks.ts";
import { mixVectors, placeOf, toPath } from "./path-vector.ts";
import { overlapOf, type RowRuns, runsOfParts } from "./row-runs.ts";

/** An outline, the landmarks that are its path's vertices, and that path's keys. */
export interface KeyedOutline {
  outline: OutlineTrack;
  vertices: readonly number[];
  fitted: FittedKeys;
}

/** The matte of a frame as runs, and the frame's size. */
export type MatteOfFrame = (frameIndex: number) => { runs: RowRuns; frame: Size };

/** Of all paths together, one value per frame. */
export interface PathErrors {
  /** 1 - IoU with the matte. */
  lost: Float64Array;
  /** Units of the outline from the farthest landmark to its path. */
  farthest: Float64Array;
}

/** On the frames `from` to `to`, both included. */
export async function errorsOf(
  { from, to }: { from: number; to: number },
  paths: readonly KeyedOutline[],
  mattes: MatteOfFrame,
  pace: () => Promise<void>,
): Promise<PathErrors> {
  const count = to - from + 1;
  const errors = { lost: new Float64Array(count), farthest: new Float64Array(count) };
  for (let at = 0; at < count; at++) {
    await pace();
    const on = paths.filter(({ outline }) => isOn(outline, from + at));
    errors.lost[at] = lossOf(on, from + at, mattes);
    for (const { outline, fitted } of on)
      errors.farthest[at] = Math.max(errors.farthest[at]!, fitted.farthest[from + at - outline.from]!);
  }
  return errors;
}

function isOn({ from, landmarks }: OutlineTrack, frame: number): boolean {
  return frame >= from && frame < from + landmarks.length;
}

function lossOf(on: readonly KeyedOutline[], frameIndex: number, mattes: MatteOfFrame): number {
  const { runs, frame } = mattes(frameIndex);
  const parts = on.map(({ outline: { mode, scale }, fitted: { keys, values } }) => ({
    mode,
    points: flattenPath(toPath(mixVectors(values, placeOf(keys, frameIndex)))).map((value) => value * scale),
  }));
  const { both, either } = overlapOf(runs, runsOfParts(parts, frame.width, frame.height));
  return either === 0 ? 0 : 1 - both / either;
}
