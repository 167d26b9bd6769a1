/** Pure: the configurations that upstream publishes, and how a checkpoint without one is recognised. */
import type { StateDict } from "../checkpoint/state-dict.ts";
import { badConfig } from "../model-error.ts";
import type { Sam2Config, SinePositionConfig } from "./config.ts";

export type Sam2Version = "2.0" | "2.1";
export type Sam2Size = "tiny" | "small" | "base-plus" | "large";

interface TrunkSize {
  embedDim: number;
  numHeads: number;
  stages: number[];
  globalAttentionBlocks: number[];
  windowSpec: number[];
  positionSize: [number, number];
}

const TRUNKS: Record<Sam2Size, TrunkSize> = {
  tiny: {
    embedDim: 96,
    numHeads: 1,
    stages: [1, 2, 7, 2],
    globalAttentionBlocks: [5, 7, 9],
    windowSpec: [8, 4, 14, 7],
    positionSize: [7, 7],
  },
  small: {
    embedDim: 96,
    numHeads: 1,
    stages: [1, 2, 11, 2],
    globalAttentionBlocks: [7, 10, 13],
    windowSpec: [8, 4, 14, 7],
    positionSize: [7, 7],
  },
  "base-plus": {
    embedDim: 112,
    numHeads: 2,
    stages: [2, 3, 16, 3],
    globalAttentionBlocks: [12, 16, 20],
    windowSpec: [8, 4, 14, 7],
    positionSize: [14, 14],
  },
  large: {
    embedDim: 144,
    numHeads: 2,
    stages: [2, 6, 36, 4],
    globalAttentionBlocks: [23, 33, 43],
    windowSpec: [8, 4, 16, 8],
    positionSize: [7, 7],
  },
};

const SINE_POSITION: SinePositionConfig = { temperature: 10000, normalize: true, scale: 2 * Math.PI };

/** The configuration that upstream publishes beside a checkpoint. */
export function officialConfig(version: Sam2Version, size: Sam2Size): Sam2Config {
  const trunk = TRUNKS[size];
  const is21 = version === "2.1";
  return {
    imageSize: 1024,
    halfPrecision: false,
    backboneStride: 16,
    trunk: { ...trunk, queryPoolStages: 3, queryStride: 2, dimMultiplier: 2, headMultiplier: 2 },
    neck: {
      dModel: 256,
      backboneChannels: [8, 4, 2, 1].map((factor) => factor * trunk.embedDim),
      topDownLevels: [2, 3],
      interpolation: "nearest",
      fuse: "sum",
      scalp: 1,
      position: SINE_POSITION,
    },
    memoryAttention: {
      numLayers: 4,
      feedForwardDim: 2048,
      activation: "relu",
      ropeTheta: 10000,
      positionAtInput: true,
      positionAtSelfAttention: false,
      positionAtQueries: false,
      positionAtKeys: true,
      pooling: 1,
    },
    memoryEncoder: {
      memoryDim: 64,
      maskKernel: 3,
      maskStride: 2,
      maskPadding: 1,
      fuserLayers: 2,
      fuserKernel: 7,
      fuserPadding: 3,
      fuserDepthwise: true,
      fuserLayerScale: true,
      position: SINE_POSITION,
    },
    numMaskmem: 7,
    useObjectPointers: true,
    maxObjectPointers: 16,
    maxCondFramesInAttention: -1,
    memoryTemporalStride: 1,
    sigmoidScaleForMemory: 20,
    sigmoidBiasForMemory: -10,
    directlyAddNoMemoryEmbedding: true,
    useMaskInputAsOutput: true,
    useHighResolutionFeatures: true,
    noObjectEmbedSpatial: is21,
    multimaskOutput: true,
    multimaskMinPoints: 0,
    multimaskMaxPoints: 1,
    multimaskForTracking: true,
    useMultimaskTokenForPointer: true,
    iouPredictionUsesSigmoid: true,
    addTimeToPointers: is21,
    projectTimeOfPointers: is21,
    signedTimeOfPointers: is21,
    onlyPastPointers: true,
    useMlpForPointer: true,
    predictObjectScores: true,
    predictObjectScoresMlp: true,
    fixedNoObjectPointer: true,
    softNoObjectPointer: false,
    predictorOptions: {},
  };
}

/**
 * The configuration of a checkpoint that came without one, recognised by its tensors. Throws a ModelError
 * where it is none of the official sizes: windows, heads and global blocks do not show in the tensors.
 */
export function buildConfigFor(checkpoint: StateDict): Sam2Config {
  const embedDim = checkpoint.tensors.get("image_encoder.trunk.patch_embed.proj.weight")?.shape[0];
  const blocks = countBlocks(checkpoint);
  for (const size of Object.keys(TRUNKS) as Sam2Size[]) {
    const { embedDim: width, stages } = TRUNKS[size];
    if (width !== embedDim || stages.reduce((a, b) => a + b, 0) !== blocks) continue;
    return officialConfig(checkpoint.tensors.has("no_obj_embed_spatial") ? "2.1" : "2.0", size);
  }
  throw badConfig(
    embedDim === undefined
      ? "The checkpoint has no image encoder of SAM 2 (image_encoder.trunk.patch_embed.proj.weight)."
      : `The checkpoint is of no official size: its width is ${embedDim}, with ${blocks} blocks.`,
    "Give its configuration file (upstream's .yaml keys) along with it.",
  );
}

function countBlocks(checkpoint: StateDict): number {
  let count = 0;
  while (checkpoint.tensors.has(`image_encoder.trunk.blocks.${count}.norm1.weight`)) count += 1;
  return count;
}
