/** Where downloaded checkpoints are kept: a folder in Node, the browser's private file system. Types only. */
import type { ByteSource } from "../../models/byte-source.ts";

export interface CheckpointStore {
  /** Finished files; names are those of the registry. */
  list(): Promise<{ fileName: string; bytes: number }[]>;
  /** A finished file; null where there is none. */
  open(fileName: string): Promise<ByteSource | null>;
  /** What a download has brought so far, empty at first; at most one at a time for a file. */
  openPartial(fileName: string): Promise<PartialFile>;
  /** Removes the file and what there is of its download. */
  remove(fileName: string): Promise<void>;
}

/** A file that is still being downloaded. It survives `close`, and the end of the program. */
export interface PartialFile extends ByteSource {
  readonly size: number;
  append(bytes: Uint8Array): Promise<void>;
  /** Back to nothing. */
  clear(): Promise<void>;
  /** Makes it the finished file. */
  complete(): Promise<void>;
  close(): Promise<void>;
}
