/** In the page: the tracker in an engine process, as soon as it has proven to be ours. */
import {
  ENGINE_PROTOCOL,
  type EngineGreeting,
  type EngineStatus,
  TRACKER_METHODS,
} from "../../worker/engine/contract.ts";
import { Peer } from "../../worker/engine/peer.ts";
import type { PixelBitmap } from "../../worker/engine/values.ts";
import type { ClipSource, Outcome, TrackerApi } from "../../worker/protocol.ts";

/** A process that was started for us alone; `plugin/aftereffects/engine` makes it. */
export interface EngineProcess {
  write(chunk: Uint8Array): void;
  /** Called once. `exit` says in words why the process is gone. */
  listen(events: { data(chunk: Uint8Array): void; exit(why: string): void }): void;
  kill(): void;
}

export interface ConnectedTracker {
  api: TrackerApi;
  /** Null for the worker in the page. */
  greeting: EngineGreeting | null;
  close(): void;
}

/** The first start may be slow: a virus scanner reads a hundred megabytes of libraries. Milliseconds. */
const GREETING_TIMEOUT = 45_000;

/** Rejects with words for the person where what was started is no engine of ours, or can't do the work. */
export async function connectEngine(
  process: EngineProcess,
  secret: string,
  onStatus: (status: EngineStatus) => void,
  timeout = GREETING_TIMEOUT,
): Promise<ConnectedTracker> {
  const peer = new Peer({
    write: (chunks) => {
      for (const chunk of chunks) process.write(chunk);
    },
    methods: new Map([["status", (status: unknown) => onStatus(status as EngineStatus)]]),
    blobs: "by-reference",
    onNonsense: () => process.kill(),
  });
  process.listen({ data: (chunk) => peer.receive(chunk), exit: (why) => peer.close(why) });
  const close = () => {
    peer.close("The engine was closed.");
    process.kill();
  };
  const late = setTimeout(() => {
    peer.close(`The engine did not answer within ${timeout / 1000} seconds.`);
    process.kill();
  }, timeout);
  try {
    const greeting = checked((await peer.call("hello", [secret])) as EngineGreeting);
    return { api: trackerBehind(peer), greeting, close };
  } catch (error) {
    close();
    throw error;
  } finally {
    clearTimeout(late);
  }
}

function checked(greeting: EngineGreeting): EngineGreeting {
  if (greeting.protocol !== ENGINE_PROTOCOL) {
    throw new Error(`The engine is of another version (${greeting.protocol}); install Masklet anew.`);
  }
  if (greeting.nativeProblem !== "") throw new Error(greeting.nativeProblem);
  return greeting;
}

/** Frames come as pixels and become bitmaps here; what was lent for a clip stays so until it is closed. */
function trackerBehind(peer: Peer): TrackerApi {
  const lentTo = new Map<string, number[]>();
  const special: Partial<TrackerApi> = {
    readFrame: async (clipId, frameIndex, maxWidth) => {
      const outcome = (await peer.call("readFrame", [clipId, frameIndex, maxWidth])) as Outcome<PixelBitmap>;
      return outcome.ok ? { ok: true, value: await bitmapOf(outcome.value, maxWidth) } : outcome;
    },
    openClip: async (source) => {
      let lent: number[] = [];
      const outcome = (await peer.call("openClip", [withoutPort(source)], (ids) => {
        lent = ids;
      })) as Awaited<ReturnType<TrackerApi["openClip"]>>;
      if (outcome.ok) lentTo.set(outcome.value.clipId, lent);
      else peer.takeBack(lent);
      return outcome;
    },
    closeClip: async (clipId) => {
      await peer.call("closeClip", [clipId]);
      peer.takeBack(lentTo.get(clipId) ?? []);
      lentTo.delete(clipId);
    },
  };
  const plain = TRACKER_METHODS.map((name) => [name, (...args: unknown[]) => peer.call(name, args)] as const);
  return { ...(Object.fromEntries(plain) as unknown as TrackerApi), ...special };
}

/** The engine reads files by their path; the port stays for a worker that can't. */
function withoutPort(source: ClipSource): unknown {
  if (source.kind !== "ranges") return source;
  const { port: _, ...rest } = source;
  return rest;
}

function bitmapOf({ width, height, data }: PixelBitmap, maxWidth: number | undefined): Promise<ImageBitmap> {
  const image = new ImageData(data as Uint8ClampedArray<ArrayBuffer>, width, height);
  if (maxWidth === undefined || maxWidth >= width) return createImageBitmap(image);
  const resizeHeight = Math.max(1, Math.round((height * maxWidth) / width));
  return createImageBitmap(image, { resizeWidth: maxWidth, resizeHeight, resizeQuality: "medium" });
}
