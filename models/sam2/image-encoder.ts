/** Pure: the image encoder: a picture to the three feature maps that the other parts read. */
import { pointwiseConv } from "../layers/basic-layers.ts";
import { lowered } from "../layers/half-precision.ts";
import { product, sum, transposed } from "../layers/matrix.ts";
import type { Weights } from "../layers/weights.ts";
import { GraphBuilder, type Value } from "../onnx/graph-builder.ts";
import { add, matMul, mul, reshape, resize, transpose } from "../onnx/ops.ts";
import type { FpnNeckConfig, Sam2Config } from "./config.ts";
import { hiera } from "./hiera.ts";
import type { BuildOptions } from "./sam2-model.ts";
import { reordered, type TokenMap, toPicture } from "./token-map.ts";

/** Taps: patch_embed, block0 … [1, h, w, C]; fpn_raw.0 … fpn_raw.2 [1, d, h, w]. */
export function imageEncoder(config: Sam2Config, weights: Weights, options: BuildOptions): GraphBuilder {
  const graph = new GraphBuilder("image-encoder", { ...options, half: config.halfPrecision });
  const side = config.imageSize;
  const d = config.neck.dModel;
  const image = graph.input("image", "float32", [1, 3, side, side]);
  const stages = graph.layer("trunk", () =>
    hiera(lowered(image), weights.at("image_encoder").at("trunk"), config.trunk),
  );
  const neck = new FpnNeck(stages, weights, config.neck);
  const decoder = weights.at("sam_mask_decoder");
  const s4 = graph.layer("features_s4", () => neck.projected(0, decoder.at("conv_s0"), d / 8));
  const s8 = graph.layer("features_s8", () => neck.projected(1, decoder.at("conv_s1"), d / 4));
  const s16 = graph.layer("features_s16", () => neck.level(2));
  for (const level of [0, 1, 2]) graph.tap(`fpn_raw.${level}`, () => toPicture(neck.level(level)));
  graph.output("features_s4", toPicture(s4), [1, d / 8, side / 4, side / 4]);
  graph.output("features_s8", toPicture(s8), [1, d / 4, side / 8, side / 8]);
  graph.output("features_s16", toPicture(s16), [1, d, side / 16, side / 16]);
  return graph;
}

/** The feature pyramid. Level 0 is the finest; upstream stores its convolutions from the coarsest. */
class FpnNeck {
  readonly #stages: TokenMap[];
  readonly #weights: Weights;
  readonly #config: FpnNeckConfig;

  constructor(stages: TokenMap[], weights: Weights, config: FpnNeckConfig) {
    this.#stages = stages;
    this.#weights = weights.at("image_encoder").at("neck");
    this.#config = config;
  }

  /** d channels. */
  level(index: number): TokenMap {
    const stage = this.#stages[index]!;
    const lateral = pointwiseConv(stage.tokens, this.#lateralWeights(index), this.#config.dModel);
    if (!this.#hasTopDown(index)) return { ...stage, tokens: lateral };
    const rows = reordered({ ...stage, tokens: lateral }, stage.side);
    const both = add(rows.tokens, enlarged(this.level(index + 1), stage.side, this.#config));
    return { ...rows, tokens: this.#config.fuse === "avg" ? mul(both, 0.5) : both };
  }

  /**
   * A level after one more 1x1 convolution. Where the level is a convolution only, the two are one: the
   * widest map of the model is then never made.
   */
  projected(index: number, head: Weights, out: number): TokenMap {
    if (this.#hasTopDown(index)) {
      const level = this.level(index);
      return { ...level, tokens: pointwiseConv(level.tokens, head, out) };
    }
    const stage = this.#stages[index]!;
    return {
      ...stage,
      tokens: twoConvolutions(stage.tokens, this.#lateralWeights(index), head, this.#config.dModel, out),
    };
  }

  #hasTopDown(index: number): boolean {
    return index < this.#stages.length - 1 && this.#config.topDownLevels.includes(index);
  }

  #lateralWeights(index: number): Weights {
    return this.#weights.at(`convs.${this.#stages.length - 1 - index}`).at("conv");
  }
}

/** A coarser level at a finer one's size, [1, side * side, d] row by row. */
function enlarged(coarser: TokenMap, side: number, config: FpnNeckConfig): Value {
  const mode = config.interpolation === "nearest" ? "nearest" : "linear";
  const picture = resize(toPicture(coarser), side, side, mode);
  return transpose(reshape(picture, [1, config.dModel, side * side]), [0, 2, 1]);
}

/** Two 1x1 convolutions, d channels between, as one. */
function twoConvolutions(x: Value, first: Weights, second: Weights, d: number, out: number): Value {
  const width = Number(x.shape[2]);
  const inner = first.get("weight", [d, width, 1, 1]);
  const innerBias = first.get("bias", [d]);
  const outer = second.get("weight", [out, d, 1, 1]);
  const outerBias = second.get("bias", [out]);
  const matrix = x.graph.initializer(`${outer.key} of ${inner.key}`, [width, out], async () =>
    transposed(product(await outer.load(), await inner.load(), out, d), out, width),
  );
  const offset = x.graph.initializer(`${outerBias.key} of ${innerBias.key}`, [out], async () =>
    sum(product(await outer.load(), await innerBias.load(), out, d), await outerBias.load()),
  );
  return add(matMul(x, matrix), offset);
}
