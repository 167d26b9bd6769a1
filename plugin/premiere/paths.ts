/** Native paths, of Windows or macOS, as text; pure. */

const separatorOf = (folder: string) => (folder.includes("\\") ? "\\" : "/");

/** `name` may have several parts, separated by "/". No separator is left at the end. */
export function joinPath(folder: string, name: string): string {
  const separator = separatorOf(folder);
  const parts = name.split("/").filter((part) => part !== "");
  return [folder.replace(/[\\/]+$/, ""), ...parts].join(separator);
}

export function parentFolder(path: string): string {
  return path.replace(/[\\/]+[^\\/]*$/, "");
}

export function baseName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
}

/** Whether two paths name the same file: separators alike, case ignored as Windows and macOS do. */
export function samePath(a: string, b: string): boolean {
  const plain = (path: string) => path.replace(/\\/g, "/").normalize("NFC").toLowerCase();
  return plain(a) === plain(b);
}
