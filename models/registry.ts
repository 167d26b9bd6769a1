/** Pure: the models that are known: the eight official checkpoints of SAM 2 and 2.1, and the built-in one. */
import type { Sam2Config } from "./sam2/config.ts";
import { officialConfig, type Sam2Size, type Sam2Version } from "./sam2/official-configs.ts";

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
  inputSize: 384,
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
