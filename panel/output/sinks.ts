/** Where exported files go: a folder where the browser allows, else one download. In the page. */
import { Zip, ZipPassThrough } from "fflate";
import type { MatteFile } from "../../worker/protocol.ts";
import type { FileSink } from "../session/exporting.ts";

/** A frame of a sequence, as `worker/matte/write/png-writer.ts` names it. */
const STILL = /(^|\/)\d+\.png$/;

interface FolderPicker {
  showDirectoryPicker?(options: { mode: "readwrite"; id: string }): Promise<FileSystemDirectoryHandle>;
}

/** Null when the person closed the dialogue. */
export async function chooseSink(name: string, files: "one" | "many"): Promise<FileSink | null> {
  const { showDirectoryPicker } = globalThis as FolderPicker;
  if (files === "one") return new DownloadSink(name);
  if (!showDirectoryPicker) return new ZipSink(name);
  try {
    const folder = await showDirectoryPicker.call(globalThis, { mode: "readwrite", id: "masklet-export" });
    return new FolderSink(await folder.getDirectoryHandle(`${name} matte`, { create: true }));
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") return null;
    return new ZipSink(name);
  }
}

export async function saveFile(content: Blob, name: string): Promise<void> {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  // The download has its own reference by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

class FolderSink implements FileSink {
  readonly #folder: FileSystemDirectoryHandle;
  /** Paths of this export's files. */
  readonly #written = new Set<string>();

  constructor(folder: FileSystemDirectoryHandle) {
    this.#folder = folder;
  }

  async write({ path, bytes }: MatteFile): Promise<void> {
    const { folder, name } = await this.#placeOf(path);
    const writable = await (await folder.getFileHandle(name, { create: true })).createWritable();
    await writable.write(bytes);
    await writable.close();
    this.#written.add(path);
  }

  async finish(): Promise<string> {
    const saved = `${this.#written.size} files in the folder “${this.#folder.name}”.`;
    const older = await this.#olderStills();
    if (older === 0) return saved;
    return `${saved} ${older} older frames are beside them, from an earlier export: delete them, or a host takes them for part of this one.`;
  }

  async abandon(): Promise<void> {}

  async #placeOf(path: string): Promise<{ folder: FileSystemDirectoryHandle; name: string }> {
    const parts = path.split("/");
    const name = parts.pop()!;
    let folder = this.#folder;
    for (const part of parts) folder = await folder.getDirectoryHandle(part, { create: true });
    return { folder, name };
  }

  /** Numbered stills that this export did not write, in the folders that it wrote into: an image sequence reads on. */
  async #olderStills(): Promise<number> {
    const stills = [...this.#written].filter((path) => STILL.test(path));
    const folders = new Set(stills.map((path) => path.slice(0, path.lastIndexOf("/") + 1)));
    let older = 0;
    for (const prefix of folders) {
      const { folder } = await this.#placeOf(`${prefix}.`);
      for await (const name of folder.keys())
        if (STILL.test(name) && !this.#written.has(prefix + name)) older++;
    }
    return older;
  }
}

/** Pictures are compressed already: they are stored, not deflated again. */
class ZipSink implements FileSink {
  readonly #name: string;
  readonly #parts: BlobPart[] = [];
  readonly #zip: Zip;
  #files = 0;

  constructor(name: string) {
    this.#name = `${name} matte.zip`;
    this.#zip = new Zip((error, chunk) => {
      if (error) throw error;
      this.#parts.push(chunk as BlobPart);
    });
  }

  async write({ path, bytes }: MatteFile): Promise<void> {
    const entry = new ZipPassThrough(path);
    this.#zip.add(entry);
    entry.push(new Uint8Array(await bytes.arrayBuffer()), true);
    this.#files++;
  }

  async finish(): Promise<string> {
    this.#zip.end();
    await saveFile(new Blob(this.#parts, { type: "application/zip" }), this.#name);
    return `${this.#files} files in ${this.#name}, in your downloads.`;
  }

  async abandon(): Promise<void> {
    this.#zip.terminate();
  }
}

/** One file: a movie or JSON. */
class DownloadSink implements FileSink {
  readonly #name: string;
  readonly #saved: string[] = [];

  constructor(name: string) {
    this.#name = name;
  }

  async write({ path, bytes }: MatteFile): Promise<void> {
    const name = `${this.#name} ${path.split("/").join(" ")}`;
    await saveFile(bytes, name);
    this.#saved.push(name);
  }

  async finish(): Promise<string> {
    return `${this.#saved.join(", ")}, in your downloads.`;
  }

  async abandon(): Promise<void> {}
}
