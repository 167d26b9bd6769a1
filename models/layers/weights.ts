/** Pure: the checkpoint's tensors as the layers ask for them, by the names that upstream's modules have. */
import type { StateDict } from "../checkpoint/state-dict.ts";
import { badCheckpoint } from "../model-error.ts";

/** A tensor that is known to be there and of the right shape; its values are read when `load` is called. */
export interface Weight {
  key: string;
  shape: number[];
  load(): Promise<Float32Array>;
}

const OTHER_MODEL =
  "Use the configuration that belongs to this checkpoint, or the checkpoint that belongs to it.";

/** Remembers which tensors were asked for, so that none is left over unnoticed. */
export class WeightStore {
  readonly #stateDict: StateDict;
  readonly #used = new Set<string>();

  constructor(stateDict: StateDict) {
    this.#stateDict = stateDict;
  }

  root(): Weights {
    return new Weights(this, "");
  }

  get(key: string, shape: number[]): Weight {
    const stored = this.#stateDict.tensors.get(key);
    if (stored === undefined) {
      throw badCheckpoint(`${key}: expected [${shape}], but the checkpoint has no such tensor.`, OTHER_MODEL);
    }
    if (stored.shape.join() !== shape.join()) {
      throw badCheckpoint(`${key}: expected [${shape}], the checkpoint has [${stored.shape}].`, OTHER_MODEL);
    }
    this.#used.add(key);
    return { key, shape, load: () => this.#stateDict.read(key) };
  }

  /** Throws when the checkpoint has a tensor that no layer asked for and that is not known to be unused. */
  checkAllUsed(knownUnused: readonly string[]): void {
    const left = [...this.#stateDict.tensors.keys()].filter(
      (key) => !this.#used.has(key) && !knownUnused.includes(key),
    );
    if (left.length === 0) return;
    throw badCheckpoint(
      `${left[0]}: the configuration has no place for this tensor${left.length > 1 ? ` (and ${left.length - 1} more)` : ""}.`,
      OTHER_MODEL,
    );
  }
}

/** The tensors of one module. */
export class Weights {
  readonly #store: WeightStore;
  readonly prefix: string;

  constructor(store: WeightStore, prefix: string) {
    this.#store = store;
    this.prefix = prefix;
  }

  /** A module inside this one. */
  at(name: string): Weights {
    return new Weights(this.#store, `${this.prefix}${name}.`);
  }

  get(name: string, shape: number[]): Weight {
    return this.#store.get(this.prefix + name, shape);
  }
}
