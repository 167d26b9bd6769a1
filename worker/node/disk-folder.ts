/** Node: a dataset's folder on this machine's disk. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { DatasetFolder, FolderEntry } from "../evaluation/dataset-folder.ts";
import type { DatasetStore } from "../evaluation/dataset-merge.ts";
import { folderSink } from "./folder-sink.ts";

export function diskFolder(root: string): DatasetFolder {
  return {
    list: (path) => listEntries(join(root, path)),
    read: (path) => readFile(join(root, path)),
  };
}

/** Folders are made as they are needed. */
export function diskStore(root: string): DatasetStore {
  return { ...diskFolder(root), write: folderSink(root).writeFile };
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
