/**
 * Runs anywhere: the guided filter's coefficients, for a list of cells only.
 *
 * He, Sun, Tang: Guided Image Filtering, PAMI 2013, section 3.6 (colour guide); applied at a higher
 * resolution as in their Fast Guided Filter, arXiv 1505.00996.
 */
import { type Plane, plane } from "./box-filter.ts";
import type { Colours } from "./colour-model.ts";

/** alpha = red * r + green * g + blue * b + offset, per cell; colours 0 to 1. */
export interface Lines {
  red: Plane;
  green: Plane;
  blue: Plane;
  offset: Plane;
}

/**
 * Lines at the cells of `active`, each the mean over its window, as the filter asks. `noise`: squared
 * colour contrast that counts as flat.
 */
export function guidedLines(
  alpha: Plane,
  colours: Colours,
  active: Int32Array,
  radius: number,
  noise: number,
): Lines {
  const { width, height } = alpha;
  const around = dilate(active, width, height, radius);
  const raw = newLines(width, height);
  for (const at of around) fitLine(alpha, colours, at, radius, noise, raw);
  const smooth = newLines(width, height);
  for (const at of active) averageLine(raw, at, radius, smooth);
  return smooth;
}

function newLines(width: number, height: number): Lines {
  const one = () => plane(width, height);
  return { red: one(), green: one(), blue: one(), offset: one() };
}

/** The cells of `active` and all within `radius` columns and rows of one. */
export function dilate(active: Int32Array, width: number, height: number, radius: number): Int32Array {
  const marked = new Uint8Array(width * height);
  for (const at of active) {
    const x = at % width;
    const y = (at - x) / width;
    const x0 = Math.max(0, x - radius);
    const x1 = Math.min(width - 1, x + radius);
    const y1 = Math.min(height - 1, y + radius);
    for (let row = Math.max(0, y - radius); row <= y1; row++)
      marked.fill(1, row * width + x0, row * width + x1 + 1);
  }
  return indicesOf(marked);
}

/** Indices of the values that aren't 0, ascending. */
export function indicesOf(values: ArrayLike<number>): Int32Array {
  let count = 0;
  for (let i = 0; i < values.length; i++) if (values[i]) count++;
  const indices = new Int32Array(count);
  for (let i = 0, n = 0; i < values.length; i++) if (values[i]) indices[n++] = i;
  return indices;
}

/** Least squares of alpha on colour over the window; the covariance is inverted by cofactors. */
function fitLine(
  alpha: Plane,
  colours: Colours,
  at: number,
  radius: number,
  noise: number,
  lines: Lines,
): void {
  const { width, height, data } = alpha;
  const [red, green, blue] = [colours[0].data, colours[1].data, colours[2].data];
  const x = at % width;
  const y = (at - x) / width;
  const x0 = Math.max(0, x - radius);
  const x1 = Math.min(width - 1, x + radius);
  const y0 = Math.max(0, y - radius);
  const y1 = Math.min(height - 1, y + radius);
  let [mr, mg, mb, ma, rr, rg, rb, gg, gb, bb, ra, ga, ba] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
  for (let row = y0; row <= y1; row++) {
    for (let i = row * width + x0, end = row * width + x1; i <= end; i++) {
      const r = red[i]!;
      const g = green[i]!;
      const b = blue[i]!;
      const a = data[i]!;
      mr += r;
      mg += g;
      mb += b;
      ma += a;
      rr += r * r;
      rg += r * g;
      rb += r * b;
      gg += g * g;
      gb += g * b;
      bb += b * b;
      ra += r * a;
      ga += g * a;
      ba += b * a;
    }
  }
  const n = 1 / ((x1 - x0 + 1) * (y1 - y0 + 1));
  mr *= n;
  mg *= n;
  mb *= n;
  ma *= n;
  const crr = rr * n - mr * mr + noise;
  const crg = rg * n - mr * mg;
  const crb = rb * n - mr * mb;
  const cgg = gg * n - mg * mg + noise;
  const cgb = gb * n - mg * mb;
  const cbb = bb * n - mb * mb + noise;
  const pr = ra * n - mr * ma;
  const pg = ga * n - mg * ma;
  const pb = ba * n - mb * ma;
  const irr = cgg * cbb - cgb * cgb;
  const irg = crb * cgb - crg * cbb;
  const irb = crg * cgb - crb * cgg;
  const igg = crr * cbb - crb * crb;
  const igb = crg * crb - crr * cgb;
  const ibb = crr * cgg - crg * crg;
  const scale = 1 / (crr * irr + crg * irg + crb * irb);
  const kr = (irr * pr + irg * pg + irb * pb) * scale;
  const kg = (irg * pr + igg * pg + igb * pb) * scale;
  const kb = (irb * pr + igb * pg + ibb * pb) * scale;
  lines.red.data[at] = kr;
  lines.green.data[at] = kg;
  lines.blue.data[at] = kb;
  lines.offset.data[at] = ma - kr * mr - kg * mg - kb * mb;
}

function averageLine(raw: Lines, at: number, radius: number, smooth: Lines): void {
  const { width, height } = raw.red;
  const x = at % width;
  const y = (at - x) / width;
  const x0 = Math.max(0, x - radius);
  const x1 = Math.min(width - 1, x + radius);
  const y0 = Math.max(0, y - radius);
  const y1 = Math.min(height - 1, y + radius);
  let [r, g, b, o] = [0, 0, 0, 0];
  for (let row = y0; row <= y1; row++) {
    for (let i = row * width + x0, end = row * width + x1; i <= end; i++) {
      r += raw.red.data[i]!;
      g += raw.green.data[i]!;
      b += raw.blue.data[i]!;
      o += raw.offset.data[i]!;
    }
  }
  const n = 1 / ((x1 - x0 + 1) * (y1 - y0 + 1));
  smooth.red.data[at] = r * n;
  smooth.green.data[at] = g * n;
  smooth.blue.data[at] = b * n;
  smooth.offset.data[at] = o * n;
}
