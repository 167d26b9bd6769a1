/** Node: a dataset's folder on this machine's disk. */
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { DatasetFolder, FolderEntry } from "../evaluation/dataset-folder.ts";
import type { DatasetStore } from "../evaluation/dataset-merge.ts";
import { TrackerError } from "../tracker-error.ts";

export function diskFolder(root: string): DatasetFolder {
  return {
    list: (path) => listEntries(join(root, path)),
    read: (path) => readFile(join(root, path)),
  };
}

/** Folders are made as they are needed. */
export function diskStore(root: string): DatasetStore {
  return { ...diskFolder(root), write: (path, bytes) => replaceFile(join(root, path), bytes) };
}

/** Writes beside the file and renames: whoever reads it sees the old or the new one, never a half. */
export async function replaceFile(path: string, bytes: Uint8Array | string): Promise<void> {
  const unfinished = `${path}.${process.pid}.part`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(unfinished, bytes);
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true }).catch(() => {});
    const reason = (error as Error).message;
    throw new TrackerError(
      "write-failed",
      `${path} can't be written: ${reason}.`,
      "Choose a folder on a disk that has room and may be written to.",
      error,
    );
  }
}

/** Hidden files (".DS_Store") belong to the system, not to the dataset. */
async function listEntries(path: string): Promise<FolderEntry[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    return entries
      .filter(({ name }) => !name.startsWith("."))
      .map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return [];
    throw error;
  }
}
