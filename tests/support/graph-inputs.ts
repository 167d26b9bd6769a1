/** Test support, pure: inputs for the graphs of the miniature model, the same numbers on every machine. */
import type { TestTensor } from "./graph-session.ts";
import { seededRandom } from "./mini-model.ts";

/** Sizes of `MINI_MODEL_YAML`. */
export const D = 32;
export const M = 8;
export const SIZE = 128;
export const SIDE = SIZE / 16;
export const TOKENS = SIDE * SIDE;

/** Values in -1..1 that depend on the label alone. */
export function noise(label: string, shape: number[]) {
  const random = seededRandom(label);
  const size = shape.reduce((product, dimension) => product * dimension, 1);
  return { shape, data: Float32Array.from({ length: size }, () => 2 * random() - 1) };
}

function filled(value: number, shape: number[]): TestTensor {
  const size = shape.reduce((product, dimension) => product * dimension, 1);
  return { shape, data: new Float32Array(size).fill(value) };
}

export function imageInputs(): Record<string, TestTensor> {
  return { image: noise("image", [1, 3, SIZE, SIZE]) };
}

export function decoderInputs(objects: number, points: number): Record<string, TestTensor> {
  const labels = noise("labels", [objects, points]);
  return {
    image_embedding: noise("features", [1, D, SIDE, SIDE]),
    features_s4: noise("s4", [1, D / 8, 4 * SIDE, 4 * SIDE]),
    features_s8: noise("s8", [1, D / 4, 2 * SIDE, 2 * SIDE]),
    no_memory: filled(1, [1]),
    point_coords: {
      shape: [objects, points, 2],
      data: noise("coords", [objects, points, 2]).data.map((x) => (x + 1) * 64),
    },
    point_labels: { shape: labels.shape, data: labels.data.map((x) => (x > 0 ? 1 : 0)) },
    mask_input: noise("mask", [objects, 1, 4 * SIDE, 4 * SIDE]),
    has_mask_input: filled(1, [objects]),
  };
}

export function attentionInputs(
  objects: number,
  memories: number,
  pointers: number,
): Record<string, TestTensor> {
  return {
    features_s16: noise("features", [1, D, SIDE, SIDE]),
    memories: noise("memories", [objects, memories, TOKENS, M]),
    memory_time: {
      shape: [objects, memories],
      data: BigInt64Array.from({ length: objects * memories }, (_, i) => BigInt(6 - (i % 7))),
    },
    object_pointers: noise("pointers", [objects, pointers, D]),
    pointer_time: noise("time", [objects, pointers]),
  };
}

export function encoderInputs(objects: number): Record<string, TestTensor> {
  return {
    features_s16: noise("features", [1, D, SIDE, SIDE]),
    mask_logits: noise("logits", [objects, 1, 4 * SIDE, 4 * SIDE]),
    binarize: { shape: [objects], data: Float32Array.from({ length: objects }, (_, i) => i % 2) },
    visible: { shape: [objects], data: Float32Array.from({ length: objects }, (_, i) => (i + 1) % 2) },
  };
}
