/**
 * Test support, in Node: SAM 2.1 tiny tracks the recorded clip with nothing but the four graphs: one click,
 * one object, a bank that is still filling. What a frame gives is kept for comparison.
 */
import type { GraphName } from "../../models/onnx/onnx-graph.ts";
import { graphOptionsFor } from "../../worker/inference/graph-options.ts";
import { preprocess } from "../../worker/preprocess.ts";
import { type GoldenClip, readGoldenClip } from "./golden.ts";
import { type GraphSession, openGraph, type TestBackend } from "./graph-session.ts";
import { tinyModel } from "./tiny-model.ts";

const D = 256;
const M = 64;
const SIZE = 1024;
const SIDE = 64;

export interface Tensor {
  data: Float32Array;
  shape: number[];
}

type Outputs = Record<string, Tensor>;

export interface TinyFrame {
  features: Outputs;
  /** Null on the first frame. */
  conditioned: Tensor | null;
  decoded: Outputs;
  memory: Outputs;
}

export class TinyTrack {
  readonly #sessions: Map<GraphName, GraphSession>;
  readonly #clip: GoldenClip;
  readonly #click: Float32Array;
  readonly #memories: Float32Array[] = [];
  readonly #pointers: Float32Array[] = [];

  /** `click`: model pixels, on the first frame. */
  static async open(backend: TestBackend, click: Float32Array): Promise<TinyTrack> {
    const model = await tinyModel();
    const sessions = new Map<GraphName, GraphSession>();
    for (const name of ["image-encoder", "mask-decoder", "memory-encoder", "memory-attention"] as const) {
      const taps = name === "mask-decoder" ? ["hs"] : [];
      const graph = await model.buildGraph(name, { ...graphOptionsFor(backend), taps });
      sessions.set(name, await openGraph(graph, backend));
    }
    return new TinyTrack(sessions, readGoldenClip("tiny/clip_bedroom4_960x540.npy.gz"), click);
  }

  private constructor(sessions: Map<GraphName, GraphSession>, clip: GoldenClip, click: Float32Array) {
    this.#sessions = sessions;
    this.#clip = clip;
    this.#click = click;
  }

  async close(): Promise<void> {
    for (const session of this.#sessions.values()) await session.close();
  }

  async next(): Promise<TinyFrame> {
    const frame = this.#memories.length;
    const features = await this.#run("image-encoder", {
      image: { data: this.#image(frame), shape: [1, 3, SIZE, SIZE] },
    });
    const conditioned = frame === 0 ? null : await this.#attend(frame, features);
    const decoded = await this.#decode(frame, features, conditioned ?? features.features_s16!);
    const memory = await this.#remember(frame, features, decoded);
    return { features, conditioned, decoded, memory };
  }

  #run(name: GraphName, inputs: Parameters<GraphSession["run"]>[0]): Promise<Outputs> {
    return this.#sessions.get(name)!.run(inputs);
  }

  #image(frame: number): Float32Array {
    const rgb = this.#clip.frame(frame);
    const data = new Uint8ClampedArray((rgb.length / 3) * 4).fill(255);
    for (let i = 0; i < rgb.length; i++) data[Math.floor(i / 3) * 4 + (i % 3)] = rgb[i]!;
    return preprocess({ width: this.#clip.width, height: this.#clip.height, data }, SIZE);
  }

  async #attend(frame: number, features: Outputs): Promise<Tensor> {
    // The conditioning frame first; then memories from old to new, pointers from new to old.
    const later = Array.from({ length: frame - 1 }, (_, i) => i + 1);
    const order = [0, ...later];
    const pointerOrder = [0, ...later.toReversed()];
    const outputs = await this.#run("memory-attention", {
      features_s16: features.features_s16!,
      memories: { data: joined(order.map((i) => this.#memories[i]!)), shape: [1, frame, SIDE * SIDE, M] },
      memory_time: {
        data: BigInt64Array.from(order, (i) => BigInt(i === 0 ? 6 : frame - i - 1)),
        shape: [1, frame],
      },
      object_pointers: { data: joined(pointerOrder.map((i) => this.#pointers[i]!)), shape: [1, frame, D] },
      pointer_time: {
        data: Float32Array.from(pointerOrder, (i) => (frame - i) / (this.#clip.frameCount - 1)),
        shape: [1, frame],
      },
    });
    return outputs.conditioned!;
  }

  #decode(frame: number, features: Outputs, embedding: Tensor): Promise<Outputs> {
    const isFirst = frame === 0;
    return this.#run("mask-decoder", {
      image_embedding: embedding,
      features_s4: features.features_s4!,
      features_s8: features.features_s8!,
      no_memory: filled(isFirst ? 1 : 0, [1]),
      point_coords: isFirst ? { data: this.#click, shape: [1, 1, 2] } : filled(0, [1, 1, 2]),
      point_labels: filled(isFirst ? 1 : -1, [1, 1]),
      mask_input: filled(0, [1, 1, 4 * SIDE, 4 * SIDE]),
      has_mask_input: filled(0, [1]),
    });
  }

  /** Of the three masks of one click, or of none, the one with the best predicted IoU is remembered. */
  async #remember(frame: number, features: Outputs, decoded: Outputs): Promise<Outputs> {
    const ious = [...decoded.ious!.data].slice(1);
    const chosen = 1 + ious.indexOf(Math.max(...ious));
    const area = 16 * SIDE * SIDE;
    this.#pointers.push(decoded.object_pointers!.data.slice(chosen * D, (chosen + 1) * D));
    const memory = await this.#run("memory-encoder", {
      features_s16: features.features_s16!,
      mask_logits: {
        data: decoded.masks!.data.slice(chosen * area, (chosen + 1) * area),
        shape: [1, 1, 4 * SIDE, 4 * SIDE],
      },
      binarize: filled(frame === 0 ? 1 : 0, [1]),
      visible: filled(1, [1]),
    });
    this.#memories.push(memory.memories!.data);
    return memory;
  }
}

function filled(value: number, shape: number[]): Tensor {
  return { data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(value), shape };
}

function joined(parts: Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  parts.reduce((at, part) => {
    all.set(part, at);
    return at + part.length;
  }, 0);
  return all;
}
