/** Pure: Hiera, the image encoder's trunk: a vision transformer in four stages with windowed attention. */
import { attend, outputProjection, queryBlock } from "../layers/attention.ts";
import {
  blockThatFits,
  convolution,
  inBlocks,
  layerNorm,
  linear,
  mlp,
  SMALL_EPSILON,
} from "../layers/basic-layers.ts";
import { scaled, transposed } from "../layers/matrix.ts";
import type { Weights } from "../layers/weights.ts";
import type { Value } from "../onnx/graph-builder.ts";
import { add, matMul, padEnd, reduceMax, reshape, slice, split, transpose } from "../onnx/ops.ts";
import type { HieraConfig } from "./config.ts";
import { bicubic } from "./position-encoding.ts";

const PATCH = { kernel: 7, stride: 4, padding: 3 };
const MLP_RATIO = 4;

export interface HieraBlock {
  index: number;
  stage: number;
  inWidth: number;
  outWidth: number;
  heads: number;
  /** Window side in tokens; 0 attends to the whole map. */
  window: number;
  /** Whether queries and shortcut are pooled 2x2: the first block of each later stage. */
  pools: boolean;
}

/** The blocks in order. A stage's first block still has the window of the stage before. */
export function hieraBlocks(config: HieraConfig): HieraBlock[] {
  const blocks: HieraBlock[] = [];
  let width = config.embedDim;
  let heads = config.numHeads;
  config.stages.forEach((count, stage) => {
    for (let i = 0; i < count; i++) {
      const pools = stage > 0 && i === 0;
      const inWidth = width;
      if (pools) {
        width = Math.trunc(width * config.dimMultiplier);
        heads = Math.trunc(heads * config.headMultiplier);
      }
      const index = blocks.length;
      const isGlobal = config.globalAttentionBlocks.includes(index);
      const window = isGlobal ? 0 : config.windowSpec[pools ? stage - 1 : stage]!;
      blocks.push({ index, stage, inWidth, outWidth: width, heads, window, pools });
    }
  });
  return blocks;
}

/** [1, 3, S, S] to the last feature map of each stage, finest first, channels last: [1, h, w, C]. */
export function hiera(image: Value, weights: Weights, config: HieraConfig): Value[] {
  const { graph } = image;
  let x = graph.layer("patch_embed", () => patchEmbedding(image, weights, config));
  const features: Value[] = [];
  const blocks = hieraBlocks(config);
  for (const block of blocks) {
    x = graph.layer(`block${block.index}`, () => hieraBlock(x, weights.at(`blocks.${block.index}`), block));
    graph.tap(`block${block.index}`, x);
    if (blocks[block.index + 1]?.stage !== block.stage) features.push(x);
  }
  return features;
}

function patchEmbedding(
  image: Value,
  weights: Weights,
  { embedDim, windowSpec, positionSize }: HieraConfig,
): Value {
  const proj = weights.at("patch_embed").at("proj");
  const patches = convolution(image, proj, embedDim, PATCH.kernel, PATCH);
  const x = image.graph.tap("patch_embed", transpose(patches, [0, 2, 3, 1]));
  const side = Number(x.shape[1]);
  const window = windowSpec[0]!;
  const background = weights.get("pos_embed", [1, embedDim, ...positionSize]);
  const tile = weights.get("pos_embed_window", [1, embedDim, window, window]);
  const table = image.graph.initializer("position table", [1, side, side, embedDim], async () =>
    positionTable(
      bicubic(await background.load(), embedDim, positionSize, side),
      await tile.load(),
      embedDim,
      side,
      window,
    ),
  );
  return add(x, table);
}

/** The enlarged background plus the window's own table repeated over the map, as [side, side, channels]. */
function positionTable(
  background: Float32Array,
  tile: Float32Array,
  channels: number,
  side: number,
  window: number,
): Float32Array {
  const table = new Float32Array(background.length);
  for (let channel = 0; channel < channels; channel++) {
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        const tiled = tile[(channel * window + (y % window)) * window + (x % window)]!;
        table[(y * side + x) * channels + channel] = background[(channel * side + y) * side + x]! + tiled;
      }
    }
  }
  return table;
}

/** [1, h, w, C] to the same, or to [1, h/2, w/2, 2C] where the block pools. */
export function hieraBlock(x: Value, weights: Weights, block: HieraBlock): Value {
  const normed = layerNorm(x, weights.at("norm1"), SMALL_EPSILON);
  // The shortcut at a change of width starts from the normed input, not from x.
  const shortcut = block.pools ? pool(linear(normed, weights.at("proj"), block.outWidth)) : x;
  const attended = add(shortcut, windowAttention(normed, weights.at("attn"), block));
  return add(attended, feedForward(attended, weights, block));
}

function feedForward(x: Value, weights: Weights, { outWidth }: HieraBlock): Value {
  const hidden = outWidth * MLP_RATIO;
  const [, height, width] = x.shape as number[];
  return inBlocks(x, 1, blockThatFits(height!, width! * hidden * 4), (part) =>
    mlp(layerNorm(part, weights.at("norm2"), SMALL_EPSILON), weights.at("mlp"), [hidden, outWidth], "gelu"),
  );
}

/** 2x2 maxima of [1, h, w, C]. */
function pool(x: Value): Value {
  const [, height, width, channels] = x.shape as number[];
  const cells = reshape(x, [height! / 2, 2, width! / 2, 2, channels!]);
  return reshape(reduceMax(reduceMax(cells, 3), 1), [1, height! / 2, width! / 2, channels!]);
}

/*
 * [Note: window padding]
 * Upstream pads the normed map with zeros up to whole windows and lets the padding take part as keys and
 * values, which are then the biases alone. By [Note: folded attention] a key without its bias and a value
 * without its bias give the same, so the padding is zeros after the projection too; that saves projecting
 * it, and one transposition cuts the windows and the heads at once.
 */
function windowAttention(x: Value, weights: Weights, block: HieraBlock): Value {
  const [, height, width] = x.shape as number[];
  const { heads, outWidth } = block;
  const side = block.window === 0 ? height! : block.window;
  const rows = Math.ceil(height! / side);
  const columns = Math.ceil(width! / side);
  const qkv = matMul(x, queryKeyValueWeight(x, weights, block));
  const padded = padToWindows(qkv, rows * side, columns * side);
  const cut = transpose(
    reshape(padded, [rows, side, columns, side, 3, heads, outWidth / heads]),
    [4, 0, 2, 5, 1, 3, 6],
  );
  const parts = split(reshape(cut, [3, rows * columns * heads, side * side, outWidth / heads]), [1, 1, 1], 0);
  const flat = parts.map((part) => reshape(part, part.shape.slice(1) as number[]));
  const [q, key, value] = flat as [Value, Value, Value];
  const query = addQueryBias(block.pools ? poolWindows(q, side) : q, weights, block);
  const queries = Number(query.shape[1]);
  const mixed = attend(query, key, value, queryBlock(queries, rows * columns * heads, side * side));
  const outSide = block.pools ? side / 2 : side;
  const map = joinWindows(mixed, { rows, columns, side: outSide, heads });
  const cropped = crop(map, block.pools ? height! / 2 : height!, block.pools ? width! / 2 : width!);
  return qkvOutputProjection(cropped, weights, block);
}

/** [in, 3 out], the query's third scaled by 1/sqrt(width of a head). */
function queryKeyValueWeight(x: Value, weights: Weights, { inWidth, outWidth, heads }: HieraBlock): Value {
  const weight = weights.at("qkv").get("weight", [3 * outWidth, inWidth]);
  return x.graph.initializer(`${weight.key} scaled`, [inWidth, 3 * outWidth], async () => {
    const values = await weight.load();
    const queries = values.subarray(0, outWidth * inWidth);
    queries.set(scaled(queries, Math.sqrt(heads / outWidth)));
    return transposed(values, 3 * outWidth, inWidth);
  });
}

/** [windows * heads, tokens, width] plus the query's bias of each head. */
function addQueryBias(query: Value, weights: Weights, { outWidth, heads }: HieraBlock): Value {
  const bias = weights.at("qkv").get("bias", [3 * outWidth]);
  const [rows, tokens, width] = query.shape as number[];
  const offset = query.graph.initializer(`${bias.key} of queries`, [heads, 1, outWidth / heads], async () =>
    scaled((await bias.load()).subarray(0, outWidth), Math.sqrt(heads / outWidth)),
  );
  const perHead = reshape(query, [rows! / heads, heads, tokens!, width!]);
  return reshape(add(perHead, offset), [rows!, tokens!, width!]);
}

function qkvOutputProjection(x: Value, weights: Weights, { outWidth }: HieraBlock): Value {
  return outputProjection(x, weights.at("qkv"), weights.at("proj"), outWidth, {
    storedBias: 3 * outWidth,
    from: 2 * outWidth,
  });
}

function padToWindows(x: Value, height: number, width: number): Value {
  const [, oldHeight, oldWidth] = x.shape as number[];
  if (oldHeight === height && oldWidth === width) return x;
  return padEnd(x, [0, height - oldHeight!, width - oldWidth!, 0]);
}

/** 2x2 maxima inside each window: [n, side * side, d] to [n, side * side / 4, d]. */
function poolWindows(x: Value, side: number): Value {
  const [rows, , width] = x.shape as number[];
  const cells = reshape(x, [rows! * (side / 2), 2, side / 2, 2, width!]);
  return reshape(reduceMax(reduceMax(cells, 3), 1), [rows!, (side * side) / 4, width!]);
}

interface WindowGrid {
  rows: number;
  columns: number;
  side: number;
  heads: number;
}

/** [windows * heads, side * side, d] to [1, h, w, heads * d]. */
function joinWindows(x: Value, { rows, columns, side, heads }: WindowGrid): Value {
  const width = Number(x.shape[2]);
  const windows = reshape(x, [rows, columns, heads, side, side, width]);
  return reshape(transpose(windows, [0, 3, 1, 4, 2, 5]), [1, rows * side, columns * side, heads * width]);
}

function crop(x: Value, height: number, width: number): Value {
  const rows = x.shape[1] === height ? x : slice(x, 1, 0, height);
  return x.shape[2] === width ? rows : slice(rows, 2, 0, width);
}
