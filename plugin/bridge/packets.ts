/**
 * What crosses between a plugin's script context and its page: JSON only, any of it may be lost, doubled,
 * late or out of order. Types, and the check of what comes in.
 */

/** One life of one side: a page or script gets a new one each time it loads. */
export interface Incarnation {
  /** Milliseconds since 1970; of two, the later one is the living. */
  startedAt: number;
  /** Tells two of the same moment apart. */
  random: string;
}

export type Packet =
  /** "I am here"; `to` is whom the sender has heard of. */
  | { masklet: 1; kind: "hello"; from: Incarnation; to: Incarnation | null }
  /** The n-th packet of this connection, counted from 0: a part of a message. */
  | {
      masklet: 1;
      kind: "data";
      from: Incarnation;
      to: Incarnation;
      n: number;
      message: number;
      part: string;
      /** `more` parts follow, this is the `last` one, or the message was `dropped` and nothing of it counts. */
      state: "more" | "last" | "dropped";
    }
  /** All packets below `next` have arrived. */
  | { masklet: 1; kind: "ack"; from: Incarnation; to: Incarnation; next: number }
  /** Sent when there is nothing else to send, so that silence means something. */
  | { masklet: 1; kind: "beat"; from: Incarnation; to: Incarnation };

/** The packet in a message; null for messages of anyone else, which share the window. */
export function readPacket(message: unknown): Packet | null {
  if (!isRecord(message) || message.masklet !== 1 || !isIncarnation(message.from)) return null;
  if (message.kind === "hello") {
    return message.to === null || isIncarnation(message.to) ? (message as Packet) : null;
  }
  if (!isIncarnation(message.to)) return null;
  switch (message.kind) {
    case "data":
      return isDataBody(message) ? (message as Packet) : null;
    case "ack":
      return isCount(message.next) ? (message as Packet) : null;
    case "beat":
      return message as Packet;
    default:
      return null;
  }
}

function isDataBody(message: Record<string, unknown>): boolean {
  const { n, message: id, part, state } = message;
  return isCount(n) && isCount(id) && typeof part === "string" && STATES.includes(String(state));
}

const STATES = ["more", "last", "dropped"];

export function sameIncarnation(a: Incarnation | null, b: Incarnation | null): boolean {
  return a !== null && b !== null && a.startedAt === b.startedAt && a.random === b.random;
}

function isIncarnation(value: unknown): value is Incarnation {
  return isRecord(value) && typeof value.startedAt === "number" && typeof value.random === "string";
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
