/** Runs in Node: random access to a file's bytes. */
import { open, stat } from "node:fs/promises";
import type { ByteSource } from "../../models/byte-source.ts";

/** The file is opened for each read and never held. */
export async function fileSource(path: string): Promise<ByteSource> {
  const { size } = await stat(path);
  return {
    size,
    read: async (offset, length) => {
      if (offset < 0 || length < 0 || offset + length > size) {
        throw new RangeError(`Asked for ${length} bytes at ${offset} of ${size} bytes of ${path}.`);
      }
      const file = await open(path, "r");
      try {
        return await readAll(file, offset, length);
      } finally {
        await file.close();
      }
    },
  };
}

async function readAll(
  file: Awaited<ReturnType<typeof open>>,
  offset: number,
  length: number,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await file.read(bytes, done, length - done, offset + done);
    if (bytesRead === 0) throw new RangeError(`The file became shorter while it was read.`);
    done += bytesRead;
  }
  return bytes;
}
