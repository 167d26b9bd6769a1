/** Runs anywhere: means over square windows in constant time a pixel; windows are cut at the plane's border. */

/** Row by row, `width * height` values. */
export interface Plane {
  width: number;
  height: number;
  data: Float32Array;
}

export function plane(width: number, height: number): Plane {
  return { width, height, data: new Float32Array(width * height) };
}

/** Mean over (2 * radius + 1)² pixels around each; `radius` a whole number, 0 copies. */
export function boxMean(source: Plane, radius: number): Plane {
  const target = plane(source.width, source.height);
  if (radius === 0) target.data.set(source.data);
  else meanDown(meanAcross(source, radius), target, radius);
  return target;
}

function meanAcross({ width, height, data }: Plane, radius: number): Plane {
  const result = plane(width, height);
  const inverse = inverseCounts(width, radius);
  for (let y = 0; y < height; y++) {
    const row = y * width;
    let sum = 0;
    for (let x = 0; x < Math.min(radius, width); x++) sum += data[row + x]!;
    for (let x = 0; x < width; x++) {
      if (x + radius < width) sum += data[row + x + radius]!;
      if (x - radius > 0) sum -= data[row + x - radius - 1]!;
      result.data[row + x] = sum * inverse[x]!;
    }
  }
  return result;
}

/** Whole rows at a time, so that memory is read in order. */
function meanDown(source: Plane, target: Plane, radius: number): void {
  const { width, height, data } = source;
  const inverse = inverseCounts(height, radius);
  const sums = new Float64Array(width);
  for (let y = 0; y < Math.min(radius, height); y++) addRow(sums, data, y * width, 1);
  for (let y = 0; y < height; y++) {
    if (y + radius < height) addRow(sums, data, (y + radius) * width, 1);
    if (y - radius > 0) addRow(sums, data, (y - radius - 1) * width, -1);
    const factor = inverse[y]!;
    for (let x = 0, at = y * width; x < width; x++, at++) target.data[at] = sums[x]! * factor;
  }
}

function addRow(sums: Float64Array, data: Float32Array, from: number, sign: 1 | -1): void {
  if (sign > 0) for (let x = 0; x < sums.length; x++) sums[x]! += data[from + x]!;
  else for (let x = 0; x < sums.length; x++) sums[x]! -= data[from + x]!;
}

/** One over the number of pixels in the window, which the border cuts. */
function inverseCounts(length: number, radius: number): Float64Array {
  const counts = new Float64Array(length);
  for (let i = 0; i < length; i++)
    counts[i] = 1 / (Math.min(length - 1, i + radius) - Math.max(0, i - radius) + 1);
  return counts;
}
