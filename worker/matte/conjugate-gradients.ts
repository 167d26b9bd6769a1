/** Runs anywhere: linear equations too large for a matrix. */

/** Share of the first residual's energy at which a solution is exact enough. */
const ENOUGH = 1e-6;

/**
 * Solves A x = right for a symmetric positive definite A, given as what it does to a vector, from x = 0 on
 * (preconditioned conjugate gradients; `diagonal` is A's, or near it). `rounds` bounds the work; where it
 * runs out, directions that hardly matter stay near 0. `pace` is called between two rounds.
 */
export async function solveByGradients(
  multiply: (vector: Float64Array, product: Float64Array) => void,
  right: Float64Array,
  diagonal: Float64Array,
  rounds: number,
  pace: () => Promise<void>,
): Promise<Float64Array> {
  const solution = new Float64Array(right.length);
  const residual = right.slice();
  const scaled = right.map((value, i) => value / diagonal[i]!);
  const direction = scaled.slice();
  const product = new Float64Array(right.length);
  let energy = dot(residual, scaled);
  const enough = energy * ENOUGH;
  for (let round = 0; round < rounds && energy > enough; round++) {
    await pace();
    multiply(direction, product);
    const length = energy / dot(direction, product);
    for (let i = 0; i < solution.length; i++) {
      solution[i]! += length * direction[i]!;
      residual[i]! -= length * product[i]!;
      scaled[i] = residual[i]! / diagonal[i]!;
    }
    const left = dot(residual, scaled);
    const turn = left / energy;
    energy = left;
    for (let i = 0; i < direction.length; i++) direction[i] = scaled[i]! + turn * direction[i]!;
  }
  return solution;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
