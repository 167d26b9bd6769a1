/** In Node: configurations are read with upstream's keys and defaults, and mistakes in them are named. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { memorySource } from "../../models/byte-source.ts";
import { openCheckpoint } from "../../models/checkpoint/open-checkpoint.ts";
import type { StateDict } from "../../models/checkpoint/state-dict.ts";
import { ModelError } from "../../models/model-error.ts";
import { findModel, MODELS } from "../../models/registry.ts";
import { listTensors, openSam2 } from "../../models/sam2/build-sam2.ts";
import { parseSam2Config, withImageSize } from "../../models/sam2/config.ts";
import {
  buildConfigFor,
  officialConfig,
  type Sam2Size,
  type Sam2Version,
} from "../../models/sam2/official-configs.ts";
import { MINI_MODEL_YAML, seededCheckpoint } from "../support/mini-model.ts";

const MINI = parseSam2Config(MINI_MODEL_YAML);

function failure(build: () => unknown): ModelError {
  try {
    build();
  } catch (error) {
    expect(error).toBeInstanceOf(ModelError);
    return error as ModelError;
  }
  throw new Error("Nothing was refused.");
}

/** The tensors of a configuration, without values. */
function emptyStateDict(shapes: Map<string, number[]>): StateDict {
  return {
    format: "pt",
    tensors: new Map([...shapes].map(([name, shape]) => [name, { dtype: "f32", shape }])),
    read: async (name) => new Float32Array(shapes.get(name)!.reduce((a, b) => a * b, 1)),
  };
}

describe("a configuration file", () => {
  it("takes what it leaves out from upstream's classes", () => {
    expect(MINI.trunk).toMatchObject({ queryPoolStages: 3, dimMultiplier: 2, headMultiplier: 2 });
    expect(MINI).toMatchObject({ backboneStride: 16, maxObjectPointers: 16, maxCondFramesInAttention: -1 });
    expect(MINI).toMatchObject({ memoryTemporalStride: 1, softNoObjectPointer: false });
    expect(MINI.memoryEncoder.position.scale).toBe(2 * Math.PI);
  });

  it("reads 1e-6 as a number, as upstream's loader does", () => {
    expect(MINI.memoryEncoder.fuserLayerScale).toBe(true);
    const without = MINI_MODEL_YAML.replace("layer_scale_init_value: 1e-6", "layer_scale_init_value: 0");
    expect(parseSam2Config(without).memoryEncoder.fuserLayerScale).toBe(false);
  });

  it("keeps the predictor's options by their official names", () => {
    const yaml = `${MINI_MODEL_YAML}  fill_hole_area: 8\n  sam_mask_decoder_extra_args: { dynamic_multimask_via_stability: true }\n`;
    expect(parseSam2Config(yaml).predictorOptions).toEqual({
      fill_hole_area: 8,
      dynamic_multimask_via_stability: true,
    });
  });

  it.each([
    ["image_size: 128", "image_size: 100", /model\.image_size: expected a multiple of 32, got 100/],
    ["image_size: 128", "image_size: 160", undefined],
    ["image_size: 128", "image_size: big", /model\.image_size: expected a number, got "big"/],
    ["num_maskmem: 7", "num_maskmem: 0", /model\.num_maskmem: expected a whole number above 0/],
    [
      "stages: [1, 2, 3, 1]",
      "stages: [1, 2, 3]",
      /trunk\.window_spec: expected one window for each of 3 stages/,
    ],
    [
      "window_spec: [8, 4, 6, 3]",
      "window_spec: [8, 4, 7, 3]",
      /window_spec: expected an even window in stage 2/,
    ],
    ["window_spec: [8, 4, 6, 3]", "windw_spec: [8, 4, 6, 3]", /trunk\.windw_spec: this key is not known/],
    [
      "[64, 32, 16, 8]",
      "[64, 32, 16, 9]",
      /backbone_channel_list: expected \[64,32,16,8\], got \[64,32,16,9\]/,
    ],
    [
      "fpn_interp_model: nearest",
      "fpn_interp_model: cubic",
      /fpn_interp_model: expected nearest or bilinear/,
    ],
    ["pred_obj_scores: true", "pred_obj_scores: 1", /model\.pred_obj_scores: expected true or false, got 1/],
    ["activation: relu", "activation: glu", /layer\.activation: expected relu or gelu, got "glu"/],
    ["out_dim: 8", "out_dim: 7", /num_pos_feats: expected 7|out_dim: expected a divisor/],
    ["use_high_res_features_in_sam: true", "", /use_high_res_features_in_sam: expected true/],
    ["d_model: 32\n    pos", "d_model: 64\n    pos", /d_model: expected 32/],
    ["  memory_encoder:", "  memory_coder:", /model\.memory_encoder: expected keys with values, got nothing/],
  ])("with %s as %s is judged", (from, to, reason) => {
    const yaml = MINI_MODEL_YAML.replace(from, to);
    expect(yaml).not.toBe(MINI_MODEL_YAML);
    if (reason === undefined) expect(() => parseSam2Config(yaml)).not.toThrow(/a multiple of 32/);
    else expect(failure(() => parseSam2Config(yaml)).message).toMatch(reason);
  });

  it.each(["", "model: 3", "- a\n- b", "model:\n  a: [", "just words"])("that is %j is refused", (yaml) => {
    const error = failure(() => parseSam2Config(yaml));
    expect(error.code).toBe("bad-config");
    expect(error.remedy).not.toBe("");
  });

  it("can be given another legal input size, and no other", () => {
    expect(withImageSize(officialConfig("2.1", "tiny"), 512).imageSize).toBe(512);
    expect(failure(() => withImageSize(officialConfig("2.1", "tiny"), 500)).message).toMatch(/image_size/);
  });
});

describe("a checkpoint and a configuration", () => {
  const shapes = () => new Map(listTensors(MINI));
  const reasonFor = async (change: (tensors: Map<string, number[]>) => void) => {
    const tensors = shapes();
    change(tensors);
    const error = await openSam2(emptyStateDict(tensors), MINI).then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(ModelError);
    expect((error as ModelError).remedy).toMatch(/configuration/);
    return (error as ModelError).message;
  };

  it("fit together, and the constants are read", async () => {
    const model = await openSam2(await openCheckpoint(memorySource(seededCheckpoint(MINI))), MINI);
    expect(model.constants.noObjectPointer).toHaveLength(32);
    expect(model.constants.maskDownsample?.weight).toHaveLength(16);
  });

  it("a missing tensor is named with the shape it should have", async () => {
    const key = "memory_attention.layers.1.cross_attn_image.k_proj.weight";
    expect(await reasonFor((tensors) => tensors.delete(key))).toBe(
      `${key}: expected [32,8], but the checkpoint has no such tensor.`,
    );
  });

  it("a tensor of another shape is named with both shapes", async () => {
    const key = "sam_mask_decoder.iou_token.weight";
    expect(await reasonFor((tensors) => tensors.set(key, [1, 48]))).toBe(
      `${key}: expected [1,32], the checkpoint has [1,48].`,
    );
  });

  it("a tensor that nothing reads is named", async () => {
    expect(await reasonFor((tensors) => tensors.set("extra.weight", [1]))).toMatch(
      /^extra\.weight: the configuration has no place/,
    );
  });

  it("each of the checkpoint's tensors is needed, but for the one that upstream never reads", async () => {
    for (const key of shapes().keys()) {
      if (key === "no_mem_pos_enc") continue;
      const tensors = shapes();
      tensors.delete(key);
      await expect(openSam2(emptyStateDict(tensors), MINI), key).rejects.toThrow(key);
    }
  });

  it("a configuration of another size does not fit", async () => {
    const tiny = emptyStateDict(listTensors(officialConfig("2.1", "tiny")));
    await expect(openSam2(tiny, officialConfig("2.1", "large"))).rejects.toThrow(
      /patch_embed\.proj\.weight: expected \[144,3,7,7\], the checkpoint has \[96,3,7,7\]/,
    );
    await expect(openSam2(tiny, officialConfig("2.0", "tiny"))).rejects.toThrow(/no place for this tensor/);
  });
});

const OFFICIAL: [Sam2Version, Sam2Size, number, number][] = [
  // tensors and parameters (millions) as the official implementation counts them
  ["2.1", "tiny", 471, 38.96],
  ["2.1", "small", 519, 46.06],
  ["2.1", "base-plus", 615, 80.85],
  ["2.1", "large", 903, 224.45],
  ["2.0", "tiny", 468, 38.95],
  ["2.0", "small", 516, 46.04],
  ["2.0", "base-plus", 612, 80.83],
  ["2.0", "large", 900, 224.43],
];

describe("the official checkpoints", () => {
  it.each(OFFICIAL)(
    "SAM %s %s has as many tensors and parameters as upstream's",
    (version, size, count, millions) => {
      const tensors = listTensors(officialConfig(version, size));
      expect(tensors.size).toBe(count);
      const parameters = [...tensors.values()].reduce(
        (sum, shape) => sum + shape.reduce((a, b) => a * b, 1),
        0,
      );
      expect(Math.abs(parameters / 1e6 - millions)).toBeLessThan(0.02);
    },
  );

  it.each(OFFICIAL)("SAM %s %s is recognised by its tensors", async (version, size) => {
    const config = officialConfig(version, size);
    const checkpoint = emptyStateDict(listTensors(config));
    expect(buildConfigFor(checkpoint)).toEqual(config);
    expect((await openSam2(checkpoint, config)).config).toBe(config);
  });

  it("a checkpoint of one's own size is asked for its configuration", () => {
    expect(failure(() => buildConfigFor(emptyStateDict(listTensors(MINI)))).remedy).toMatch(
      /configuration file/,
    );
    expect(failure(() => buildConfigFor(emptyStateDict(new Map([["a", [1]]])))).message).toMatch(
      /no image encoder/,
    );
  });

  it("are eight, each with an address, a size and a hash of its own", () => {
    const downloads = MODELS.flatMap(({ source }) => (source.kind === "download" ? [source] : []));
    expect(downloads).toHaveLength(8);
    expect(new Set(downloads.map(({ sha256 }) => sha256)).size).toBe(8);
    for (const { url, bytes, sha256, config } of downloads) {
      expect(url).toMatch(
        /^https:\/\/dl\.fbaipublicfiles\.com\/segment_anything_2\/\d+\/sam2(\.1)?_hiera_\w+\.pt$/,
      );
      expect(sha256).toMatch(/^[0-9a-f]{64}$/);
      // float32 values, and names and directory beside them
      const values = [...listTensors(config).values()].reduce(
        (sum, shape) => sum + shape.reduce((a, b) => a * b, 1),
        0,
      );
      expect(bytes - 4 * values).toBeGreaterThan(0);
      expect(bytes - 4 * values).toBeLessThan(500_000);
    }
  });

  it("the built-in model is there and fits its configuration", async () => {
    const source = findModel("builtin")!.source;
    if (source.kind !== "embedded") throw new Error("expected an embedded model");
    const path = (name: string) => fileURLToPath(new URL(`../../models/${name}`, import.meta.url));
    const config = parseSam2Config(readFileSync(path(source.config), "utf8"));
    expect(config.imageSize).toBe(findModel("builtin")!.inputSize);
    const checkpoint = await openCheckpoint(memorySource(readFileSync(path(source.checkpoint))));
    await expect(openSam2(checkpoint, config)).resolves.toMatchObject({ config });
  });
});
