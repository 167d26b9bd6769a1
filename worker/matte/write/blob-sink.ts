/** Runs in a worker: finished matte files are handed over as blobs, one by one. */
import type { MatteFile } from "../../protocol.ts";
import type { MatteSink } from "./matte-sink.ts";

export function blobSink(onFile: (file: MatteFile) => void | Promise<void>): MatteSink {
  const handOver = async (path: string, bytes: Uint8Array) => {
    await onFile({ path, bytes: new Blob([bytes.slice()], { type: typeOf(path) }) });
  };
  return {
    writeFile: handOver,
    createFile: async (path) => {
      const file = new GrowingBytes();
      return {
        write: async (position, bytes) => file.write(position, bytes),
        finish: () => handOver(path, file.take()),
        discard: async () => void file.take(),
      };
    },
  };
}

const TYPES: Record<string, string> = {
  png: "image/png",
  mov: "video/quicktime",
  mp4: "video/mp4",
  webm: "video/webm",
  json: "application/json",
};

function typeOf(path: string): string {
  return TYPES[path.slice(path.lastIndexOf(".") + 1)] ?? "application/octet-stream";
}

/** Doubles when it is full, so that appending stays cheap. */
class GrowingBytes {
  #bytes = new Uint8Array(1 << 20);
  #length = 0;

  write(position: number, bytes: Uint8Array): void {
    const end = position + bytes.length;
    if (end > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(end, 2 * this.#bytes.length));
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    this.#bytes.set(bytes, position);
    this.#length = Math.max(this.#length, end);
  }

  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#bytes = new Uint8Array(0);
    this.#length = 0;
    return taken;
  }
}
