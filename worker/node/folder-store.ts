/** Runs in Node: checkpoints in a folder of this user's cache. */
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import type { ByteSource } from "../../models/byte-source.ts";
import type { CheckpointStore, PartialFile } from "../storage/checkpoint-store.ts";
import { fileSource } from "./file-source.ts";
import { writeFailure } from "./write-failure.ts";

const PARTIAL = ".partial";

/** MASKLET_HOME, else the system's place for what can be fetched again. */
export function cacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  if (environment.MASKLET_HOME) return environment.MASKLET_HOME;
  if (process.platform === "darwin") return join(homedir(), "Library", "Caches", "Masklet");
  if (process.platform === "win32") {
    return join(environment.LOCALAPPDATA ?? join(homedir(), "AppData", "Local"), "Masklet");
  }
  return join(environment.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "masklet");
}

export function folderStore(folder = join(cacheFolder(), "checkpoints")): CheckpointStore {
  return {
    list: async () => {
      const names = (await readdir(folder).catch(() => [])).filter((name) => !name.endsWith(PARTIAL));
      return Promise.all(
        names.map(async (fileName) => ({ fileName, bytes: (await stat(join(folder, fileName))).size })),
      );
    },
    open: (fileName) => openFinished(join(folder, fileName)),
    openPartial: (fileName) => openPartial(folder, fileName),
    remove: async (fileName) => {
      await rm(join(folder, fileName), { force: true });
      await rm(join(folder, fileName + PARTIAL), { force: true });
    },
  };
}

async function openFinished(path: string): Promise<ByteSource | null> {
  const found = await stat(path).catch(() => null);
  return found?.isFile() ? fileSource(path) : null;
}

async function openPartial(folder: string, fileName: string): Promise<PartialFile> {
  const path = join(folder, fileName + PARTIAL);
  const file = await openForAppending(folder, path);
  let size = (await file.stat()).size;
  const close = () => file.close().catch(() => undefined);
  return {
    get size() {
      return size;
    },
    read: (offset, length) => readExactly(file, offset, length),
    append: async (bytes) => {
      await append(file, bytes, size, path);
      size += bytes.length;
    },
    clear: async () => {
      await file.truncate(0);
      size = 0;
    },
    complete: async () => {
      await close();
      await rename(path, join(folder, fileName));
    },
    close,
  };
}

async function openForAppending(folder: string, path: string): Promise<FileHandle> {
  try {
    await mkdir(folder, { recursive: true });
    return await open(path, "r+").catch(() => open(path, "w+"));
  } catch (error) {
    throw writeFailure(path, error);
  }
}

/** All of it or, where the disk is full, none of it. */
async function append(file: FileHandle, bytes: Uint8Array, at: number, path: string): Promise<void> {
  let done = 0;
  try {
    while (done < bytes.length) {
      const { bytesWritten } = await file.write(bytes, done, bytes.length - done, at + done);
      done += bytesWritten;
    }
  } catch (error) {
    await file.truncate(at).catch(() => undefined);
    throw writeFailure(path, error);
  }
}

async function readExactly(file: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  const { bytesRead } = await file.read(bytes, 0, length, offset);
  return bytes.subarray(0, bytesRead);
}
