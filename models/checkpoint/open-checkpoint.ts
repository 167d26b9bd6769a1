/** Pure: opens a checkpoint of any known format, which it recognises by its content. */
import type { ByteSource } from "../byte-source.ts";
import { badCheckpoint } from "../model-error.ts";
import { MAX_HEADER_BYTES, openSafetensors } from "./safetensors.ts";
import type { StateDict } from "./state-dict.ts";
import { openTorchArchive } from "./torch-archive.ts";

const PROBE_BYTES = 64;

/**
 * Reads names, types and shapes; values are read one tensor at a time when they are asked for.
 * Throws a ModelError that says what the file is instead, or where it is damaged.
 */
export async function openCheckpoint(source: ByteSource): Promise<StateDict> {
  const head = await source.read(0, Math.min(PROBE_BYTES, source.size));
  if (startsWith(head, [0x50, 0x4b, 0x03, 0x04])) return openTorchArchive(source);
  if (isSafetensors(head)) return openSafetensors(source);
  throw badCheckpoint(
    `The file is ${describe(head, source.size)}; expected a PyTorch .pt or a .safetensors checkpoint.`,
    remedyFor(head),
  );
}

function isSafetensors(head: Uint8Array): boolean {
  if (head.length < 10) return false;
  const headerLength = new DataView(head.buffer, head.byteOffset, 8).getBigUint64(0, true);
  return headerLength <= BigInt(MAX_HEADER_BYTES) && head[8] === "{".charCodeAt(0);
}

function describe(head: Uint8Array, size: number): string {
  if (size === 0) return "empty";
  if (startsWith(head, [0x80, 2]) || startsWith(head, [0x80, 4]))
    return "a pickle of an old PyTorch version (before 1.6)";
  if (head.every((byte) => byte >= 0x20 || byte === 9 || byte === 10 || byte === 13)) {
    return `text ("${String.fromCharCode(...head.subarray(0, 24)).trim()} …", ${size} bytes)`;
  }
  return `of a kind that is not known here (${size} bytes, starting ${hex(head.subarray(0, 4))})`;
}

function remedyFor(head: Uint8Array): string {
  if (startsWith(head, [0x80])) return "Load it with a newer PyTorch and save it again with torch.save.";
  return "Download the checkpoint again, or pick another file.";
}

function startsWith(bytes: Uint8Array, prefix: number[]): boolean {
  return prefix.every((byte, i) => bytes[i] === byte);
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}
