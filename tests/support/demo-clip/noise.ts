/** Pure: seeded value noise and cells, the grain of everything in the demo clip. */

/** A number in [0, 1) for a lattice point; the same on every machine. */
export function hash(x: number, y: number, seed: number): number {
  let h = (Math.imul(x, 374761393) + Math.imul(y, 668265263) + Math.imul(seed, 2246822519)) | 0;
  h = Math.imul(h ^ (h >>> 13), 1274126177);
  return ((h ^ (h >>> 16)) >>> 0) / 4294967296;
}

export function smoothstep(from: number, to: number, value: number): number {
  const t = Math.min(1, Math.max(0, (value - from) / (to - from)));
  return t * t * (3 - 2 * t);
}

export function mix(a: number, b: number, t: number): number {
  return a + (b - a) * t;
}

/** Smooth noise in [0, 1); one bump a unit. */
export function noise(x: number, y: number, seed: number): number {
  const column = Math.floor(x);
  const row = Math.floor(y);
  const tx = smoothstep(0, 1, x - column);
  const ty = smoothstep(0, 1, y - row);
  const top = mix(hash(column, row, seed), hash(column + 1, row, seed), tx);
  const bottom = mix(hash(column, row + 1, seed), hash(column + 1, row + 1, seed), tx);
  return mix(top, bottom, ty);
}

/** Four octaves of noise, in [0, 1). */
export function fractal(x: number, y: number, seed: number): number {
  let sum = 0;
  let weight = 0.5;
  for (let octave = 0; octave < 4; octave++) {
    sum += weight * noise(x * 2 ** octave, y * 2 ** octave, seed + octave);
    weight /= 2;
  }
  return sum / 0.9375;
}

/** Distances to the nearest and second nearest of one random point a cell, and the nearest one's number. */
export function cells(x: number, y: number, seed: number): { first: number; second: number; id: number } {
  const column = Math.floor(x);
  const row = Math.floor(y);
  const found = { first: 9, second: 9, id: 0 };
  for (let j = row - 1; j <= row + 1; j++) {
    for (let i = column - 1; i <= column + 1; i++) {
      const dx = i + hash(i, j, seed) - x;
      const dy = j + hash(i, j, seed + 1) - y;
      const distance = Math.sqrt(dx * dx + dy * dy);
      if (distance < found.first) {
        found.second = found.first;
        found.first = distance;
        found.id = hash(i, j, seed + 2);
      } else if (distance < found.second) found.second = distance;
    }
  }
  return found;
}
