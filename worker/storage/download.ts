/**
 * Runs in a worker or in Node: brings a checkpoint here, going on where an earlier attempt ended, and lets
 * it count only when size and hash are right.
 */
import { TrackerError } from "../tracker-error.ts";
import type { CheckpointStore, PartialFile } from "./checkpoint-store.ts";
import { Sha256 } from "./sha256.ts";

/** What is to be downloaded; the registry's entries have this shape. */
export interface Download {
  url: string;
  fileName: string;
  bytes: number;
  /** Lower-case hex. */
  sha256: string;
}

export interface DownloadOptions {
  signal?: AbortSignal;
  onProgress?: (doneBytes: number, totalBytes: number) => void;
  /** Waits before another attempt; tests make it short. */
  pause?: (milliseconds: number) => Promise<void>;
}

/** Waits between attempts that brought nothing new, milliseconds; then it gives up. */
const PAUSES = [500, 2000, 5000, 10_000];

const READ_BLOCK = 4 * 1024 * 1024;

/**
 * Does nothing where the finished file is there already.
 *
 * @throws TrackerError `network` or `write-failed`; AbortError when cancelled. What came so far is kept
 * unless its hash is wrong.
 */
export async function download(
  wanted: Download,
  store: CheckpointStore,
  options: DownloadOptions = {},
): Promise<void> {
  const finished = await store.open(wanted.fileName);
  if (finished?.size === wanted.bytes) return;
  const file = await store.openPartial(wanted.fileName);
  try {
    if (file.size > wanted.bytes) await file.clear();
    const hash = await hashOf(file, options.signal);
    await fetchRest(wanted, new HashedFile(file, hash), options);
  } finally {
    await file.close();
  }
}

async function hashOf(file: PartialFile, signal: AbortSignal | undefined): Promise<Sha256> {
  const hash = new Sha256();
  for (let at = 0; at < file.size; at += READ_BLOCK) {
    signal?.throwIfAborted();
    hash.update(await file.read(at, Math.min(READ_BLOCK, file.size - at)));
  }
  return hash;
}

/** The unfinished file with the hash of what it holds. */
class HashedFile {
  readonly file: PartialFile;
  hash: Sha256;

  constructor(file: PartialFile, hash: Sha256) {
    this.file = file;
    this.hash = hash;
  }

  async append(bytes: Uint8Array): Promise<void> {
    await this.file.append(bytes);
    this.hash.update(bytes);
  }

  async clear(): Promise<void> {
    await this.file.clear();
    this.hash = new Sha256();
  }
}

async function fetchRest(wanted: Download, target: HashedFile, options: DownloadOptions): Promise<void> {
  const pause = options.pause ?? wait;
  let idleAttempts = 0;
  while (target.file.size < wanted.bytes) {
    const before = target.file.size;
    try {
      await attempt(wanted, target, options);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (error instanceof TrackerError) throw error;
      idleAttempts = target.file.size > before ? 0 : idleAttempts + 1;
      const milliseconds = PAUSES[idleAttempts];
      if (milliseconds === undefined) throw unreachable(wanted, target.file.size, error);
      await pause(milliseconds);
    }
  }
  const sha256 = target.hash.digest();
  if (sha256 === wanted.sha256) return target.file.complete();
  await target.file.clear();
  throw new TrackerError(
    "network",
    `${wanted.fileName} came damaged: expected SHA-256 ${wanted.sha256}, got ${sha256}.`,
    "Download it again; if it comes damaged again, something between here and there changes it.",
  );
}

/** One request for what is missing; a connection that breaks throws, and what came is kept. */
async function attempt(wanted: Download, target: HashedFile, options: DownloadOptions): Promise<void> {
  const start = target.file.size;
  const response = await fetch(wanted.url, {
    ...(start > 0 && { headers: { Range: `bytes=${start}-` } }),
    ...(options.signal && { signal: options.signal }),
  });
  if (!response.ok || !response.body) throw refusal(wanted, response);
  if (start > 0 && !continuesAt(response, start)) await target.clear();
  for await (const chunk of chunksOf(response.body)) {
    if (target.file.size + chunk.length > wanted.bytes) throw tooLong(wanted);
    await target.append(chunk);
    options.onProgress?.(target.file.size, wanted.bytes);
    options.signal?.throwIfAborted();
  }
  if (target.file.size < wanted.bytes) throw new Error("the connection ended early");
}

async function* chunksOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) yield part.value;
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** A server that knows no ranges answers 200 with the whole file. */
function continuesAt(response: Response, start: number): boolean {
  const range = /^bytes (\d+)-/.exec(response.headers.get("content-range") ?? "");
  return response.status === 206 && Number(range?.[1]) === start;
}

function refusal(wanted: Download, response: Response): Error {
  const message = `${wanted.url} answered ${response.status} ${response.statusText}`.trim();
  const isPassing = response.status >= 500 || response.status === 429 || response.status === 408;
  if (isPassing) return new Error(message);
  return new TrackerError(
    "network",
    `${message}; expected the checkpoint.`,
    "Check the address and your network.",
  );
}

function tooLong(wanted: Download): TrackerError {
  return new TrackerError(
    "network",
    `${wanted.url} sends more than the ${wanted.bytes} bytes of ${wanted.fileName}.`,
    "Check whether a proxy or a login page answers in its place.",
  );
}

function unreachable(wanted: Download, doneBytes: number, error: unknown): TrackerError {
  const reason =
    error instanceof Error ? (error.cause instanceof Error ? error.cause.message : error.message) : error;
  return new TrackerError(
    "network",
    `${wanted.fileName} could not be downloaded (${reason}); ${doneBytes} of ${wanted.bytes} bytes are kept.`,
    "Check the network and try again: it goes on where it stopped.",
    error,
  );
}

function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
