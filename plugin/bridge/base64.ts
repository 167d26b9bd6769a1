/** base64 without `btoa`, which takes strings and isn't in every realm; pure, runs everywhere. */

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const CODE_OF = Uint8Array.from({ length: 64 }, (_, index) => ALPHABET.charCodeAt(index));
const NO_DIGIT = 255;
const DIGIT_OF = Uint8Array.from({ length: 128 }, (_, code) => {
  const digit = ALPHABET.indexOf(String.fromCharCode(code));
  return digit < 0 ? NO_DIGIT : digit;
});
const PADDING = "=".charCodeAt(0);
/** Characters turned into a string at once; engines limit the arguments of a call. */
const STRING_CHUNK = 8192;

export function encodeBase64(bytes: Uint8Array): string {
  const codes = new Uint8Array(Math.ceil(bytes.length / 3) * 4);
  let out = 0;
  for (let index = 0; index < bytes.length; index += 3) {
    const group = (bytes[index]! << 16) | ((bytes[index + 1] ?? 0) << 8) | (bytes[index + 2] ?? 0);
    codes[out++] = CODE_OF[group >> 18]!;
    codes[out++] = CODE_OF[(group >> 12) & 63]!;
    codes[out++] = index + 1 < bytes.length ? CODE_OF[(group >> 6) & 63]! : PADDING;
    codes[out++] = index + 2 < bytes.length ? CODE_OF[group & 63]! : PADDING;
  }
  return asciiText(codes);
}

/** Throws a RangeError on anything but padded base64 of the standard alphabet. */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  if (text.length % 4 !== 0)
    throw new RangeError(`base64: expected a multiple of 4 characters, got ${text.length}`);
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  for (let index = 0, out = 0; index < text.length; index += 4) {
    const group = groupAt(text, index, index + 4 === text.length ? padding : 0);
    bytes[out++] = group >> 16;
    if (out < bytes.length) bytes[out++] = (group >> 8) & 255;
    if (out < bytes.length) bytes[out++] = group & 255;
  }
  return bytes;
}

/** 24 bits of four digits, of which the last `padding` are "=". */
function groupAt(text: string, index: number, padding: number): number {
  let group = 0;
  for (let digit = 0; digit < 4; digit++) {
    group = (group << 6) | (digit < 4 - padding ? digitAt(text, index + digit) : 0);
  }
  return group;
}

function digitAt(text: string, index: number): number {
  const digit = DIGIT_OF[text.charCodeAt(index)] ?? NO_DIGIT;
  if (digit === NO_DIGIT)
    throw new RangeError(`base64: unexpected character ${JSON.stringify(text[index])} at ${index}`);
  return digit;
}

function asciiText(codes: Uint8Array): string {
  const parts: string[] = [];
  for (let from = 0; from < codes.length; from += STRING_CHUNK) {
    parts.push(String.fromCharCode(...codes.subarray(from, from + STRING_CHUNK)));
  }
  return parts.join("");
}
