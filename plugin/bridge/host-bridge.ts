/** A host in another realm, as if it were here: the two ends of `HostApi` over a bridge. */
import type { EditPlan } from "../edit-plan.ts";
import type { HostApi, HostFailure, HostOutcome } from "../protocol.ts";
import { type AbortSignalLike, Bridge, type BridgeEvents, CallError, type Methods } from "./calls.ts";
import type { Packet } from "./packets.ts";
import type { Timers } from "./reliable-link.ts";

/** What a page may call: a list, so that nothing else of an object is within reach. */
const HOST_METHODS = [
  "describe",
  "readSelection",
  "readMedia",
  "renderStill",
  "writeFile",
  "carryOut",
  "storeSession",
  "loadSession",
  "matteFolder",
  "chooseMatteFolder",
  "selfCheck",
] as const satisfies readonly (keyof HostApi)[];

/** Serves a host to the page; `more` are methods beyond the contract, such as the self-check's. */
export function serveHost(
  host: HostApi,
  post: (packet: Packet) => void,
  timers: Timers,
  more: Methods = {},
  events: BridgeEvents = { connected: () => {}, silent: () => {} },
): Bridge {
  const methods: Methods = { ...more };
  for (const name of HOST_METHODS) {
    const method = host[name] as ((...args: never[]) => Promise<unknown>) | undefined;
    if (method) methods[name] = method.bind(host);
  }
  return new Bridge(post, timers, methods, events);
}

/** The host on the other side. Expected failures come back as data, a lost bridge included. */
export class RemoteHost implements HostApi {
  readonly bridge: Bridge;

  constructor(
    post: (packet: Packet) => void,
    timers: Timers,
    events: BridgeEvents,
    packetCharacters?: number,
  ) {
    this.bridge = new Bridge(post, timers, {}, events, packetCharacters);
  }

  describe(): ReturnType<HostApi["describe"]> {
    return this.bridge.call("describe", []) as ReturnType<HostApi["describe"]>;
  }
  readSelection() {
    return this.#ask<"readSelection">("readSelection", []);
  }
  readMedia(clipId: string, offset: number, length: number, signal?: AbortSignalLike) {
    return this.#ask<"readMedia">("readMedia", [clipId, offset, length], signal);
  }
  renderStill(clipId: string, frameIndex: number, maxWidth: number, signal?: AbortSignalLike) {
    return this.#ask<"renderStill">("renderStill", [clipId, frameIndex, maxWidth], signal);
  }
  writeFile(path: string, base64: string, append: boolean) {
    return this.#ask<"writeFile">("writeFile", [path, base64, append]);
  }
  carryOut(plan: EditPlan) {
    return this.#ask<"carryOut">("carryOut", [plan]);
  }
  storeSession(key: string, json: string) {
    return this.#ask<"storeSession">("storeSession", [key, json]);
  }
  loadSession(key: string) {
    return this.#ask<"loadSession">("loadSession", [key]);
  }
  matteFolder() {
    return this.#ask<"matteFolder">("matteFolder", []);
  }
  chooseMatteFolder() {
    return this.#ask<"chooseMatteFolder">("chooseMatteFolder", []);
  }
  selfCheck() {
    return this.#ask<"selfCheck">("selfCheck", []);
  }

  async #ask<Name extends Exclude<keyof HostApi, "describe">>(
    method: Name,
    args: unknown[],
    signal?: AbortSignalLike,
  ): Promise<Awaited<ReturnType<NonNullable<HostApi[Name]>>>> {
    const answer = this.bridge.call(method, args, signal).catch(outcomeOfCallError);
    return (await answer) as Awaited<ReturnType<NonNullable<HostApi[Name]>>>;
  }
}

function outcomeOfCallError(error: unknown): HostOutcome<never> {
  return { ok: false, error: failureOf(error) };
}

function failureOf(error: unknown): HostFailure {
  const message = error instanceof Error ? error.message : String(error);
  if (!(error instanceof CallError)) return { code: "internal", message, remedy: "Open the panel again." };
  switch (error.kind) {
    case "cancelled":
      return { code: "cancelled", message, remedy: "" };
    case "lost":
      return { code: "timeout", message, remedy: "Repeat what you did; the connection is there again." };
    case "faulted":
      return { code: "internal", message, remedy: "Open the panel again." };
  }
}
