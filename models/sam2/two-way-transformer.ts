/** Pure: the mask decoder's transformer, in which tokens look at the image and the image at the tokens. */
import { multiHeadAttention } from "../layers/attention.ts";
import { layerNorm, mlp } from "../layers/basic-layers.ts";
import { range } from "../layers/matrix.ts";
import type { Weights } from "../layers/weights.ts";
import type { Value } from "../onnx/graph-builder.ts";
import { add } from "../onnx/ops.ts";

/** Written into upstream's code. */
const DEPTH = 2;
const HEADS = 8;
const MLP_WIDTH = 2048;
/** Attention between tokens and image works at half the width. */
const DOWNSAMPLE = 2;

/** `tokens` [B, T, d] and `image` [B, hw, d] to the same; `position` [hw, d] is the image's. */
export function twoWayTransformer(
  tokens: Value,
  image: Value,
  position: Value,
  weights: Weights,
): { tokens: Value; image: Value } {
  const d = Number(tokens.shape[2]);
  const cross = { heads: HEADS, inner: d / DOWNSAMPLE };
  let state = { queries: tokens, keys: image };
  for (const i of range(0, DEPTH)) {
    const layer = weights.at(`layers.${i}`);
    state = tokens.graph.layer(`layer${i}`, () =>
      twoWayBlock(state.queries, state.keys, { tokens, position, isFirst: i === 0 }, layer),
    );
  }
  const attended = multiHeadAttention(
    add(state.queries, tokens),
    add(state.keys, position),
    state.keys,
    weights.at("final_attn_token_to_image"),
    cross,
  );
  return {
    tokens: layerNorm(add(state.queries, attended), weights.at("norm_final_attn")),
    image: state.keys,
  };
}

interface BlockContext {
  /** The tokens as they came in: they are their own position encoding. */
  tokens: Value;
  position: Value;
  isFirst: boolean;
}

function twoWayBlock(
  queriesIn: Value,
  keysIn: Value,
  { tokens, position, isFirst }: BlockContext,
  weights: Weights,
): { queries: Value; keys: Value } {
  const d = Number(queriesIn.shape[2]);
  const full = { heads: HEADS, inner: d };
  const half = { heads: HEADS, inner: d / DOWNSAMPLE };
  const own = isFirst ? queriesIn : add(queriesIn, tokens);
  const selfAttended = multiHeadAttention(own, own, queriesIn, weights.at("self_attn"), full);
  // The first layer has no residual here.
  let queries = layerNorm(isFirst ? selfAttended : add(queriesIn, selfAttended), weights.at("norm1"));

  const keysWithPosition = add(keysIn, position);
  const toImage = weights.at("cross_attn_token_to_image");
  const seen = multiHeadAttention(add(queries, tokens), keysWithPosition, keysIn, toImage, half);
  queries = layerNorm(add(queries, seen), weights.at("norm2"));
  queries = layerNorm(
    add(queries, mlp(queries, weights.at("mlp"), [MLP_WIDTH, d], "relu")),
    weights.at("norm3"),
  );

  const toTokens = weights.at("cross_attn_image_to_token");
  const told = multiHeadAttention(keysWithPosition, add(queries, tokens), queries, toTokens, half);
  return { queries, keys: layerNorm(add(keysIn, told), weights.at("norm4")) };
}
