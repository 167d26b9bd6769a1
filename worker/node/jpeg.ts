/** Runs in Node: JPEG files through libjpeg, compiled to WebAssembly; the same pixels as Pillow's. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import decode, { init } from "@jsquash/jpeg/decode.js";
import type { Picture } from "../frames/frame-source.ts";

const WASM = "@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm";

let loading: Promise<void> | null = null;

/** @throws Error in words where the bytes are no JPEG, a damaged one, or one in CMYK. */
export async function decodeJpeg(bytes: Uint8Array): Promise<Picture> {
  assertComplete(bytes);
  loading ??= load();
  await loading;
  try {
    const { width, height, data } = await decode(new Uint8Array(bytes).buffer);
    return { width, height, data };
  } catch {
    loading = null; // after a failure the decoder's memory is not to be trusted
    throw new Error("its contents can't be decoded (expected grey or colour JPEG, not CMYK)");
  }
}

async function load(): Promise<void> {
  const bytes = new Uint8Array(await readFile(createRequire(import.meta.url).resolve(WASM)));
  await init({ wasmBinary: bytes, print: ignore, printErr: ignore });
}

function ignore(): void {
  // The decoder's own words say less than the error that follows.
}

/** libjpeg fills what is missing with grey; a matte made on that would be wrong without a word. */
function assertComplete(bytes: Uint8Array): void {
  let at = 2;
  while (at < bytes.length) {
    const marker = bytes[at + 1]!;
    if (marker === END_OF_IMAGE) return;
    at += 2 + bytes[at + 2]! * 256 + bytes[at + 3]!;
    if (marker === START_OF_SCAN) at = endOfScan(bytes, at);
  }
  throw new Error("it ends before its picture does");
}

const END_OF_IMAGE = 0xd9;
const START_OF_SCAN = 0xda;

/** Within a scan, FF stands for itself before 00 and for a restart before D0 to D7. */
function endOfScan(bytes: Uint8Array, from: number): number {
  let at = bytes.indexOf(0xff, from);
  while (at >= 0 && (bytes[at + 1] === 0 || (bytes[at + 1]! & 0xf8) === 0xd0))
    at = bytes.indexOf(0xff, at + 2);
  return at < 0 ? bytes.length : at;
}
