/** Pure: the little linear algebra by which weights are folded before they go into a graph. Row-major. */

/** Rows at a time: their results lie beside each other, in one line of the cache. */
const TILE = 32;

/** [rows, columns] to [columns, rows]. */
export function transposed(matrix: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(matrix.length);
  for (let top = 0; top < rows; top += TILE) {
    const bottom = Math.min(top + TILE, rows);
    for (let column = 0; column < columns; column++) {
      for (let row = top; row < bottom; row++) result[column * rows + row] = matrix[row * columns + column]!;
    }
  }
  return result;
}

/** [rows, inner] times [inner, columns], summed in double precision. */
export function product(a: Float32Array, b: Float32Array, rows: number, inner: number): Float32Array {
  const columns = b.length / inner;
  const result = new Float32Array(rows * columns);
  const sums = new Float64Array(columns);
  for (let row = 0; row < rows; row++) {
    sums.fill(0);
    for (let i = 0; i < inner; i += STEPS)
      addRows(sums, b, i, a.subarray(row * inner + i, (row + 1) * inner));
    result.set(sums, row * columns);
  }
  return result;
}

/** Rows of `b` that go into the sums in one pass over them: less than half the time of one by one, the same sums. */
const STEPS = 4;

/** `sums` plus, in order, up to four rows of `b` from `first` on, each times its factor. */
function addRows(sums: Float64Array, b: Float32Array, first: number, factors: Float32Array): void {
  const columns = sums.length;
  const start = first * columns;
  if (factors.length < STEPS) {
    for (let i = 0; i < factors.length; i++) {
      for (let c = 0; c < columns; c++) sums[c]! += factors[i]! * b[start + i * columns + c]!;
    }
    return;
  }
  const [f0, f1, f2, f3] = [factors[0]!, factors[1]!, factors[2]!, factors[3]!];
  for (let c = 0; c < columns; c++) {
    const at = start + c;
    sums[c] =
      sums[c]! + f0 * b[at]! + f1 * b[at + columns]! + f2 * b[at + 2 * columns]! + f3 * b[at + 3 * columns]!;
  }
}

export function sum(a: Float32Array, b: Float32Array): Float32Array {
  return a.map((value, i) => value + b[i]!);
}

export function scaled(values: Float32Array, factor: number): Float32Array {
  return values.map((value) => value * factor);
}

/** Some rows of a matrix, in the order given. */
export function rowsOf(matrix: Float32Array, columns: number, rows: readonly number[]): Float32Array {
  const result = new Float32Array(rows.length * columns);
  rows.forEach((row, i) => {
    result.set(matrix.subarray(row * columns, (row + 1) * columns), i * columns);
  });
  return result;
}

export function range(start: number, end: number, step = 1): number[] {
  return Array.from({ length: Math.ceil((end - start) / step) }, (_, i) => start + i * step);
}
