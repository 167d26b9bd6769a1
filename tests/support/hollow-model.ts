/**
 * Test support: a model of any size that computes nothing. Its results have the true shapes, so that what the
 * tracker itself holds and copies can be counted in seconds, at sizes that take a processor hours.
 */
import type { GraphName } from "../../models/onnx/onnx-graph.ts";
import type { Sam2Config } from "../../models/sam2/config.ts";
import type { Sam2Model } from "../../models/sam2/sam2-model.ts";
import type { InferenceRuntime, Tensor } from "../../worker/inference/inference-session.ts";

export function hollowModel(config: Sam2Config): Sam2Model {
  return {
    config,
    constants: { noObjectPointer: null, maskDownsample: null },
    buildGraph: async (name) => ({
      name,
      model: new Uint8Array(),
      externalData: [],
      inputs: [],
      outputs: [],
    }),
  };
}

export function hollowRuntime(config: Sam2Config): InferenceRuntime {
  return {
    backend: "native",
    threads: 1,
    half: false,
    runsBeside: false,
    lost: new Promise(() => {}),
    tensor: (data, shape) => tensorOf(shape, async () => data),
    indexTensor: (_, shape) => tensorOf(shape, async () => new Float32Array()),
    createSession: async ({ name }) => ({
      graph: name,
      release: async () => {},
      run: async (inputs) => {
        const batch = batchOf(name, inputs);
        return Object.fromEntries(
          Object.entries(outputShapes(config, batch)[name]).map(([output, shape]) => [output, ones(shape)]),
        );
      },
    }),
  };
}

/** Of all that the tracker reads, by `models/sam2/sam2-model.ts`. */
function outputShapes(config: Sam2Config, B: number): Record<GraphName, Record<string, number[]>> {
  const d = config.neck.dModel;
  const [h, side] = [config.imageSize / 16, config.imageSize / 4];
  return {
    "image-encoder": {
      features_s4: [1, d / 8, side, side],
      features_s8: [1, d / 4, side / 2, side / 2],
      features_s16: [1, d, h, h],
    },
    "memory-attention": { conditioned: [B, d, h, h] },
    "mask-decoder": {
      masks: [B, 4, side, side],
      ious: [B, 4],
      object_pointers: [B, 4, d],
      object_score: [B, 1],
    },
    "memory-encoder": { memories: [B, h * h, config.memoryEncoder.memoryDim] },
  };
}

const BATCHED: Record<GraphName, string> = {
  "image-encoder": "image",
  "memory-attention": "memories",
  "mask-decoder": "point_labels",
  "memory-encoder": "mask_logits",
};

function batchOf(name: GraphName, inputs: Readonly<Record<string, Tensor>>): number {
  return inputs[BATCHED[name]]?.shape[0] ?? 1;
}

/** 1 everywhere: the object is visible, and all of the picture. */
function ones(shape: number[]): Tensor {
  const data = new Float32Array(shape.reduce((product, length) => product * length, 1)).fill(1);
  return tensorOf(shape, async () => data);
}

function tensorOf(shape: readonly number[], read: () => Promise<Float32Array>): Tensor {
  return { shape, read, release: () => {} };
}
