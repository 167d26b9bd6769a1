/** Runs in Node: frames that left working memory, in a temporary file that nobody else sees. */
import { type FileHandle, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SpillFile } from "../pixel-store.ts";

/** Null where the temporary folder can't be written: everything then stays in working memory. */
export async function openFileSpill(): Promise<SpillFile | null> {
  try {
    const folder = await mkdtemp(join(tmpdir(), "masklet-"));
    const file = await open(join(folder, "frames"), "w+");
    // Without a name the file goes when the process does, however it ends. Windows keeps it until then.
    await rm(folder, { recursive: true, force: true }).catch(() => {});
    return new FileSpill(file, folder);
  } catch {
    return null;
  }
}

class FileSpill implements SpillFile {
  readonly #file: FileHandle;
  readonly #folder: string;

  constructor(file: FileHandle, folder: string) {
    this.#file = file;
    this.#folder = folder;
  }

  async write(position: number, bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await this.#file.write(bytes, done, bytes.length - done, position + done);
      done += bytesWritten;
    }
  }

  async read(position: number, byteLength: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(byteLength);
    for (let done = 0; done < byteLength; ) {
      const { bytesRead } = await this.#file.read(bytes, done, byteLength - done, position + done);
      if (bytesRead === 0) throw new Error("Expected a frame in the temporary file, got its end.");
      done += bytesRead;
    }
    return bytes;
  }

  close(): void {
    void this.#file
      .close()
      .then(() => rm(this.#folder, { recursive: true, force: true }))
      .catch(() => {});
  }
}
