/** In the page: the tracker in an engine process, as soon as it has proven to be ours. */
import {
  type DecodedClip,
  ENGINE_PROTOCOL,
  type EngineGreeting,
  type EngineStatus,
  TRACKER_METHODS,
} from "../../worker/engine/contract.ts";
import { Peer } from "../../worker/engine/peer.ts";
import type { PixelBitmap } from "../../worker/engine/values.ts";
import type { ClipInfo, ClipSource, Outcome, TrackerApi } from "../../worker/protocol.ts";
import type { PageDecoder } from "./page-decoder.ts";

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

export interface EngineWishes {
  onStatus(status: EngineStatus): void;
  /** Decodes what the engine has no codec for; absent: such clips are refused. */
  decoder?: PageDecoder;
  /** Until the engine answers; milliseconds. */
  timeout?: number;
}

/** Rejects with words for the person where what was started is no engine of ours, or can't do the work. */
export async function connectEngine(
  process: EngineProcess,
  secret: string,
  { onStatus, decoder, timeout = GREETING_TIMEOUT }: EngineWishes,
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
    return { api: trackerBehind(peer, decoder), greeting, close };
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
function trackerBehind(peer: Peer, decoder: PageDecoder | undefined): TrackerApi {
  const clips = new Map<string, OpenedClip>();
  const special: Partial<TrackerApi> = {
    readFrame: async (clipId, frameIndex, maxWidth) => {
      const decoded = clips.get(clipId)?.decoded;
      if (decoded && decoder) return decoder.readFrame(decoded, frameIndex, maxWidth);
      const outcome = (await peer.call("readFrame", [clipId, frameIndex, maxWidth])) as Outcome<PixelBitmap>;
      return outcome.ok ? { ok: true, value: await bitmapOf(outcome.value, maxWidth) } : outcome;
    },
    openClip: async (source) => {
      const opened = await openOrDecode(peer, source, decoder);
      if (opened.outcome.ok) clips.set(opened.outcome.value.clipId, opened);
      else peer.takeBack(opened.lent);
      return opened.outcome;
    },
    closeClip: async (clipId) => {
      await peer.call("closeClip", [clipId]);
      peer.takeBack(clips.get(clipId)?.lent ?? []);
      clips.delete(clipId);
    },
  };
  const plain = TRACKER_METHODS.map((name) => [name, (...args: unknown[]) => peer.call(name, args)] as const);
  return { ...(Object.fromEntries(plain) as unknown as TrackerApi), ...special };
}

interface OpenedClip {
  outcome: Outcome<ClipInfo>;
  /** Numbers of what stays here and is read from there. */
  lent: number[];
  /** Where the page decodes. */
  decoded: DecodedClip | null;
}

async function openOrDecode(
  peer: Peer,
  source: ClipSource,
  decoder: PageDecoder | undefined,
): Promise<OpenedClip> {
  const opened = await openIn(peer, withoutPort(source), null);
  if (opened.outcome.ok || opened.outcome.error.code !== "unsupported-codec" || !decoder) return opened;
  const decoded = await decoder.open(source);
  if (!decoded.ok) return opened;
  peer.takeBack(opened.lent);
  return openIn(peer, decoded.value, decoded.value);
}

async function openIn(peer: Peer, source: unknown, decoded: DecodedClip | null): Promise<OpenedClip> {
  let lent: number[] = [];
  const outcome = await peer.call("openClip", [source], (ids) => {
    lent = ids;
  });
  return { outcome: outcome as Outcome<ClipInfo>, lent, decoded };
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
