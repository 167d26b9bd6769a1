/** Runs in the tracking worker: bytes of a file that lies behind a message port. */
import type { RangeAnswer, RangeRequest } from "../protocol.ts";

interface Waiting {
  resolve(bytes: Uint8Array): void;
  reject(error: Error): void;
}

export class RangeReader {
  readonly #port: MessagePort;
  readonly #waiting = new Map<number, Waiting>();
  #next = 0;

  constructor(port: MessagePort) {
    this.#port = port;
    port.onmessage = (event: MessageEvent<RangeAnswer>) => this.#receive(event.data);
  }

  /** Bytes `start` to `end`, the last one not included. Rejects with the other side's words. */
  read(start: number, end: number): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const request: RangeRequest = { id: this.#next++, start, end };
      this.#waiting.set(request.id, { resolve, reject });
      this.#port.postMessage(request);
    });
  }

  close(): void {
    this.#port.close();
    for (const each of this.#waiting.values()) each.reject(new Error("The file was closed."));
    this.#waiting.clear();
  }

  #receive(answer: RangeAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ("bytes" in answer) waiting?.resolve(new Uint8Array(answer.bytes));
    else waiting?.reject(new Error(answer.error));
  }
}
