/** Pure: which source pixels a target pixel is made of, and with what weights: Pillow's bicubic, antialiased. */

/** Pillow keeps coefficients as integers with this many fractional bits: 32 - 8 (pixel) - 2 (overshoot). */
export const PRECISION_BITS = 22;
export const HALF = 1 << (PRECISION_BITS - 1);
const BICUBIC_REACH = 2; // source pixels to each side, at scale 1
const BICUBIC_A = -0.5;

/** For each target position: the first source position, and `taps` integer coefficients from there. */
export interface Resampling {
  taps: number;
  starts: Int32Array;
  coefficients: Int32Array;
}

/** Tables of the frame sizes that were resized last: a clip's frames have one. */
const known = new Map<string, Resampling>();
const MOST_KNOWN = 8;

export function resampling(from: number, to: number): Resampling {
  const name = `${from} to ${to}`;
  const found = known.get(name);
  if (found) return found;
  if (known.size === MOST_KNOWN) known.clear();
  const made = makeResampling(from, to);
  known.set(name, made);
  return made;
}

function makeResampling(from: number, to: number): Resampling {
  const scale = from / to;
  const stretch = Math.max(scale, 1); // antialiasing: the filter widens when shrinking
  const reach = BICUBIC_REACH * stretch;
  const taps = Math.ceil(reach) * 2 + 1;
  const starts = new Int32Array(to);
  const coefficients = new Int32Array(to * taps);
  for (let index = 0; index < to; index++) {
    const centre = (index + 0.5) * scale;
    const start = Math.max(Math.trunc(centre - reach + 0.5), 0);
    const end = Math.min(Math.trunc(centre + reach + 0.5), from);
    starts[index] = start;
    coefficients.set(integerWeights(start, end, centre, stretch), index * taps);
  }
  return { taps, starts, coefficients };
}

function integerWeights(start: number, end: number, centre: number, stretch: number): number[] {
  const weights: number[] = [];
  let sum = 0;
  for (let position = start; position < end; position++) {
    const weight = bicubic((position - centre + 0.5) * (1 / stretch));
    weights.push(weight);
    sum += weight;
  }
  return weights.map((weight) => {
    const scaled = (weight / sum) * (1 << PRECISION_BITS);
    return Math.trunc(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
  });
}

function bicubic(signedDistance: number): number {
  const x = Math.abs(signedDistance);
  if (x < 1) return ((BICUBIC_A + 2) * x - (BICUBIC_A + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * BICUBIC_A;
  return 0;
}
