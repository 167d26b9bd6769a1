/**
 * Keeps sessions as files on the disk, through the Node of After Effects' pages: their own file system is not
 * one that outlives an installation.
 *
 *   <key>/session   the session as one file
 *   <key>/name      the clip's name
 *   <key>/parts/    the tracker's state, one file for each frame of an object
 */
import type { StatePart } from "../../worker/protocol.ts";
import type { Claim, SessionStore, StoredClip } from "../session/session-store.ts";

/** The part of Node's `fs` that is used. */
export interface SessionFiles {
  mkdirSync(path: string, options: { recursive: true }): unknown;
  readdirSync(path: string): string[];
  existsSync(path: string): boolean;
  statSync(path: string): { mtimeMs: number };
  readFileSync(path: string): Uint8Array;
  writeFileSync(path: string, data: Uint8Array): void;
  renameSync(from: string, to: string): void;
  rmSync(path: string, options: { recursive?: true; force: true }): void;
}

export class DiskStore implements SessionStore {
  readonly available = true;
  readonly #files: SessionFiles;
  readonly #folder: string;

  /** `folder` is made where it is missing. */
  constructor(files: SessionFiles, folder: string) {
    this.#files = files;
    this.#folder = folder;
    files.mkdirSync(folder, { recursive: true });
  }

  async list(): Promise<StoredClip[]> {
    const keys = this.#files.readdirSync(this.#folder).filter((key) => this.#has(key, "session"));
    const found = keys.map((key) => ({
      key,
      name: this.#has(key, "name") ? new TextDecoder().decode(this.#read(key, "name")) : key,
      savedAt: this.#files.statSync(this.#path(key, "session")).mtimeMs,
    }));
    return found.sort((a, b) => b.savedAt - a.savedAt);
  }

  async write(key: string, name: string, bytes: Uint8Array): Promise<void> {
    this.#files.mkdirSync(`${this.#folder}/${key}`, { recursive: true });
    this.#put(key, "name", new TextEncoder().encode(name));
    this.#put(key, "session", bytes);
  }

  async read(key: string): Promise<Uint8Array | null> {
    return this.#has(key, "session") ? this.#read(key, "session") : null;
  }

  async parts(key: string): Promise<string[]> {
    return this.#has(key, "parts") ? this.#files.readdirSync(this.#path(key, "parts")) : [];
  }

  async writePart(key: string, { name, bytes }: StatePart): Promise<void> {
    this.#files.mkdirSync(this.#path(key, "parts"), { recursive: true });
    this.#put(key, `parts/${name}`, bytes);
  }

  async readPart(key: string, name: string): Promise<Uint8Array | null> {
    return this.#has(key, `parts/${name}`) ? this.#read(key, `parts/${name}`) : null;
  }

  async keepParts(key: string, names: readonly string[]): Promise<void> {
    const kept = new Set(names);
    for (const name of await this.parts(key))
      if (!kept.has(name)) this.#files.rmSync(this.#path(key, `parts/${name}`), { force: true });
  }

  /** After Effects has one page of ours. */
  async claim(): Promise<Claim> {
    return { release: () => undefined };
  }

  /** The media of a layer lies on the disk already. */
  async writeMedia(): Promise<void> {}

  async readMedia(): Promise<null> {
    return null;
  }

  async remove(key: string): Promise<void> {
    this.#files.rmSync(`${this.#folder}/${key}`, { recursive: true, force: true });
  }

  #path(key: string, name: string): string {
    return `${this.#folder}/${key}/${name}`;
  }

  #has(key: string, name: string): boolean {
    return this.#files.existsSync(this.#path(key, name));
  }

  /** As an array of this page: Node's lives in a context of its own. */
  #read(key: string, name: string): Uint8Array {
    return new Uint8Array(this.#files.readFileSync(this.#path(key, name)));
  }

  /** Under another name first, so that a crash or a full disk leaves the file before. */
  #put(key: string, name: string, bytes: Uint8Array): void {
    const path = this.#path(key, name);
    try {
      this.#files.writeFileSync(`${path}.new`, bytes);
      this.#files.renameSync(`${path}.new`, path);
    } finally {
      this.#files.rmSync(`${path}.new`, { force: true });
    }
  }
}
