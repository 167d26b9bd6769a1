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

/** Finds a tensor by key; throws where there is none of this shape. */
type Lookup = (key: string, shape: number[]) => Weight;

/** The tensors of one module, by the names inside it. */
export class Weights {
  readonly prefix: string;
  readonly #lookup: Lookup;

  constructor(lookup: Lookup, prefix = "") {
    this.#lookup = lookup;
    this.prefix = prefix;
  }

  /** A module inside this one. */
  at(name: string): Weights {
    return new Weights(this.#lookup, `${this.prefix}${name}.`);
  }

  get(name: string, shape: number[]): Weight {
    return this.#lookup(this.prefix + name, shape);
  }
}

/** A checkpoint's tensors; remembers which were asked for, so that none is left over unnoticed. */
export class WeightStore {
  readonly #stateDict: StateDict;
  readonly #used = new Set<string>();

  constructor(stateDict: StateDict) {
    this.#stateDict = stateDict;
  }

  root(): Weights {
    return new Weights((key, shape) => this.#find(key, shape));
  }

  #find(key: string, shape: number[]): Weight {
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
    const more = left.length > 1 ? ` (and for ${left.length - 1} more)` : "";
    throw badCheckpoint(`${left[0]}: the configuration has no place for this tensor${more}.`, OTHER_MODEL);
  }
}

/** Writes down what is asked for instead of finding it. */
export class WeightList {
  readonly shapes = new Map<string, number[]>();

  root(): Weights {
    return new Weights((key, shape) => {
      this.shapes.set(key, shape);
      return { key, shape, load: () => Promise.reject(new Error(`${key} was listed, not opened.`)) };
    });
  }
}
