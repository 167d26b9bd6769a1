/** What the Premiere adapter needs of the world around it; runs in the UXP script context, or in a test. */
import type { premierepro } from "@adobe/premierepro";
import type { HostFailure, HostOutcome } from "../protocol.ts";

/** The part of Premiere's scripting interface that Masklet uses. */
export type PremiereApi = Pick<
  premierepro,
  | "ClipProjectItem"
  | "Constants"
  | "Exporter"
  | "FolderItem"
  | "FrameRate"
  | "Keyframe"
  | "Marker"
  | "Markers"
  | "Metadata"
  | "Project"
  | "ProjectItem"
  | "SequenceEditor"
  | "SequenceSettings"
  | "TickTime"
  | "TrackItemSelection"
  | "VideoFilterFactory"
>;

/** UXP's `fs`: promises when no callback is given; paths are native ones or `plugin-data:/…`. */
export interface FileSystem {
  open(path: string, flag: "r"): Promise<number>;
  /** Reads at `position` without moving the file's own position. */
  read(
    file: number,
    buffer: ArrayBuffer,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ bytesRead: number }>;
  close(file: number): Promise<unknown>;
  readFile(path: string): Promise<ArrayBuffer>;
  readFile(path: string, options: { encoding: "utf-8" }): Promise<string>;
  writeFile(
    path: string,
    data: ArrayBuffer | Uint8Array | string,
    options?: { flag?: "w" | "a"; encoding?: "utf-8" },
  ): Promise<unknown>;
  lstat(path: string): Promise<{ size: number }>;
  rename(from: string, to: string): Promise<unknown>;
  unlink(path: string): Promise<unknown>;
  mkdir(path: string, options: { recursive: boolean }): Promise<unknown>;
  readdir(path: string): Promise<string[]>;
}

export interface HostEnvironment {
  premiere: PremiereApi;
  files: FileSystem;
  /** Of the host application, e.g. "26.3.0". */
  hostVersion: string;
  /** Native path of a folder that only this plugin uses, kept across updates. */
  dataFolder: string;
  /** Native path of a folder for files of the moment. */
  temporaryFolder: string;
  /** Native path, or null when the person chose none. */
  askForFolder(): Promise<string | null>;
  wait(milliseconds: number): Promise<void>;
  /** Milliseconds since some fixed moment. */
  now(): number;
}

/** A failure that the person hears of; thrown inside the adapter and turned into data at its edge. */
export class HostError extends Error {
  readonly failure: HostFailure;

  constructor(code: HostFailure["code"], message: string, remedy: string) {
    super(message);
    this.name = "HostError";
    this.failure = { code, message, remedy };
  }
}

/** Runs one call of the host contract; whatever it throws comes back as data. */
export async function outcomeOf<T>(work: () => Promise<T>): Promise<HostOutcome<T>> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    return { ok: false, error: failureOf(error) };
  }
}

function failureOf(error: unknown): HostFailure {
  if (error instanceof HostError) return error.failure;
  return {
    code: "internal",
    message: `Premiere answered in a way that Masklet doesn't expect: ${messageOf(error)}`,
    remedy: "Select the clip again and repeat; if it stays, run the self-check and report what it says.",
  };
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
