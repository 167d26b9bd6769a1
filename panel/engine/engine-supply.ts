/** In the page: what a tracker with an engine is made of; the engine itself, and the worker for where there is none. */
import { SECRET_VARIABLE } from "../../worker/engine/contract.ts";
import type { ClipSource, RangeRequest, TrackerApi } from "../../worker/protocol.ts";
import { type Engine, trackWithEngine } from "./engine-state.ts";
import { connectEngine, type EngineProcess } from "./engine-tracker.ts";
import { pageDecoder } from "./page-decoder.ts";

/** The host's way to start a process; rejects with words for the person. */
export type StartEngine = (secret: { variable: string; value: string }) => Promise<EngineProcess>;

/** `worker`: a tracker in the page, started when it is first needed. `recovered`: see `trackWithEngine`. */
export function engineTracker(
  start: StartEngine,
  worker: () => Promise<TrackerApi>,
  recovered: (why: string) => void,
): Engine & { end(): void } {
  const inPage = once(async () => withKeptPorts(await worker()));
  let running: EngineProcess | null = null;
  const supply = {
    engine: async () => {
      const value = newSecret();
      const process = await start({ variable: SECRET_VARIABLE, value });
      running = process;
      return connectEngine(process, value, { onStatus, decoder: pageDecoder(inPage) });
    },
    worker: async () => ({ api: await inPage(), greeting: null, close: () => {} }),
  };
  const engine = trackWithEngine(supply, recovered);
  function onStatus({ residentBytes }: { residentBytes: number }): void {
    engine.measured(residentBytes);
  }
  // At once: a page that goes has no time for promises.
  return { ...engine, end: () => running?.kill() };
}

/** 256 bits that only this page and the process that it starts know. */
function newSecret(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function once<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | null = null;
  return () => {
    result ??= work();
    return result;
  };
}

/** A port can be given away once; the page keeps its own, because a clip may be opened again after a loss. */
function withKeptPorts(api: TrackerApi): TrackerApi {
  const openClip = (source: ClipSource) =>
    api.openClip(source.kind === "ranges" ? { ...source, port: relayTo(source.port) } : source);
  return { ...api, openClip };
}

function relayTo(port: MessagePort): MessagePort {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = ({ data }: MessageEvent<RangeRequest>) => port.postMessage(data);
  port.onmessage = ({ data }: MessageEvent<{ bytes?: ArrayBuffer }>) =>
    port1.postMessage(data, data.bytes ? [data.bytes] : []);
  return port2;
}
