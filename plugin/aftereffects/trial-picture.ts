/** Pure: pictures for the self-check, one grey left half by number, as PNG bytes. */
import { zlibSync } from "fflate";

const TRIAL_WIDTH = 64;
const TRIAL_HEIGHT = 36;

/** The n-th of `count`: its left half is brighter than the one before; its right half is black. */
export function trialPicture(n: number, count: number): Uint8Array {
  const level = Math.round(40 + (200 * n) / count);
  const rows = new Uint8Array(TRIAL_HEIGHT * (1 + TRIAL_WIDTH));
  for (let y = 0; y < TRIAL_HEIGHT; y++) {
    const from = y * (1 + TRIAL_WIDTH) + 1;
    rows.fill(level, from, from + TRIAL_WIDTH / 2);
  }
  return join([
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    chunk("IHDR", header()),
    chunk("IDAT", zlibSync(rows)),
    chunk("IEND", new Uint8Array()),
  ]);
}

/** 8 bits of grey, no interlacing. */
function header(): Uint8Array {
  const bytes = new Uint8Array(13);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, TRIAL_WIDTH);
  view.setUint32(4, TRIAL_HEIGHT);
  bytes[8] = 8;
  return bytes;
}

/** Length, type, data, checksum. */
function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  for (let i = 0; i < 4; i++) bytes[4 + i] = type.charCodeAt(i);
  bytes.set(data, 8);
  view.setUint32(8 + data.length, crc32(bytes.subarray(4, 8 + data.length)));
  return bytes;
}

/** ISO 3309, as PNG has it; small pictures need no table. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
