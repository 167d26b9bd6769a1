/** A disk that is soon full. Only the superuser of a Linux that lets it can make one. */
import { execFileSync } from "node:child_process";
import { mkdirSync, rmdirSync } from "node:fs";

export const CAN_MAKE_SMALL_DISK = canMount();

/** `size` as mount takes it: "8k". */
export async function onSmallDisk(folder: string, size: string, action: () => Promise<void>): Promise<void> {
  mkdirSync(folder, { recursive: true });
  mount(folder, size);
  try {
    await action();
  } finally {
    execFileSync("umount", [folder]);
  }
}

function mount(folder: string, size: string): void {
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", folder], { stdio: "ignore" });
}

function canMount(): boolean {
  const probe = `/tmp/masklet-mount-probe-${process.pid}`;
  try {
    mkdirSync(probe, { recursive: true });
    mount(probe, "8k");
    execFileSync("umount", [probe]);
    rmdirSync(probe);
    return true;
  } catch {
    return false;
  }
}

/** Makes a disk of `kibibytes` at `path` for several tests; returns what takes it away. */
export function smallDisk(path: string, kibibytes: number): () => void {
  mkdirSync(path, { recursive: true });
  mount(path, `${kibibytes}k`);
  return () => void execFileSync("umount", [path]);
}
