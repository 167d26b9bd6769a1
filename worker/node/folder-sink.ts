/** Runs in Node: matte files into a folder. A file has its name only once it is complete. */
import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { MatteSink, MatteStream } from "../matte/write/matte-sink.ts";
import { writeFailure } from "./write-failure.ts";

export function folderSink(folder: string): MatteSink {
  return {
    writeFile: async (path, bytes) => {
      const stream = await startFile(join(folder, path));
      await stream.write(0, bytes);
      await stream.finish();
    },
    createFile: (path) => startFile(join(folder, path)),
  };
}

/** @throws TrackerError `write-failed`, here and from the stream; what was unfinished is removed. */
async function startFile(target: string): Promise<MatteStream> {
  const partial = join(dirname(target), `.${basename(target)}.partial`);
  const file = await withFolder(target, () => open(partial, "w"));
  const discard = async () => {
    await file.close().catch(() => undefined);
    await rm(partial, { force: true }).catch(() => undefined);
  };
  const guarded = async (action: () => Promise<unknown>) => {
    try {
      await action();
    } catch (error) {
      await discard();
      throw writeFailure(target, error);
    }
  };
  return {
    write: (position, bytes) => guarded(() => writeAll(file, bytes, position)),
    finish: () =>
      guarded(async () => {
        await file.close();
        await rename(partial, target);
      }),
    discard,
  };
}

async function withFolder<T>(target: string, action: () => Promise<T>): Promise<T> {
  try {
    await mkdir(dirname(target), { recursive: true });
    return await action();
  } catch (error) {
    throw writeFailure(target, error);
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}
