/** A dataset's folder in memory, built from a list of files. */
import type { DatasetFolder, FolderEntry } from "../../worker/evaluation/dataset-folder.ts";

export type MemoryFiles = Record<string, Uint8Array | string>;

export function memoryFolder(files: MemoryFiles): DatasetFolder & { reads: string[] } {
  const reads: string[] = [];
  const bytesOf = (path: string) => {
    const file = files[path];
    if (file === undefined) throw new Error(`No file ${path}`);
    return typeof file === "string" ? new TextEncoder().encode(file) : file;
  };
  return {
    reads,
    list: async (path) => entriesOf(Object.keys(files), path === "" ? "" : `${path}/`),
    read: async (path) => {
      reads.push(path);
      return bytesOf(path);
    },
  };
}

function entriesOf(paths: string[], prefix: string): FolderEntry[] {
  const inside = paths.filter((path) => path.startsWith(prefix)).map((path) => path.slice(prefix.length));
  const names = [...new Set(inside.map((path) => path.split("/")[0]!))].sort();
  return names.map((name) => ({ name, isFolder: inside.some((path) => path.startsWith(`${name}/`)) }));
}
