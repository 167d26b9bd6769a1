/** Pure: whether two frames show the very same pixels, as a held frame or 24 frames a second in 30 do. */
import type { Picture } from "./frame-source.ts";

/** Ends at the first difference, so that frames that move cost next to nothing. */
export function isSamePicture(a: Picture, b: Picture): boolean {
  if (a.data === b.data) return true;
  if (a.width !== b.width || a.height !== b.height) return false;
  const [left, right] = [pixelsOf(a), pixelsOf(b)];
  for (let index = 0; index < left.length; index++) if (left[index] !== right[index]) return false;
  return true;
}

/** A pixel is one 32-bit word; the copy is for data that does not begin at one. */
function pixelsOf({ data }: Picture): Uint32Array {
  const { buffer, byteOffset, byteLength } = byteOfWord(data) === 0 ? data : data.slice();
  return new Uint32Array(buffer, byteOffset, byteLength / 4);
}

function byteOfWord({ byteOffset }: Uint8ClampedArray): number {
  return byteOffset % Uint32Array.BYTES_PER_ELEMENT;
}
