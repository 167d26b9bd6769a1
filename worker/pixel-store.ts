/**
 * Runs in the tracking worker or in Node: logits and memories of all frames, within a bounded amount of
 * working memory. What was not read for longest goes to a spill file and comes back when it is asked for,
 * so that tracking can start again anywhere with exactly the memories that were there.
 */

/** What one frame of one object holds besides a few numbers. Never changed. */
export interface PixelData {
  /** [S/4, S/4] */
  logits: Float32Array;
  /** [h * w, m], bfloat16; null for a prompted frame that tracking has not taken over yet. */
  memory: Uint16Array | null;
}

/** A file of the realm's for what left working memory; positions in bytes. */
export interface SpillFile {
  write(position: number, bytes: Uint8Array): Promise<void>;
  read(position: number, byteLength: number): Promise<Uint8Array>;
  close(): void;
}

export interface StoredPixels {
  read(): Promise<PixelData>;
  /** What is in working memory at this moment, else null. */
  peek(): PixelData | null;
}

/** Frames of one object; 64 MiB of a 1024-pixel model. A long track holds hardly more than one of 50 frames. */
const DEFAULT_RECORDS = 85;

export interface PixelStoreOptions {
  /** Bytes kept in working memory; absent: 85 records. */
  budget?: number | undefined;
  /** Bytes of the longest record; each gets as much room in the file. */
  recordBytes: number;
  /** Absent, or giving null: everything stays in working memory. */
  openSpill?: (() => Promise<SpillFile | null>) | undefined;
}

export class PixelStore {
  readonly #budget: number;
  readonly #recordBytes: number;
  readonly #openSpill: () => Promise<SpillFile | null>;
  /** In working memory, least recently used first. */
  readonly #resident = new Set<Record>();
  readonly #freePositions: number[] = [];
  /** Nobody holds the record any more: its place in the file is free. */
  readonly #forgotten = new FinalizationRegistry<Place>((place) => this.#free(place));
  #residentBytes = 0;
  #fileBytes = 0;
  #spill: SpillFile | null = null;
  #isOpened = false;

  constructor({ budget, recordBytes, openSpill = async () => null }: PixelStoreOptions) {
    this.#budget = budget ?? DEFAULT_RECORDS * recordBytes;
    this.#recordBytes = recordBytes;
    this.#openSpill = openSpill;
  }

  put(data: PixelData): StoredPixels {
    const record = new Record(data, (touched) => this.#touch(touched));
    this.#touch(record);
    return record;
  }

  /** Moves what exceeds the budget to the spill file; to be awaited between frames. */
  async settle(): Promise<void> {
    if (this.#residentBytes <= this.#budget) return;
    if (!this.#isOpened) this.#spill = await this.#openSpill();
    this.#isOpened = true;
    if (!this.#spill) return;
    for (const record of this.#resident) {
      if (this.#residentBytes <= this.#budget) return;
      await this.#evict(record, this.#spill);
    }
  }

  close(): void {
    this.#spill?.close();
    this.#spill = null;
  }

  async #evict(record: Record, spill: SpillFile): Promise<void> {
    const data = record.peek();
    if (!data) return;
    if (!record.place) {
      const place = { position: this.#freePositions.pop() ?? this.#grow(), spill };
      await spill.write(place.position, toBytes(data));
      record.place = place;
      this.#forgotten.register(record, place);
    }
    this.#resident.delete(record);
    this.#residentBytes -= record.byteLength;
    record.drop();
  }

  #touch(record: Record): void {
    if (!this.#resident.delete(record)) this.#residentBytes += record.byteLength;
    this.#resident.add(record);
  }

  #grow(): number {
    const position = this.#fileBytes;
    this.#fileBytes += this.#recordBytes;
    return position;
  }

  #free({ position }: Place): void {
    this.#freePositions.push(position);
  }
}

interface Place {
  position: number;
  spill: SpillFile;
}

class Record implements StoredPixels {
  readonly byteLength: number;
  place: Place | null = null;
  readonly #pixels: number;
  readonly #hasMemory: boolean;
  readonly #touch: (record: Record) => void;
  #data: PixelData | null;

  constructor(data: PixelData, touch: (record: Record) => void) {
    this.#data = data;
    this.#touch = touch;
    this.#pixels = data.logits.length;
    this.#hasMemory = data.memory !== null;
    this.byteLength = data.logits.byteLength + (data.memory?.byteLength ?? 0);
  }

  peek(): PixelData | null {
    return this.#data;
  }

  drop(): void {
    this.#data = null;
  }

  async read(): Promise<PixelData> {
    const data = this.#data ?? (await this.#fetch());
    this.#data = data;
    this.#touch(this);
    return data;
  }

  async #fetch(): Promise<PixelData> {
    if (!this.place) throw new Error("Expected a frame's pixels in working memory or in the spill file.");
    const bytes = await this.place.spill.read(this.place.position, this.byteLength);
    return fromBytes(bytes, this.#pixels, this.#hasMemory);
  }
}

/** Logits, then the memory. */
export function toBytes({ logits, memory }: PixelData): Uint8Array {
  const bytes = new Uint8Array(logits.byteLength + (memory?.byteLength ?? 0));
  bytes.set(new Uint8Array(logits.buffer, logits.byteOffset, logits.byteLength));
  if (memory) {
    bytes.set(new Uint8Array(memory.buffer, memory.byteOffset, memory.byteLength), logits.byteLength);
  }
  return bytes;
}

/** Copies, so that the arrays are aligned and the bytes can go. */
export function fromBytes(bytes: Uint8Array, pixels: number, hasMemory: boolean): PixelData {
  const own = bytes.slice();
  const logits = new Float32Array(own.buffer, 0, pixels);
  return { logits, memory: hasMemory ? new Uint16Array(own.buffer, pixels * 4) : null };
}
