/** Pure: the little linear algebra by which weights are folded before they go into a graph. Row-major. */

/** [rows, columns] to [columns, rows]. */
export function transposed(matrix: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(matrix.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      result[column * rows + row] = matrix[row * columns + column]!;
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
    for (let i = 0; i < inner; i++) {
      const factor = a[row * inner + i]!;
      for (let column = 0; column < columns; column++) sums[column]! += factor * b[i * columns + column]!;
    }
    result.set(sums, row * columns);
  }
  return result;
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
