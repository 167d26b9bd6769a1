/** Pure: bfloat16 as the upper halves of float32. Upstream stores memories in it, even on a processor. */

/** Exact for values that are already rounded, which the memory encoder's graph does. */
export function bfloatsOf(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const halves = new Uint16Array(values.length);
  for (let index = 0; index < bits.length; index++) halves[index] = (bits[index] as number) >>> 16;
  return halves;
}

/** All parts, one after the other, as float32. */
export function floatsOf(parts: readonly Uint16Array[]): Float32Array {
  const bits = new Uint32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    for (let index = 0; index < part.length; index++) bits[at++] = (part[index] as number) << 16;
  }
  return new Float32Array(bits.buffer);
}
