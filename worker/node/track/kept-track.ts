/** Runs in Node: what `masklet track --dataset` keeps of a run, as a record for training. */

import type { MergeReport } from "../../evaluation/dataset-merge.ts";
import { recordSession, type SessionObject } from "../../evaluation/track-record.ts";
import type { FrameSource } from "../../frames/frame-source.ts";
import type { FramePrompts, FrameResult } from "../../protocol.ts";
import type { FrameResults } from "../../session-results.ts";
import { addToDataset, fingerprintAt } from "../commands/dataset.ts";
import type { Operation } from "./operation.ts";

/** That a person said something is what counts; what it was is in the masks. */
const SAID: FramePrompts = { points: [] };

interface KeptObject {
  prompts: Map<number, FramePrompts>;
  records: Map<number, Pick<FrameResult, "mask">>;
}

export class KeptTrack {
  readonly #objects = new Map<string, KeptObject>();
  readonly #operations: readonly Operation[];
  readonly #nameOf: (objectId: number) => string;
  /** Operations before this one have been taken note of. */
  #noted = 0;

  constructor(operations: readonly Operation[], nameOf: (objectId: number) => string) {
    this.#operations = operations;
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
    else this.#objectCalled(object).prompts.set(operation.frame, SAID);
  }

  #objectCalled(name: string): KeptObject {
    const kept = this.#objects.get(name) ?? { prompts: new Map(), records: new Map() };
    this.#objects.set(name, kept);
    return kept;
  }

  /** `clip`: path of what `frames` are of. */
  async addTo(dataset: string, clip: string, frames: FrameSource, model: string): Promise<MergeReport> {
    const objects = [...this.#objects].map(([name, kept]): SessionObject => ({ key: name, name, ...kept }));
    const source = { model, madeAt: new Date().toISOString() };
    const identity = { ...frames.info, fingerprint: await fingerprintAt(clip) };
    return addToDataset(dataset, recordSession(identity, objects, source), frames);
  }
}
