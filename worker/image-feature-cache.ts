/**
 * Runs in the tracking worker or in Node: the image encoder's features of the frames that a person works on,
 * so that a click answers without encoding again. Bounded, because one frame of a 1024-pixel model is 16 MiB.
 */
import { type ImageFeatures, releaseFeatures } from "./sam2-engine.ts";

/** Frames kept at once: the two ends of a stretch and a few corrections between. */
const DEFAULT_CAPACITY = 6;

interface Entry {
  features: Promise<ImageFeatures>;
  /** Calls that use it at this moment. */
  users: number;
  /** Stays in the cache when unused. */
  kept: boolean;
}

export class ImageFeatureCache {
  readonly #encode: (frameIndex: number) => Promise<ImageFeatures>;
  readonly #capacity: number;
  /** Least recently used first. */
  readonly #entries = new Map<number, Entry>();

  constructor(encode: (frameIndex: number) => Promise<ImageFeatures>, capacity = DEFAULT_CAPACITY) {
    this.#encode = encode;
    this.#capacity = capacity;
  }

  has(frameIndex: number): boolean {
    return this.#entries.has(frameIndex);
  }

  /**
   * Runs `work` with the frame's features, which are valid until it settles. `keep` says that this frame
   * will be asked for again; `encode` replaces the usual way where the caller has the picture at hand.
   */
  async use<T>(
    frameIndex: number,
    keep: boolean,
    work: (features: ImageFeatures) => Promise<T>,
    encode: (frameIndex: number) => Promise<ImageFeatures> = this.#encode,
  ): Promise<T> {
    const entry = this.#entries.get(frameIndex) ?? { features: encode(frameIndex), users: 0, kept: false };
    entry.users++;
    entry.kept ||= keep;
    this.#entries.delete(frameIndex); // to the end: most recently used
    this.#entries.set(frameIndex, entry);
    try {
      return await work(await entry.features);
    } catch (error) {
      if (await isRejected(entry.features)) this.#forget(frameIndex, entry);
      throw error;
    } finally {
      entry.users--;
      this.#shrink();
    }
  }

  /** Forgets everything; what is in use is released when its use ends. */
  clear(): void {
    for (const entry of this.#entries.values()) entry.kept = false;
    this.#shrink();
  }

  #shrink(): void {
    const idle = [...this.#entries].filter(([, { users }]) => users === 0);
    // A frame that tracking passes must not push out one that a person works on.
    for (const [frameIndex, entry] of idle) if (!entry.kept) this.#forget(frameIndex, entry);
    for (const [frameIndex, entry] of idle) {
      if (entry.kept && this.#entries.size > this.#capacity) this.#forget(frameIndex, entry);
    }
  }

  #forget(frameIndex: number, entry: Entry): void {
    if (this.#entries.get(frameIndex) === entry) this.#entries.delete(frameIndex);
    entry.features.then(releaseFeatures, () => {});
  }
}

async function isRejected(promise: Promise<unknown>): Promise<boolean> {
  return promise.then(
    () => false,
    () => true,
  );
}
