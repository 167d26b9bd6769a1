/** Runs in Node: which mask is taken and which memories are read, on numbers small enough to check by hand. */
import { describe, expect, test } from "vitest";
import { parseSam2Config } from "../../models/sam2/config.ts";
import { ALTERNATIVES } from "../../worker/alternatives.ts";
import { selectMask, usesMultimask } from "../../worker/mask-selection.ts";
import { type FrameOutput, type MemoryBank, selectMemories } from "../../worker/memory-bank.ts";
import { predictorOptionsFor, withOptions } from "../../worker/predictor-options.ts";
import type { DecoderCandidates } from "../../worker/sam2-engine.ts";
import { MINI_MODEL_YAML } from "../support/mini-model.ts";

const config = parseSam2Config(MINI_MODEL_YAML);
const defaults = predictorOptionsFor(config);

describe("the mask that is taken", () => {
  const stable = Float32Array.of(5, 5, -5, -5);
  const shaky = Float32Array.of(5, 0.01, -0.01, -5);
  const candidates = (changes: Partial<DecoderCandidates> = {}): DecoderCandidates => ({
    masks: [stable, ...[1, 2, 3].map((value) => Float32Array.of(value, value, value, value))],
    ious: [0.9, 0.2, 0.7, 0.7],
    pointers: [0, 1, 2, 3].map((value) => Float32Array.of(value, value)),
    objectScore: 4,
    ...changes,
  });
  const rules = (flags = {}) => ({
    config,
    options: withOptions(defaults, flags),
    noObjectPointer: Float32Array.of(100, 200),
  });

  test("is the best of three where few points leave the extent open, the first of equals", () => {
    const { decision, logits, pointer, predictedIou } = selectMask(candidates(), true, rules());
    expect([decision.chosen, logits[0], pointer[0], predictedIou]).toEqual([2, 2, 2, 0.7]);
    const single = selectMask(candidates(), true, rules({ use_multimask_token_for_obj_ptr: false }));
    expect([single.decision.chosen, single.pointer[0]]).toEqual([2, 0]);
  });

  test("is the single one where it is stable, else the best of three with the single one's pointer", () => {
    const taken = (masks: Float32Array[], flags = {}) =>
      selectMask(candidates({ masks }), false, rules(flags));
    const { masks } = candidates();
    expect(taken(masks).decision).toMatchObject({ chosen: 0, stability: 1 });
    const fallback = taken([shaky, ...masks.slice(1)]);
    expect([fallback.decision.chosen, fallback.decision.stability, fallback.pointer[0]]).toEqual([
      2,
      Math.fround(1 / 3),
      0,
    ]);
    const off = taken([shaky, ...masks.slice(1)], { dynamic_multimask_via_stability: false });
    expect(off.decision).toMatchObject({ chosen: 0, stability: null });
  });

  test("is another one where a person says so: those that were not taken, by their predicted IoU", () => {
    const alternatives = (multimask: boolean, changes: Partial<DecoderCandidates> = {}, flags = {}) =>
      ALTERNATIVES.map((alternative) => {
        const taken = selectMask(candidates(changes), multimask, rules(flags), alternative);
        return [taken.decision.chosen, taken.logits[0], taken.pointer[0], taken.predictedIou];
      });
    const ious = [0.9, 0.2, 0.5, 0.7];
    expect(alternatives(true, { ious })).toEqual([
      [3, 3, 3, 0.7],
      [2, 2, 2, 0.5],
      [1, 1, 1, 0.2],
    ]);
    expect(alternatives(false, { ious })).toEqual([
      [0, 5, 0, 0.9],
      [3, 3, 3, 0.7],
      [2, 2, 2, 0.5],
    ]);
    const shared = alternatives(false, { ious }, { use_multimask_token_for_obj_ptr: false });
    expect(shared.map(([, , pointer]) => pointer)).toEqual([0, 0, 0]);
    expect(selectMask(candidates({ objectScore: -1 }), true, rules(), 1).logits[0]).toBe(-1024);
  });

  test("of a hidden object is empty, and its pointer says so", () => {
    const hidden = selectMask(candidates({ objectScore: -0.5 }), false, rules());
    expect([...hidden.logits]).toEqual([-1024, -1024, -1024, -1024]);
    expect([...hidden.pointer]).toEqual([100, 200]);
    const added = selectMask(candidates({ objectScore: -0.5 }), true, rules({ fixed_no_obj_ptr: false }));
    expect([...added.pointer]).toEqual([102, 202]);
    const mixed = selectMask(candidates({ objectScore: 0 }), true, rules({ soft_no_obj_ptr: true }));
    expect([...mixed.pointer]).toEqual([51, 101]);
    expect(selectMask(candidates({ objectScore: 0 }), false, rules()).logits[0]).toBe(-1024);
  });

  test.each([
    [true, 1, true],
    [true, 2, false],
    [false, 0, true],
    [false, 2, false],
  ])("initial %s with %i points compares three: %s", (initial, points, expected) => {
    expect(usesMultimask(initial, points, defaults)).toBe(expected);
    const untracked = withOptions(defaults, { multimask_output_for_tracking: false });
    expect(usesMultimask(initial, points, untracked)).toBe(expected && initial);
  });
});

describe("the memories that a frame reads", () => {
  const bank = (conditioning: number[], nonConditioning: number[]): MemoryBank => ({
    conditioning: new Map(conditioning.map((frame) => [frame, {} as FrameOutput])),
    nonConditioning: new Map(nonConditioning.map((frame) => [frame, {} as FrameOutput])),
  });
  const read = (memories: MemoryBank, frameIndex: number, reverse = false, flags = {}) => {
    const selection = selectMemories(memories, {
      frameIndex,
      reverse,
      frameCount: 100,
      numMaskmem: 7,
      useObjectPointers: true,
      options: withOptions(defaults, flags),
    });
    return {
      memories: selection.memories.map((memory) => [memory.timePosition, memory.frameIndex]),
      pointers: selection.pointers.map((pointer) => [pointer.distance, pointer.frameIndex]),
    };
  };
  const upTo = (end: number) => Array.from({ length: end }, (_, index) => index);

  test("are all prompted frames, then six before, oldest first; pointers of fifteen before", () => {
    const { memories, pointers } = read(bank([0], upTo(30).slice(1)), 30);
    expect(memories).toEqual([
      [0, 0],
      [1, 24],
      [2, 25],
      [3, 26],
      [4, 27],
      [5, 28],
      [6, 29],
    ]);
    expect(pointers).toEqual([
      [30, 0],
      ...upTo(16)
        .slice(1)
        .map((distance) => [distance, 30 - distance]),
    ]);
  });

  test("lie on the other side when tracking runs backward, and missing ones are skipped", () => {
    const { memories, pointers } = read(bank([9], [8, 6, 5]), 4, true);
    expect(memories).toEqual([
      [0, 9],
      [3, 8],
      [5, 6],
      [6, 5],
    ]);
    expect(pointers).toEqual([
      [5, 9],
      [1, 5],
      [2, 6],
      [4, 8],
    ]);
  });

  test("before the only prompted frame there is its memory but not its pointer", () => {
    expect(read(bank([6], []), 4)).toEqual({ memories: [[0, 6]], pointers: [] });
    const both = read(bank([6], []), 4, false, { only_obj_ptrs_in_the_past_for_eval: false });
    expect(both.pointers).toEqual([[-2, 6]]);
  });

  test("with a stride are the last frame and every second frame of the clip", () => {
    const { memories } = read(bank([0], upTo(20).slice(1)), 20, false, {
      memory_temporal_stride_for_eval: 2,
    });
    expect(memories).toEqual([
      [0, 0],
      [1, 10],
      [2, 12],
      [3, 14],
      [4, 16],
      [5, 18],
      [6, 19],
    ]);
  });

  test("prompted frames beyond the limit serve as ordinary ones where they lie near", () => {
    const { memories, pointers } = read(bank([0, 3, 6, 9], [7, 8, 10]), 11, false, {
      max_cond_frames_in_attn: 2,
    });
    expect(memories.slice(0, 2)).toEqual([
      [0, 9],
      [0, 6],
    ]);
    expect(memories.slice(2)).toEqual([
      [3, 7],
      [4, 8],
      [6, 10],
    ]);
    expect(pointers.map(([, frame]) => frame)).toEqual([9, 6, 10, 8, 7, 3, 0]);
  });
});
