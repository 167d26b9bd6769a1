/** Runs in Node: whether files can be made in a folder, asked before any work is done. */
import { mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { writeFailure } from "../write-failure.ts";

/** Makes the folder where it is missing. @throws TrackerError `write-failed` */
export async function assertWritable(folder: string): Promise<void> {
  const probe = join(folder, `.masklet-${process.pid}.probe`);
  try {
    await mkdir(folder, { recursive: true });
    const file = await open(probe, "w");
    try {
      await file.write("probe");
    } finally {
      await file.close();
      await rm(probe, { force: true });
    }
  } catch (error) {
    throw writeFailure(folder, error);
  }
}
