/** Pure: the models that are known: the eight official checkpoints of SAM 2 and 2.1, and the built-in one. */
import type { StateDict } from "./checkpoint/state-dict.ts";
import { badConfig } from "./model-error.ts";
import type { Sam2Config, SinePositionConfig } from "./sam2/config.ts";

export interface ModelEntry {
  id: string;
  title: string;
  licence: string;
  /** Side of the square input, pixels. */
  inputSize: number;
  source: DownloadSource | EmbeddedSource;
}

export interface DownloadSource {
  kind: "download";
  url: string;
  fileName: string;
  bytes: number;
  /** Lower-case hex. */
  sha256: string;
  config: Sam2Config;
}

/** Committed with the project, beside `registry.ts`. */
export interface EmbeddedSource {
  kind: "embedded";
  /** Paths relative to this folder. */
  checkpoint: string;
  config: string;
}

export type Sam2Version = "2.0" | "2.1";
export type Sam2Size = "tiny" | "small" | "base-plus" | "large";

const BASE_URL = "https://dl.fbaipublicfiles.com/segment_anything_2/";

/** Sizes and SHA-256 of the published files. */
const OFFICIAL: { version: Sam2Version; size: Sam2Size; path: string; bytes: number; sha256: string }[] = [
  {
    version: "2.1",
    size: "tiny",
    path: "092824/sam2.1_hiera_tiny.pt",
    bytes: 156_008_466,
    sha256: "7402e0d864fa82708a20fbd15bc84245c2f26dff0eb43a4b5b93452deb34be69",
  },
  {
    version: "2.1",
    size: "small",
    path: "092824/sam2.1_hiera_small.pt",
    bytes: 184_416_285,
    sha256: "6d1aa6f30de5c92224f8172114de081d104bbd23dd9dc5c58996f0cad5dc4d38",
  },
  {
    version: "2.1",
    size: "base-plus",
    path: "092824/sam2.1_hiera_base_plus.pt",
    bytes: 323_606_802,
    sha256: "a2345aede8715ab1d5d31b4a509fb160c5a4af1970f199d9054ccfb746c004c5",
  },
  {
    version: "2.1",
    size: "large",
    path: "092824/sam2.1_hiera_large.pt",
    bytes: 898_083_611,
    sha256: "2647878d5dfa5098f2f8649825738a9345572bae2d4350a2468587ece47dd318",
  },
  {
    version: "2.0",
    size: "tiny",
    path: "072824/sam2_hiera_tiny.pt",
    bytes: 155_906_050,
    sha256: "65b50056e05bcb13694174f51bb6da89c894b57b75ccdf0ba6352c597c5d1125",
  },
  {
    version: "2.0",
    size: "small",
    path: "072824/sam2_hiera_small.pt",
    bytes: 184_309_650,
    sha256: "95949964d4e548409021d47b22712d5f1abf2564cc0c3c765ba599a24ac7dce3",
  },
  {
    version: "2.0",
    size: "base-plus",
    path: "072824/sam2_hiera_base_plus.pt",
    bytes: 323_493_298,
    sha256: "d0bb7f236400a49669ffdd1be617959a8b1d1065081789d7bbff88eded3a8071",
  },
  {
    version: "2.0",
    size: "large",
    path: "072824/sam2_hiera_large.pt",
    bytes: 897_952_466,
    sha256: "7442e4e9b732a508f80e141e7c2913437a3610ee0c77381a66658c3a445df87b",
  },
];

const TITLES: Record<Sam2Size, string> = {
  tiny: "Tiny",
  small: "Small",
  "base-plus": "Base+",
  large: "Large",
};

const BUILTIN: ModelEntry = {
  id: "builtin",
  title: "Built-in (Masklet nano)",
  licence: "Apache-2.0",
  inputSize: 256,
  source: { kind: "embedded", checkpoint: "embedded/masklet-nano.pt", config: "embedded/masklet-nano.yaml" },
};

/** The built-in model first, then SAM 2.1 and SAM 2 from small to large. */
export const MODELS: readonly ModelEntry[] = [
  BUILTIN,
  ...OFFICIAL.map(({ version, size, path, bytes, sha256 }): ModelEntry => {
    const config = officialConfig(version, size);
    return {
      id: `sam${version === "2.0" ? "2" : version}-${size}`,
      title: `SAM ${version === "2.0" ? "2" : version} ${TITLES[size]}`,
      licence: "Apache-2.0",
      inputSize: config.imageSize,
      source: {
        kind: "download",
        url: BASE_URL + path,
        fileName: path.slice(path.indexOf("/") + 1),
        bytes,
        sha256,
        config,
      },
    };
  }),
];

/** Undefined where there is no such model. */
export function findModel(id: string): ModelEntry | undefined {
  return MODELS.find((model) => model.id === id);
}

// ---------------------------------------------------------------- configurations

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
