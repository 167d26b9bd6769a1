/** Runs anywhere: a folder tree that holds a dataset, on a disk, in memory or in a browser. */
import { TrackerError } from "../tracker-error.ts";

export interface FolderEntry {
  name: string;
  isFolder: boolean;
}

/** Paths are relative to the dataset, parts joined by "/"; "" is the dataset itself. */
export interface DatasetFolder {
  /** In the order of their names; nothing for a folder that doesn't exist. */
  list(path: string): Promise<FolderEntry[]>;
  /** Fails when there is no such file. */
  read(path: string): Promise<Uint8Array>;
}

/** What is wrong with a dataset, one entry per finding; nothing is skipped silently. */
export interface DatasetProblem {
  /** File or folder, relative to the dataset. */
  path: string;
  /** What was expected, what is there. */
  problem: string;
}

/** Long lists are cut in the message; `problems` has them all. */
const SHOWN_PROBLEMS = 12;

export class DatasetError extends TrackerError {
  readonly problems: readonly DatasetProblem[];

  constructor(problems: readonly DatasetProblem[]) {
    super("bad-clip", problemText(problems), "Correct these files of the dataset, or leave their clips out.");
    this.problems = problems;
  }
}

function problemText(problems: readonly DatasetProblem[]): string {
  const shown = problems.slice(0, SHOWN_PROBLEMS).map(({ path, problem }) => `${path || "."}: ${problem}`);
  const rest = problems.length - shown.length;
  return [...shown, ...(rest > 0 ? [`and ${rest} more problems`] : [])].join("\n");
}

export function joinPath(...parts: string[]): string {
  return parts.filter((part) => part !== "").join("/");
}

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** In the order of their numbers where both are numbers, else of their letters. */
export function byNumberThenName(a: string, b: string): number {
  const difference = Number(a) - Number(b);
  if (Number.isNaN(difference) || difference === 0) return a < b ? -1 : 1;
  return difference;
}

/** "00012.png" and "12.jpg" belong together: numbers are compared as numbers, other names as they are. */
export function frameKey(fileName: string): string {
  const stem = fileName.replace(/\.[^.]*$/, "");
  return /^\d+$/.test(stem) ? String(Number(stem)) : stem;
}

export async function listFolders(folder: DatasetFolder, path: string): Promise<string[]> {
  return (await folder.list(path)).filter((entry) => entry.isFolder).map((entry) => entry.name);
}

/** Names of the files that end in one of the given ways (lower case, with the dot). */
export async function listFiles(folder: DatasetFolder, path: string, endings: string[]): Promise<string[]> {
  const entries = await folder.list(path);
  return entries
    .filter(
      ({ name, isFolder }) => !isFolder && endings.some((ending) => name.toLowerCase().endsWith(ending)),
    )
    .map((entry) => entry.name);
}

export async function readJson(folder: DatasetFolder, path: string): Promise<unknown> {
  const text = new TextDecoder().decode(await folder.read(path));
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new DatasetError([{ path, problem: `is not JSON: ${(error as Error).message}` }]);
  }
}
