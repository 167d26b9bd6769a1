/** Whether an exported still is complete; pure. */

/** The type of a still whose last byte has arrived; null while it is being written or is something else. */
export function completeStillType(bytes: Uint8Array): "image/png" | "image/jpeg" | null {
  if (startsWith(bytes, PNG_SIGNATURE)) return endsWithImageEnd(bytes) ? "image/png" : null;
  if (startsWith(bytes, [0xff, 0xd8])) return endsWith(bytes, [0xff, 0xd9]) ? "image/jpeg" : null;
  return null;
}

const PNG_SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const IMAGE_END = 0x49454e44; // "IEND"

/** Walks the chunks: length, type, data, checksum. A truncated file ends within one. */
function endsWithImageEnd(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let position = PNG_SIGNATURE.length;
  while (position + 12 <= bytes.length) {
    const next = position + 12 + view.getUint32(position);
    if (view.getUint32(position + 4) === IMAGE_END) return next <= bytes.length;
    position = next;
  }
  return false;
}

function startsWith(bytes: Uint8Array, wanted: readonly number[]): boolean {
  return wanted.every((byte, index) => bytes[index] === byte);
}

function endsWith(bytes: Uint8Array, wanted: readonly number[]): boolean {
  return wanted.every((byte, index) => bytes[bytes.length - wanted.length + index] === byte);
}
