/** Calls and answers over a `ReliableLink`; runs on both sides of a plugin's bridge. */

import type { Packet } from "./packets.ts";
import { LinkError, type LinkEvents, ReliableLink, type Sending, type Timers } from "./reliable-link.ts";

type CallMessage =
  | { type: "call"; id: number; method: string; args: unknown[] }
  | { type: "answer"; id: number; value: unknown }
  | { type: "fault"; id: number; message: string }
  | { type: "cancel"; id: number };

export type Methods = Record<string, (...args: never[]) => Promise<unknown>>;

export interface BridgeEvents {
  connected(): void;
  silent(isSilent: boolean): void;
}

/** Why a call has no answer: `faulted` on the other side, or `lost` with it, or `cancelled` here. */
export class CallError extends Error {
  override readonly name = "CallError";
  readonly kind: "faulted" | "lost" | "cancelled";
  constructor(kind: "faulted" | "lost" | "cancelled", message: string) {
    super(message);
    this.kind = kind;
  }
}

interface Pending {
  resolve(value: unknown): void;
  reject(error: CallError): void;
}

/** One side of the bridge: serves `methods` and calls the other side's. */
export class Bridge {
  readonly #link: ReliableLink;
  /** A map, so that nothing of an object's own is within reach. */
  readonly #methods: ReadonlyMap<string, Methods[string]>;
  readonly #events: BridgeEvents;
  readonly #pending = new Map<number, Pending>();
  /** Calls of the other side under way here, with the answer once it is being sent. */
  readonly #serving = new Map<number, { cancelled: boolean; answer: Sending | null }>();
  #nextCall = 0;
  /** Counts connections, so that an answer never goes to a side that didn't ask. */
  #connection = 0;

  constructor(
    post: (packet: Packet) => void,
    timers: Timers,
    methods: Methods,
    events: BridgeEvents,
    packetCharacters?: number,
  ) {
    this.#methods = new Map(Object.entries(methods));
    this.#events = events;
    const linkEvents: LinkEvents = {
      message: (text) => this.#receive(text),
      connected: () => this.#connected(),
      silent: (isSilent) => events.silent(isSilent),
    };
    this.#link = new ReliableLink(post, timers, linkEvents, packetCharacters);
  }

  get isConnected(): boolean {
    return this.#link.isConnected;
  }

  receive(message: unknown): void {
    this.#link.receive(message);
  }

  close(): void {
    this.#link.close();
    this.#failPending("the bridge was closed");
  }

  /** Rejects with a `CallError`. When `signal` is aborted, the other side stops sending the answer. */
  call(method: string, args: unknown[], signal?: AbortSignalLike): Promise<unknown> {
    const id = this.#nextCall++;
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(new CallError("cancelled", `${method} was cancelled`));
      this.#pending.set(id, { resolve, reject });
      const sending = this.#say({ type: "call", id, method, args });
      signal?.addEventListener("abort", () => this.#cancelCall(id, method, sending));
    });
  }

  #cancelCall(id: number, method: string, sending: Sending): void {
    const pending = this.#pending.get(id);
    if (!pending) return;
    this.#pending.delete(id);
    sending.cancel();
    this.#say({ type: "cancel", id });
    pending.reject(new CallError("cancelled", `${method} was cancelled`));
  }

  #connected(): void {
    this.#connection++;
    this.#serving.clear();
    if (this.#connection > 1) this.#failPending("the other side was loaded anew");
    this.#events.connected();
  }

  #failPending(reason: string): void {
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const each of pending) each.reject(new CallError("lost", `No answer: ${reason}`));
  }

  #say(message: CallMessage): Sending {
    const sending = this.#link.send(JSON.stringify(message));
    sending.done.catch((error: Error) => this.#unsent(message, error));
    return sending;
  }

  /** A call that can't even be sent fails at once; an answer that can't tells the caller why. */
  #unsent(message: CallMessage, error: Error): void {
    if (message.type === "call") {
      this.#pending.get(message.id)?.reject(new CallError("lost", error.message));
      this.#pending.delete(message.id);
    }
    if (message.type === "answer" && error instanceof LinkError && error.kind === "too-much") {
      this.#say({ type: "fault", id: message.id, message: error.message });
    }
  }

  #receive(text: string): void {
    const message = JSON.parse(text) as CallMessage;
    switch (message.type) {
      case "call":
        void this.#serve(message);
        return;
      case "cancel":
        this.#stopServing(message.id);
        return;
      case "answer":
        this.#pending.get(message.id)?.resolve(message.value);
        break;
      case "fault":
        this.#pending.get(message.id)?.reject(new CallError("faulted", message.message));
        break;
    }
    this.#pending.delete(message.id);
  }

  async #serve({ id, method, args }: Extract<CallMessage, { type: "call" }>): Promise<void> {
    const connection = this.#connection;
    const serving = { cancelled: false, answer: null as Sending | null };
    this.#serving.set(id, serving);
    const answer = await this.#answerTo(id, method, args);
    if (connection !== this.#connection || serving.cancelled) return;
    serving.answer = this.#say(answer);
    serving.answer.done.then(
      () => this.#serving.delete(id),
      () => this.#serving.delete(id),
    );
  }

  async #answerTo(id: number, method: string, args: unknown[]): Promise<CallMessage> {
    try {
      const served = this.#methods.get(method);
      if (!served) throw new Error(`there is no method ${method}`);
      return { type: "answer", id, value: (await served(...(args as never[]))) ?? null };
    } catch (error) {
      return { type: "fault", id, message: error instanceof Error ? error.message : String(error) };
    }
  }

  #stopServing(id: number): void {
    const serving = this.#serving.get(id);
    if (!serving) return;
    serving.cancelled = true;
    serving.answer?.cancel();
    this.#serving.delete(id);
  }
}

/** What is needed of an `AbortSignal`; the script context of a plugin has no types for more. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  addEventListener(type: "abort", listener: () => void): void;
}
