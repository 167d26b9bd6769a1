/** A session store in memory: outlives the session that wrote to it, as a disk does. */

import type { Claim, SessionStore, StoredClip } from "../../panel/session/session-store.ts";
import type { StatePart } from "../../worker/protocol.ts";

export class MemoryStore implements SessionStore {
  readonly available = true;
  readonly files = new Map<string, { name: string; bytes: Uint8Array }>();
  readonly media = new Map<string, Blob>();
  /** By "key/name". */
  readonly stateParts = new Map<string, Uint8Array>();
  /** Claimed by a session, as by a tab. */
  readonly claimed = new Set<string>();

  async list(): Promise<StoredClip[]> {
    return [...this.files].map(([key, { name }]) => ({ key, name, savedAt: 0 }));
  }

  async write(key: string, name: string, bytes: Uint8Array): Promise<void> {
    this.files.set(key, { name, bytes });
  }

  async read(key: string): Promise<Uint8Array | null> {
    return this.files.get(key)?.bytes ?? null;
  }

  async parts(key: string): Promise<string[]> {
    const start = `${key}/`;
    return [...this.stateParts.keys()]
      .filter((path) => path.startsWith(start))
      .map((path) => path.slice(start.length));
  }

  async writePart(key: string, { name, bytes }: StatePart): Promise<void> {
    this.stateParts.set(`${key}/${name}`, bytes);
  }

  async readPart(key: string, name: string): Promise<Uint8Array | null> {
    return this.stateParts.get(`${key}/${name}`) ?? null;
  }

  async keepParts(key: string, names: readonly string[]): Promise<void> {
    for (const name of await this.parts(key))
      if (!names.includes(name)) this.stateParts.delete(`${key}/${name}`);
  }

  async claim(key: string): Promise<Claim | null> {
    if (this.claimed.has(key)) return null;
    this.claimed.add(key);
    return { release: () => void this.claimed.delete(key) };
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
