/** Where sessions are kept on this machine. Types only; `storage/` implements it in the page. */
import type { StatePart } from "../../worker/protocol.ts";

export interface StoredClip {
  /** Name of the folder: made from the file's name and size. */
  key: string;
  name: string;
  /** Milliseconds since 1970. */
  savedAt: number;
}

export interface Claim {
  release(): void;
}

export interface SessionStore {
  /** False where the browser keeps nothing for this page. */
  readonly available: boolean;
  /** Newest first. */
  list(): Promise<StoredClip[]>;
  /** Replaces the file as a whole, or not at all. */
  write(key: string, name: string, bytes: Uint8Array): Promise<void>;
  read(key: string): Promise<Uint8Array | null>;
  /** Names of the parts of a tracker's state that are here; a part is never changed. */
  parts(key: string): Promise<string[]>;
  writePart(key: string, part: StatePart): Promise<void>;
  readPart(key: string, name: string): Promise<Uint8Array | null>;
  /** Removes all parts but these. */
  keepParts(key: string, names: readonly string[]): Promise<void>;
  /** The right to write a clip's session; null where another tab of the browser has it. */
  claim(key: string): Promise<Claim | null>;
  /** The media file itself, so that a reload needs no file dialogue. */
  writeMedia(key: string, media: Blob): Promise<void>;
  readMedia(key: string): Promise<Blob | null>;
  remove(key: string): Promise<void>;
}
