/** Pure: tokens of a square feature map in one of two orders: row by row, or window by window. */
import { convolution, inBlocks } from "../layers/basic-layers.ts";
import { range } from "../layers/matrix.ts";
import type { Weights } from "../layers/weights.ts";
import type { Value } from "../onnx/graph-builder.ts";
import { concat, padEnd, reduceMax, reshape, slice, transpose } from "../onnx/ops.ts";

/*
 * [Note: window order]
 * Cutting a map into windows and putting it together again copies it twice per block. Everything but the
 * windowed attention works on tokens one by one, whatever their order, and attention over the whole map
 * does not mind the order either (places are in the features, not in the attention). So tokens stay in the
 * order of their windows from the first layer on, and pooling 2x2 inside windows of 8 leaves windows of 4,
 * which is what the next stage wants. Only windows that do not divide the map need rows.
 */
export interface TokenMap {
  /** [1, side * side, C], or some whole windows of it: see [Note: whole windows at a time]. */
  tokens: Value;
  /** Tokens per row and per column of the whole map. */
  side: number;
  /** Side of the windows that the tokens are ordered by; equal to `side`: row by row. */
  window: number;
}

/** A strided convolution of a picture, in the order of windows. */
export function patches(
  image: Value,
  weights: Weights,
  width: number,
  options: { kernel: number; stride: number; padding: number },
  window: number,
): TokenMap {
  const map = convolution(image, weights, width, options.kernel, options);
  const side = Number(map.shape[2]);
  // Channels last, then windows: a processor does two simple permutations faster than one of five axes.
  const tokens = transpose(reshape(map, [1, width, side * side]), [0, 2, 1]);
  return reordered({ tokens, side, window: side }, window);
}

/** For each token in window order, its number row by row. */
export function rowNumbers(side: number, window: number): number[] {
  const count = side / window;
  return range(0, side * side).map((token) => {
    const place = token % (window * window);
    const index = Math.floor(token / (window * window));
    const y = Math.floor(index / count) * window + Math.floor(place / window);
    const x = (index % count) * window + (place % window);
    return y * side + x;
  });
}

/** The same tokens in another order. */
export function reordered(map: TokenMap, window: number): TokenMap {
  if (map.window === window) return map;
  const rows = map.window === map.side ? map : toRows(map);
  return window === map.side ? rows : toWindows(rows, window);
}

function toRows({ tokens, side, window }: TokenMap): TokenMap {
  const channels = Number(tokens.shape[2]);
  const count = side / window;
  const rows = transpose(reshape(tokens, [count, count, window, window, channels]), [0, 2, 1, 3, 4]);
  return { tokens: reshape(rows, [1, side * side, channels]), side, window: side };
}

function toWindows({ tokens, side }: TokenMap, window: number): TokenMap {
  const channels = Number(tokens.shape[2]);
  const count = side / window;
  const windows = transpose(reshape(tokens, [count, window, count, window, channels]), [0, 2, 1, 3, 4]);
  return { tokens: reshape(windows, [1, side * side, channels]), side, window };
}

/** 2x2 maxima; needs windows of even side. */
export function pooled({ tokens, side, window }: TokenMap): TokenMap {
  const [, count, channels] = tokens.shape as [number, number, number];
  const half = window / 2;
  const cells = reshape(tokens, [count / window / 2, 2, half, 2, channels]);
  const maxima = reduceMax(reduceMax(cells, 3), 1);
  return { tokens: reshape(maxima, [1, count / 4, channels]), side: side / 2, window: half };
}

/** [1, C, side, side] */
export function toPicture(map: TokenMap): Value {
  const { tokens, side } = reordered(map, map.side);
  const channels = Number(tokens.shape[2]);
  return reshape(transpose(tokens, [0, 2, 1]), [1, channels, side, side]);
}

/** [1, side, side, C] */
export function toGrid(map: TokenMap): Value {
  return reshape(reordered(map, map.side).tokens, [1, map.side, map.side, Number(map.tokens.shape[2])]);
}

/** Runs a layer that treats tokens one by one, on at most `block` of them at a time. */
export function perToken(map: TokenMap, block: number, layer: (tokens: Value) => Value): TokenMap {
  return { ...map, tokens: inBlocks(map.tokens, 1, block, layer) };
}

/** Whole windows of a map that is ordered by windows, as maps of their own: see [Note: whole windows at a time]. */
export function cutMap(map: TokenMap, windowsEach: number): TokenMap[] {
  const tokensEach = windowsEach * map.window ** 2;
  return range(0, map.side ** 2, tokensEach).map((start) => ({
    ...map,
    tokens: slice(map.tokens, 1, start, Math.min(start + tokensEach, map.side ** 2)),
  }));
}

/** The opposite. */
export function joinMaps(parts: [TokenMap, ...TokenMap[]]): TokenMap {
  return {
    ...parts[0],
    tokens: concat(
      parts.map(({ tokens }) => tokens),
      1,
    ),
  };
}

// ---------------------------------------------------------------- windows of attention

/** [windows, window * window, C]; where they do not divide the map, it is padded with zeros first. */
export function cutWindows({ tokens, side, window: order }: TokenMap, window: number): Value {
  const [, size, channels] = tokens.shape as [number, number, number];
  if (order === window) return reshape(tokens, [size / window ** 2, window * window, channels]);
  const count = Math.ceil(side / window);
  const missing = count * window - side;
  const padded = padEnd(reshape(tokens, [1, side, side, channels]), [0, missing, missing, 0]);
  const cut = transpose(reshape(padded, [count, window, count, window, channels]), [0, 2, 1, 3, 4]);
  return reshape(cut, [count * count, window * window, channels]);
}

/** The opposite: windows back to the tokens of `map`, in its order and without the padding. */
export function joinWindows(windows: Value, window: number, { side, window: order }: TokenMap): Value {
  const [number, size, channels] = windows.shape as [number, number, number];
  if (order === window) return reshape(windows, [1, number * size, channels]);
  const count = Math.ceil(side / window);
  const rows = transpose(reshape(windows, [count, count, window, window, channels]), [0, 2, 1, 3, 4]);
  const padded = reshape(rows, [1, count * window, count * window, channels]);
  return reshape(slice(slice(padded, 1, 0, side), 2, 0, side), [1, side * side, channels]);
}
