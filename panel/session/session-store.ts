/** Where sessions are kept on this machine. Types only; `storage/` implements it in the page. */

export interface StoredClip {
  /** Name of the folder: made from the file's name and size. */
  key: string;
  name: string;
  /** Milliseconds since 1970. */
  savedAt: number;
}

export interface SessionStore {
  /** False where the browser keeps nothing for this page. */
  readonly available: boolean;
  /** Newest first. */
  list(): Promise<StoredClip[]>;
  /** Replaces the file as a whole, or not at all. */
  write(key: string, name: string, bytes: Uint8Array): Promise<void>;
  read(key: string): Promise<Uint8Array | null>;
  /** The media file itself, so that a reload needs no file dialogue. */
  writeMedia(key: string, media: Blob): Promise<void>;
  readMedia(key: string): Promise<Blob | null>;
  remove(key: string): Promise<void>;
}
