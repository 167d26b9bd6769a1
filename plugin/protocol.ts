/**
 * The contract between the panel and a host (Premiere, After Effects, a browser tab): types only.
 *
 * JSON only, because the UXP bridge carries nothing else: pixels cross as encoded stills or byte ranges
 * in base64. Times are rational (`Ticks`, 254,016,000,000 a second, as decimal strings of integers).
 */
import type { EditPlan } from "./edit-plan.ts";

/** A decimal integer; 254,016,000,000 ticks are one second. */
export type Ticks = string;

/** An exact ratio of two positive integers, e.g. 30000/1001 frames a second. */
export interface Fraction {
  numerator: number;
  denominator: number;
}

type HostName = "premiere" | "aftereffects" | "standalone";

export interface HostFailure {
  code:
    | "no-selection"
    | "not-supported"
    | "offline-media"
    | "refused"
    | "partly-done"
    | "timeout"
    | "cancelled"
    | "storage"
    | "internal";
  message: string;
  remedy: string;
}

export type HostOutcome<T> = { ok: true; value: T } | { ok: false; error: HostFailure };

export interface HostDescription {
  name: HostName;
  version: string;
  /** What can be written back, with the reason where it can't. */
  abilities: { ability: HostAbility; available: boolean; reason: string }[];
}

type HostAbility =
  | "media-bytes"
  | "frame-stills"
  | "track-matte"
  | "mask-path"
  | "cut-out"
  | "import-only"
  | "markers"
  | "session-storage";

/** The clip that the person has chosen on the host's timeline. */
export interface ClipSelection {
  /** Stable for as long as the host keeps the item. */
  clipId: string;
  name: string;
  /** Media file; null for nests, titles and offline media. */
  mediaPath: string | null;
  /** Bytes of the media file; null without one. */
  mediaBytes: number | null;
  width: number;
  height: number;
  pixelAspect: Fraction;
  /** Frames a second of the source. */
  rate: Fraction;
  /** Source time of the first and just after the last frame used on the timeline. */
  sourceIn: Ticks;
  sourceOut: Ticks;
  /** Timeline time of the first frame and just after the last one. */
  start: Ticks;
  end: Ticks;
  /** Playback speed, 1 is normal, negative is reversed. */
  speed: number;
  /**
   * Source time shown on each timeline frame of the clip, where that isn't a matter of start and speed (time
   * remapping, loops); then it outranks them. Absent otherwise.
   */
  frameTimes?: Ticks[];
  /** Where the player stands, timeline time. */
  playhead: Ticks;
  /** The sequence or comp around the clip; null where the clip is its own timeline (a browser tab). */
  timeline: TimelineFacts | null;
  /** Why frames can or cannot be had, in words for the person. */
  notes: string[];
}

/** What of the sequence or comp matters for a matte. */
export interface TimelineFacts {
  name: string;
  /** Frames a second of the timeline. */
  rate: Fraction;
  width: number;
  height: number;
  pixelAspect: Fraction;
  /** Shown time of timeline time 0: the start timecode. */
  zeroPoint: Ticks;
  /** Whether its timecode is counted as drop frame. */
  dropFrame: boolean;
}

export interface HostApi {
  describe(): Promise<HostDescription>;
  readSelection(): Promise<HostOutcome<ClipSelection>>;
  /** base64 of bytes [offset, offset + length) of the clip's media file; shorter at its end. */
  readMedia(clipId: string, offset: number, length: number): Promise<HostOutcome<string>>;
  /**
   * An encoded still (PNG or JPEG, base64) as the host renders the clip, at the n-th timeline frame of it
   * (0 is the first one shown). See `stillsTiming` in `timeline-map.ts`.
   */
  renderStill(
    clipId: string,
    frameIndex: number,
    maxWidth: number,
  ): Promise<HostOutcome<{ mimeType: string; base64: string }>>;
  /** Files that an edit plan will import, written next to the project or where the person chose. */
  writeFile(path: string, base64: string, append: boolean): Promise<HostOutcome<{ absolutePath: string }>>;
  /** `watch` is heard by hosts in the page's own realm only: functions don't cross a bridge. */
  carryOut(plan: EditPlan, watch?: WriteWatch): Promise<HostOutcome<PlanReport>>;
  /** Takes away what `renderStill` left in the host for the next one; absent where nothing is left. */
  releaseStills?(): Promise<HostOutcome<null>>;
  storeSession(key: string, json: string): Promise<HostOutcome<null>>;
  loadSession(key: string): Promise<HostOutcome<string | null>>;
  /** Absolute path of the folder that `writeFile` writes below; absent where there is no such thing. */
  matteFolder?(): Promise<HostOutcome<string>>;
  /** Asks the person for that folder and remembers it; null when they chose none. */
  chooseMatteFolder?(): Promise<HostOutcome<string | null>>;
  /**
   * Tries out on the selected clip what documentation doesn't say, takes it back, and keeps the findings for
   * later runs.
   */
  selfCheck?(): Promise<HostOutcome<SelfCheckReport>>;
}

/** Long writing says how far it is and may be stopped; what is finished by then stays and is reported. */
export interface WriteWatch {
  /** Keyframes that the host has, of all. */
  progress(done: number, total: number): void;
  isStopped(): boolean;
}

export interface SelfCheckReport {
  hostVersion: string;
  /** `finding` null: it couldn't be found out, and `detail` says why. `unit` is empty for yes and no. */
  lines: { name: string; finding: boolean | number | string | null; unit: string; detail: string }[];
}

/** What was done and what was not, step by step, in words. */
export interface PlanReport {
  done: string[];
  /** Each with what the person can do by hand. */
  notDone: { what: string; why: string; remedy: string }[];
}
