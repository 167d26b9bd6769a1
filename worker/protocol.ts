/**
 * The contract between a panel (or a command line) and the tracker: types only, no code.
 *
 * Served by a Web Worker through comlink, by a Node process, and in tests by a plain object. Everything
 * that crosses is structured-cloneable data; what is expected to fail comes back as data (`Outcome`),
 * because comlink keeps nothing of an error but its name, message and stack.
 *
 * Units, unless said otherwise: coordinates are pixels of the displayed source frame (after rotation and
 * pixel aspect), origin top left, x to the right, the centre of the first pixel at (0.5, 0.5). Frame
 * numbers count presented frames of the clip from 0. Scores are logits: above 0 means visible.
 */

import type { Alternative } from "./alternatives.ts";
import type { PathOptions } from "./matte/path-types.ts";

// ---------------------------------------------------------------- failures

/** What went wrong, in a form that a program can act on. */
export type TrackerErrorCode =
  | "bad-checkpoint"
  | "bad-config"
  | "bad-clip"
  | "unsupported-codec"
  | "bad-prompt"
  | "out-of-range"
  | "no-prompt"
  | "no-model"
  | "not-found"
  | "write-failed"
  | "network"
  | "device-lost"
  | "out-of-memory"
  | "cancelled"
  | "internal";

/** `message` says what was expected and what came; `remedy` says what the person can do next. */
export interface TrackerFailure {
  code: TrackerErrorCode;
  message: string;
  remedy: string;
}

export type Outcome<T> = { ok: true; value: T } | { ok: false; error: TrackerFailure };

// ---------------------------------------------------------------- where it runs

export type Backend = "webgpu" | "wasm" | "native";

/** What this machine offers, and in words why the others are missing. */
export interface TrackerEnvironment {
  /** Best first; the tracker uses the first one that creates a session. */
  backends: {
    backend: Backend;
    available: boolean;
    threads: number;
    reason: string;
    /** Computes in float16, so that `half_precision` may pay; absent: no. */
    half?: boolean;
  }[];
  /** Whether the page is cross-origin isolated, the condition for WASM threads. */
  crossOriginIsolated: boolean;
  /** One sentence on what would make it faster here; empty when nothing would. */
  advice: string;
}

// ---------------------------------------------------------------- models

/** A model that can be picked. Official checkpoints and the built-in one. */
export interface ModelListing {
  id: string;
  title: string;
  licence: string;
  /** Bytes of the checkpoint file. */
  bytes: number;
  /** Side of the square input, pixels. */
  inputSize: number;
  /** `builtin`: in the product. `stored`: on this machine. `remote`: needs a download the person asks for. */
  state: "builtin" | "stored" | "remote";
}

export type ModelSource =
  | { kind: "listed"; id: string }
  /** A checkpoint of one's own; `configYaml` has upstream's keys (absent: recognised by its tensors). */
  | { kind: "file"; checkpoint: Blob; name: string; configYaml?: string };

export interface LoadModelRequest {
  source: ModelSource;
  /** Absent: the best available one. */
  backend?: Backend;
  /** Absent: `sticky`. */
  semantics?: Semantics;
  /** The official predictor's flags by their official names, see `predictor-options.ts`. */
  options?: Record<string, number | boolean>;
}

/**
 * `upstream` repeats the official predictor exactly. `sticky` makes a corrected frame a conditioning
 * frame that propagation never overwrites.
 */
export type Semantics = "upstream" | "sticky";

export type LoadProgress =
  | { phase: "download"; doneBytes: number; totalBytes: number }
  | { phase: "read"; doneBytes: number; totalBytes: number }
  | { phase: "build"; graph: string }
  | { phase: "session"; graph: string };

export interface LoadedModel {
  id: string;
  backend: Backend;
  threads: number;
  inputSize: number;
  /** Why this backend and not a faster one; empty when it is the fastest. */
  reason: string;
  loadMilliseconds: number;
}

// ---------------------------------------------------------------- clips

export type ClipSource =
  | { kind: "media"; blob: Blob; name: string }
  /**
   * A file of `bytes` bytes that only a host can read: asked for over the port, which is transferred. `path`
   * is where it lies, for a tracker outside of the page, which reads it by itself.
   */
  | { kind: "ranges"; port: MessagePort; bytes: number; name: string; path?: string }
  /** Frame stills in presentation order (PNG or JPEG). */
  | { kind: "stills"; blobs: Blob[]; name: string; framesPerSecond: number };

/** Over the port of a `ranges` clip. Bytes `start` to `end`, the last one not included. */
export interface RangeRequest {
  id: number;
  start: number;
  end: number;
}

/** `bytes` are transferred, all that were asked for. */
export type RangeAnswer = { id: number; bytes: ArrayBuffer } | { id: number; error: string };

export interface ClipInfo {
  clipId: string;
  name: string;
  /** Displayed size: after rotation, square pixels. */
  width: number;
  height: number;
  frameCount: number;
  /** Seconds, one per frame, relative to the clip's first frame; strictly increasing. */
  timestamps: number[];
  /** Mean rate; the exact one for constant-rate clips as a fraction, e.g. 30000/1001. */
  framesPerSecond: number;
  rate: { numerator: number; denominator: number };
  variableFrameRate: boolean;
  durationSeconds: number;
  codec: string;
  /** Clockwise degrees that the container asks for; already applied to width and height. */
  rotation: 0 | 90 | 180 | 270;
  pixelAspect: { numerator: number; denominator: number };
  /** What the file's own time code says of its first frame; absent where it has none. */
  timecode?: ClipTimecode;
  /** What the person should know, e.g. that the file is cut off and how many frames are readable. */
  warnings?: string[];
}

export interface ClipTimecode {
  /** Of the first frame: frames of the clip, counted from 00:00:00:00. */
  startFrame: number;
  /** Whether two numbers of most minutes are left out, so that 29.97 frames a second keep to the clock. */
  dropFrame: boolean;
}

// ---------------------------------------------------------------- prompts

export interface PointPrompt {
  x: number;
  y: number;
  /** 1: belongs to the object; 0: does not. */
  label: 0 | 1;
  /** Which mask is meant, where a click leaves open whether a part or the whole is; absent: 0. */
  alternative?: Alternative;
}

export interface BoxPrompt {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

/** All that a person said about one object on one frame. A mask excludes points and box, as upstream. */
export interface FramePrompts {
  points: PointPrompt[];
  box?: BoxPrompt;
  mask?: Mask;
}

// ---------------------------------------------------------------- masks

/** COCO run lengths, column-major, starting with background; compressed string form. */
export interface Mask {
  width: number;
  height: number;
  /** COCO compressed RLE "counts". */
  counts: string;
}

/** What the tracker says about one object on one frame. */
export interface FrameResult {
  objectId: number;
  frameIndex: number;
  mask: Mask;
  /** Logit; above 0 means that the object is visible. */
  objectScore: number;
  /** The mask decoder's own estimate, 0 to 1. */
  predictedIou: number;
  /** Pixels of the source frame. */
  area: number;
  /** `prompted`: from a person's prompt on this frame; `tracked`: propagated. */
  origin: "prompted" | "tracked";
  milliseconds: number;
}

// ---------------------------------------------------------------- tracking

export interface TrackRequest {
  /** Absent: all objects that have a prompt. */
  objectIds?: number[];
  /** First and last frame, both included; `from` > `to` tracks backward. */
  from: number;
  to: number;
  /** Ends before the first frame of another shot (`ended: "cut"`), so that the person can be asked. */
  stopAtCuts?: boolean;
  /**
   * Instead of tracking: small objects that were tracked on these frames are tracked a second time, larger,
   * through a window that follows them; the results have finer masks. What later frames and corrections read
   * stays as it was. Objects follow one another; those too large to gain anything are left out.
   */
  zoom?: boolean;
}

export interface TrackProgress {
  results: FrameResult[];
  frameIndex: number;
  doneFrames: number;
  totalFrames: number;
  /** Null until two frames have been timed. */
  secondsLeft: number | null;
  framesPerSecond: number | null;
}

export interface TrackSummary {
  /** `cancelled` and `cut` keep everything up to the last reported frame. */
  ended: "complete" | "cancelled" | "cut";
  doneFrames: number;
  /** Next frame to track when resuming (after a cut: the new shot's first); null when complete. */
  resumeAt: number | null;
}

/** The stretch that a change of prompts on a frame can influence, both ends included. */
export interface AffectedStretch {
  objectId: number;
  from: number;
  to: number;
}

/** The whole state of the tracker for a clip (prompts, memory bank, results) as bytes. */
export interface TrackerState {
  modelId: string;
  bytes: Uint8Array;
}

/** One frame of one object. Under its name it never changes, and no other part ever has that name. */
export interface StatePart {
  name: string;
  bytes: Uint8Array;
}

/** The state with its parts elsewhere, so that saving a long track again writes only what is new. */
export interface StateInParts {
  modelId: string;
  /** What is known besides the parts. */
  index: Uint8Array;
  /** All that it needs. */
  parts: string[];
}

// ---------------------------------------------------------------- mattes

/** `paths`: keyframed Bézier paths in one JSON file (`PathsDocument` of `matte/path-types.ts`); `svg`: them, per frame. */
export type MatteFormat =
  | "png"
  | "png16"
  | "prores4444"
  | "prores422hq"
  | "h264"
  | "vp9-alpha"
  | "rle"
  | "paths"
  | "svg";

/** One object's part in a merged matte, applied in order. */
export interface MatteLayer {
  objectId: number;
  name: string;
  operation: "add" | "subtract";
  /** Absent frames are empty. */
  masks: { frameIndex: number; mask: Mask }[];
  /** Where the layer is off whatever its masks say, ends included (`hiddenStretches`); absent: nowhere. */
  hidden?: { from: number; to: number }[];
}

export interface MatteRequest {
  layers: MatteLayer[];
  from: number;
  to: number;
  format: MatteFormat;
  /** `matte`: white on black. `cutout`: the picture with the matte as alpha. */
  content: "matte" | "cutout";
  /**
   * Of a cut-out's colours: `straight` keeps them as they are, `premultiplied` has them weighted by the alpha, on
   * black. Absent: straight.
   */
  alpha?: "straight" | "premultiplied";
  /** Of H.264's samples: `limited` has black at 16 and white at 235, `full` at 0 and 255. Absent: limited. */
  range?: "limited" | "full";
  /** One output per object, or one for all. */
  grouping: "merged" | "per-object";
  /** Edge and time treatment, by the names in `matte/matte-settings.ts`; absent: hard masks, exactly. */
  settings?: Record<string, number | boolean | string>;
  /** For `paths` and `svg`: how faithful; absent: `defaultPathOptions`. */
  paths?: Partial<PathOptions>;
  /**
   * For `paths` and `svg`: what is traced in turn, as frames of the clip, where a timeline shows them otherwise
   * than one by one. The paths' frame numbers count this list then; frames beyond `from` .. `to` count as hidden.
   */
  order?: readonly number[];
  /**
   * Absolute path of a folder: a tracker that has the disk (the engine) writes there itself and hands no file over;
   * a movie is "matte.mov". Others refuse with `write-failed`.
   */
  folder?: string;
}

export interface MatteFile {
  /** Relative path, e.g. "car/00012.png". */
  path: string;
  bytes: Blob;
}

export interface ExportProgress {
  doneFrames: number;
  totalFrames: number;
  secondsLeft: number | null;
}

// ---------------------------------------------------------------- a page of one file

/** What a worker cannot fetch by itself, because it was started from a blob. */
export interface WorkerAssets {
  /** ONNX Runtime's WebAssembly, the build that knows WebGPU too. */
  wasm: Uint8Array;
  /** Of the built-in model. */
  checkpoint: Uint8Array;
  configYaml: string;
}

/** Posted once to such a worker, any time after its start. */
export interface WorkerAssetsMessage {
  maskletAssets: WorkerAssets;
}

// ---------------------------------------------------------------- the interface

/**
 * One tracker: at most one model, any number of clips, one of them active at a time.
 *
 * Callbacks are called in order and awaited, which is the back-pressure. `stop` ends the running `track`,
 * `exportMatte` or `loadModel` at the next frame or chunk; what is done is kept.
 */
export interface TrackerApi {
  environment(): Promise<TrackerEnvironment>;
  listModels(): Promise<ModelListing[]>;
  loadModel(
    request: LoadModelRequest,
    onProgress: (progress: LoadProgress) => void,
  ): Promise<Outcome<LoadedModel>>;
  deleteModel(id: string): Promise<Outcome<null>>;

  openClip(source: ClipSource): Promise<Outcome<ClipInfo>>;
  closeClip(clipId: string): Promise<void>;
  /** The displayed frame; scaled down to `maxWidth` where given. The bitmap is transferred. */
  readFrame(clipId: string, frameIndex: number, maxWidth?: number): Promise<Outcome<ImageBitmap>>;
  /** Encodes the frame's features ahead of a click; later clicks on it answer from the cache. */
  warmFrame(clipId: string, frameIndex: number): Promise<Outcome<null>>;

  /**
   * Says all prompts of one object on one frame, replacing what was said there. Declarative: the same
   * prompts in the same state give the same mask. Empty prompts clear the frame (value null).
   */
  setPrompts(
    clipId: string,
    objectId: number,
    frameIndex: number,
    prompts: FramePrompts,
  ): Promise<Outcome<FrameResult | null>>;
  /** What a click would select, without changing anything. `current` are the prompts already there. */
  previewClick(
    clipId: string,
    objectId: number,
    frameIndex: number,
    point: PointPrompt,
    current: FramePrompts,
  ): Promise<Outcome<FrameResult>>;
  removeObject(clipId: string, objectId: number): Promise<Outcome<null>>;
  /** What must be tracked again after the prompts of this frame changed; null when nothing was tracked. */
  affectedStretch(clipId: string, objectId: number, frameIndex: number): Promise<AffectedStretch | null>;

  track(
    clipId: string,
    request: TrackRequest,
    onProgress: (progress: TrackProgress) => void | Promise<void>,
  ): Promise<Outcome<TrackSummary>>;
  stop(): Promise<void>;

  /**
   * Cheap: keeps a reference to the present state in the tracker, for undo. Within `track`'s `onProgress` it
   * answers at once, with the state after that frame.
   */
  keepState(clipId: string): Promise<string>;
  returnToState(clipId: string, stateId: string): Promise<Outcome<null>>;
  forgetState(stateId: string): Promise<void>;
  /**
   * For storage across reloads and crashes. Importing continues exactly where the export was made. With
   * `stateId` it is that kept state's, and waits for nothing: a track goes on meanwhile.
   */
  exportState(clipId: string, stateId?: string): Promise<Outcome<TrackerState>>;
  importState(clipId: string, state: TrackerState): Promise<Outcome<null>>;
  /** As `exportState` (`stateId` null: the present one); hands over the parts that are not `known`, one by one. */
  exportStateParts(
    clipId: string,
    stateId: string | null,
    known: readonly string[],
    onPart: (part: StatePart) => void | Promise<void>,
  ): Promise<Outcome<StateInParts>>;
  /** `readPart` gives null where a part is missing; the state is then refused as a whole. */
  importStateParts(
    clipId: string,
    state: StateInParts,
    readPart: (name: string) => Promise<Uint8Array | null>,
  ): Promise<Outcome<null>>;

  /** Files are handed over one by one as they are finished. */
  exportMatte(
    clipId: string,
    request: MatteRequest,
    onFile: (file: MatteFile) => void | Promise<void>,
    onProgress: (progress: ExportProgress) => void,
  ): Promise<Outcome<{ files: number }>>;
}
