/**
 * Test support, in Node: plays a recorded scenario through a tracking session and compares every decision
 * and every tensor with what the official predictor did.
 */
import { floatsOf } from "../../worker/bfloat.ts";
import type { FrameSource } from "../../worker/frames/frame-source.ts";
import type { PixelData } from "../../worker/pixel-store.ts";
import { predictorOptionsFor, withOptions } from "../../worker/predictor-options.ts";
import type { Sam2Engine } from "../../worker/sam2-engine.ts";
import { type FrameResults, videoLogits } from "../../worker/session-results.ts";
import { type StepReport, TrackingSession } from "../../worker/tracking-session.ts";
import type { GoldenOperation, GoldenScenario, GoldenStep, GoldenTensors } from "./golden.ts";

/** Worst absolute differences of one scenario, and what must be exactly equal but is not. */
export interface ParityReport {
  /** By tensor: "pred_masks", "ious", … with " (f16)" where the recording is rounded to float16. */
  worst: Map<string, number>;
  /** Tensors compared. */
  compared: number;
  /** Pixels whose sign differs although the recorded logit is further than 1e-3 from the threshold. */
  wrongPixels: number;
  /** Decisions that differ, in words. */
  differences: string[];
}

/** Logits nearer to the threshold than this may fall on either side. */
const THRESHOLD_MARGIN = 1e-3;

export async function compareScenario(
  engine: Sam2Engine,
  frames: FrameSource,
  scenario: Pick<GoldenScenario, "ops" | "steps" | "attrs" | "cc_extension">,
  golden: GoldenTensors,
  subsampled: (name: string, actual: Float32Array) => ArrayLike<number> = (_, actual) => actual,
): Promise<ParityReport> {
  const comparison = new Comparison(golden, scenario.steps, subsampled);
  // The recordings were made without the CUDA extension, where upstream skips hole filling silently.
  const options = withOptions(predictorOptionsFor(engine.config), {
    fill_hole_area: scenario.cc_extension ? 8 : 0,
    ...scenario.attrs,
  });
  const session = new TrackingSession({
    engine,
    frames,
    options,
    onStep: (step) => comparison.checkStep(step, session.objectIds.indexOf(step.objectId)),
  });
  try {
    for (const [index, operation] of scenario.ops.entries()) {
      comparison.operation = index;
      comparison.upstreamFails = operation.upstream_error !== undefined;
      for await (const results of play(session, operation, golden.get(`op${index}.mask_prompt`)?.data)) {
        const rules = session.resultRules();
        const plain = videoLogits(results.objects, { ...rules, nonOverlap: false });
        const shown = rules.nonOverlap ? videoLogits(results.objects, rules) : plain;
        comparison.checkResults(results.frameIndex, shown, rules.nonOverlap ? nearTies(plain) : null);
      }
      comparison.checkOrder(operation);
    }
  } finally {
    session.release();
  }
  return comparison.finish();
}

/** One call of the official predictor; yields what it shows. */
async function* play(
  session: TrackingSession,
  operation: GoldenOperation,
  maskPrompt: ArrayLike<number> | undefined,
): AsyncGenerator<FrameResults> {
  const { frame = 0, obj = 0, points, labels, box } = operation;
  switch (operation.op) {
    case "points":
      yield await session.addPoints(frame, obj, {
        ...(points && { points }),
        ...(labels && { labels }),
        ...(box && { box }),
        clearOldPoints: operation.clear_old_points ?? true,
      });
      return;
    case "mask": {
      const { width, height } = session.frames.info;
      yield await session.addMask(frame, obj, { width, height, pixels: Uint8Array.from(maskPrompt ?? []) });
      return;
    }
    case "propagate":
      yield* session.propagate({
        ...(operation.start_frame_idx !== undefined && { start: operation.start_frame_idx }),
        ...(operation.max_frame_num_to_track !== undefined && {
          maxFrames: operation.max_frame_num_to_track,
        }),
        reverse: operation.reverse ?? false,
      });
      return;
    case "clear_frame":
      yield await session.clearFrame(frame, obj);
      return;
    case "remove_object":
      yield* await session.removeObject(obj);
      return;
    default:
      throw new Error(`The recordings have no operation "${operation.op}".`);
  }
}

class Comparison {
  operation = 0;
  /** The official predictor raised an error in this operation: there is nothing to compare with. */
  upstreamFails = false;
  readonly #golden: GoldenTensors;
  readonly #steps: GoldenStep[];
  readonly #subsampled: (name: string, actual: Float32Array) => ArrayLike<number>;
  readonly #report: ParityReport = { worst: new Map(), compared: 0, wrongPixels: 0, differences: [] };
  readonly #order: number[] = [];
  /** Preflight encodings of a frame are numbered in the order of objects. */
  readonly #remembered = new Map<string, number>();
  readonly #seen = new Set<GoldenStep>();

  constructor(
    golden: GoldenTensors,
    steps: GoldenStep[],
    subsampled: (name: string, actual: Float32Array) => ArrayLike<number>,
  ) {
    this.#golden = golden;
    this.#steps = steps;
    this.#subsampled = subsampled;
  }

  checkStep(step: StepReport, objectIndex: number): void {
    if (step.kind === "remembered") this.#checkRemembered(step);
    else if (!this.upstreamFails) this.#checkInference(step, objectIndex);
  }

  #checkInference(step: StepReport, objectIndex: number): void {
    const place = `op${this.operation}.f${String(step.frameIndex).padStart(3, "0")}.o${objectIndex}`;
    const expected = this.#steps.find(
      (candidate) =>
        !candidate.preflight &&
        !this.#seen.has(candidate) &&
        candidate.op === this.operation &&
        candidate.frame === step.frameIndex &&
        candidate.obj === objectIndex,
    );
    if (expected) this.#seen.add(expected);
    this.#checkDecisions(place, step, expected);
    const { output } = step;
    const { logits, memory } = residentPixels(step);
    this.#checkTensor(`${place}.pred_masks`, logits);
    this.#countWrongPixels(`${place}.pred_masks`, logits);
    this.#checkTensor(`${place}.obj_ptr`, output.pointer);
    this.#checkTensor(`${place}.object_score_logits`, Float32Array.of(output.objectScore));
    // Under a mask prompt the recording has those of the inner decoder run; the predictor says 1.
    if (step.decision) this.#checkTensor(`${place}.ious`, iousAsReturned(step));
    if (memory) this.#checkTensor(`${place}.maskmem_features`, this.#planes(memory));
  }

  #checkRemembered(step: StepReport): void {
    const frame = `op${this.operation}.preflight.f${String(step.frameIndex).padStart(3, "0")}`;
    const count = this.#remembered.get(frame) ?? 0;
    this.#remembered.set(frame, count + 1);
    const name = `${frame}.n${count}.maskmem_features`;
    if (!this.#golden.has(name)) this.#report.differences.push(`${name}: upstream encoded no memory here`);
    const { memory } = residentPixels(step);
    if (memory) this.#checkTensor(name, this.#planes(memory));
  }

  #checkDecisions(place: string, step: StepReport, expected: GoldenStep | undefined): void {
    if (!expected) {
      this.#report.differences.push(`${place}: upstream made no inference here`);
      return;
    }
    const same = (what: string, actual: unknown, wanted: unknown) => {
      if (wanted === undefined || JSON.stringify(actual) === JSON.stringify(wanted)) return;
      this.#report.differences.push(
        `${place} ${what}: expected ${JSON.stringify(wanted)}, got ${JSON.stringify(actual)}`,
      );
    };
    same("initial", step.initial, expected.is_init_cond_frame);
    same("reverse", step.reverse, expected.reverse);
    same("memories", step.memories, expected.mem_frames ?? []);
    same("pointers", step.pointers, expected.ptrs ?? []);
    same("score's sign", step.output.objectScore > 0, signOf(expected.object_score));
    if (!step.decision) return;
    same("multimask", step.decision.multimask, expected.multimask_output);
    if (step.decision.multimask) same("chosen", step.decision.chosen - 1, expected.chosen);
    if (expected.iou4) this.#note("iou4", step.decision.ious, expected.iou4);
  }

  /** Pixels marked in `ties` may belong to either object, whatever the logits of the loser become. */
  checkResults(frameIndex: number, logits: Float32Array[], ties: Uint8Array | null): void {
    this.#order.push(frameIndex);
    const name = `op${this.operation}.f${String(frameIndex).padStart(3, "0")}.video_res_masks`;
    const expected = this.#golden.get(name);
    if (!expected) return;
    const actual = concatenate(logits);
    for (let index = 0; ties && index < actual.length; index++) {
      if (ties[index % ties.length]) actual[index] = expected.data[index] ?? Number.NaN;
    }
    this.#checkTensor(name, actual);
    this.#countWrongPixels(name, actual);
  }

  checkOrder({ order }: GoldenOperation): void {
    if (order && !this.upstreamFails && JSON.stringify(order) !== JSON.stringify(this.#order)) {
      this.#report.differences.push(`op${this.operation}: expected frames ${order}, got ${this.#order}`);
    }
    this.#order.length = 0;
  }

  finish(): ParityReport {
    for (const step of this.#steps) {
      if (step.preflight || this.#seen.has(step)) continue;
      this.#report.differences.push(`op${step.op} frame ${step.frame} object ${step.obj}: not done`);
    }
    return this.#report;
  }

  /** [h * w, m] to upstream's [m, h, w]. */
  #planes(memory: Uint16Array): Float32Array {
    const values = floatsOf([memory]);
    const channels = this.#memoryChannels();
    const tokens = values.length / channels;
    return Float32Array.from(
      values,
      (_, index) => values[(index % tokens) * channels + Math.floor(index / tokens)] ?? 0,
    );
  }

  #memoryChannels(): number {
    for (const [name, { shape }] of this.#golden) if (name.endsWith("maskmem_features")) return shape[1] ?? 1;
    return 1;
  }

  #checkTensor(name: string, actual: Float32Array): void {
    const expected = this.#golden.get(name);
    if (!expected) return;
    const suffix = expected.dtype === "F16" ? " (f16)" : "";
    this.#note(name.slice(name.lastIndexOf(".") + 1) + suffix, this.#subsampled(name, actual), expected.data);
  }

  #note(kind: string, actual: ArrayLike<number>, expected: ArrayLike<number>): void {
    this.#report.compared++;
    let worst = this.#report.worst.get(kind) ?? 0;
    if (actual.length !== expected.length) worst = Number.POSITIVE_INFINITY;
    for (let index = 0; index < expected.length; index++) {
      const error = Math.abs((actual[index] ?? Number.NaN) - (expected[index] ?? Number.NaN));
      if (!(error <= worst)) worst = Number.isNaN(error) ? Number.POSITIVE_INFINITY : error;
    }
    this.#report.worst.set(kind, worst);
  }

  #countWrongPixels(name: string, map: Float32Array): void {
    const expected = this.#golden.get(name);
    if (!expected) return;
    const actual = this.#subsampled(name, map);
    for (let index = 0; index < expected.data.length; index++) {
      const wanted = expected.data[index] ?? 0;
      if (Math.abs(wanted) <= THRESHOLD_MARGIN) continue;
      if ((actual[index] ?? 0) > 0 !== wanted > 0) this.#report.wrongPixels++;
    }
  }
}

function residentPixels({ output }: StepReport): PixelData {
  const pixels = output.pixels.peek();
  if (pixels) return pixels;
  throw new Error("Expected the pixels of a miniature model to stay in working memory.");
}

function concatenate(maps: Float32Array[]): Float32Array {
  return Float32Array.from(maps.flatMap((map) => [...map]));
}

/** Pixels whose two strongest objects are closer than the margin. */
function nearTies(maps: Float32Array[]): Uint8Array {
  return Uint8Array.from(maps[0] ?? [], (_, index) => {
    const [first = 0, second = Number.NEGATIVE_INFINITY] = maps
      .map((map) => map[index] ?? 0)
      .sort((a, b) => b - a);
    return first - second <= THRESHOLD_MARGIN ? 1 : 0;
  });
}

function signOf(score: number | undefined): boolean | undefined {
  return score === undefined ? undefined : score > 0;
}

/** Three with multimask, else the one of the mask that was taken. */
function iousAsReturned({ decision, output }: StepReport): Float32Array {
  return decision?.multimask
    ? Float32Array.from(decision.ious.slice(1))
    : Float32Array.of(output.predictedIou);
}
