/**
 * Messages of any length over a channel that loses, doubles, delays and reorders; runs in the script
 * context of a plugin and in its page.
 *
 * Texts are cut into packets, sent within a window, acknowledged, repeated until they are, put in order and
 * joined. Several messages take turns, so a short one doesn't wait for a long one. Each arrives once or, if
 * the other side is loaded anew, not at all.
 *
 *   greeting ──hello of the other side──▶ connected ──hello of a later life──▶ connected (anew)
 */
import { type Incarnation, type Packet, readPacket, sameIncarnation } from "./packets.ts";

/**
 * Characters of one packet. Measured: from 16 Ki to 4 Mi the work is the same (105 MB a CPU second, both ways
 * of JSON included); this is large enough to be worth a message and small enough to be passed by short calls.
 */
const PACKET_CHARACTERS = 256 * 1024;
/** Packets on their way: with 256 Ki characters each, 2 Mi characters. */
const WINDOW = 8;
/** A packet this far ahead of what is expected belongs to no honest sender. */
const MAX_AHEAD = WINDOW * 4;
/** Characters of one message, and of all waiting ones together: bounds what a page can make a host hold. */
const MAX_CHARACTERS = 96 * 1024 * 1024;
const REPEAT_AFTER = 1000;
/** Repeats come at 1, 2, 4, 8, then every 16 seconds: a host that renders may be away for long. */
const MAX_REPEAT_DOUBLINGS = 4;
const HELLO_EVERY = 500;
const BEAT_EVERY = 2000;
const SILENT_AFTER = 8000;
const TICK = 250;

export interface Timers {
  /** Milliseconds since 1970. */
  now(): number;
  /** Runs once, later; the returned function prevents it. */
  after(milliseconds: number, run: () => void): () => void;
}

export interface LinkEvents {
  message(text: string): void;
  /** The other side is there, for the first time or anew; what was under way before is gone. */
  connected(): void;
  /** Nothing was heard for a while, or again something. */
  silent(isSilent: boolean): void;
}

export interface Sending {
  /** Resolves when the other side has all of it; rejects when it never will. */
  done: Promise<void>;
  /** What isn't sent yet stays unsent, and the other side forgets the rest. */
  cancel(): void;
}

interface Outgoing {
  id: number;
  text: string;
  sent: number;
  cancelled: boolean;
  resolve(): void;
  reject(error: Error): void;
}

interface InFlight {
  packet: Packet;
  sentAt: number;
  repeats: number;
  /** Set on the last packet of a message. */
  completes: Outgoing | null;
}

export class LinkError extends Error {
  override readonly name = "LinkError";
  readonly kind: "too-much" | "cancelled" | "gone";
  constructor(kind: "too-much" | "cancelled" | "gone", message: string) {
    super(`Bridge: ${message}`);
    this.kind = kind;
  }
}

export class ReliableLink {
  readonly #post: (packet: Packet) => void;
  readonly #timers: Timers;
  readonly #events: LinkEvents;
  readonly #packetCharacters: number;
  readonly #self: Incarnation;
  #peer: Incarnation | null = null;
  #stopTick: (() => void) | null = null;
  #lastHello = Number.NEGATIVE_INFINITY;
  #lastSent = Number.NEGATIVE_INFINITY;
  #lastHeard: number;
  #isSilent = false;

  #outgoing: Outgoing[] = [];
  readonly #inFlight = new Map<number, InFlight>();
  #nextToSend = 0;
  #nextMessage = 0;

  readonly #early = new Map<number, Extract<Packet, { kind: "data" }>>();
  readonly #parts = new Map<number, string[]>();
  #partCharacters = 0;
  #nextExpected = 0;

  constructor(
    post: (packet: Packet) => void,
    timers: Timers,
    events: LinkEvents,
    packetCharacters = PACKET_CHARACTERS,
  ) {
    this.#post = post;
    this.#timers = timers;
    this.#events = events;
    this.#packetCharacters = packetCharacters;
    this.#self = { startedAt: timers.now(), random: Math.random().toString(36).slice(2, 10) };
    this.#lastHeard = timers.now();
    this.#tick();
  }

  get isConnected(): boolean {
    return this.#peer !== null;
  }

  /** Waits for a connection where there is none yet. Rejects above `MAX_CHARACTERS` waiting ones. */
  send(text: string): Sending {
    const waiting = this.#outgoing.reduce((sum, each) => sum + each.text.length - each.sent, 0);
    if (waiting + text.length > MAX_CHARACTERS) {
      const error = new LinkError(
        "too-much",
        `expected at most ${MAX_CHARACTERS} waiting characters, got ${waiting + text.length}`,
      );
      return { done: Promise.reject(error), cancel: () => {} };
    }
    return this.#enqueue(text);
  }

  #enqueue(text: string): Sending {
    let outgoing: Outgoing | null = null;
    const done = new Promise<void>((resolve, reject) => {
      outgoing = { id: this.#nextMessage++, text, sent: 0, cancelled: false, resolve, reject };
      this.#outgoing.push(outgoing);
    });
    this.#pump();
    return { done, cancel: () => outgoing && this.#cancel(outgoing) };
  }

  #cancel(outgoing: Outgoing): void {
    outgoing.cancelled = true;
    if (outgoing.sent === 0) this.#outgoing = this.#outgoing.filter((each) => each !== outgoing);
    outgoing.reject(new LinkError("cancelled", "cancelled"));
    this.#pump();
  }

  close(): void {
    this.#stopTick?.();
    this.#stopTick = null;
    this.#forget(new LinkError("gone", "closed"));
  }

  /** To be called with every message that comes in; those of others are left alone. */
  receive(message: unknown): void {
    const packet = readPacket(message);
    if (!packet || sameIncarnation(packet.from, this.#self)) return;
    if (packet.kind === "hello") this.#receiveHello(packet);
    else if (sameIncarnation(packet.to, this.#self) && sameIncarnation(packet.from, this.#peer)) {
      this.#heard();
      if (packet.kind === "data") this.#receiveData(packet);
      if (packet.kind === "ack") this.#receiveAck(packet.next);
    }
  }

  // ------------------------------------------------------------ connecting

  #receiveHello({ from, to }: Extract<Packet, { kind: "hello" }>): void {
    const isNew = !sameIncarnation(from, this.#peer);
    // A late hello of an earlier life must not end the living connection.
    if (isNew && this.#peer && from.startedAt < this.#peer.startedAt) return;
    if (isNew) this.#connect(from);
    this.#heard();
    if (!sameIncarnation(to, this.#self)) this.#hello();
  }

  #connect(peer: Incarnation): void {
    const isAgain = this.#peer !== null;
    if (isAgain) this.#forget(new LinkError("gone", "the other side was loaded anew"));
    this.#peer = peer;
    this.#events.connected();
    this.#pump();
  }

  /** Whatever was under way belongs to a life that is over. */
  #forget(error: Error): void {
    const lost = [...this.#outgoing, ...[...this.#inFlight.values()].flatMap((each) => each.completes ?? [])];
    this.#outgoing = [];
    this.#inFlight.clear();
    this.#early.clear();
    this.#parts.clear();
    this.#partCharacters = 0;
    this.#nextToSend = 0;
    this.#nextExpected = 0;
    for (const outgoing of lost) outgoing.reject(error);
  }

  #hello(): void {
    this.#lastHello = this.#timers.now();
    this.#send({ masklet: 1, kind: "hello", from: this.#self, to: this.#peer });
  }

  // ------------------------------------------------------------ sending

  #pump(): void {
    if (!this.#peer) return;
    while (this.#inFlight.size < WINDOW) {
      const outgoing = this.#outgoing.shift();
      if (!outgoing) return;
      this.#sendPart(outgoing, this.#peer);
    }
  }

  #sendPart(outgoing: Outgoing, to: Incarnation): void {
    const part = outgoing.cancelled
      ? ""
      : outgoing.text.slice(outgoing.sent, outgoing.sent + this.#packetCharacters);
    outgoing.sent += part.length;
    const isLast = outgoing.sent >= outgoing.text.length;
    const state = outgoing.cancelled ? "dropped" : isLast ? "last" : "more";
    const n = this.#nextToSend++;
    const packet: Packet = {
      masklet: 1,
      kind: "data",
      from: this.#self,
      to,
      n,
      message: outgoing.id,
      part,
      state,
    };
    const completes = state === "more" ? null : outgoing;
    this.#inFlight.set(n, { packet, sentAt: this.#timers.now(), repeats: 0, completes });
    if (state === "more") this.#outgoing.push(outgoing);
    this.#send(packet);
  }

  #receiveAck(next: number): void {
    for (const [n, { completes }] of this.#inFlight) {
      if (n >= next) continue;
      this.#inFlight.delete(n);
      completes?.resolve();
    }
    this.#pump();
  }

  #send(packet: Packet): void {
    this.#lastSent = this.#timers.now();
    this.#post(packet);
  }

  // ------------------------------------------------------------ receiving

  #receiveData(packet: Extract<Packet, { kind: "data" }>): void {
    const isWanted = packet.n >= this.#nextExpected && packet.n < this.#nextExpected + MAX_AHEAD;
    if (isWanted) this.#early.set(packet.n, packet);
    for (let next = this.#early.get(this.#nextExpected); next; next = this.#early.get(this.#nextExpected)) {
      this.#early.delete(this.#nextExpected++);
      this.#join(next);
    }
    this.#acknowledge();
  }

  #acknowledge(): void {
    if (!this.#peer) return;
    this.#send({ masklet: 1, kind: "ack", from: this.#self, to: this.#peer, next: this.#nextExpected });
  }

  #join({ message, part, state }: Extract<Packet, { kind: "data" }>): void {
    const parts = this.#parts.get(message) ?? [];
    parts.push(part);
    this.#partCharacters += part.length;
    if (state === "more" && this.#partCharacters <= MAX_CHARACTERS) {
      this.#parts.set(message, parts);
      return;
    }
    this.#parts.delete(message);
    for (const each of parts) this.#partCharacters -= each.length;
    if (state === "last") this.#events.message(parts.join(""));
  }

  // ------------------------------------------------------------ time

  #heard(): void {
    this.#lastHeard = this.#timers.now();
    this.#setSilent(false);
  }

  #setSilent(isSilent: boolean): void {
    if (this.#isSilent === isSilent) return;
    this.#isSilent = isSilent;
    this.#events.silent(isSilent);
  }

  #tick(): void {
    const now = this.#timers.now();
    if (!this.#peer && now - this.#lastHello >= HELLO_EVERY) this.#hello();
    for (const each of this.#inFlight.values()) this.#repeatIfDue(each, now);
    if (this.#peer && now - this.#lastSent >= BEAT_EVERY) {
      this.#send({ masklet: 1, kind: "beat", from: this.#self, to: this.#peer });
    }
    if (now - this.#lastHeard >= SILENT_AFTER) this.#whenSilent(now);
    this.#stopTick = this.#timers.after(TICK, () => this.#tick());
  }

  #repeatIfDue(each: InFlight, now: number): void {
    const due = REPEAT_AFTER * 2 ** Math.min(each.repeats, MAX_REPEAT_DOUBLINGS);
    if (now - each.sentAt < due) return;
    each.sentAt = now;
    each.repeats++;
    this.#send(each.packet);
  }

  /** The other side may have been loaded anew without hearing of this one. */
  #whenSilent(now: number): void {
    this.#setSilent(true);
    if (now - this.#lastHello >= BEAT_EVERY) this.#hello();
  }
}
