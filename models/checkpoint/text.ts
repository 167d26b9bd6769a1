/** Pure: text in checkpoint files. `TextDecoder` belongs to hosts, not to the language, so it is not used. */

/** UTF-8; bytes that are none become U+FFFD. */
export function decodeUtf8(bytes: Uint8Array): string {
  const points: number[] = [];
  const pieces: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const [point, length] = codePointAt(bytes, at);
    points.push(point);
    at += length;
    // Chunks, because a call takes only so many arguments.
    if (points.length >= 4096) pieces.push(String.fromCodePoint(...points.splice(0)));
  }
  return pieces.join("") + String.fromCodePoint(...points);
}

function codePointAt(bytes: Uint8Array, at: number): [point: number, length: number] {
  const first = bytes[at]!;
  if (first < 0x80) return [first, 1];
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || at + length > bytes.length) return [0xfffd, 1];
  let point = first & (0x7f >> length);
  for (let i = 1; i < length; i++) {
    const next = bytes[at + i]!;
    if ((next & 0xc0) !== 0x80) return [0xfffd, 1];
    point = (point << 6) | (next & 0x3f);
  }
  return point > 0x10ffff ? [0xfffd, length] : [point, length];
}
