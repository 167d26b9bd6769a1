/** Where matte files go: a folder in Node, a callback in a browser. Types only. */

export interface MatteSink {
  /**
   * Writes a whole file; one of that name is replaced only once the new one is complete.
   * `path` is relative, with "/" between folders.
   */
  writeFile(path: string, bytes: Uint8Array): Promise<void>;
  /** Starts a file that is written in pieces; it appears under its name when it is finished. */
  createFile(path: string): Promise<MatteStream>;
}

export interface MatteStream {
  write(position: number, bytes: Uint8Array): Promise<void>;
  finish(): Promise<void>;
  /** Removes what was written; harmless after `finish`. */
  discard(): Promise<void>;
}
