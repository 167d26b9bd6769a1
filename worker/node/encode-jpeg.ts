/** Runs in Node: JPEG files for datasets, through libjpeg compiled to WebAssembly. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import encode, { init } from "@jsquash/jpeg/encode.js";
import type { Picture } from "../frames/frame-source.ts";

const WASM = "@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm";

/** Of 100: differences to the source can't be seen, and training doesn't learn them. */
const QUALITY = 95;

let loading: Promise<void> | null = null;

export async function encodeJpeg({ width, height, data }: Picture): Promise<Uint8Array> {
  loading ??= load();
  await loading;
  const pixels = { width, height, data: data.slice(), colorSpace: "srgb" as const };
  return new Uint8Array(await encode(pixels, { quality: QUALITY }));
}

async function load(): Promise<void> {
  const bytes = await readFile(createRequire(import.meta.url).resolve(WASM));
  await init(await WebAssembly.compile(new Uint8Array(bytes)));
}
