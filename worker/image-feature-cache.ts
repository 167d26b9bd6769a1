/**
 * Runs in the tracking worker or in Node: the image encoder's features of a clip's frames, so that no frame is
 * encoded twice while they are at hand: not for a further object, not for a click on a frame that was just
 * tracked, not for a frame that shows the same pixels. Bounded in bytes: one frame of a 1024-pixel model is 16 MiB.
 */
import { type ImageFeatures, releaseFeatures } from "./sam2-engine.ts";

/** 6 frames of a 1024-pixel model. */
const DEFAULT_BUDGET = 96 * 2 ** 20;
/** What a correction goes back to is most often nearer; and a long track holds no more than a short one. */
const MOST_FRAMES = 48;

type Encode = (frameIndex: number) => Promise<ImageFeatures>;

export interface FeatureUse {
  /** This frame will be asked for again: what tracking passes must not push it out. */
  keep?: boolean;
  /** 1: the next frames are later ones, -1: earlier ones; decides what is let go first. */
  direction?: 1 | -1;
  /** Instead of the usual way, where the caller has the picture at hand. */
  encode?: Encode | undefined;
}

interface Entry {
  features: Promise<ImageFeatures>;
  /** 0 until they are there. */
  bytes: number;
  /** Calls that use it at this moment. */
  users: number;
  kept: boolean;
  /** No longer in the cache: released when its last use ends. */
  dropped: boolean;
}

export class ImageFeatureCache {
  readonly #encode: Encode;
  readonly #budget: number;
  /** Least recently used first. */
  readonly #entries = new Map<number, Entry>();
  /** Frames that show the pixels of another one. */
  readonly #sameAs = new Map<number, number>();

  /** `budget`: bytes; the frame used last stays even beyond it. */
  constructor(encode: Encode, budget = DEFAULT_BUDGET) {
    this.#encode = encode;
    this.#budget = budget;
  }

  has(frameIndex: number): boolean {
    return this.#entries.has(this.#shown(frameIndex));
  }

  /** Bytes of all features that are here. */
  get bytes(): number {
    return [...this.#entries.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Both frames have the very same pixels, so one's features are the other's. */
  repeat(frameIndex: number, of: number): void {
    const [own, other] = [this.#shown(frameIndex), this.#shown(of)];
    if (own !== other && !this.#entries.has(own)) this.#sameAs.set(own, other);
  }

  /** Runs `work` with the frame's features, which are valid until it settles. */
  async use<T>(
    frameIndex: number,
    use: FeatureUse,
    work: (features: ImageFeatures) => Promise<T>,
  ): Promise<T> {
    const entry = this.#take(frameIndex, use);
    try {
      return await work(await entry.features);
    } finally {
      this.#leave(entry);
      this.#shrink(frameIndex, use.direction ?? 1);
    }
  }

  /** Begins to encode; the features stay until the returned function is called, once. */
  hold(frameIndex: number, use: FeatureUse): () => void {
    const entry = this.#take(frameIndex, use);
    return () => this.#leave(entry);
  }

  /** Forgets everything; what is in use is released when its use ends. */
  clear(): void {
    for (const [frame, entry] of this.#entries) this.#drop(frame, entry);
  }

  #shown(frameIndex: number): number {
    let frame = frameIndex;
    for (let other = this.#sameAs.get(frame); other !== undefined; other = this.#sameAs.get(frame)) {
      frame = other;
    }
    return frame;
  }

  #take(frameIndex: number, { keep = false, encode = this.#encode }: FeatureUse): Entry {
    const frame = this.#shown(frameIndex);
    const entry = this.#entries.get(frame) ?? this.#begin(frame, encode(frameIndex));
    entry.users++;
    entry.kept ||= keep;
    this.#entries.delete(frame); // to the end: most recently used
    this.#entries.set(frame, entry);
    return entry;
  }

  #begin(frame: number, features: Promise<ImageFeatures>): Entry {
    const entry: Entry = { features, bytes: 0, users: 0, kept: false, dropped: false };
    features.then(
      (known) => {
        entry.bytes = bytesOf(known);
      },
      () => this.#drop(frame, entry), // the next use tries again
    );
    return entry;
  }

  #leave(entry: Entry): void {
    entry.users--;
    this.#releaseUnused(entry);
  }

  /** What a person works on goes last, the least recently used first; of the rest, what tracking left behind. */
  #shrink(frameIndex: number, direction: 1 | -1): void {
    const idle = [...this.#entries].slice(0, -1).filter(([, { users }]) => users === 0);
    const passed = idle.filter(([, { kept }]) => !kept);
    passed.sort(([a], [b]) => usefulness(a, frameIndex, direction) - usefulness(b, frameIndex, direction));
    for (const [frame, entry] of [...passed, ...idle.filter(([, { kept }]) => kept)]) {
      if (this.bytes <= this.#budget && this.#entries.size <= MOST_FRAMES) return;
      this.#drop(frame, entry);
    }
  }

  #drop(frame: number, entry: Entry): void {
    if (this.#entries.get(frame) === entry) this.#entries.delete(frame);
    entry.dropped = true;
    this.#releaseUnused(entry);
  }

  #releaseUnused(entry: Entry): void {
    if (entry.dropped && entry.users === 0) entry.features.then(releaseFeatures, () => {});
  }
}

/** The farther behind the less; then the frames ahead, of which the nearest are needed first. */
function usefulness(frame: number, current: number, direction: 1 | -1): number {
  const ahead = (frame - current) * direction;
  return ahead <= 0 ? ahead : 1 / ahead;
}

function bytesOf({ s4, s8, s16 }: ImageFeatures): number {
  const values = [s4, s8, s16].map(({ shape }) => shape.reduce((product, length) => product * length, 1));
  return values.reduce((sum, count) => sum + count, 0) * Float32Array.BYTES_PER_ELEMENT;
}
