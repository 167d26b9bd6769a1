/** Bytes as base64, in pieces: one call with all of them would overflow the stack. */

/** A multiple of three, so that pieces join without padding between them. */
const PIECE = 24_576;

export function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += PIECE)
    text += btoa(String.fromCharCode(...bytes.subarray(at, at + PIECE)));
  return text;
}
