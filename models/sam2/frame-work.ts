/** Pure: what one frame costs, graph by graph, for any configuration and state of the bank. */
import { countWork, type Work } from "../onnx/count-work.ts";
import type { GraphName } from "../onnx/onnx-graph.ts";
import { planOperations } from "./build-sam2.ts";
import type { Sam2Config } from "./config.ts";

export interface Situation {
  objects: number;
  /** Spatial memories and object pointers in the bank. */
  memories: number;
  pointers: number;
  /** Points of the prompt, without the padding point. */
  points: number;
}

/** A tracked frame of one object once the bank is full, with upstream's 7 memories and 16 pointers. */
export const FULL_BANK: Situation = { objects: 1, memories: 7, pointers: 16, points: 1 };

/** The mask decoder's own tokens: object score, IoU, four masks. */
const DECODER_TOKENS = 6;

export function frameWork(config: Sam2Config, situation: Situation): Record<GraphName, Work> {
  const lengths = lengthsOf(config, situation);
  const work = (name: GraphName) => countWork(planOperations(name, config), lengths);
  return {
    "image-encoder": work("image-encoder"),
    "memory-attention": work("memory-attention"),
    "mask-decoder": work("mask-decoder"),
    "memory-encoder": work("memory-encoder"),
  };
}

function lengthsOf(config: Sam2Config, { objects, memories, pointers, points }: Situation) {
  const tokens = (config.imageSize / config.backboneStride) ** 2;
  const parts = config.neck.dModel / config.memoryEncoder.memoryDim;
  const { pooling } = config.memoryAttention;
  const cells = tokens / pooling ** 2;
  return {
    B: objects,
    "B?": objects,
    M: memories,
    P: pointers,
    N: points,
    "N+1": points + 1,
    T: points + 1 + DECODER_TOKENS,
    "M*hw": memories * tokens,
    "P*parts": pointers * parts,
    "M*rows": (memories * Math.sqrt(tokens)) / pooling,
    "M*cells": memories * cells,
    K: memories * cells + pointers * parts,
  };
}
