/** Runs in Node: mattes that are empty where an object is hidden, by a script's word or by its scores. */
import { emptyMask, maskArea } from "../../mask-rle.ts";
import type { FrameOutput } from "../../memory-bank.ts";
import type { Mask } from "../../protocol.ts";
import type { FrameResults } from "../../session-results.ts";
import type { ScoredFrame, VisibilityOverride } from "../../visibility.ts";
import {
  type FrameStretch,
  hiddenStretches,
  isWithin,
  type VisibilityRule,
  withWord,
} from "../../visibility-overrides.ts";
import type { FrameMasks, MatteOutput } from "./matte-output.ts";
import type { Operation } from "./operation.ts";

/** What a script says, by object name; a later word wins over an earlier one. */
export function wordsIn(operations: readonly Operation[]): Map<string, VisibilityOverride[]> {
  const words = new Map<string, VisibilityOverride[]>();
  for (const operation of operations) {
    if (operation.op !== "visibility") continue;
    const { object, state } = operation;
    words.set(object, withWord(words.get(object) ?? [], operation, state));
  }
  return words;
}

type Size = Pick<Mask, "width" | "height">;

interface KeptScore extends ScoredFrame {
  size: Size;
}

/** Hands on to `inner`. What the scores say is only known at the end: those frames are then written again. */
export class VisibleOutput {
  readonly #inner: MatteOutput;
  readonly #rule: VisibilityRule;
  readonly #wordsOf: (objectId: number) => readonly VisibilityOverride[];
  /** The last result of each frame, by object. */
  readonly #scores = new Map<number, Map<number, KeptScore>>();

  constructor(
    inner: MatteOutput,
    rule: VisibilityRule,
    wordsOf: (objectId: number) => readonly VisibilityOverride[],
  ) {
    this.#inner = inner;
    this.#rule = rule;
    this.#wordsOf = wordsOf;
  }

  async add({ frameIndex, objects }: FrameResults): Promise<void> {
    const shown: FrameMasks = { frameIndex, objects: [] };
    for (const { objectId, output, mask, prompted } of objects) {
      if (!output) continue;
      this.#keep(objectId, frameIndex, output, mask, prompted);
      const hidden = this.#rule !== "masks" && isWithin(this.#said(objectId), frameIndex);
      shown.objects.push({ objectId, mask: hidden ? emptied(mask) : mask });
    }
    await this.#inner.add(shown);
  }

  /** Frames of an object that are left empty. */
  hiddenOf(objectId: number): FrameStretch[] {
    const scores = [...(this.#scores.get(objectId)?.values() ?? [])];
    return hiddenStretches(scores, this.#wordsOf(objectId), this.#rule);
  }

  /** Also after a cancellation. Resolves with the number of files. */
  async finish(): Promise<number> {
    if (this.#rule === "followed") for (const id of this.#scores.keys()) await this.#emptyHidden(id);
    return this.#inner.finish();
  }

  #keep(
    objectId: number,
    frameIndex: number,
    { objectScore, predictedIou }: FrameOutput,
    mask: Mask,
    prompted: boolean,
  ): void {
    const frames = this.#scores.get(objectId) ?? new Map<number, KeptScore>();
    const origin = prompted ? "prompted" : "tracked";
    const { width, height } = mask;
    const size = { width, height };
    frames.set(frameIndex, { frameIndex, objectScore, predictedIou, area: maskArea(mask), origin, size });
    this.#scores.set(objectId, frames);
  }

  #said(objectId: number): FrameStretch[] {
    return hiddenStretches([], this.#wordsOf(objectId), "said");
  }

  async #emptyHidden(objectId: number): Promise<void> {
    const hidden = this.hiddenOf(objectId);
    for (const [frameIndex, { size, area }] of this.#scores.get(objectId) ?? [])
      if (area > 0 && isWithin(hidden, frameIndex))
        await this.#inner.add({ frameIndex, objects: [{ objectId, mask: emptied(size) }] });
  }
}

const emptied = ({ width, height }: Size): Mask => emptyMask(width, height);
