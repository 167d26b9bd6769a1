/** Pure: float32 to float16 (IEEE half). */

/** Bits of the nearest halves, ties to even; beyond 65504 infinity, as everywhere. */
export function toFloat16(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  return Uint16Array.from(bits, halfOf);
}

const LEAST_NORMAL = 113; // float32's exponent of 2^-14
const INFINITE = 0x7c00;

function halfOf(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const exponent = (bits >>> 23) & 0xff;
  const fraction = bits & 0x7fffff;
  if (exponent === 0xff) return sign | INFINITE | (fraction === 0 ? 0 : 0x200);
  if (exponent < LEAST_NORMAL) return sign | subnormal(fraction | 0x800000, exponent);
  // A fraction that rounds up to the next power of two carries into the exponent by itself.
  const half = roundedShift(((exponent - LEAST_NORMAL + 1) << 23) | fraction, 13);
  return sign | Math.min(half, INFINITE);
}

/** Multiples of 2^-24; `mantissa` with its leading one. */
function subnormal(mantissa: number, exponent: number): number {
  const shift = LEAST_NORMAL - exponent + 13;
  return shift > 24 ? 0 : roundedShift(mantissa, shift);
}

/** value / 2^shift, rounded to nearest, ties to even. */
function roundedShift(value: number, shift: number): number {
  const odd = (value >>> shift) & 1;
  return (value + (1 << (shift - 1)) - 1 + odd) >>> shift;
}
