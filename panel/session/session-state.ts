/** Everything that the panel shows, as signals. No DOM: tests read and drive it in Node. */
import { type Signal, signal } from "@preact/signals";
import type {
  ClipInfo,
  LoadedModel,
  LoadProgress,
  ModelListing,
  TrackerEnvironment,
  TrackerFailure,
} from "../../worker/protocol.ts";
import { emptyDocument, type SessionDocument } from "./document.ts";
import type { SpeedName } from "./speed-options.ts";

type ClipState =
  | { phase: "none" }
  | { phase: "ready"; info: ClipInfo; key: string }
  | { phase: "failed"; name: string; error: TrackerFailure };

export type ModelState =
  | { phase: "none" }
  | { phase: "loading"; id: string; progress: LoadProgress | null }
  | { phase: "ready"; model: LoadedModel; id: string }
  | { phase: "failed"; id: string; error: TrackerFailure };

type TrackingState =
  | { phase: "idle" }
  | {
      phase: "propagating";
      frameIndex: number;
      doneFrames: number;
      totalFrames: number;
      framesPerSecond: number | null;
      secondsLeft: number | null;
      stopping: boolean;
    };

type ExportState =
  | { phase: "idle" }
  | { phase: "writing"; doneFrames: number; totalFrames: number; secondsLeft: number | null; files: number }
  | { phase: "done"; files: number; where: string };

export interface Notice {
  tone: "info" | "warning" | "error";
  message: string;
  /** What the person can do next; empty where nothing is needed. */
  remedy: string;
  action?: NoticeAction;
  /** Where there is a choice. */
  otherAction?: NoticeAction;
}

interface NoticeAction {
  label: string;
  run: () => void;
}

/** Whether what is on screen is also on disk. */
type SaveState = "saved" | "saving" | "unsaved" | "unavailable";

/** Measured here, shown in the model picker: milliseconds a frame, by `speedKey`. */
type SpeedRecord = Record<string, number>;

export interface SessionState {
  clip: Signal<ClipState>;
  /** Name of the clip that is being opened; the one that is open stays until then. */
  opening: Signal<string | null>;
  model: Signal<ModelState>;
  environment: Signal<TrackerEnvironment | null>;
  models: Signal<ModelListing[]>;
  speeds: Signal<SpeedRecord>;
  /** What models are loaded with. */
  speed: Signal<SpeedName>;
  document: Signal<SessionDocument>;
  /** The frame under the playhead. */
  frame: Signal<number>;
  selectedObjectId: Signal<number | null>;
  /** The other end of a marked stretch, which reaches to the playhead; null where none is marked. */
  mark: Signal<number | null>;
  tracking: Signal<TrackingState>;
  exporting: Signal<ExportState>;
  notice: Signal<Notice | null>;
  saving: Signal<SaveState>;
  undoLabel: Signal<string | null>;
  redoLabel: Signal<string | null>;
  /** Prompts sent and not yet answered. */
  answering: Signal<number>;
  /** Set when the graphics device went away; the session takes it back when it has begun to recover. */
  deviceLost: Signal<boolean>;
}

export function createSessionState(): SessionState {
  return {
    clip: signal<ClipState>({ phase: "none" }),
    opening: signal<string | null>(null),
    model: signal<ModelState>({ phase: "none" }),
    environment: signal<TrackerEnvironment | null>(null),
    models: signal<ModelListing[]>([]),
    speeds: signal<SpeedRecord>({}),
    speed: signal<SpeedName>("exact"),
    document: signal(emptyDocument(0)),
    frame: signal(0),
    selectedObjectId: signal<number | null>(null),
    mark: signal<number | null>(null),
    tracking: signal<TrackingState>({ phase: "idle" }),
    exporting: signal<ExportState>({ phase: "idle" }),
    notice: signal<Notice | null>(null),
    saving: signal<SaveState>("saved"),
    undoLabel: signal<string | null>(null),
    redoLabel: signal<string | null>(null),
    answering: signal(0),
    deviceLost: signal(false),
  };
}

/** The open clip, or null. */
export const openClipOf = (state: SessionState): ClipInfo | null =>
  state.clip.value.phase === "ready" ? state.clip.value.info : null;

export function report(state: SessionState, error: TrackerFailure): void {
  if (error.code === "cancelled") return;
  if (error.code === "device-lost") state.deviceLost.value = true;
  state.notice.value = { tone: "error", message: error.message, remedy: error.remedy };
}
