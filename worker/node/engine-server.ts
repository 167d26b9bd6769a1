/**
 * Runs in the engine process: serves `TrackerApi` to the one parent that started it.
 *
 * The parent writes to standard input and reads from a pipe of its own (descriptor 3), so that nothing that a
 * library prints gets between the messages. Both pipes have no name, no port and no address: nobody else can
 * connect, and two engines never meet. The first call must be `hello` with the secret that the parent put
 * into this process's environment; before it nothing else is answered.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { Readable, Writable } from "node:stream";
import {
  ENGINE_PROTOCOL,
  type EngineGreeting,
  type EngineStatus,
  TRACKER_METHODS,
} from "../engine/contract.ts";
import { Peer } from "../engine/peer.ts";
import { Tracker } from "../tracker.ts";
import type { TrackerRealm } from "../tracker-realm.ts";
import { mediaCodecsProblem } from "./media-codecs.ts";

/** How long a parent may take to say hello, milliseconds. */
const HELLO_TIMEOUT = 20_000;
/** Between two reports of memory, milliseconds. */
const STATUS_INTERVAL = 2_000;

export interface EngineSetup {
  realm: TrackerRealm;
  secret: string;
  input: Readable;
  output: Writable;
  /** Called once: the parent is gone, or is not the one that it should be. */
  end(reason: "parent-gone" | "refused", why: string): void;
}

export function serveEngine({ realm, secret, input, output, end }: EngineSetup): void {
  const methods = new Map<string, (...args: unknown[]) => unknown>();
  const peer = new Peer({
    write: (chunks) => {
      for (const chunk of chunks) output.write(chunk);
    },
    methods,
    blobs: "whole",
    onNonsense: (error) => end("refused", error.message),
  });
  const gone = (why: string) => {
    clearTimeout(waiting);
    clearInterval(status);
    peer.close(why);
    end("parent-gone", why);
  };
  const waiting = setTimeout(() => end("refused", "nobody said hello"), HELLO_TIMEOUT);
  let status: NodeJS.Timeout | undefined;
  methods.set("hello", async (said: unknown) => {
    if (!sameSecret(said, secret)) {
      setImmediate(() => end("refused", "the secret is another one"));
      throw new Error("The secret is another one.");
    }
    clearTimeout(waiting);
    openTo(methods, new Tracker(realm));
    status ??= setInterval(() => {
      const report: EngineStatus = { residentBytes: process.memoryUsage.rss() };
      // A report that nobody hears is no fault: the end of the pipe is noticed by itself.
      peer.call("status", [report]).catch(() => {});
    }, STATUS_INTERVAL);
    return greeting(realm);
  });
  input.on("data", (chunk: Uint8Array) => peer.receive(chunk));
  input.on("close", () => gone("the panel is closed"));
  input.on("error", (error) => gone(error.message));
  output.on("error", (error) => gone(error.message));
}

function openTo(methods: Map<string, (...args: unknown[]) => unknown>, tracker: Tracker): void {
  for (const name of TRACKER_METHODS) {
    const method = tracker[name] as (...args: unknown[]) => unknown;
    methods.set(name, method.bind(tracker));
  }
}

/** Compared as digests, so that the time it takes says nothing about the secret. */
function sameSecret(said: unknown, secret: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return typeof said === "string" && secret !== "" && timingSafeEqual(digest(said), digest(secret));
}

async function greeting(realm: TrackerRealm): Promise<EngineGreeting> {
  const native = await realm.providers[0]?.probe();
  return {
    protocol: ENGINE_PROTOCOL,
    processId: process.pid,
    nodeVersion: process.versions.node,
    nativeProblem: native?.available ? "" : (native?.reason ?? "it has no backend"),
    codecsProblem: await mediaCodecsProblem(),
  };
}
