/** Pure: Hiera, the image encoder's trunk: a vision transformer in four stages with windowed attention. */
import { attend, outputProjection, scaledRows } from "../layers/attention.ts";
import { blockThatFits, layerNorm, linear, mlp, SMALL_EPSILON } from "../layers/basic-layers.ts";
import { transposed } from "../layers/matrix.ts";
import type { Weights } from "../layers/weights.ts";
import type { Value } from "../onnx/graph-builder.ts";
import { add, matMul, transpose } from "../onnx/ops.ts";
import type { HieraConfig } from "./config.ts";
import { bicubic } from "./position-encoding.ts";
import {
  cutMap,
  cutWindows,
  joinMaps,
  joinWindows,
  patches,
  perToken,
  pooled,
  reordered,
  rowNumbers,
  type TokenMap,
  toGrid,
  toPicture,
} from "./token-map.ts";

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

/** [1, 3, S, S] to the last feature map of each stage, finest first. Taps are [1, h, w, C]. */
export function hiera(image: Value, weights: Weights, config: HieraConfig): TokenMap[] {
  const { graph } = image;
  const start = graph.layer("patch_embed", () => patchEmbedding(image, weights, config));
  const blocks = hieraBlocks(config);
  const local = graph.options.cacheBytes === undefined ? 0 : localBlocks(start, blocks);
  const run = (map: TokenMap, block: HieraBlock) =>
    graph.layer(`block${block.index}`, () => hieraBlock(map, weights.at(`blocks.${block.index}`), block));
  const maps = runByWindows(start, blocks.slice(0, local), run);
  for (const block of blocks.slice(local)) maps.push(run(maps[maps.length - 1] ?? start, block));
  for (const { index } of blocks) graph.tap(`block${index}`, () => toGrid(maps[index]!));
  return maps.filter((_, index) => blocks[index + 1]?.stage !== blocks[index]?.stage);
}

/*
 * [Note: whole windows at a time]
 * Until the first block that pads its windows or looks at the whole map, windows don't see each other. So
 * some of them go through all these blocks before the next ones start, and the maps of 25 to 100 MB that a
 * stage of 256 x 256 tokens has are never there as a whole: 300 MB less at the peak for tiny at 1024, about 1 %
 * faster, and the same to the last bit. A GPU wants the opposite.
 */

/** How many of the first blocks keep to the windows that the map is ordered by. */
function localBlocks(start: TokenMap, blocks: readonly HieraBlock[]): number {
  let { side, window } = start;
  for (const { index, window: wanted, pools } of blocks) {
    if (wanted !== window || side % window !== 0 || (pools && window % 2 !== 0)) return index;
    if (pools) [side, window] = [side / 2, window / 2];
  }
  return blocks.length;
}

/** The map after each block. */
function runByWindows(
  start: TokenMap,
  blocks: readonly HieraBlock[],
  run: (map: TokenMap, block: HieraBlock) => TokenMap,
): TokenMap[] {
  const bytesPerWindow = start.window ** 2 * Number(start.tokens.shape[2]) * MLP_RATIO * 4;
  const windows = blockThatFits((start.side / start.window) ** 2, bytesPerWindow, cacheBytes(start));
  const parts = blocks.length === 0 ? [] : cutMap(start, windows);
  const results = parts.map((part) => {
    let map = part;
    return blocks.map((block) => {
      map = run(map, block);
      return map;
    });
  });
  return blocks.map((_, index) => joinMaps(results.map((maps) => maps[index]!) as [TokenMap]));
}

function cacheBytes({ tokens }: TokenMap): number | undefined {
  return tokens.graph.options.cacheBytes;
}

function patchEmbedding(image: Value, weights: Weights, config: HieraConfig): TokenMap {
  const { embedDim, windowSpec, positionSize } = config;
  const window = windowSpec[0]!;
  const map = patches(image, weights.at("patch_embed").at("proj"), embedDim, PATCH, window);
  image.graph.tap("patch_embed", () => transpose(toPicture(map), [0, 2, 3, 1]));
  const background = weights.get("pos_embed", [1, embedDim, ...positionSize]);
  const tile = weights.get("pos_embed_window", [1, embedDim, window, window]);
  const table = image.graph.initializer("position table", [1, map.side ** 2, embedDim], async () =>
    positionTable(bicubic(await background.load(), embedDim, positionSize, map.side), await tile.load(), map),
  );
  return { ...map, tokens: add(map.tokens, table) };
}

/** The enlarged background plus the window's own table, which is the same in every window: [tokens, C]. */
function positionTable(
  background: Float32Array,
  tile: Float32Array,
  { side, window }: TokenMap,
): Float32Array {
  const tokens = side * side;
  const places = window * window;
  const channels = background.length / tokens;
  const table = new Float32Array(background.length);
  rowNumbers(side, window).forEach((row, token) => {
    for (let channel = 0; channel < channels; channel++) {
      const own = tile[channel * places + (token % places)]!;
      table[token * channels + channel] = background[channel * tokens + row]! + own;
    }
  });
  return table;
}

/** A map of C channels to the same, or to a quarter of the tokens with 2C channels where the block pools. */
export function hieraBlock(input: TokenMap, weights: Weights, block: HieraBlock): TokenMap {
  const map = reordered(input, orderFor(input, block));
  const normed = { ...map, tokens: layerNorm(map.tokens, weights.at("norm1"), SMALL_EPSILON) };
  // The shortcut at a change of width starts from the normed input, not from the input.
  const shortcut = block.pools
    ? pooled({ ...normed, tokens: linear(normed.tokens, weights.at("proj"), block.outWidth) })
    : map;
  const seen = windowAttention(normed, weights.at("attn"), block);
  const attended = { ...shortcut, tokens: add(shortcut.tokens, reordered(seen, shortcut.window).tokens) };
  return { ...attended, tokens: add(attended.tokens, feedForward(attended, weights, block).tokens) };
}

/** Which order the block wants its tokens in: see [Note: window order]. */
function orderFor({ side, window }: TokenMap, block: HieraBlock): number {
  if (block.window === 0) return block.pools && window % 2 !== 0 ? side : window;
  return side % block.window === 0 ? block.window : side;
}

function feedForward(map: TokenMap, weights: Weights, { outWidth }: HieraBlock): TokenMap {
  const hidden = outWidth * MLP_RATIO;
  const block = blockThatFits(Number(map.tokens.shape[1]), hidden * 4, cacheBytes(map));
  return perToken(map, block, (tokens) =>
    mlp(layerNorm(tokens, weights.at("norm2"), SMALL_EPSILON), weights.at("mlp"), [hidden, outWidth], "gelu"),
  );
}

/*
 * [Note: window padding]
 * Upstream pads the normed map with zeros up to whole windows and lets the padding take part as keys and
 * values, which are then the biases alone. By [Note: folded attention] a key without its bias and a value
 * without its bias give the same, so the padding is zeros after the projection too, and is not projected.
 */
function windowAttention(map: TokenMap, weights: Weights, block: HieraBlock): TokenMap {
  const isGlobal = block.window === 0;
  const window = isGlobal ? map.side : block.window;
  const queryWindow = block.pools ? window / 2 : window;
  // To attention over the whole map any order is as good as rows.
  const asSeen = (part: TokenMap) => (isGlobal ? { ...part, window: part.side } : part);
  const query = queries(map, weights, block);
  const keys = { ...map, tokens: projectionPart(map.tokens, weights, block, 1) };
  const values = { ...map, tokens: projectionPart(map.tokens, weights, block, 2) };
  const mixed = attend(
    cutWindows(asSeen(query), queryWindow),
    cutWindows(asSeen(keys), window),
    cutWindows(asSeen(values), window),
    block.heads,
  );
  const tokens = joinWindows(mixed, queryWindow, asSeen(query));
  return { ...query, tokens: attentionOutput(tokens, weights, block) };
}

function queries(map: TokenMap, weights: Weights, block: HieraBlock): TokenMap {
  const projected = { ...map, tokens: projectionPart(map.tokens, weights, block, 0) };
  const query = block.pools ? pooled(projected) : projected;
  const { outWidth, heads } = block;
  const bias = weights.at("qkv").get("bias", [3 * outWidth]);
  const offset = query.tokens.graph.initializer(`${bias.key} of queries`, [outWidth], async () =>
    scaledRows((await bias.load()).subarray(0, outWidth), outWidth / heads),
  );
  return { ...query, tokens: add(query.tokens, offset) };
}

/** One third of the stored query, key and value projection, without bias; queries are scaled. */
function projectionPart(x: Value, weights: Weights, block: HieraBlock, part: 0 | 1 | 2): Value {
  const { inWidth, outWidth, heads } = block;
  const weight = weights.at("qkv").get("weight", [3 * outWidth, inWidth]);
  const matrix = x.graph.initializer(`${weight.key} part ${part}`, [inWidth, outWidth], async () => {
    const rows = (await weight.load()).subarray(part * outWidth * inWidth, (part + 1) * outWidth * inWidth);
    return transposed(part === 0 ? scaledRows(rows, outWidth / heads) : rows, outWidth, inWidth);
  });
  return matMul(x, matrix);
}

function attentionOutput(x: Value, weights: Weights, { outWidth }: HieraBlock): Value {
  return outputProjection(x, weights.at("qkv"), weights.at("proj"), outWidth, {
    storedBias: 3 * outWidth,
    from: 2 * outWidth,
  });
}
