/** Runs in a browser's worker: checkpoints in the origin's private file system. */
import { blobSource } from "../../models/byte-source.ts";
import { TrackerError } from "../tracker-error.ts";
import type { CheckpointStore, PartialFile } from "./checkpoint-store.ts";

const FOLDER = "checkpoints";
const PARTIAL = ".partial";

export function opfsStore(): CheckpointStore {
  return {
    list: async () => {
      const files: { fileName: string; bytes: number }[] = [];
      for await (const entry of (await folder()).values()) {
        if (!(entry instanceof FileSystemFileHandle) || entry.name.endsWith(PARTIAL)) continue;
        files.push({ fileName: entry.name, bytes: (await entry.getFile()).size });
      }
      return files;
    },
    open: async (fileName) => {
      const handle = await existing(fileName);
      return handle ? blobSource(await handle.getFile()) : null;
    },
    openPartial: async (fileName) => openPartial(await folder(), fileName),
    remove: async (fileName) => {
      for (const name of [fileName, fileName + PARTIAL]) {
        if (await existing(name)) await (await folder()).removeEntry(name);
      }
    },
  };
}

async function folder(): Promise<FileSystemDirectoryHandle> {
  const root = await navigator.storage.getDirectory();
  return root.getDirectoryHandle(FOLDER, { create: true });
}

async function existing(name: string): Promise<FileSystemFileHandle | null> {
  try {
    return await (await folder()).getFileHandle(name);
  } catch (error) {
    if (error instanceof DOMException && error.name === "NotFoundError") return null;
    throw error;
  }
}

/** `move` renames within the private file system; typed here until the platform's types have it. */
interface MovableHandle extends FileSystemFileHandle {
  move?(name: string): Promise<void>;
}

async function openPartial(place: FileSystemDirectoryHandle, fileName: string): Promise<PartialFile> {
  const handle: MovableHandle = await place.getFileHandle(fileName + PARTIAL, { create: true });
  const access = await handle.createSyncAccessHandle();
  let isOpen = true;
  const close = async () => {
    if (isOpen) access.close();
    isOpen = false;
  };
  return {
    get size() {
      return access.getSize();
    },
    read: async (offset, length) => {
      const bytes = new Uint8Array(length);
      access.read(bytes, { at: offset });
      return bytes;
    },
    append: async (bytes) => append(access, bytes, fileName),
    clear: async () => access.truncate(0),
    complete: async () => {
      access.flush();
      await close();
      if (handle.move) await handle.move(fileName);
      else await copyTo(place, handle, fileName);
    },
    close,
  };
}

function append(access: FileSystemSyncAccessHandle, bytes: Uint8Array, fileName: string): void {
  const at = access.getSize();
  let written = 0;
  try {
    written = access.write(bytes as Uint8Array<ArrayBuffer>, { at });
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
  }
  if (written === bytes.length) return;
  access.truncate(at);
  throw new TrackerError(
    "write-failed",
    `The browser has no more room for ${fileName}: ${at} bytes are kept.`,
    "Free space on the disk or remove other models, then download again: it goes on where it stopped.",
  );
}

async function copyTo(
  place: FileSystemDirectoryHandle,
  from: FileSystemFileHandle,
  fileName: string,
): Promise<void> {
  const target = await place.getFileHandle(fileName, { create: true });
  const writable = await target.createWritable();
  await (await from.getFile()).stream().pipeTo(writable);
  await place.removeEntry(from.name);
}
