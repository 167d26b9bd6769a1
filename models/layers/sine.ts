/** Pure: sines and cosines inside a graph that are as exact on a GPU as on a processor. */
import type { Value } from "../onnx/graph-builder.ts";
import { abs, add, concat, floor, mul, sub } from "../onnx/ops.ts";

/*
 * [Note: exact sines]
 * A shader's own sine may be off by 2^-11, and more far from zero, which a click's place would show. Here
 * whole turns are taken off first, and a quarter turn minus the distance to the nearest whole turn is what
 * the series is evaluated at: it lies within a quarter turn of zero, where 13 terms give float32 exactly.
 */

/** Taylor's coefficients of sin(2 pi y) / y in y², up to y^13; the next term is below 10^-9. */
const COEFFICIENTS = [0, 1, 2, 3, 4, 5, 6].map((i) => {
  const power = 2 * i + 1;
  let factorial = 1;
  for (let k = 2; k <= power; k++) factorial *= k;
  return ((i % 2 === 0 ? 1 : -1) * (2 * Math.PI) ** power) / factorial;
});

/** `turns` [.., n] (1 is a whole turn) to [.., 2n]: all sines, then all cosines. */
export function sinesAndCosines(turns: Value): Value {
  const reduced = withoutWholeTurns(turns);
  const both = concat([sub(reduced, 0.25), reduced], turns.shape.length - 1);
  const distance = abs(withoutWholeTurns(both));
  return series(add(mul(distance, -1), 0.25));
}

/** The nearest whole turn is taken off, exactly: -0.5 to 0.5. */
function withoutWholeTurns(turns: Value): Value {
  return sub(turns, floor(add(turns, 0.5)));
}

/** sin(2 pi y) within a quarter turn of zero. */
function series(y: Value): Value {
  const square = mul(y, y);
  const [last, ...others] = [...COEFFICIENTS].reverse() as [number, ...number[]];
  const [first, ...rest] = others as [number, ...number[]];
  const start = add(mul(square, last), first);
  return mul(
    rest.reduce((sum, coefficient) => add(mul(sum, square), coefficient), start),
    y,
  );
}
