/**
 * Runs in the tracking worker or in Node: the four graphs of one model as four functions. It knows tensors
 * and shapes; which frames to remember and which mask to take is decided elsewhere.
 *
 * d, m, h, w, S as in `models/sam2/sam2-model.ts`; B objects in one run.
 */

import { range } from "../models/layers/matrix.ts";
import type { GraphName } from "../models/onnx/onnx-graph.ts";
import type { Sam2Config } from "../models/sam2/config.ts";
import type { Sam2Constants, Sam2Model } from "../models/sam2/sam2-model.ts";
import { bfloatsOf, floatsOf } from "./bfloat.ts";
import { DeviceMemories } from "./device-memories.ts";
import { graphOptionsFor } from "./inference/graph-options.ts";
import type { InferenceRuntime, InferenceSession, Tensor } from "./inference/inference-session.ts";
import type { MemorySelection } from "./memory-bank.ts";
import { TrackerError } from "./tracker-error.ts";

/** What the image encoder says about one frame; all objects share it. */
export interface ImageFeatures {
  /** [1, d/8, S/4, S/4] */
  s4: Tensor;
  /** [1, d/4, S/8, S/8] */
  s8: Tensor;
  /** [1, d, h, w] */
  s16: Tensor;
}

export function releaseFeatures({ s4, s8, s16 }: ImageFeatures): void {
  for (const tensor of [s4, s8, s16]) tensor.release();
}

/** The prompts of one object, as the decoder takes them. */
export interface DecoderPrompt {
  /** x, y pairs in model pixels. */
  coordinates: Float32Array;
  /** 1, 0, 2 and 3 for a box's corners, -1 for no point; one per pair. */
  labels: Float32Array;
  /** [S/4, S/4] logits; null: none. */
  maskLogits: Float32Array | null;
}

/** All four candidates of one object, before any selection; index 0 is the single-mask token's. */
export interface DecoderCandidates {
  /** 4 maps of [S/4, S/4] logits. */
  masks: Float32Array[];
  ious: number[];
  /** 4 of [d] */
  pointers: Float32Array[];
  objectScore: number;
}

export interface MemoryRequest {
  /** [S/4, S/4] */
  logits: Float32Array;
  binarize: boolean;
  visible: boolean;
}

const GRAPHS: readonly GraphName[] = ["image-encoder", "memory-attention", "mask-decoder", "memory-encoder"];

/** Read by other graphs only. */
const KEEP_ON_DEVICE = ["features_s4", "features_s8", "features_s16", "conditioned"];

/** On processors it is only slow; a graphics card without 16-bit shaders can't run such graphs at all. */
function checkHalfPrecision({ halfPrecision }: Sam2Config, { backend, half }: InferenceRuntime): void {
  if (!halfPrecision || half || backend !== "webgpu") return;
  throw new TrackerError(
    "bad-config",
    "half_precision needs a graphics card and a browser with 16-bit shaders (shader-f16); here there are none.",
    "Load the model without half_precision.",
  );
}

/** What overflows becomes infinite, and not a number in the next norm, which passes it on to all that follows. */
function outOfHalfRange(): TrackerError {
  return new TrackerError(
    "bad-config",
    "half_precision: this model's numbers leave the range of 16 bits (65504) on this frame, so there is no mask.",
    "Load the model without half_precision; what is tracked so far is kept.",
  );
}

const WEBGPU_BUFFER_BYTES = 128 * 1024 * 1024;

export class Sam2Engine {
  readonly config: Sam2Config;
  readonly constants: Sam2Constants;
  readonly runtime: InferenceRuntime;
  readonly #sessions: Record<GraphName, InferenceSession>;
  readonly #memories = new DeviceMemories();

  private constructor(
    model: Sam2Model,
    runtime: InferenceRuntime,
    sessions: Record<GraphName, InferenceSession>,
  ) {
    this.config = model.config;
    this.constants = model.constants;
    this.runtime = runtime;
    this.#sessions = sessions;
  }

  /** Builds graph after graph, so that the weights of only one are held twice at a time. */
  static async load(
    model: Sam2Model,
    runtime: InferenceRuntime,
    onProgress: (phase: "build" | "session", graph: GraphName) => void = () => {},
  ): Promise<Sam2Engine> {
    checkHalfPrecision(model.config, runtime);
    const sessions: Partial<Record<GraphName, InferenceSession>> = {};
    try {
      // Memories are read here too, to be stored; kept where the next run can join them.
      const keepOnDevice = runtime.join ? [...KEEP_ON_DEVICE, "memories"] : KEEP_ON_DEVICE;
      for (const name of GRAPHS) {
        onProgress("build", name);
        const graph = await model.buildGraph(name, graphOptionsFor(runtime.backend));
        onProgress("session", name);
        sessions[name] = await runtime.createSession(graph, { keepOnDevice });
      }
      return new Sam2Engine(model, runtime, sessions as Record<GraphName, InferenceSession>);
    } catch (error) {
      await Promise.all(Object.values(sessions).map((session) => session.release()));
      throw error;
    }
  }

  async release(): Promise<void> {
    this.#memories.release();
    await Promise.all(Object.values(this.#sessions).map((session) => session.release()));
  }

  /** Side of a logit map: S / 4. */
  get maskSide(): number {
    return this.config.imageSize / 4;
  }

  /** h = w. */
  get featureSide(): number {
    return this.config.imageSize / this.config.backboneStride;
  }

  /**
   * Memories that one run may read, over all its objects: their keys of one layer are the largest buffer,
   * and WebGPU promises buffers of 128 MiB, no more.
   */
  get memoriesPerRun(): number {
    const bytesPerMemory = this.featureSide ** 2 * this.config.neck.dModel * Float32Array.BYTES_PER_ELEMENT;
    return Math.floor(WEBGPU_BUFFER_BYTES / bytesPerMemory);
  }

  /** `image`: [3, S, S], normalised. */
  async encodeImage(image: Float32Array): Promise<ImageFeatures> {
    const { imageSize } = this.config;
    const outputs = await this.#run("image-encoder", {
      image: this.#floats(image, [1, 3, imageSize, imageSize]),
    });
    return {
      s4: take(outputs, "features_s4"),
      s8: take(outputs, "features_s8"),
      s16: take(outputs, "features_s16"),
    };
  }

  /** All selections have the same numbers of memories and of pointers. Returns [B, d, h, w]. */
  async attendToMemory(features: ImageFeatures, selections: MemorySelection[]): Promise<Tensor> {
    const batch = selections.length;
    const memoryCount = selections[0]?.memories.length ?? 0;
    const pointerCount = selections[0]?.pointers.length ?? 0;
    const { dModel } = this.config.neck;
    const tokens = this.featureSide ** 2;
    const outputs = await this.#run(
      "memory-attention",
      {
        memories: this.#join(await readMemories(selections), [
          batch,
          memoryCount,
          tokens,
          this.config.memoryEncoder.memoryDim,
        ]),
        memory_time: this.runtime.indexTensor(this.#timeRows(selections), [batch, memoryCount]),
        object_pointers: this.#floats(join(pointersOf(selections)), [batch, pointerCount, dModel]),
        pointer_time: this.#floats(pointerTimes(selections), [batch, pointerCount]),
      },
      { features_s16: features.s16 },
    );
    return take(outputs, "conditioned");
  }

  /** Row of the learned temporal encoding: conditioning frames have the last one. */
  #timeRows(selections: MemorySelection[]): BigInt64Array {
    const rows = selections.flatMap(({ memories }) =>
      memories.map(({ timePosition }) => BigInt(this.config.numMaskmem - timePosition - 1)),
    );
    return BigInt64Array.from(rows);
  }

  /**
   * `embedding`: [B or 1, d, h, w]. All prompts have the same number of points. `noMemory` adds the
   * embedding that stands for an empty memory.
   */
  async decode(
    features: ImageFeatures,
    embedding: Tensor,
    noMemory: boolean,
    prompts: DecoderPrompt[],
  ): Promise<DecoderCandidates[]> {
    const batch = prompts.length;
    const points = prompts[0]?.labels.length ?? 0;
    const side = this.maskSide;
    const outputs = await this.#run(
      "mask-decoder",
      {
        no_memory: this.#floats(Float32Array.of(noMemory ? 1 : 0), [1]),
        point_coords: this.#floats(join(prompts.map(({ coordinates }) => coordinates)), [batch, points, 2]),
        point_labels: this.#floats(join(prompts.map(({ labels }) => labels)), [batch, points]),
        mask_input: this.#floats(joinMaskPrompts(prompts, side * side), [batch, 1, side, side]),
        has_mask_input: this.#floats(
          Float32Array.from(prompts, ({ maskLogits }) => (maskLogits ? 1 : 0)),
          [batch],
        ),
      },
      { image_embedding: embedding, features_s4: features.s4, features_s8: features.s8 },
    );
    return this.#readCandidates(outputs, batch);
  }

  async #readCandidates(outputs: Record<string, Tensor>, batch: number): Promise<DecoderCandidates[]> {
    try {
      const [masks, ious, pointers, scores] = await Promise.all(
        ["masks", "ious", "object_pointers", "object_score"].map((name) => take(outputs, name).read()),
      );
      if (!masks || !ious || !pointers || !scores) throw new Error("Unreachable: four were read.");
      if (this.config.halfPrecision && scores.some(Number.isNaN)) throw outOfHalfRange();
      return Array.from({ length: batch }, (_, object) => ({
        masks: fourOf(masks, batch, object),
        ious: [...ious.subarray(object * 4, object * 4 + 4)],
        pointers: fourOf(pointers, batch, object),
        objectScore: scores[object] as number,
      }));
    } finally {
      for (const tensor of Object.values(outputs)) tensor.release();
    }
  }

  /** One [h * w, m] memory per request, as bfloat16. */
  async encodeMemories(features: ImageFeatures, requests: MemoryRequest[]): Promise<Uint16Array[]> {
    const batch = requests.length;
    const side = this.maskSide;
    const flags = (flag: (request: MemoryRequest) => boolean) =>
      this.#floats(
        Float32Array.from(requests, (request) => (flag(request) ? 1 : 0)),
        [batch],
      );
    const outputs = await this.#run(
      "memory-encoder",
      {
        mask_logits: this.#floats(join(requests.map(({ logits }) => logits)), [batch, 1, side, side]),
        binarize: flags(({ binarize }) => binarize),
        visible: flags(({ visible }) => visible),
      },
      { features_s16: features.s16 },
    );
    const memories = take(outputs, "memories");
    const spare = Object.values(outputs).filter((tensor) => tensor !== memories);
    for (const tensor of spare) tensor.release();
    return this.#store(memories, batch);
  }

  /** The tensor itself stays where it is, where attention can read it there. */
  async #store(memories: Tensor, batch: number): Promise<Uint16Array[]> {
    let isKept = false;
    try {
      const values = await memories.read();
      const length = values.length / batch;
      const stored = range(0, batch).map((index) =>
        bfloatsOf(values.subarray(index * length, (index + 1) * length)),
      );
      isKept = this.runtime.join !== undefined;
      if (isKept) this.#memories.keep(stored, memories);
      return stored;
    } finally {
      if (!isKept) memories.release();
    }
  }

  #join(memories: readonly Uint16Array[], shape: number[]): Tensor {
    if (!this.runtime.join || memories.length === 0) return this.#floats(floatsOf(memories), shape);
    return this.runtime.join(
      memories.map((memory) => this.#memories.find(memory) ?? floatsOf([memory])),
      shape,
    );
  }

  #floats(data: Float32Array, shape: number[]): Tensor {
    return this.runtime.tensor(data, shape);
  }

  /** Releases what was made for this run, leaves `borrowed` alone. */
  async #run(
    graph: GraphName,
    own: Record<string, Tensor>,
    borrowed: Record<string, Tensor> = {},
  ): Promise<Record<string, Tensor>> {
    try {
      return await this.#sessions[graph].run({ ...own, ...borrowed });
    } finally {
      for (const tensor of Object.values(own)) tensor.release();
    }
  }
}

// ---------------------------------------------------------------- joining and cutting arrays

function take(outputs: Record<string, Tensor>, name: string): Tensor {
  const tensor = outputs[name];
  if (tensor) return tensor;
  throw new Error(`Expected the graph to have an output ${name}, got ${Object.keys(outputs).join(", ")}.`);
}

/** The four parts of one object out of [B, 4, ...]; copies, because their tensor will be released. */
function fourOf(values: Float32Array, batch: number, object: number): Float32Array[] {
  const length = values.length / batch / 4;
  const start = object * 4 * length;
  return [0, 1, 2, 3].map((index) => values.slice(start + index * length, start + (index + 1) * length));
}

function join(parts: readonly Float32Array[]): Float32Array {
  const [only] = parts;
  if (only && parts.length === 1) return only;
  const joined = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

function joinMaskPrompts(prompts: DecoderPrompt[], length: number): Float32Array {
  return join(prompts.map(({ maskLogits }) => maskLogits ?? new Float32Array(length)));
}

function readMemories(selections: MemorySelection[]): Promise<Uint16Array[]> {
  const parts = selections.flatMap(({ memories }) =>
    memories.map(async ({ frameIndex, output }) => {
      const { memory } = await output.pixels.read();
      if (memory) return memory;
      throw new Error(`Expected the memory of frame ${frameIndex} to be encoded before it is read.`);
    }),
  );
  return Promise.all(parts);
}

function pointersOf(selections: MemorySelection[]): Float32Array[] {
  return selections.flatMap(({ pointers }) => pointers.map(({ output }) => output.pointer));
}

function pointerTimes(selections: MemorySelection[]): Float32Array {
  return Float32Array.from(
    selections.flatMap(({ pointers, longestDistance }) =>
      pointers.map(({ distance }) => distance / longestDistance),
    ),
  );
}
