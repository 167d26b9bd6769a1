/**
 * Test support, in Node: gives each graph what the official implementation's stage got, and compares what
 * comes out with what was recorded. Features come from our own image encoder where none were recorded.
 */
import type { OnnxGraph } from "../../models/onnx/onnx-graph.ts";
import type { BuildOptions, Sam2Model } from "../../models/sam2/sam2-model.ts";
import { preprocess } from "../../worker/preprocess.ts";
import type { GoldenClip, GoldenStep, GoldenTensor, GoldenTensors } from "./golden.ts";
import { type GraphSession, type TestTensor, worstError } from "./graph-session.ts";

/** One comparison: where, and the largest absolute difference. */
export interface StageError {
  stage: string;
  where: string;
  error: number;
}

type Outputs = Record<string, { data: Float32Array; shape: number[] }>;

/** How a recording was thinned out; whole tensors where absent. */
type Subsample = (suffix: string, tensor: { data: Float32Array; shape: number[] }) => ArrayLike<number>;

const WHOLE: Subsample = (_, tensor) => tensor.data;

type StageSessions = Record<"encoder" | "decoder" | "attention" | "memory", GraphSession>;

export class StageReplay {
  readonly #model: Sam2Model;
  readonly #sessions: StageSessions;
  readonly #features = new Map<string, Outputs>();

  private constructor(model: Sam2Model, sessions: StageSessions) {
    this.#model = model;
    this.#sessions = sessions;
  }

  /** `openSession` runs a graph somewhere; the options are those with which the product builds for it. */
  static async open(
    model: Sam2Model,
    openSession: (graph: OnnxGraph) => Promise<GraphSession>,
    options: BuildOptions,
  ): Promise<StageReplay> {
    const layers = Array.from({ length: model.config.memoryAttention.numLayers }, (_, i) => `layer${i}`);
    const blocks = Array.from(
      { length: model.config.trunk.stages.reduce((a, b) => a + b, 0) },
      (_, i) => `block${i}`,
    );
    const open = async (name: Parameters<Sam2Model["buildGraph"]>[0], taps: string[]) =>
      openSession(await model.buildGraph(name, { ...options, taps }));
    return new StageReplay(model, {
      encoder: await open("image-encoder", ["patch_embed", ...blocks, "fpn_raw.1", "fpn_raw.2"]),
      decoder: await open("mask-decoder", ["prompt_sparse", "prompt_dense", "hs", "src_out"]),
      attention: await open("memory-attention", layers),
      memory: await open("memory-encoder", ["mask_in_highres", "mask_downsampled"]),
    });
  }

  async close(): Promise<void> {
    for (const session of Object.values(this.#sessions)) await session.close();
  }

  /** The image encoder on a frame of the clip, once. */
  async features(clip: GoldenClip, clipName: string, frame: number): Promise<Outputs> {
    const key = `${clipName} ${frame}`;
    const known = this.#features.get(key);
    if (known !== undefined) return known;
    const side = this.#model.config.imageSize;
    const picture = { width: clip.width, height: clip.height, data: withAlpha(clip.frame(frame)) };
    const image = { data: preprocess(picture, side), shape: [1, 3, side, side] };
    const outputs = await this.#sessions.encoder.run({ image });
    this.#features.set(key, outputs);
    return outputs;
  }

  compareEncoder(features: Outputs, golden: GoldenTensors, prefix: string, subsample = WHOLE): StageError[] {
    const finals = { features_s4: "fpn_final.0", features_s8: "fpn_final.1", features_s16: "fpn_final.2" };
    return Object.entries(features).flatMap(([name, tensor]) => {
      const suffix = finals[name as keyof typeof finals] ?? name;
      const stage = name.startsWith("features") ? "image encoder: features" : "image encoder: inside";
      return compare(stage, `${prefix}.${suffix}`, subsample(suffix, tensor), golden);
    });
  }

  async compareAttention(golden: GoldenTensors, prefix: string, step: GoldenStep): Promise<StageError[]> {
    const { config } = this.#model;
    const d = config.neck.dModel;
    const m = config.memoryEncoder.memoryDim;
    const side = config.imageSize / config.backboneStride;
    const memory = floats(golden, `${prefix}.memattn.memory`);
    const frames = step.mem_frames ?? [];
    const pointers = step.ptrs ?? [];
    const spatial = frames.length * side * side * m;
    const outputs = await this.#sessions.attention.run({
      features_s16: {
        data: channelsFirst(floats(golden, `${prefix}.memattn.curr`), d),
        shape: [1, d, side, side],
      },
      memories: { data: memory.slice(0, spatial), shape: [1, frames.length, side * side, m] },
      memory_time: {
        data: BigInt64Array.from(frames, ([time]) => BigInt(config.numMaskmem - time - 1)),
        shape: [1, frames.length],
      },
      object_pointers: { data: memory.slice(spatial), shape: [1, pointers.length, d] },
      pointer_time: {
        data: Float32Array.from(pointers, ([distance]) => distance / step.t_diff_max!),
        shape: [1, pointers.length],
      },
    });
    return Object.entries(outputs).flatMap(([name, tensor]) =>
      name === "conditioned"
        ? compare("memory attention", `${prefix}.memattn.out`, channelsLast(tensor.data, d), golden)
        : compare("memory attention: layers", `${prefix}.memattn.${name}`, tensor.data, golden),
    );
  }

  async compareDecoder(
    golden: GoldenTensors,
    prefix: string,
    step: GoldenStep,
    features: Outputs,
  ): Promise<StageError[]> {
    const d = this.#model.config.neck.dModel;
    const side = this.#model.config.imageSize / this.#model.config.backboneStride;
    const attended = golden.get(`${prefix}.memattn.out`);
    const conditioned = golden.get(`${prefix}.pix_feat_with_mem`);
    const maskPrompt = golden.get(`${prefix}.mask_inputs`);
    const embedding = attended
      ? channelsFirst(attended.data as Float32Array, d)
      : ((conditioned?.data as Float32Array | undefined) ?? features.features_s16!.data);
    // A recorded embedding has "no memory" in it already; a mask prompt is decoded without it.
    const outputs = await this.#sessions.decoder.run({
      image_embedding: { data: embedding, shape: [1, d, side, side] },
      features_s4: features.features_s4!,
      features_s8: features.features_s8!,
      no_memory: {
        data: Float32Array.of(attended || conditioned || maskPrompt ? 0 : 1),
        shape: [1],
      },
      ...this.#prompts(golden, prefix, side, maskPrompt),
    });
    return [
      ...compare("prompt encoder: points", `${prefix}.prompt.sparse`, outputs.prompt_sparse!.data, golden),
      ...compareDense(`${prefix}.prompt.dense`, outputs.prompt_dense!.data, d, golden),
      ...compare("mask decoder: tokens", `${prefix}.decoder.hs`, outputs.hs!.data, golden),
      ...compare("mask decoder: image tokens", `${prefix}.decoder.src_out`, outputs.src_out!.data, golden),
      ...compare("mask decoder: masks", `${prefix}.decoder.masks4`, outputs.masks!.data, golden),
      ...compare("mask decoder: predicted IoU", `${prefix}.decoder.iou4`, outputs.ious!.data, golden),
      ...(maskPrompt ? [] : this.#compareHeads(golden, prefix, step, outputs)),
    ];
  }

  /** Score and pointer as they come out of the decoder; a hidden object's pointer is the tracker's matter. */
  #compareHeads(golden: GoldenTensors, prefix: string, step: GoldenStep, outputs: Outputs): StageError[] {
    const d = this.#model.config.neck.dModel;
    const score = compare(
      "mask decoder: object score",
      `${prefix}.object_score_logits`,
      outputs.object_score!.data,
      golden,
    );
    if (step.object_score === undefined || step.object_score <= 0) return score;
    const token = step.multimask_output ? step.chosen! + 1 : 0;
    const pointer = outputs.object_pointers!.data.slice(token * d, (token + 1) * d);
    return [...score, ...compare("object pointer", `${prefix}.obj_ptr`, pointer, golden)];
  }

  #prompts(
    golden: GoldenTensors,
    prefix: string,
    side: number,
    maskPrompt: GoldenTensor | undefined,
  ): Record<string, TestTensor> {
    const labels = golden.get(`${prefix}.point_labels`);
    const coords = golden.get(`${prefix}.point_coords`);
    const previous = golden.get(`${prefix}.prev_sam_mask_logits`);
    const count = labels?.shape[1] ?? 1;
    const mask = maskPrompt ? this.#downsample(maskPrompt) : (previous?.data as Float32Array | undefined);
    return {
      point_coords: { data: Float32Array.from(coords?.data ?? [0, 0]), shape: [1, count, 2] },
      point_labels: { data: Float32Array.from(labels?.data ?? [-1]), shape: [1, count] },
      mask_input: { data: mask ?? new Float32Array(16 * side * side), shape: [1, 1, 4 * side, 4 * side] },
      has_mask_input: { data: Float32Array.of(mask ? 1 : 0), shape: [1] },
    };
  }

  /** The 4x4 convolution of stride 4 by which a mask prompt becomes decoder logits. */
  #downsample(mask: GoldenTensor): Float32Array {
    const { weight, bias } = this.#model.constants.maskDownsample!;
    const side = mask.shape[3]!;
    const out = side / 4;
    return Float32Array.from({ length: out * out }, (_, i) => {
      const at = Math.floor(i / out) * 4 * side + (i % out) * 4;
      return weight.reduce(
        (sum, w, k) => sum + w * mask.data[at + Math.floor(k / 4) * side + (k % 4)]!,
        bias,
      );
    });
  }

  async compareMemory(
    golden: GoldenTensors,
    prefix: string,
    inputs: { logits: Float32Array; binarize: boolean; visible: boolean },
    features: Outputs,
  ): Promise<StageError[]> {
    const { config } = this.#model;
    const m = config.memoryEncoder.memoryDim;
    const side = config.imageSize / config.backboneStride;
    const outputs = await this.#sessions.memory.run({
      features_s16: features.features_s16!,
      mask_logits: { data: inputs.logits, shape: [1, 1, 4 * side, 4 * side] },
      binarize: { data: Float32Array.of(Number(inputs.binarize)), shape: [1] },
      visible: { data: Float32Array.of(Number(inputs.visible)), shape: [1] },
    });
    const stored = golden.get(`${prefix}.maskmem_features`);
    const rounded = stored && channelsLast(stored.data as Float32Array, m);
    const masks = ["mask_in_highres", "mask_downsampled"];
    return [
      ...masks.flatMap((name) =>
        compare("memory encoder: mask", `${prefix}.memenc.${name}`, outputs[name]!.data, golden),
      ),
      ...compare(
        "memory encoder: features",
        `${prefix}.memenc.features_f32`,
        outputs.memory_features!.data,
        golden,
      ),
      ...(rounded
        ? [
            {
              stage: "memory encoder: stored (bfloat16 steps)",
              where: prefix,
              error: worstSteps(outputs.memories!.data, rounded),
            },
          ]
        : []),
    ];
  }
}

/** RGB to RGBA. */
function withAlpha(rgb: Uint8Array): Uint8ClampedArray {
  const pixels = new Uint8ClampedArray((rgb.length / 3) * 4).fill(255);
  for (let i = 0; i < rgb.length; i++) pixels[Math.floor(i / 3) * 4 + (i % 3)] = rgb[i]!;
  return pixels;
}

function compare(
  stage: string,
  name: string,
  actual: ArrayLike<number>,
  golden: GoldenTensors,
): StageError[] {
  const expected = golden.get(name);
  return expected ? [{ stage, where: name, error: worstError(actual, expected.data) }] : [];
}

/** Recorded as [1, d, 1, 1] where it is the same everywhere. */
function compareDense(name: string, actual: Float32Array, d: number, golden: GoldenTensors): StageError[] {
  const expected = golden.get(name)?.data;
  if (expected === undefined) return [];
  const whole =
    expected.length === d
      ? Float32Array.from(actual, (_, i) => expected[i % d]!)
      : channelsLast(expected as Float32Array, d);
  return [{ stage: "prompt encoder: mask", where: name, error: worstError(actual, whole) }];
}

function floats(golden: GoldenTensors, name: string): Float32Array {
  const tensor = golden.get(name);
  if (tensor === undefined) throw new Error(`The recording has no ${name}.`);
  return tensor.data as Float32Array;
}

/** [tokens, channels] to [channels, tokens]. */
function channelsFirst(data: Float32Array, channels: number): Float32Array {
  const tokens = data.length / channels;
  return Float32Array.from(data, (_, i) => data[(i % tokens) * channels + Math.floor(i / tokens)]!);
}

/** [channels, tokens] to [tokens, channels]. */
function channelsLast(data: Float32Array, channels: number): Float32Array {
  return channelsFirst(data, data.length / channels);
}

/** How many bfloat16 values two lie apart at most; values below 0.05 count in steps of 0.05's. */
function worstSteps(actual: Float32Array, expected: Float32Array): number {
  let worst = 0;
  for (let i = 0; i < expected.length; i++) {
    const exponent = Math.floor(Math.log2(Math.max(Math.abs(expected[i]!), 0.05)));
    worst = Math.max(worst, Math.abs(actual[i]! - expected[i]!) / 2 ** (exponent - 7));
  }
  return worst;
}
