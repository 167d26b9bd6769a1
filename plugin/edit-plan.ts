/**
 * What will change in the host, as pure data: the panel computes it, a host carries it out in one undo
 * step. Everything clever about keyframes is here and is testable without a host.
 */
import type { Ticks } from "./protocol.ts";

export type Interpolation = "hold" | "linear" | "bezier";

export interface Keyframe<V> {
  /** The clip's own clock: ticks from the clip's first used frame. */
  time: Ticks;
  value: V;
  interpolation: Interpolation;
}

export interface MatteImport {
  /** Folder and first file of numbered stills, or one movie file. */
  paths: string[];
  name: string;
  rate: { numerator: number; denominator: number };
  /** Timeline time of the matte's first frame and just after its last one. */
  start: Ticks;
  end: Ticks;
}

export interface PlanMarker {
  time: Ticks;
  duration: Ticks;
  name: string;
  comment: string;
}

/** One vertex: position and tangents relative to it, pixels of the layer. */
export interface PathVertex {
  x: number;
  y: number;
  inX: number;
  inY: number;
  outX: number;
  outY: number;
}

export interface MaskPath {
  name: string;
  mode: "add" | "subtract";
  keyframes: Keyframe<PathVertex[]>[];
  /** 0 to 100; hold keys that switch the mask off while the object is hidden. */
  opacity: Keyframe<number>[];
}

export interface EditPlan {
  /** Shown by the host's undo, e.g. "Masklet: car". */
  label: string;
  clipId: string;
  /** Marks what Masklet made, so that a second run replaces it. */
  signature: string;
  write:
    | { kind: "track-matte"; matte: MatteImport; opacity: Keyframe<number>[] }
    | { kind: "cut-out"; picture: MatteImport; opacity: Keyframe<number>[] }
    | { kind: "import-only"; matte: MatteImport }
    | { kind: "mask-paths"; paths: MaskPath[] };
  markers: PlanMarker[];
}
