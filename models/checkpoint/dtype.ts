/** Pure: the element types of stored tensors, and how each becomes float32. */

export type Dtype = "f64" | "f32" | "f16" | "bf16" | "i64" | "i32" | "i16" | "i8" | "u8" | "bool";

export const BYTES_PER_ELEMENT: Record<Dtype, number> = {
  f64: 8,
  f32: 4,
  f16: 2,
  bf16: 2,
  i64: 8,
  i32: 4,
  i16: 2,
  i8: 1,
  u8: 1,
  bool: 1,
};

/** Little-endian stored bytes as float32: exact for f32, f16, bf16 and small integers, else rounded. */
export function toFloat32(bytes: Uint8Array, dtype: Dtype): Float32Array {
  const count = bytes.length / BYTES_PER_ELEMENT[dtype];
  if (dtype === "f32") return copyFloats(bytes, count);
  if (dtype === "f16") return mapWords(bytes, count, halfBits);
  if (dtype === "bf16") return mapWords(bytes, count, (word) => word << 16);
  const read = ELEMENT_READERS[dtype];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: count }, (_, i) => read(view, i * BYTES_PER_ELEMENT[dtype]));
}

const ELEMENT_READERS: Record<
  Exclude<Dtype, "f32" | "f16" | "bf16">,
  (view: DataView, at: number) => number
> = {
  f64: (view, at) => view.getFloat64(at, true),
  i64: (view, at) => Number(view.getBigInt64(at, true)),
  i32: (view, at) => view.getInt32(at, true),
  i16: (view, at) => view.getInt16(at, true),
  i8: (view, at) => view.getInt8(at),
  u8: (view, at) => view.getUint8(at),
  bool: (view, at) => view.getUint8(at),
};

/** A copy, because the tensor outlives the file's bytes and these may lie unaligned. */
function copyFloats(bytes: Uint8Array, count: number): Float32Array {
  const floats = new Float32Array(count);
  new Uint8Array(floats.buffer).set(bytes);
  return floats;
}

function mapWords(bytes: Uint8Array, count: number, toFloatBits: (word: number) => number): Float32Array {
  const floatBits = new Uint32Array(count);
  for (let i = 0; i < count; i++) floatBits[i] = toFloatBits(bytes[2 * i]! | (bytes[2 * i + 1]! << 8));
  return new Float32Array(floatBits.buffer);
}

/** IEEE half bits to IEEE single bits. */
function halfBits(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  if (exponent === 31) return sign | 0x7f800000 | (fraction << 13);
  if (exponent > 0) return sign | ((exponent + 112) << 23) | (fraction << 13);
  if (fraction === 0) return sign;
  // A subnormal half is a normal single: shift its leading one into the implicit place.
  const shift = Math.clz32(fraction) - 21;
  return sign | ((113 - shift) << 23) | (((fraction << shift) & 1023) << 13);
}
