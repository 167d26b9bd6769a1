/**
 * The contract between the After Effects page (CEP) and ExtendScript: types only, JSON only.
 *
 * Each call is `masklet(name, file)`: the argument lies in a JSON file, because no size limit of an
 * evalScript string is documented; the answer comes back as one JSON text. Times are comp seconds, as
 * After Effects' own API has them; exact conversion is the page's work.
 */

import type { CheckCalls } from "./check-calls.ts";

/** Finds a layer again across calls: script references don't survive, indices change. */
export interface LayerReference {
  /** `Project.item` ids and `Layer.id` (After Effects 22 and newer) outlive reordering. */
  compId: number;
  layerId: number;
}

export interface LayerFacts extends LayerReference {
  name: string;
  compName: string;
  /**
   * Path of the layer's source file, of an image sequence the one that After Effects names; null where no file
   * shows what After Effects shows (comps, solids, removed pulldown, separated fields).
   */
  file: string | null;
  /** Why there is no file, in words; empty when there is one. */
  fileProblem: string;
  /** Whether the file is one of a sequence of numbered pictures. */
  sequence: boolean;
  /** Pixels of the source; pixel aspect as width over height. */
  width: number;
  height: number;
  pixelAspect: number;
  /** Frames a second that After Effects interprets the source at, after conforming. */
  sourceRate: number;
  /** Seconds of one pass of the source, however often it is looped; 0 for stills. */
  sourceDuration: number;
  /** Times that the source is played, by its interpretation. */
  loops: number;
  still: boolean;
  alpha: "straight" | "premultiplied" | "ignored" | "none";
  /** Whether After Effects mixes frames that the layer's speed lies between. */
  frameBlending: boolean;
  /** Comp seconds of source time 0. */
  startTime: number;
  inPoint: number;
  outPoint: number;
  /** Percent; 100 is normal speed, negative plays backward. */
  stretch: number;
  /** Whether it is time-remapped: then `sampleRemap` says what is shown. */
  remapped: boolean;
  locked: boolean;
  comp: CompFacts;
}

export interface CompFacts {
  rate: number;
  width: number;
  height: number;
  pixelAspect: number;
  /** Seconds. `startTime` is what the comp's first frame is shown as. */
  duration: number;
  time: number;
  startTime: number;
  dropFrame: boolean;
}

export interface SampleRemap {
  layer: LayerReference;
  /** Comp frames. */
  first: number;
  count: number;
}

export interface HostFacts {
  version: string;
  /** Folder of the saved project; null before it is saved. */
  projectFolder: string | null;
}

/** Flat numbers, because ExtendScript spends its time on objects: x, y, inX, inY, outX, outY a vertex. */
export interface PathKey {
  time: number;
  vertices: number[];
  /** Hold: the next key has another number of vertices, or lies behind a hidden stretch. */
  hold: boolean;
}

export interface OpacityKey {
  time: number;
  value: number;
  hold: boolean;
}

export interface MarkerFacts {
  time: number;
  duration: number;
  comment: string;
}

/** Shapes are built bit by bit before anything in the project changes. */
export interface StagePathKeys {
  stage: string;
  path: number;
  name: string;
  mode: "add" | "subtract";
  opacity: OpacityKey[];
  keys: PathKey[];
}

export interface CommitPaths {
  stage: string;
  layer: LayerReference;
  /** Masks whose name ends with this are replaced. */
  signature: string;
  undoLabel: string;
  markers: MarkerFacts[];
}

export interface PlaceMatte {
  layer: LayerReference;
  /** First still of a numbered sequence, or a movie. */
  file: string;
  sequence: boolean;
  /** Frames in it. */
  frameCount: number;
  rate: number;
  name: string;
  /** `luma`: the layer's track matte. `cut-out`: a picture above, the layer switched off. */
  use: "luma" | "cut-out" | "import-only";
  /** Comp seconds: of the first frame, and just after the last one. */
  start: number;
  end: number;
  signature: string;
  undoLabel: string;
  opacity: OpacityKey[];
  markers: MarkerFacts[];
}

export interface SaveStill {
  layer: LayerReference;
  /** Pixels; a wider source is rendered smaller. */
  maxWidth: number;
  /** Source seconds. */
  time: number;
  file: string;
}

export interface Report {
  done: string[];
  notDone: { what: string; why: string; remedy: string }[];
  /** Milliseconds that the host's main thread was held. */
  milliseconds: number;
}

export interface Calls extends CheckCalls {
  describe: { argument: null; answer: HostFacts };
  /** Whether a script could write a file: the preference "Allow Scripts to Write Files and Access Network". */
  mayWriteFiles: { argument: null; answer: boolean };
  readLayer: { argument: null; answer: LayerFacts };
  sampleRemap: { argument: SampleRemap; answer: { times: number[]; milliseconds: number } };
  /** How many keys of each path are staged: what was stopped goes on from there. */
  stagedKeys: { argument: { stage: string }; answer: { keys: number[] } };
  stagePathKeys: { argument: StagePathKeys; answer: { stagedKeys: number; milliseconds: number } };
  discardStage: { argument: { stage: string }; answer: null };
  commitPaths: { argument: CommitPaths; answer: Report };
  placeMatte: { argument: PlaceMatte; answer: Report };
  saveStill: { argument: SaveStill; answer: { file: string } };
  /** Everything temporary goes. */
  removeStills: { argument: null; answer: null };
  probe: { argument: { text: string }; answer: { length: number } };
}

export type CallName = keyof Calls;

/** What every call answers with. */
export type CallAnswer<T> =
  | { ok: true; value: T }
  | {
      ok: false;
      error: {
        code: "no-selection" | "refused" | "offline-media" | "internal";
        message: string;
        remedy: string;
      };
    };
