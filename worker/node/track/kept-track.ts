/** Runs in Node: what `masklet track --dataset` keeps of a run, as a record for training. */

import type { MergeReport } from "../../evaluation/dataset-merge.ts";
import { recordSession, type SessionObject } from "../../evaluation/track-record.ts";
import type { FrameSource } from "../../frames/frame-source.ts";
import { encodeMask } from "../../mask-rle.ts";
import type { FramePrompts, FrameResult } from "../../protocol.ts";
import type { FrameResults } from "../../session-results.ts";
import { addToDataset, fingerprintAt } from "../commands/dataset.ts";
import type { MaskFiles } from "./check-operations.ts";
import type { MaskOperation, Operation, PointsOperation } from "./operation.ts";

interface KeptObject {
  prompts: Map<number, FramePrompts>;
  records: Map<number, Pick<FrameResult, "mask">>;
}

export class KeptTrack {
  readonly #objects = new Map<string, KeptObject>();
  readonly #operations: readonly Operation[];
  readonly #masks: MaskFiles;
  readonly #nameOf: (objectId: number) => string;
  /** Operations before this one have been taken note of. */
  #noted = 0;

  constructor(operations: readonly Operation[], masks: MaskFiles, nameOf: (objectId: number) => string) {
    this.#operations = operations;
    this.#masks = masks;
    this.#nameOf = nameOf;
  }

  /** A result of the operation with this index; the last one of a frame holds. */
  add(operation: number, { frameIndex, objects }: FrameResults): void {
    // Some operations have no result of their own.
    for (; this.#noted <= operation; this.#noted++) this.#note(this.#operations[this.#noted]!);
    for (const { objectId, output, mask } of objects) {
      if (output) this.#objects.get(this.#nameOf(objectId))?.records.set(frameIndex, { mask });
    }
  }

  #note(operation: Operation): void {
    if (operation.op === "reset") this.#objects.clear();
    if (!("object" in operation)) return;
    const { op, object } = operation;
    if (op === "remove_object") this.#objects.delete(object);
    else if (op === "clear_frame") this.#objects.get(object)?.prompts.delete(operation.frame);
    else if (op !== "visibility") this.#remember(operation);
  }

  #remember(operation: PointsOperation | MaskOperation): void {
    const { prompts } = this.#objectCalled(operation.object);
    const { frame } = operation;
    // Kept in the order of their first prompt: further clicks on a frame don't make it a later one.
    if (!prompts.has(frame)) prompts.set(frame, promptsOf(operation, this.#masks));
  }

  #objectCalled(name: string): KeptObject {
    const kept = this.#objects.get(name) ?? { prompts: new Map(), records: new Map() };
    this.#objects.set(name, kept);
    return kept;
  }

  /** `clip`: path of what `frames` are of. */
  async addTo(dataset: string, clip: string, frames: FrameSource, model: string): Promise<MergeReport> {
    const objects = [...this.#objects].map(([name, kept]): SessionObject => ({ name, ...kept }));
    const source = { model, madeAt: new Date().toISOString() };
    const identity = { ...frames.info, fingerprint: await fingerprintAt(clip) };
    return addToDataset(dataset, recordSession(identity, objects, source), frames);
  }
}

function promptsOf(operation: PointsOperation | MaskOperation, masks: MaskFiles): FramePrompts {
  if (operation.op === "mask") {
    const { pixels, width, height } = masks.get(operation.file)!;
    return { points: [], mask: encodeMask(pixels, width, height) };
  }
  const { points, labels, box } = operation;
  const said = points.map(([x, y], i) => ({ x, y, label: labels[i]! }));
  if (!box) return { points: said };
  const [x0, y0, x1, y1] = box;
  return { points: said, box: { x0, y0, x1, y1 } };
}
