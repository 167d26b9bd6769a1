/**
 * What the tracker needs from where it runs (a Web Worker or Node). Types only: `web-worker.ts` and
 * `node/engine.ts` put the pieces together, tests hand over plain objects.
 */
import type { StateDict } from "../models/checkpoint/state-dict.ts";
import type { Sam2Config } from "../models/sam2/config.ts";
import type { FrameSource, Picture } from "./frames/frame-source.ts";
import type { ExecutionProvider } from "./inference/execution-provider.ts";
import type { SpillFile } from "./pixel-store.ts";
import type {
  ClipSource,
  ExportProgress,
  LoadProgress,
  MatteFile,
  MatteRequest,
  ModelListing,
  ModelSource,
} from "./protocol.ts";

export interface TrackerRealm {
  providers: readonly ExecutionProvider[];
  models: ModelLibrary;
  openClip(source: ClipSource, clipId: string): Promise<FrameSource>;
  /** A file for what leaves working memory during long tracks; null or absent: everything stays there. */
  openSpill?(): Promise<SpillFile | null>;
  toBitmap(picture: Picture, maxWidth: number | undefined): Promise<ImageBitmap>;
  exportMatte(job: ExportJob): Promise<{ files: number }>;
}

/** Checkpoints that are at hand or can be fetched; errors are TrackerErrors. */
export interface ModelLibrary {
  list(): Promise<ModelListing[]>;
  open(
    source: ModelSource,
    onProgress: (progress: LoadProgress) => void,
    signal: AbortSignal,
  ): Promise<OpenedCheckpoint>;
  delete(id: string): Promise<void>;
}

export interface OpenedCheckpoint {
  /** The listed model's, or the file's name. */
  id: string;
  checkpoint: StateDict;
  config: Sam2Config;
  /** Lets the checkpoint's bytes go; called when the graphs are built. */
  close(): void;
}

export interface ExportJob {
  frames: FrameSource;
  request: MatteRequest;
  /** Side of the model's own masks (a quarter of its input), which bounds how far off their edges are. */
  maskSide: number;
  /** What the tracker's mask on a frame was made of, [maskSide, maskSide]; null where it has none. */
  logitsOf?: (objectId: number, frameIndex: number) => Promise<Float32Array | null>;
  onFile: (file: MatteFile) => void | Promise<void>;
  onProgress: (progress: ExportProgress) => void;
  signal: AbortSignal;
}
