/** What panel and engine have agreed on beside `TrackerApi`. Runs on both sides. */
import type { ClipInfo, TrackerApi } from "../protocol.ts";
import type { PixelBitmap } from "./values.ts";

/** Of the calls; a panel refuses an engine of another version. */
export const ENGINE_PROTOCOL = 1;

/** Name of the variable in the engine's environment that holds the secret of its parent. */
export const SECRET_VARIABLE = "MASKLET_ENGINE_SECRET";

/** What the engine answers to the first call, `hello(secret)`. */
export interface EngineGreeting {
  protocol: number;
  processId: number;
  nodeVersion: string;
  /** Why it can't run models natively; empty when it can. */
  nativeProblem: string;
  /** Why it can't decode every kind of video; empty when it can. */
  codecsProblem: string;
}

/** What the engine reports by itself every two seconds, by the panel's method `status`. */
export interface EngineStatus {
  /** Bytes of working memory that the process holds. */
  residentBytes: number;
}

/** A clip that the engine has no codec for: the page decodes it, and the engine asks for frames as it needs them. */
export interface DecodedClip {
  kind: "decoded";
  name: string;
  info: ClipInfo;
  /** Rejects with words where the frame can't be decoded. */
  frame(frameIndex: number): Promise<PixelBitmap>;
  close(): Promise<void>;
}

export const TRACKER_METHODS: readonly (keyof TrackerApi)[] = [
  "environment",
  "listModels",
  "loadModel",
  "deleteModel",
  "openClip",
  "closeClip",
  "readFrame",
  "warmFrame",
  "setPrompts",
  "previewClick",
  "removeObject",
  "affectedStretch",
  "track",
  "stop",
  "keepState",
  "returnToState",
  "forgetState",
  "exportState",
  "importState",
  "exportStateParts",
  "importStateParts",
  "exportMatte",
];
