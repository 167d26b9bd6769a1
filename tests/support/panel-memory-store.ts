/** A session store in memory: outlives the session that wrote to it, as a disk does. */
import type { SessionStore, StoredClip } from "../../panel/session/session-store.ts";

export class MemoryStore implements SessionStore {
  readonly available = true;
  readonly files = new Map<string, { name: string; bytes: Uint8Array }>();
  readonly media = new Map<string, Blob>();

  async list(): Promise<StoredClip[]> {
    return [...this.files].map(([key, { name }]) => ({ key, name, savedAt: 0 }));
  }

  async write(key: string, name: string, bytes: Uint8Array): Promise<void> {
    this.files.set(key, { name, bytes });
  }

  async read(key: string): Promise<Uint8Array | null> {
    return this.files.get(key)?.bytes ?? null;
  }

  async writeMedia(key: string, media: Blob): Promise<void> {
    this.media.set(key, media);
  }

  async readMedia(key: string): Promise<Blob | null> {
    return this.media.get(key) ?? null;
  }

  async remove(key: string): Promise<void> {
    this.files.delete(key);
    this.media.delete(key);
  }
}
