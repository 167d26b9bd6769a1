/** Runs in a browser's worker: frames that left working memory, in a file of the origin's private storage. */
import type { SpillFile } from "../pixel-store.ts";

const PREFIX = "spill-";

/** Null where the browser gives none (private windows): everything then stays in working memory. */
export async function openOpfsSpill(): Promise<SpillFile | null> {
  try {
    const root = await navigator.storage.getDirectory();
    await removeLeftovers(root);
    const name = `${PREFIX}${crypto.randomUUID()}`;
    const handle = await root.getFileHandle(name, { create: true });
    const file = await handle.createSyncAccessHandle();
    return new OpfsSpill(file, () => root.removeEntry(name));
  } catch {
    return null;
  }
}

/** Of pages that ended without closing; one that is in use is locked and stays. */
async function removeLeftovers(root: FileSystemDirectoryHandle): Promise<void> {
  for await (const name of root.keys()) {
    if (name.startsWith(PREFIX)) await root.removeEntry(name).catch(() => {});
  }
}

class OpfsSpill implements SpillFile {
  readonly #file: FileSystemSyncAccessHandle;
  readonly #remove: () => Promise<void>;

  constructor(file: FileSystemSyncAccessHandle, remove: () => Promise<void>) {
    this.#file = file;
    this.#remove = remove;
  }

  async write(position: number, bytes: Uint8Array): Promise<void> {
    this.#file.write(bytes, { at: position });
  }

  async read(position: number, byteLength: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(byteLength);
    this.#file.read(bytes, { at: position });
    return bytes;
  }

  close(): void {
    this.#file.close();
    void this.#remove();
  }
}
