/** Ranges of a media file, for the demuxer in the worker; runs in the UXP script context. */
import { encodeBase64 } from "../bridge/base64.ts";
import { type FileSystem, HostError, messageOf } from "./host-environment.ts";

/** One answer: bounded so that a message stays small and the only script thread stays free. */
const MAX_READ_BYTES = 8 * 1024 * 1024;

/** Keeps the last file open: a demuxer asks for many ranges of one file. */
export class MediaReader {
  readonly #files: FileSystem;
  #open: { path: string; file: number } | null = null;

  constructor(files: FileSystem) {
    this.#files = files;
  }

  /** base64 of at most `MAX_READ_BYTES` bytes from `offset`; fewer at the end of the file. */
  async read(path: string, offset: number, length: number): Promise<string> {
    requireRange(offset, length);
    try {
      const file = await this.#fileOf(path);
      return encodeBase64(await this.#readFully(file, offset, Math.min(length, MAX_READ_BYTES)));
    } catch (error) {
      await this.close();
      throw new HostError(
        "offline-media",
        `The media file ${path} can't be read: ${messageOf(error)}.`,
        "Check that the drive is connected and link the media again (Clip > Link Media).",
      );
    }
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = null;
    if (open) await this.#files.close(open.file);
  }

  async #fileOf(path: string): Promise<number> {
    if (this.#open?.path === path) return this.#open.file;
    await this.close();
    const file = await this.#files.open(path, "r");
    this.#open = { path, file };
    return file;
  }

  /** A read may give less than asked for before the end. */
  async #readFully(file: number, offset: number, length: number): Promise<Uint8Array> {
    const buffer = new ArrayBuffer(length);
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await this.#files.read(file, buffer, filled, length - filled, offset + filled);
      if (!bytesRead) break;
      filled += bytesRead;
    }
    return new Uint8Array(buffer, 0, filled);
  }
}

function requireRange(offset: number, length: number): void {
  if (Number.isSafeInteger(offset) && offset >= 0 && Number.isSafeInteger(length) && length > 0) return;
  throw new HostError(
    "internal",
    `Media range: expected an offset from 0 and a length above 0, got ${offset} and ${length}.`,
    "Open the clip again.",
  );
}
