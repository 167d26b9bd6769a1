/**
 * Keeps sessions and their media in the page's own file system, which no other page sees.
 *
 *   clips/<key>/session   the session as one file
 *   clips/<key>/name      the clip's name
 *   clips/<key>/parts/    the tracker's state, one file for each frame of an object
 *   clips/<key>/media     the media file
 */
import type { StatePart } from "../../worker/protocol.ts";
import type { Claim, SessionStore, StoredClip } from "../session/session-store.ts";

/** A store that keeps nothing where the browser has no such file system (some embedded pages). */
export async function openSessionStore(): Promise<SessionStore> {
  try {
    const root = await navigator.storage.getDirectory();
    return new OpfsStore(await root.getDirectoryHandle("clips", { create: true }));
  } catch {
    return new NoStore();
  }
}

/** A page that is just being left gives its rights back within a moment; milliseconds. */
const CLAIM_PATIENCE = 1500;

class OpfsStore implements SessionStore {
  readonly available = true;
  readonly #clips: FileSystemDirectoryHandle;

  constructor(clips: FileSystemDirectoryHandle) {
    this.#clips = clips;
  }

  async list(): Promise<StoredClip[]> {
    const found: StoredClip[] = [];
    for await (const key of this.#clips.keys()) {
      const [session, name] = await Promise.all([this.#file(key, "session"), this.#file(key, "name")]);
      if (session && name) found.push({ key, name: await name.text(), savedAt: session.lastModified });
    }
    return found.sort((a, b) => b.savedAt - a.savedAt);
  }

  async write(key: string, name: string, bytes: Uint8Array): Promise<void> {
    await this.#put(key, "name", new Blob([name]));
    await this.#put(key, "session", new Blob([bytes as BlobPart]));
  }

  async read(key: string): Promise<Uint8Array | null> {
    const file = await this.#file(key, "session");
    return file && new Uint8Array(await file.arrayBuffer());
  }

  async parts(key: string): Promise<string[]> {
    const names: string[] = [];
    for await (const name of (await this.#partsFolder(key)).keys()) names.push(name);
    return names;
  }

  async writePart(key: string, { name, bytes }: StatePart): Promise<void> {
    await put(await this.#partsFolder(key), name, new Blob([bytes as BlobPart]));
  }

  async readPart(key: string, name: string): Promise<Uint8Array | null> {
    try {
      const handle = await (await this.#partsFolder(key)).getFileHandle(name);
      return new Uint8Array(await (await handle.getFile()).arrayBuffer());
    } catch {
      return null;
    }
  }

  async keepParts(key: string, names: readonly string[]): Promise<void> {
    const kept = new Set(names);
    const folder = await this.#partsFolder(key);
    for (const name of await this.parts(key)) if (!kept.has(name)) await folder.removeEntry(name);
  }

  claim(key: string): Promise<Claim | null> {
    if (!navigator.locks) return Promise.resolve({ release: () => undefined });
    return new Promise((resolve) => {
      const hold = () => new Promise<void>((release) => resolve({ release }));
      const patience = new AbortController();
      setTimeout(() => patience.abort(), CLAIM_PATIENCE);
      const { signal } = patience;
      navigator.locks.request(`masklet session ${key}`, { signal }, hold).catch(() => resolve(null));
    });
  }

  async writeMedia(key: string, media: Blob): Promise<void> {
    const before = await this.#file(key, "media");
    if (before?.size !== media.size) await this.#put(key, "media", media);
  }

  readMedia(key: string): Promise<Blob | null> {
    return this.#file(key, "media");
  }

  async remove(key: string): Promise<void> {
    await this.#clips.removeEntry(key, { recursive: true });
  }

  async #file(key: string, name: string): Promise<File | null> {
    try {
      const folder = await this.#clips.getDirectoryHandle(key);
      const handle = await folder.getFileHandle(name);
      return await handle.getFile();
    } catch {
      return null;
    }
  }

  async #partsFolder(key: string): Promise<FileSystemDirectoryHandle> {
    const folder = await this.#clips.getDirectoryHandle(key, { create: true });
    return folder.getDirectoryHandle("parts", { create: true });
  }

  async #put(key: string, name: string, content: Blob): Promise<void> {
    await put(await this.#clips.getDirectoryHandle(key, { create: true }), name, content);
  }
}

/** A writable is a copy until it is closed, so that a crash leaves the file before. */
async function put(folder: FileSystemDirectoryHandle, name: string, content: Blob): Promise<void> {
  const handle = await folder.getFileHandle(name, { create: true });
  const writable = await handle.createWritable();
  try {
    await writable.write(content);
    await writable.close();
  } catch (error) {
    await writable.abort().catch(() => undefined);
    throw error;
  }
}

class NoStore implements SessionStore {
  readonly available = false;

  async list(): Promise<StoredClip[]> {
    return [];
  }

  async write(): Promise<void> {}

  async read(): Promise<null> {
    return null;
  }

  async parts(): Promise<string[]> {
    return [];
  }

  async writePart(): Promise<void> {}

  async readPart(): Promise<null> {
    return null;
  }

  async keepParts(): Promise<void> {}

  async claim(): Promise<Claim> {
    return { release: () => undefined };
  }

  async writeMedia(): Promise<void> {}

  async readMedia(): Promise<null> {
    return null;
  }

  async remove(): Promise<void> {}
}
