/** Pure: an edit plan as calls into ExtendScript. */
import type { EditPlan, Keyframe, MaskPath, MatteImport, PathVertex, PlanMarker } from "../edit-plan.ts";
import type { Ticks } from "../protocol.ts";
import { parseTicks, ticksToSeconds } from "../timecode.ts";
import type {
  CommitPaths,
  LayerReference,
  MarkerFacts,
  OpacityKey,
  PathKey,
  PlaceMatte,
  StagePathKeys,
} from "./calls.ts";

/** Keyframes in the first call; later ones are sized by what this one took, see `pieceSize`. */
export const FIRST_PIECE_KEYS = 8;
/** Samples of time remapping in the first call. */
export const FIRST_PIECE_SAMPLES = 64;
/** The host's main thread must never be held above about 200 ms; half of that leaves room for slower moments. */
const WANTED_MILLISECONDS = 100;
const MOST_IN_A_PIECE = 256;

/** "12:34" back to ids. */
export function layerOf(clipId: string): LayerReference {
  const [compId = Number.NaN, layerId = Number.NaN] = clipId.split(":").map(Number);
  return { compId, layerId };
}

/** How many keys the next piece may have, after one of `keys` took `milliseconds`. */
export function pieceSize(keys: number, milliseconds: number): number {
  const fitting = Math.floor((keys * WANTED_MILLISECONDS) / Math.max(milliseconds, 1));
  return Math.max(1, Math.min(fitting, keys * 2, MOST_IN_A_PIECE));
}

/** `clipStart`: comp time of the clip's own time 0. */
export function stagePiece(
  stage: string,
  pathIndex: number,
  path: MaskPath,
  range: { from: number; to: number },
  clipStart: Ticks,
): StagePathKeys {
  return {
    stage,
    path: pathIndex,
    name: path.name,
    mode: path.mode,
    opacity: path.opacity.map((key) => opacityKey(key, clipStart)),
    keys: path.keyframes.slice(range.from, range.to).map((key) => pathKey(key, clipStart)),
  };
}

export function commitCall(stage: string, plan: EditPlan): CommitPaths {
  return {
    stage,
    layer: layerOf(plan.clipId),
    signature: markOf(plan),
    undoLabel: plan.label,
    markers: plan.markers.map(markerFacts),
  };
}

export function placeCall(plan: EditPlan, clipStart: Ticks): PlaceMatte | null {
  const { write } = plan;
  if (write.kind === "mask-paths") return null;
  const matte: MatteImport = write.kind === "cut-out" ? write.picture : write.matte;
  const opacity = write.kind === "import-only" ? [] : write.opacity;
  return {
    layer: layerOf(plan.clipId),
    file: matte.firstFile,
    sequence: matte.kind === "stills",
    frameCount: matte.frameCount,
    rate: matte.rate.numerator / matte.rate.denominator,
    name: matte.name,
    use: write.kind === "track-matte" ? "luma" : write.kind,
    start: seconds(matte.start),
    end: seconds(matte.end),
    signature: markOf(plan),
    undoLabel: plan.label,
    opacity: opacity.map((key) => opacityKey(key, clipStart)),
    markers: plan.markers.map(markerFacts),
  };
}

/** In brackets, so that it is recognised as a mark and not as part of a name. */
function markOf(plan: EditPlan): string {
  return `[${plan.signature}]`;
}

function opacityKey({ time, value, interpolation }: Keyframe<number>, clipStart: Ticks): OpacityKey {
  return { time: compSeconds(time, clipStart), value, hold: interpolation === "hold" };
}

function pathKey({ time, value, interpolation }: Keyframe<PathVertex[]>, clipStart: Ticks): PathKey {
  const vertices = value.flatMap(({ x, y, inX, inY, outX, outY }) => [x, y, inX, inY, outX, outY]);
  return {
    time: compSeconds(time, clipStart),
    vertices: vertices.map(rounded),
    hold: interpolation === "hold",
  };
}

/** A thousandth of a pixel: what After Effects shows, and a third of the text. */
function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}

function markerFacts({ time, duration, name, comment }: PlanMarker): MarkerFacts {
  return { time: seconds(time), duration: seconds(duration), comment: `${name}: ${comment}` };
}

function compSeconds(time: Ticks, clipStart: Ticks): number {
  return ticksToSeconds(parseTicks(time) + parseTicks(clipStart));
}

function seconds(ticks: Ticks): number {
  return ticksToSeconds(parseTicks(ticks));
}
