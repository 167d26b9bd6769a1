/** The operations that a script or a command line asks of a session, in upstream's words. Types only. */

import type { Alternative } from "../../alternatives.ts";
import type { VisibilityWord } from "../../visibility-overrides.ts";

/** Objects by the name that their folder of mattes has. */
export type Operation =
  | PointsOperation
  | MaskOperation
  | PropagateOperation
  | VisibilityOperation
  | { op: "clear_frame"; frame: number; object: string }
  | { op: "remove_object"; object: string }
  | { op: "reset" };

export interface PointsOperation {
  op: "points";
  frame: number;
  object: string;
  /** Source pixels. */
  points: [x: number, y: number][];
  /** 1: belongs to the object; 0: does not. One per point. */
  labels: (0 | 1)[];
  box?: [x0: number, y0: number, x1: number, y1: number];
  /** Ours, not upstream's: which of the masks that they can mean; absent: 0. */
  alternative?: Alternative;
  /** False adds to the points that are on the frame already. */
  clearOldPoints: boolean;
}

export interface MaskOperation {
  op: "mask";
  frame: number;
  object: string;
  /** A PNG file, absolute or relative to the working folder. */
  file: string;
}

/** Ours, not upstream's: where the mattes are empty whatever the model says, or follow it again. */
export interface VisibilityOperation {
  op: "visibility";
  object: string;
  /** First and last frame, both included. */
  from: number;
  to: number;
  state: VisibilityWord;
}

export interface PropagateOperation {
  op: "propagate";
  /** Absent: the earliest frame with a prompt. */
  start?: number;
  /** Frames after the start; absent: to the end of the clip. */
  maxFrames?: number;
  reverse: boolean;
}
