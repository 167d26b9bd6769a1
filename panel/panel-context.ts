/** What every part of the page can reach. */

import type { Signal } from "@preact/signals";
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { HostApi } from "../plugin/protocol.ts";
import type { EngineState } from "./engine/engine-state.ts";
import type { HostTimeline } from "./host/host-timeline.ts";
import type { MaskPaths } from "./output/mask-paths.ts";
import type { FileSink } from "./session/exporting.ts";
import type { Session } from "./session/session.ts";
import type { Commands } from "./ui/commands.ts";
import type { Preferences } from "./ui/preferences.ts";
import type { Playback } from "./viewer/playback.ts";
import type { ViewerModel } from "./viewer/viewer-model.ts";

export type Dialog = "help" | "models" | "export" | "clips";

/** What the page's surroundings give: files in, files out, the host. */
export interface Surroundings {
  host: HostApi;
  /** Whether the host has a timeline of its own. */
  hasTimeline: boolean;
  /** The process that tracks, where there may be one beside the page; null where a worker of the page does. */
  engine: Signal<EngineState> | null;
  /** The clip that comes with the product; null where there is none. */
  loadDemo: (() => Promise<{ blob: Blob; name: string }>) | null;
  /** Null when the person changed their mind. */
  chooseSink(suggestedName: string, files: "one" | "many"): Promise<FileSink | null>;
  saveFile(bytes: Blob, name: string): Promise<void>;
}

export interface Panel {
  session: Session;
  viewer: ViewerModel;
  playback: Playback;
  maskPaths: MaskPaths;
  preferences: Preferences;
  surroundings: Surroundings;
  /** The timeline of an editing application around the page; null in a browser tab. */
  hostTimeline: HostTimeline | null;
  dialog: Signal<Dialog | null>;
  commands: Commands;
  /** Opens a file dialogue; `accept` as in an input element. */
  chooseFiles(accept: string, many: boolean): Promise<File[]>;
  openFiles(files: File[]): Promise<void>;
}

export const PanelContext = createContext<Panel | null>(null);

export function usePanel(): Panel {
  const panel = useContext(PanelContext);
  if (!panel) throw new Error("A part of the panel was drawn outside of PanelContext.");
  return panel;
}
