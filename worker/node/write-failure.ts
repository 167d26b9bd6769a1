/** Runs in Node: what the system says about a write, in words. */
import { TrackerError } from "../tracker-error.ts";

const REASONS: Record<string, [reason: string, remedy: string]> = {
  ENOSPC: ["the disk is full", "Free some space or choose another disk; what was finished before stays."],
  EDQUOT: ["your disk quota is used up", "Free some space or choose another place."],
  EACCES: ["you may not write there", "Choose a folder of your own."],
  EPERM: ["you may not write there", "Choose a folder of your own."],
  EROFS: ["that disk is read-only", "Choose a folder on another disk."],
  ENOTDIR: ["a file lies where a folder is needed", "Move that file away or choose another folder."],
  EEXIST: ["a file lies where a folder is needed", "Move that file away or choose another folder."],
  EISDIR: ["a folder has this name", "Choose another name."],
  ENOENT: ["the place does not exist", "Check the path."],
  ENAMETOOLONG: ["the name is too long", "Choose a shorter name."],
};

export function writeFailure(path: string, error: unknown): TrackerError {
  if (error instanceof TrackerError) return error;
  const code = (error as NodeJS.ErrnoException).code ?? "";
  const said = error instanceof Error ? error.message : String(error);
  const [reason, remedy] = REASONS[code] ?? [said, "Try again, or choose another folder."];
  return new TrackerError("write-failed", `Can't write ${path}: ${reason}.`, remedy, error);
}
