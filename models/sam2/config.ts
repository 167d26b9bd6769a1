/**
 * Pure: the configuration of a SAM 2 model. Reads upstream's yaml keys; what a file leaves out has the
 * default of upstream's classes.
 */
import { parse } from "yaml";
import { badConfig } from "../model-error.ts";
import { ConfigSection } from "./config-reader.ts";

export interface Sam2Config {
  /** S: side of the square input, pixels. */
  imageSize: number;
  /** Input pixels per vision feature; upstream's heads are written for 16. */
  backboneStride: number;
  /** float16 where most of the work is; upstream's own, false, is exact. */
  halfPrecision: boolean;
  trunk: HieraConfig;
  neck: FpnNeckConfig;
  memoryAttention: MemoryAttentionConfig;
  memoryEncoder: MemoryEncoderConfig;

  /** Spatial memories that a frame reads: one conditioning frame (or more) and this many less one before it. */
  numMaskmem: number;
  useObjectPointers: boolean;
  maxObjectPointers: number;
  /** -1: no limit. */
  maxCondFramesInAttention: number;
  memoryTemporalStride: number;

  /** Applied to the mask's probability (or to 0 and 1) before the memory encoder. */
  sigmoidScaleForMemory: number;
  sigmoidBiasForMemory: number;

  directlyAddNoMemoryEmbedding: boolean;
  useMaskInputAsOutput: boolean;
  useHighResolutionFeatures: boolean;
  noObjectEmbedSpatial: boolean;

  multimaskOutput: boolean;
  multimaskMinPoints: number;
  multimaskMaxPoints: number;
  multimaskForTracking: boolean;
  useMultimaskTokenForPointer: boolean;
  iouPredictionUsesSigmoid: boolean;

  addTimeToPointers: boolean;
  projectTimeOfPointers: boolean;
  signedTimeOfPointers: boolean;
  onlyPastPointers: boolean;
  useMlpForPointer: boolean;

  predictObjectScores: boolean;
  predictObjectScoresMlp: boolean;
  fixedNoObjectPointer: boolean;
  softNoObjectPointer: boolean;

  /** Options of the predictor that stand in the file, by their official names; the tracker knows the rest. */
  predictorOptions: Record<string, number | boolean>;
}

export interface HieraConfig {
  embedDim: number;
  numHeads: number;
  /** Blocks per stage. */
  stages: number[];
  globalAttentionBlocks: number[];
  /** Window side per stage, tokens. */
  windowSpec: number[];
  /** How many stages start with a pooling of the queries. */
  queryPoolStages: number;
  queryStride: number;
  dimMultiplier: number;
  headMultiplier: number;
  /** Side of the learned background of the position embedding. */
  positionSize: [number, number];
}

export interface FpnNeckConfig {
  /** d: channels of the model. */
  dModel: number;
  /** From the coarsest stage to the finest. */
  backboneChannels: number[];
  topDownLevels: number[];
  interpolation: "nearest" | "bilinear";
  fuse: "sum" | "avg";
  /** Coarsest levels that are dropped. */
  scalp: number;
  position: SinePositionConfig;
}

/** The sine encoding of a place in the feature map. */
export interface SinePositionConfig {
  temperature: number;
  normalize: boolean;
  scale: number;
}

interface MemoryAttentionConfig {
  numLayers: number;
  feedForwardDim: number;
  activation: "relu" | "gelu";
  ropeTheta: number;
  positionAtInput: boolean;
  positionAtSelfAttention: boolean;
  positionAtQueries: boolean;
  positionAtKeys: boolean;
  /** Memories are averaged over squares of so many cells before they are looked at; upstream, 1, has none. */
  pooling: number;
}

export interface MemoryEncoderConfig {
  /** m: channels of a memory. */
  memoryDim: number;
  maskKernel: number;
  maskStride: number;
  maskPadding: number;
  fuserLayers: number;
  fuserKernel: number;
  fuserPadding: number;
  fuserDepthwise: boolean;
  /** Whether the fuser's blocks have a scale per channel. */
  fuserLayerScale: boolean;
  position: SinePositionConfig;
}

/** Of the predictor, not of the model: kept by name for the tracker. */
const PREDICTOR_OPTIONS = [
  "fill_hole_area",
  "non_overlap_masks",
  "clear_non_cond_mem_around_input",
  "add_all_frames_to_correct_as_cond",
  "binarize_mask_from_pts_for_mem_enc",
  "non_overlap_masks_for_mem_enc",
] as const;

/** What the official builder sets with `apply_postprocessing`, which is its default; the decoder's options. */
const DECODER_OPTIONS = [
  "dynamic_multimask_via_stability",
  "dynamic_multimask_stability_delta",
  "dynamic_multimask_stability_thresh",
] as const;

/** Reads a configuration file with upstream's keys. Throws a ModelError that names the key. */
export function parseSam2Config(yaml: string): Sam2Config {
  const root = new ConfigSection("", parseYaml(yaml));
  return readModel(root.section("model"));
}

/** The same model for another input size; fewer pixels are faster and coarser. Throws where it is not legal. */
export function withImageSize(config: Sam2Config, imageSize: number): Sam2Config {
  const resized = { ...config, imageSize };
  checkGeometry(resized);
  return resized;
}

/** The same model with float16 where most of the work is: see [Note: half precision] in `layers/half-precision.ts`. */
export function withHalfPrecision(config: Sam2Config, halfPrecision: boolean): Sam2Config {
  return { ...config, halfPrecision };
}

/** The same model with memories averaged over squares of so many cells: fewer to look at, coarser ones. */
export function withMemoryPooling(config: Sam2Config, pooling: number): Sam2Config {
  const side = config.imageSize / config.backboneStride;
  if (side % pooling !== 0) {
    throw badConfig(
      `memory_pooling should be a divisor of ${side}, the cells in a row of a memory, got ${pooling}.`,
      "Take 1 for exact memories, or 2.",
    );
  }
  return { ...config, memoryAttention: { ...config.memoryAttention, pooling } };
}

function parseYaml(yaml: string): unknown {
  try {
    return parse(yaml);
  } catch (error) {
    throw badConfig(
      `The configuration is no YAML: ${error instanceof Error ? error.message : String(error)}`,
      "Pick the .yaml file that belongs to the checkpoint.",
    );
  }
}

function readModel(model: ConfigSection): Sam2Config {
  const encoder = model.section("image_encoder");
  const trunk = readTrunk(encoder.section("trunk"));
  const neck = readNeck(encoder.section("neck"), encoder.integer("scalp", 0));
  encoder.finish();
  const decoder = model.sectionOrEmpty("sam_mask_decoder_extra_args");
  const decoderOptions = decoder.overrides(DECODER_OPTIONS);
  decoder.finish();
  const config: Sam2Config = {
    imageSize: model.positive("image_size", 512),
    halfPrecision: false,
    backboneStride: model.positive("backbone_stride", 16),
    trunk,
    neck,
    memoryAttention: readMemoryAttention(model.section("memory_attention"), neck.dModel),
    memoryEncoder: readMemoryEncoder(model.section("memory_encoder"), neck.dModel),
    ...readMemoryBank(model),
    ...readHeads(model),
    predictorOptions: { ...model.overrides(PREDICTOR_OPTIONS), ...decoderOptions },
  };
  model.ignore("compile_image_encoder");
  model.finish();
  checkGeometry(config);
  return config;
}

function readMemoryBank(model: ConfigSection) {
  return {
    numMaskmem: model.positive("num_maskmem", 7),
    useObjectPointers: model.flag("use_obj_ptrs_in_encoder", false),
    maxObjectPointers: model.positive("max_obj_ptrs_in_encoder", 16),
    maxCondFramesInAttention: model.integer("max_cond_frames_in_attn", -1),
    memoryTemporalStride: model.positive("memory_temporal_stride_for_eval", 1),
    sigmoidScaleForMemory: model.number("sigmoid_scale_for_mem_enc", 1),
    sigmoidBiasForMemory: model.number("sigmoid_bias_for_mem_enc", 0),
    directlyAddNoMemoryEmbedding: model.flag("directly_add_no_mem_embed", false),
    noObjectEmbedSpatial: model.flag("no_obj_embed_spatial", false),
    addTimeToPointers: model.flag("add_tpos_enc_to_obj_ptrs", true),
    projectTimeOfPointers: model.flag("proj_tpos_enc_in_obj_ptrs", false),
    signedTimeOfPointers: model.flag("use_signed_tpos_enc_to_obj_ptrs", false),
    onlyPastPointers: model.flag("only_obj_ptrs_in_the_past_for_eval", false),
  };
}

function readHeads(model: ConfigSection) {
  return {
    useMaskInputAsOutput: model.flag("use_mask_input_as_output_without_sam", false),
    useHighResolutionFeatures: model.flag("use_high_res_features_in_sam", false),
    multimaskOutput: model.flag("multimask_output_in_sam", false),
    multimaskMinPoints: model.integer("multimask_min_pt_num", 1),
    multimaskMaxPoints: model.integer("multimask_max_pt_num", 1),
    multimaskForTracking: model.flag("multimask_output_for_tracking", false),
    useMultimaskTokenForPointer: model.flag("use_multimask_token_for_obj_ptr", false),
    iouPredictionUsesSigmoid: model.flag("iou_prediction_use_sigmoid", false),
    useMlpForPointer: model.flag("use_mlp_for_obj_ptr_proj", false),
    predictObjectScores: model.flag("pred_obj_scores", false),
    predictObjectScoresMlp: model.flag("pred_obj_scores_mlp", false),
    fixedNoObjectPointer: model.flag("fixed_no_obj_ptr", false),
    softNoObjectPointer: model.flag("soft_no_obj_ptr", false),
  };
}

function readTrunk(trunk: ConfigSection): HieraConfig {
  const stages = trunk.integers("stages", [2, 3, 16, 3]);
  const [queryStride, other] = trunk.integers("q_stride", [2, 2]) as [number, number];
  const positionSize = trunk.integers("window_pos_embed_bkg_spatial_size", [14, 14]);
  const config: HieraConfig = {
    embedDim: trunk.positive("embed_dim", 96),
    numHeads: trunk.positive("num_heads", 1),
    stages,
    globalAttentionBlocks: trunk.integers("global_att_blocks", [12, 16, 20]),
    windowSpec: trunk.integers("window_spec", [8, 4, 14, 7]),
    queryPoolStages: trunk.integer("q_pool", 3),
    queryStride,
    dimMultiplier: trunk.number("dim_mul", 2),
    headMultiplier: trunk.number("head_mul", 2),
    positionSize: positionSize as [number, number],
  };
  trunk.ignore("drop_path_rate", "weights_path");
  trunk.expect("return_interm_layers", true);
  if (config.windowSpec.length !== stages.length) {
    throw trunk.fail("window_spec", `one window for each of ${stages.length} stages`);
  }
  if (stages.length !== 4) throw trunk.fail("stages", "4 stages");
  if (queryStride !== 2 || other !== 2) throw trunk.fail("q_stride", "[2, 2]");
  if (config.queryPoolStages !== 3) throw trunk.fail("q_pool", "3, one for each later stage");
  if (positionSize.length !== 2) throw trunk.fail("window_pos_embed_bkg_spatial_size", "two whole numbers");
  trunk.finish();
  return config;
}

function readNeck(neck: ConfigSection, scalp: number): FpnNeckConfig {
  neck.expect("kernel_size", 1);
  neck.expect("stride", 1);
  neck.expect("padding", 0);
  const dModel = neck.positive("d_model");
  const backboneChannels = neck.integers("backbone_channel_list");
  const config: FpnNeckConfig = {
    dModel,
    backboneChannels,
    topDownLevels: neck.integers(
      "fpn_top_down_levels",
      backboneChannels.map((_, i) => i),
    ),
    interpolation: neck.choice("fpn_interp_model", ["nearest", "bilinear"], "bilinear"),
    fuse: neck.choice("fuse_type", ["sum", "avg"], "sum"),
    scalp,
    position: readPosition(neck.section("position_encoding"), dModel),
  };
  if (dModel % 16 !== 0) throw neck.fail("d_model", "a multiple of 16");
  neck.finish();
  return config;
}

function readPosition(position: ConfigSection, channels: number): SinePositionConfig {
  const features = position.positive("num_pos_feats");
  if (features !== channels) throw position.fail("num_pos_feats", `${channels}, the channels it is added to`);
  const config = {
    temperature: position.number("temperature", 10000),
    normalize: position.flag("normalize", true),
    scale: position.number("scale", 2 * Math.PI),
  };
  position.ignore("warmup_cache", "image_size", "strides");
  position.finish();
  return config;
}

function readMemoryAttention(attention: ConfigSection, dModel: number): MemoryAttentionConfig {
  const layer = attention.section("layer");
  const ropeTheta = readRopeAttention(layer.section("self_attention"), dModel);
  const crossTheta = readRopeAttention(layer.section("cross_attention"), dModel);
  if (crossTheta !== ropeTheta)
    throw layer.fail("cross_attention", `rope_theta ${ropeTheta}, as in self_attention`);
  const config: MemoryAttentionConfig = {
    numLayers: attention.positive("num_layers"),
    feedForwardDim: layer.positive("dim_feedforward"),
    activation: layer.choice("activation", ["relu", "gelu"]),
    ropeTheta,
    positionAtInput: attention.flag("pos_enc_at_input", true),
    positionAtSelfAttention: layer.flag("pos_enc_at_attn", false),
    positionAtQueries: layer.flag("pos_enc_at_cross_attn_queries", false),
    positionAtKeys: layer.flag("pos_enc_at_cross_attn_keys", true),
    pooling: 1,
  };
  layer.ignore("dropout");
  layer.expect("d_model", dModel);
  layer.finish();
  attention.expect("d_model", dModel);
  attention.expect("batch_first", true);
  attention.finish();
  return config;
}

/** The table's size follows from the input's size, whatever `feat_sizes` says; upstream does the same. */
function readRopeAttention(attention: ConfigSection, dModel: number): number {
  attention.expect("embedding_dim", dModel);
  attention.expect("num_heads", 1);
  attention.expect("downsample_rate", 1);
  attention.ignore("dropout", "feat_sizes", "rope_k_repeat", "kv_in_dim");
  const theta = attention.number("rope_theta", 10000);
  attention.finish();
  return theta;
}

function readMemoryEncoder(encoder: ConfigSection, dModel: number): MemoryEncoderConfig {
  const memoryDim = encoder.positive("out_dim");
  encoder.expect("in_dim", dModel, 256);
  const downsampler = encoder.section("mask_downsampler");
  downsampler.expect("embed_dim", dModel, 256);
  downsampler.expect("total_stride", 16);
  const config = {
    memoryDim,
    maskKernel: downsampler.positive("kernel_size", 4),
    maskStride: downsampler.positive("stride", 4),
    maskPadding: downsampler.integer("padding", 0),
    ...readFuser(encoder.section("fuser"), dModel),
    position: readPosition(encoder.section("position_encoding"), memoryDim),
  };
  if (![2, 4, 16].includes(config.maskStride)) throw downsampler.fail("stride", "2, 4 or 16");
  if (dModel % memoryDim !== 0) throw encoder.fail("out_dim", `a divisor of d_model (${dModel})`);
  downsampler.finish();
  encoder.finish();
  return config;
}

function readFuser(fuser: ConfigSection, dModel: number) {
  const layer = fuser.section("layer");
  layer.expect("dim", dModel);
  layer.ignore("drop_path");
  const config = {
    fuserLayers: fuser.positive("num_layers"),
    fuserKernel: layer.positive("kernel_size", 7),
    fuserPadding: layer.integer("padding", 3),
    fuserDepthwise: layer.flag("use_dwconv", true),
    fuserLayerScale: layer.number("layer_scale_init_value", 1e-6) > 0,
  };
  layer.finish();
  fuser.expect("input_projection", false);
  fuser.ignore("dim");
  fuser.finish();
  return config;
}

/** Which input sizes the architecture allows: whole windows of position and whole steps of pooling. */
function checkGeometry(config: Sam2Config): void {
  const { imageSize, backboneStride, trunk, neck } = config;
  const refuse = (key: string, expected: string, got: unknown) =>
    badConfig(`model.${key}: expected ${expected}, got ${got}.`, "Use the configuration of the checkpoint.");
  const window = trunk.windowSpec[0]!;
  if (imageSize % 32 !== 0) throw refuse("image_size", "a multiple of 32", imageSize);
  if ((imageSize / 4) % window !== 0) {
    throw refuse("image_size", `a multiple of ${4 * window} (4 pixels times the first window)`, imageSize);
  }
  if (!config.useHighResolutionFeatures) throw refuse("use_high_res_features_in_sam", "true", false);
  if (!config.directlyAddNoMemoryEmbedding) throw refuse("directly_add_no_mem_embed", "true", false);
  if (backboneStride !== 16) throw refuse("backbone_stride", "16", backboneStride);
  const channels = trunk.stages
    .map((_, i) => Math.trunc(trunk.embedDim * trunk.dimMultiplier ** i))
    .reverse();
  if (channels.join() !== neck.backboneChannels.join()) {
    throw refuse("image_encoder.neck.backbone_channel_list", `[${channels}]`, `[${neck.backboneChannels}]`);
  }
  if (neck.scalp !== 1) throw refuse("image_encoder.scalp", "1", neck.scalp);
  // The first block of a stage still has the window of the stage before and halves it.
  trunk.windowSpec.slice(0, -1).forEach((size, stage) => {
    if (size % 2 !== 0)
      throw refuse("image_encoder.trunk.window_spec", `an even window in stage ${stage}`, size);
  });
}
