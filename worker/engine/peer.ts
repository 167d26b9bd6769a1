/** Runs on both sides of the engine's pipe: calls of methods and of lent functions, in order, with answers. */
import { type Crossing, pack, unpack } from "./values.ts";
import { encodeMessage, MessageReader } from "./wire.ts";

type Envelope =
  | { type: "call"; id: number; name: string; args: unknown[] }
  | { type: "lent"; id: number; lent: number; args: unknown[] }
  | { type: "answer"; id: number; value: unknown }
  | { type: "fault"; id: number; message: string };

/** Why a call has no answer: the other side is gone. */
export class ChannelLost extends Error {
  override readonly name = "ChannelLost";
}

export interface PeerSetup {
  /** Takes the chunks of one message, in order. */
  write(chunks: Uint8Array[]): void;
  /** What the other side may call; anything else is refused. */
  methods: ReadonlyMap<string, (...args: unknown[]) => unknown>;
  /** `by-reference`: blobs stay here and are read as they are needed. `whole`: their bytes go along. */
  blobs: "by-reference" | "whole";
  /** The other side spoke something that is no message. */
  onNonsense(error: Error): void;
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

type Lent = (...args: unknown[]) => unknown;

export class Peer {
  readonly #with: PeerSetup;
  readonly #reader = new MessageReader();
  readonly #waiting = new Map<number, Waiting>();
  readonly #functions = new Map<number, Lent>();
  readonly #blobs = new Map<number, Blob>();
  #count = 0;
  #sending: Promise<void> = Promise.resolve();
  #lost: ChannelLost | null = null;

  constructor(setup: PeerSetup) {
    this.#with = setup;
  }

  /** What is lent for the call is taken back after the answer, unless `keep` takes the numbers. */
  async call(name: string, args: readonly unknown[], keep?: (lent: number[]) => void): Promise<unknown> {
    const lent: number[] = [];
    try {
      return await this.#ask((id) => ({ type: "call", id, name, args: withoutTail(args) }), lent);
    } finally {
      if (keep) keep(lent);
      else this.takeBack(lent);
    }
  }

  takeBack(lent: readonly number[]): void {
    for (const id of lent) {
      this.#functions.delete(id);
      this.#blobs.delete(id);
    }
  }

  receive(chunk: Uint8Array): void {
    if (this.#lost) return;
    try {
      for (const message of this.#reader.push(chunk)) {
        this.#handle(unpack(message, this.#crossing([])) as Envelope);
      }
    } catch (error) {
      this.#with.onNonsense(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** Everything that waits, and everything that is asked later, fails with `why`. */
  close(why: string): void {
    this.#lost ??= new ChannelLost(why);
    for (const waiting of this.#waiting.values()) waiting.reject(this.#lost);
    this.#waiting.clear();
    this.#functions.clear();
    this.#blobs.clear();
  }

  #ask(envelope: (id: number) => Envelope, lent: number[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#lost) return reject(this.#lost);
      const id = ++this.#count;
      this.#waiting.set(id, { resolve, reject });
      this.#send(envelope(id), lent).catch((error: Error) => {
        this.#waiting.delete(id);
        reject(error);
      });
    });
  }

  /** One after the other, so that what is called first arrives first. */
  #send(envelope: Envelope, lent: number[] = []): Promise<void> {
    const sent = this.#sending.then(async () => {
      const message = await pack(envelope, this.#crossing(lent));
      if (!this.#lost) this.#with.write(encodeMessage(message));
    });
    this.#sending = sent.catch(() => {});
    return sent;
  }

  #handle(envelope: Envelope): void {
    switch (envelope.type) {
      case "call":
        void this.#serve(envelope.id, this.#method(envelope.name), envelope.args);
        return;
      case "lent":
        void this.#serve(envelope.id, this.#functions.get(envelope.lent) ?? ended, envelope.args);
        return;
      case "answer":
        this.#settle(envelope.id, (waiting) => waiting.resolve(envelope.value));
        return;
      case "fault":
        this.#settle(envelope.id, (waiting) => waiting.reject(new Error(envelope.message)));
    }
  }

  #method(name: string): Lent {
    if (name === READ_BLOB) return (id, start, end) => this.#readBlob(Number(id), Number(start), Number(end));
    const method = this.#with.methods.get(name);
    if (method) return method;
    return () => {
      throw new Error(`There is no call "${name}".`);
    };
  }

  async #serve(id: number, work: Lent, args: unknown[]): Promise<void> {
    try {
      await this.#send({ type: "answer", id, value: await work(...args) });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      await this.#send({ type: "fault", id, message });
    }
  }

  #settle(id: number, how: (waiting: Waiting) => void): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (waiting) how(waiting);
  }

  async #readBlob(id: number, start: number, end: number): Promise<Uint8Array> {
    const blob = this.#blobs.get(id);
    if (!blob) throw new Error("The file was closed.");
    return new Uint8Array(await blob.slice(start, end).arrayBuffer());
  }

  #crossing(lent: number[]): Crossing {
    const lend = <T>(kept: Map<number, T>, value: T): number => {
      const id = ++this.#count;
      kept.set(id, value);
      lent.push(id);
      return id;
    };
    return {
      lendFunction: (work) => lend(this.#functions, work),
      lendBlob: (blob) => (this.#with.blobs === "whole" ? null : lend(this.#blobs, blob)),
      borrowFunction:
        (lentId) =>
        (...args) =>
          this.#ask((id) => ({ type: "lent", id, lent: lentId, args }), []),
      borrowBlob: (id, size, type) =>
        new LentBlob(
          { start: 0, end: size },
          type,
          async (start, end) => (await this.call(READ_BLOB, [id, start, end])) as Uint8Array<ArrayBuffer>,
        ),
    };
  }
}

const READ_BLOB = "readBlob";

/** A late call of a function whose call is answered already: nobody waits for it. */
function ended(): void {}

/** `undefined` has no place in JSON; at the end of a list it can simply be left out. */
function withoutTail(args: readonly unknown[]): unknown[] {
  let length = args.length;
  while (length > 0 && args[length - 1] === undefined) length--;
  return args.slice(0, length);
}

type ReadRange = (start: number, end: number) => Promise<Uint8Array<ArrayBuffer>>;

/** A Blob whose bytes lie on the other side, and are asked for as they are read. */
class LentBlob extends Blob {
  readonly #range: { start: number; end: number };
  readonly #read: ReadRange;
  readonly #type: string;

  constructor(range: { start: number; end: number }, type: string, read: ReadRange) {
    super();
    this.#range = range;
    this.#type = type;
    this.#read = read;
  }

  override get size(): number {
    return this.#range.end - this.#range.start;
  }

  override get type(): string {
    return this.#type;
  }

  override slice(from = 0, to = this.size, type = ""): Blob {
    const start = this.#range.start + Math.min(from, this.size);
    const end = Math.max(start, this.#range.start + Math.min(to, this.size));
    return new LentBlob({ start, end }, type, this.#read);
  }

  override async arrayBuffer(): Promise<ArrayBuffer> {
    const bytes = await this.#read(this.#range.start, this.#range.end);
    return bytes.slice().buffer;
  }

  override async text(): Promise<string> {
    return new TextDecoder().decode(await this.arrayBuffer());
  }

  override stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    let at = this.#range.start;
    const { end } = this.#range;
    return new ReadableStream({
      pull: async (controller) => {
        const next = Math.min(end, at + STREAM_BYTES);
        if (next > at) controller.enqueue(await this.#read(at, next));
        at = next;
        if (at >= end) controller.close();
      },
    });
  }
}

/** What a stream asks for at once. */
const STREAM_BYTES = 1024 * 1024;
