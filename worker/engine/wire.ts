/**
 * Runs on both sides of the engine's pipe: messages as bytes. Pure.
 *
 *   u32  bytes of the message that follow (big endian, as all numbers here)
 *   u32  bytes of its JSON text
 *        the JSON text in UTF-8, then the binary parts one after the other; `parts` in the text has their lengths
 *
 * V8's own serialization is not used: After Effects' Node 17 can't read what a newer Node writes.
 */

/** The largest message: raw 8K frames are 133 MB, the state of a long clip some hundred. */
const MOST_BYTES = 1024 * 1024 * 1024;
const HEAD = 4;

export interface WireMessage {
  json: unknown;
  parts: Uint8Array[];
}

/** Chunks to be written one after the other; the parts are not copied. */
export function encodeMessage({ json, parts }: WireMessage): Uint8Array[] {
  const text = new TextEncoder().encode(JSON.stringify({ json, parts: parts.map((part) => part.length) }));
  const size = parts.reduce((sum, part) => sum + part.length, HEAD + text.length);
  if (size > MOST_BYTES) throw new RangeError(`Message: expected at most ${MOST_BYTES} bytes, got ${size}.`);
  const head = new DataView(new ArrayBuffer(2 * HEAD));
  head.setUint32(0, size);
  head.setUint32(HEAD, text.length);
  return [new Uint8Array(head.buffer), text, ...parts];
}

/** Puts a stream of chunks, cut anywhere, together to messages. */
export class MessageReader {
  #chunks: Uint8Array[] = [];
  #have = 0;
  /** Bytes of the message that is arriving; null before its length is there. */
  #wanted: number | null = null;

  /** Throws a RangeError on a length that no message has: then the other side is no engine of ours. */
  push(chunk: Uint8Array): WireMessage[] {
    this.#chunks.push(chunk);
    this.#have += chunk.length;
    const messages: WireMessage[] = [];
    for (let next = this.#next(); next; next = this.#next()) messages.push(next);
    return messages;
  }

  #next(): WireMessage | null {
    if (this.#wanted === null) {
      const head = this.#take(HEAD);
      if (!head) return null;
      this.#wanted = checkedSize(readUint32(head, 0));
    }
    const body = this.#take(this.#wanted);
    if (!body) return null;
    this.#wanted = null;
    return decodeBody(body);
  }

  /** Joined only when all is there, so that a large message is copied once. */
  #take(count: number): Uint8Array | null {
    if (this.#have < count) return null;
    const bytes = new Uint8Array(count);
    let filled = 0;
    while (filled < count) {
      const chunk = this.#chunks.shift() as Uint8Array;
      const part = chunk.subarray(0, count - filled);
      bytes.set(part, filled);
      filled += part.length;
      if (part.length < chunk.length) this.#chunks.unshift(chunk.subarray(part.length));
    }
    this.#have -= count;
    return bytes;
  }
}

function checkedSize(size: number): number {
  if (size >= HEAD && size <= MOST_BYTES) return size;
  throw new RangeError(`Message: expected a length of ${HEAD} to ${MOST_BYTES} bytes, got ${size}.`);
}

function decodeBody(body: Uint8Array): WireMessage {
  const textEnd = HEAD + readUint32(body, 0);
  const { json, parts } = JSON.parse(new TextDecoder().decode(body.subarray(HEAD, textEnd))) as {
    json: unknown;
    parts: number[];
  };
  let end = textEnd;
  const part = (length: number) => {
    end += length;
    return body.subarray(end - length, end);
  };
  return { json, parts: parts.map(part) };
}

function readUint32(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at);
}
