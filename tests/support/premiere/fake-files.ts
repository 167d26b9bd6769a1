/** UXP's `fs` over memory. */
import type { FileSystem } from "../../../plugin/premiere/host-environment.ts";

export class FakeFiles implements FileSystem {
  readonly contents = new Map<string, Uint8Array<ArrayBuffer>>();
  readonly folders = new Set<string>();
  /** Open descriptors by number. */
  readonly opened = new Map<number, string>();
  /** Writes fail from now on, as on a full disk. */
  full = false;
  /** Bytes that one `read` gives at most. */
  readLimit = Number.POSITIVE_INFINITY;
  #next = 3;

  put(path: string, bytes: Uint8Array): void {
    this.contents.set(path, new Uint8Array(bytes));
  }

  paths(): string[] {
    return [...this.contents.keys()].sort();
  }

  async open(path: string): Promise<number> {
    this.#require(path);
    const file = this.#next++;
    this.opened.set(file, path);
    return file;
  }

  async read(file: number, buffer: ArrayBuffer, offset: number, length: number, position: number) {
    const bytes = this.#require(this.opened.get(file) ?? "(closed)");
    const part = bytes.subarray(position, position + Math.min(length, this.readLimit));
    new Uint8Array(buffer, offset, length).set(part);
    return { bytesRead: part.length, buffer };
  }

  async close(file: number): Promise<number> {
    this.opened.delete(file);
    return 0;
  }

  readFile(path: string): Promise<ArrayBuffer>;
  readFile(path: string, options: { encoding: "utf-8" }): Promise<string>;
  async readFile(path: string, options?: { encoding: "utf-8" }): Promise<ArrayBuffer | string> {
    const bytes = this.#require(path);
    return options ? new TextDecoder().decode(bytes) : bytes.slice().buffer;
  }

  async writeFile(
    path: string,
    data: ArrayBuffer | Uint8Array | string,
    options?: { flag?: "w" | "a" },
  ): Promise<number> {
    if (this.full) throw new Error("ENOSPC: no space left on device");
    const bytes = typeof data === "string" ? new TextEncoder().encode(data) : new Uint8Array(data);
    const before = options?.flag === "a" ? (this.contents.get(path) ?? new Uint8Array()) : new Uint8Array();
    const all = new Uint8Array(before.length + bytes.length);
    all.set(before);
    all.set(bytes, before.length);
    this.contents.set(path, all);
    return bytes.length;
  }

  async lstat(path: string): Promise<{ size: number }> {
    return { size: this.#require(path).length };
  }

  async rename(from: string, to: string): Promise<number> {
    this.contents.set(to, this.#require(from));
    this.contents.delete(from);
    return 0;
  }

  async unlink(path: string): Promise<number> {
    this.#require(path);
    this.contents.delete(path);
    return 0;
  }

  async mkdir(path: string): Promise<number> {
    this.folders.add(path);
    return 0;
  }

  async readdir(path: string): Promise<string[]> {
    return this.paths()
      .filter((each) => each.startsWith(`${path}/`) && !each.slice(path.length + 1).includes("/"))
      .map((each) => each.slice(path.length + 1));
  }

  #require(path: string): Uint8Array<ArrayBuffer> {
    const bytes = this.contents.get(path);
    if (!bytes) throw new Error(`ENOENT: no such file or directory, '${path}'`);
    return bytes;
  }
}
