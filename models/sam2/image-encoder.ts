/** Pure: the image encoder: a picture to the three feature maps that the other parts read. */
import { pointwiseConv } from "../layers/basic-layers.ts";
import { product, sum, transposed } from "../layers/matrix.ts";
import type { Weights } from "../layers/weights.ts";
import { GraphBuilder, type Value } from "../onnx/graph-builder.ts";
import { add, matMul, mul, resize, transpose } from "../onnx/ops.ts";
import type { FpnNeckConfig, Sam2Config } from "./config.ts";
import { hiera } from "./hiera.ts";
import type { BuildOptions } from "./sam2-model.ts";

/** Taps: patch_embed, block0 … [1, h, w, C]; fpn_raw.0 … fpn_raw.2 [1, d, h, w]. */
export function imageEncoder(config: Sam2Config, weights: Weights, options: BuildOptions): GraphBuilder {
  const graph = new GraphBuilder("image-encoder", options.taps);
  const side = config.imageSize;
  const d = config.neck.dModel;
  const image = graph.input("image", "float32", [1, 3, side, side]);
  const stages = graph.layer("trunk", () =>
    hiera(image, weights.at("image_encoder").at("trunk"), config.trunk),
  );
  const neck = new FpnNeck(stages, weights, config.neck);
  const decoder = weights.at("sam_mask_decoder");
  const s4 = graph.layer("features_s4", () => neck.projected(0, decoder.at("conv_s0"), d / 8));
  const s8 = graph.layer("features_s8", () => neck.projected(1, decoder.at("conv_s1"), d / 4));
  const s16 = graph.layer("features_s16", () => neck.level(2));
  for (const level of [0, 1, 2]) {
    const name = `fpn_raw.${level}`;
    if (graph.wants(name)) graph.tap(name, channelsFirst(neck.level(level)));
  }
  graph.output("features_s4", channelsFirst(s4), [1, d / 8, side / 4, side / 4]);
  graph.output("features_s8", channelsFirst(s8), [1, d / 4, side / 8, side / 8]);
  graph.output("features_s16", channelsFirst(s16), [1, d, side / 16, side / 16]);
  return graph;
}

/** The feature pyramid. Level 0 is the finest; upstream stores its convolutions from the coarsest. */
class FpnNeck {
  readonly #stages: Value[];
  readonly #weights: Weights;
  readonly #config: FpnNeckConfig;

  constructor(stages: Value[], weights: Weights, config: FpnNeckConfig) {
    this.#stages = stages;
    this.#weights = weights.at("image_encoder").at("neck");
    this.#config = config;
  }

  /** [1, h, w, d] */
  level(index: number): Value {
    const lateral = pointwiseConv(this.#stages[index]!, this.#lateralWeights(index), this.#config.dModel);
    if (!this.#hasTopDown(index)) return lateral;
    const [, height, width] = lateral.shape as number[];
    const mode = this.#config.interpolation === "nearest" ? "nearest" : "linear";
    const coarser = channelsFirst(this.level(index + 1));
    const both = add(lateral, transpose(resize(coarser, height!, width!, mode), [0, 2, 3, 1]));
    return this.#config.fuse === "avg" ? mul(both, 0.5) : both;
  }

  /**
   * A level after one more 1x1 convolution. Where the level is a convolution only, the two are one: the
   * widest map of the model is then never made.
   */
  projected(index: number, head: Weights, out: number): Value {
    if (this.#hasTopDown(index)) return pointwiseConv(this.level(index), head, out);
    const x = this.#stages[index]!;
    const d = this.#config.dModel;
    const width = Number(x.shape[3]);
    const lateral = this.#lateralWeights(index);
    const inner = lateral.get("weight", [d, width, 1, 1]);
    const innerBias = lateral.get("bias", [d]);
    const outer = head.get("weight", [out, d, 1, 1]);
    const outerBias = head.get("bias", [out]);
    const matrix = x.graph.initializer(`${outer.key} of ${inner.key}`, [width, out], async () =>
      transposed(product(await outer.load(), await inner.load(), out, d), out, width),
    );
    const offset = x.graph.initializer(`${outerBias.key} of ${innerBias.key}`, [out], async () =>
      sum(product(await outer.load(), await innerBias.load(), out, d), await outerBias.load()),
    );
    return add(matMul(x, matrix), offset);
  }

  #hasTopDown(index: number): boolean {
    return index < this.#stages.length - 1 && this.#config.topDownLevels.includes(index);
  }

  #lateralWeights(index: number): Weights {
    return this.#weights.at(`convs.${this.#stages.length - 1 - index}`).at("conv");
  }
}

function channelsFirst(x: Value): Value {
  return transpose(x, [0, 3, 1, 2]);
}
