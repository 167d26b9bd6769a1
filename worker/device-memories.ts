/**
 * Runs in the tracking worker or in Node: memories that are still where the memory encoder left them, so that
 * memory attention reads them there instead of being handed 1 MiB each on every frame. Bounded; what is no
 * longer here is handed over as before.
 */
import type { Tensor, TensorPart } from "./inference/inference-session.ts";

/** 64 memories of a 1024-pixel model: 8 objects with a full bank. */
const BUDGET = 64 * 2 ** 20;

interface Batch {
  tensor: Tensor;
  /** Of its memories, how many are still kept. */
  users: number;
}

interface Kept {
  batch: Batch;
  part: TensorPart;
}

export class DeviceMemories {
  /** By the very array that the memory bank holds; least recently used first. */
  readonly #kept = new Map<Uint16Array, Kept>();
  #values = 0;

  /** Takes over `tensor`, which holds all `memories` one after the other. */
  keep(memories: readonly Uint16Array[], tensor: Tensor): void {
    const batch = { tensor, users: memories.length };
    let start = 0;
    for (const memory of memories) {
      this.#kept.set(memory, { batch, part: { tensor, start, length: memory.length } });
      start += memory.length;
    }
    this.#values += start;
    this.#shrinkTo(BUDGET / Float32Array.BYTES_PER_ELEMENT);
  }

  find(memory: Uint16Array): TensorPart | null {
    const kept = this.#kept.get(memory);
    if (!kept) return null;
    this.#kept.delete(memory); // to the end: most recently used
    this.#kept.set(memory, kept);
    return kept.part;
  }

  release(): void {
    this.#shrinkTo(0);
  }

  #shrinkTo(values: number): void {
    for (const [memory, { batch }] of this.#kept) {
      if (this.#values <= values) return;
      this.#kept.delete(memory);
      this.#values -= memory.length;
      if (--batch.users === 0) batch.tensor.release();
    }
  }
}
