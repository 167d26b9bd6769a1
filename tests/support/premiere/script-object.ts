/** Script objects of the fake Premiere: they may go stale, as real ones were seen to do. */
import type { FakeWorld } from "./fake-world.ts";

export abstract class ScriptObject {
  protected readonly world: FakeWorld;
  readonly #born: number;
  constructor(world: FakeWorld) {
    this.world = world;
    this.#born = world.generation;
  }
  /** The world, unless this object was read before a transaction; see `Traps.staleObjects`. */
  protected live(): FakeWorld {
    if (this.world.traps.staleObjects && this.#born !== this.world.generation) {
      throw new Error("Invalid object: it was read before a transaction");
    }
    return this.world;
  }
}
