/** Test support, in Node: reads the recordings of the official implementation in `../shared/golden`. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";

const GOLDEN_FOLDER = fileURLToPath(new URL("../../../shared/golden/", import.meta.url));

/** False in a clone that stands alone: use as `describe.skipIf(!hasGolden)`. */
export const hasGolden = existsSync(`${GOLDEN_FOLDER}README.md`);

/** "mini/mini21.pt" becomes a path that can be opened. */
export function goldenPath(relativePath: string): string {
  return GOLDEN_FOLDER + relativePath;
}

// ---------------------------------------------------------------- tensors

export type GoldenDtype = "F32" | "F16" | "BF16" | "U8" | "I32";

export interface GoldenTensor {
  dtype: GoldenDtype;
  shape: number[];
  /** Row-major; floating types are widened to float32, which loses nothing. */
  data: Float32Array | Uint8Array | Int32Array;
}

export type GoldenTensors = Map<string, GoldenTensor>;

/** All tensors of "mini/s01_click.safetensors" and the like, by name. */
export function readGoldenTensors(relativePath: string): GoldenTensors {
  const file = readFileSync(goldenPath(relativePath));
  const headerLength = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.toString("utf8", 8, 8 + headerLength)) as Record<string, TensorEntry>;
  const tensors: GoldenTensors = new Map();
  for (const [name, entry] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    const [start, end] = entry.data_offsets;
    // A copy, because the offset need not be a multiple of the element's size.
    const bytes = Uint8Array.from(file.subarray(8 + headerLength + start, 8 + headerLength + end));
    tensors.set(name, { dtype: entry.dtype, shape: entry.shape, data: widen(bytes.buffer, entry.dtype) });
  }
  return tensors;
}

interface TensorEntry {
  dtype: GoldenDtype;
  shape: number[];
  data_offsets: [number, number];
}

function widen(buffer: ArrayBuffer, dtype: GoldenDtype): GoldenTensor["data"] {
  if (dtype === "F32") return new Float32Array(buffer);
  if (dtype === "U8") return new Uint8Array(buffer);
  if (dtype === "I32") return new Int32Array(buffer);
  const toFloat = dtype === "F16" ? halfToFloat : bfloatToFloat;
  return Float32Array.from(new Uint16Array(buffer), toFloat);
}

function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function bfloatToFloat(bits: number): number {
  return new Float32Array(new Uint32Array([bits << 16]).buffer)[0]!;
}

// ---------------------------------------------------------------- clips

export interface GoldenClip {
  frameCount: number;
  height: number;
  width: number;
  /** RGB of one frame, [height, width, 3]. */
  frame(index: number): Uint8Array;
}

/** "mini/clip_synth.npy.gz": the frames exactly as the official predictor got them. */
export function readGoldenClip(relativePath: string): GoldenClip {
  const npy = gunzipSync(readFileSync(goldenPath(relativePath)));
  const headerLength = npy.readUInt16LE(8);
  const header = npy.toString("latin1", 10, 10 + headerLength);
  const shape = /'shape': \(([^)]*)\)/.exec(header)?.[1]?.split(",").map(Number) ?? [];
  const [frameCount, height, width] = shape as [number, number, number];
  const frameBytes = height * width * 3;
  const start = 10 + headerLength;
  const frame = (index: number) =>
    new Uint8Array(npy.subarray(start + index * frameBytes, start + (index + 1) * frameBytes));
  return { frameCount, height, width, frame };
}

// ---------------------------------------------------------------- scenarios

/** One call of the official predictor's API; coordinates are pixels of the clip. */
export interface GoldenOperation {
  op: string;
  frame?: number;
  obj?: number;
  points?: [number, number][];
  labels?: number[];
  box?: [number, number, number, number];
  clear_old_points?: boolean;
  mask?: string;
  start_frame_idx?: number;
  max_frame_num_to_track?: number;
  reverse?: boolean;
  /** Frames in the order in which propagate gave them. */
  order?: number[];
  /** What the official predictor raised instead of an answer. */
  upstream_error?: string;
}

/** What the official predictor decided in one inference. */
export interface GoldenStep {
  op: number;
  frame: number;
  /** Index of the object, not its id. */
  obj?: number;
  preflight?: boolean;
  n?: number;
  is_mask_from_pts?: boolean;
  is_init_cond_frame?: boolean;
  reverse?: boolean;
  run_mem_encoder?: boolean;
  has_prev_logits?: boolean;
  /** [t_pos, frame] of each spatial memory, in order. */
  mem_frames?: [number, number][];
  /** [signed distance, frame] of each object pointer, in order. */
  ptrs?: [number, number][];
  t_diff_max?: number;
  memory_tokens?: number[];
  num_obj_ptr_tokens?: number;
  multimask_output?: boolean;
  iou4?: number[];
  iou_gap?: number;
  stability0?: number;
  chosen?: number;
  object_score?: number;
}

export interface GoldenScenario {
  name: string;
  config: "mini21" | "mini20";
  clip: string;
  num_frames: number;
  video_hw: [number, number];
  attrs: Record<string, number | boolean>;
  /** Whether the CUDA extension was there, which fills holes. */
  cc_extension: boolean;
  ops: GoldenOperation[];
  steps: GoldenStep[];
}

/** The miniature scenarios by name, "s01_click" first. */
export const GOLDEN_SCENARIOS = [
  "s01_click",
  "s02_posneg",
  "s03_incremental_clicks",
  "s04_box",
  "s05_box_point",
  "s06_mask",
  "s07_mask_empty",
  "s08_two_prompted_frames",
  "s09_max_cond_2",
  "s10_refine_default",
  "s11_refine_as_cond",
  "s12_reverse",
  "s13_multi_objects",
  "s14_multi_nonoverlap",
  "s15_occluded",
  "s16_fill_holes",
  "s17_sam20",
  "s17b_sam20_occluded",
  "s18_bedroom",
  "s19_short5",
  "s20_mem_stride2",
  "s21_start_before_cond",
  "s22_clear_prompt",
  "s23_no_binarize",
] as const;

/** Operations and decisions of a scenario; its tensors are in `readGoldenTensors("mini/NAME.safetensors")`. */
export function readGoldenScenario(name: string): GoldenScenario {
  return JSON.parse(readFileSync(goldenPath(`mini/${name}.json`), "utf8")) as GoldenScenario;
}

/** The frames that a scenario was recorded on ("synth5" is the start of "synth"). */
export function readScenarioClip(scenario: GoldenScenario): GoldenClip {
  const stored = scenario.clip.replace(/\d+$/, "");
  return { ...readGoldenClip(`mini/clip_${stored}.npy.gz`), frameCount: scenario.num_frames };
}
