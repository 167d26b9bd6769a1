/** Runs anywhere with WebAssembly: Pillow's two passes on vectors of four channels, the same bytes as `resize-scalar.ts`. */
import type { Picture } from "../frames/frame-source.ts";
import type { Resampling } from "./resampling.ts";
import { RESIZE_WASM } from "./resize-wasm.ts";

/** What `resize.wat` exports; all numbers are places or counts. */
interface Exports {
  memory: WebAssembly.Memory;
  rows(
    from: number,
    fromStride: number,
    count: number,
    starts: number,
    coefficients: number,
    taps: number,
    to: number,
    toStride: number,
    columns: number,
  ): void;
  columns(
    from: number,
    stride: number,
    starts: number,
    coefficients: number,
    taps: number,
    to: number,
    count: number,
  ): void;
}

const PAGE_BYTES = 65536;
/** Rows of the picture that are copied in at a time: they stay in the cache until they are read. */
const BAND = 32;

export interface Resized {
  /** [height, stride / 4, 4], 8 bits; the fourth of each pixel is the picture's own. Good until the next call. */
  data: Uint8Array;
  /** Bytes of a row; pixels past the width say nothing. */
  stride: number;
}

export class SimdResizer {
  readonly #exports: Exports;

  private constructor(exports: Exports) {
    this.#exports = exports;
  }

  /** Null where WebAssembly is missing, forbidden or without vectors. */
  static open(): SimdResizer | null {
    try {
      const bytes = Uint8Array.from(atob(RESIZE_WASM), (character) => character.charCodeAt(0));
      const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
      return new SimdResizer(exports as unknown as Exports);
    } catch {
      return null;
    }
  }

  resize(picture: Picture, across: Resampling, down: Resampling): Resized {
    const [width, height] = [across.starts.length, down.starts.length];
    const stride = Math.ceil(width / 4) * 16;
    const room = new Room();
    const tables = [across.starts, across.coefficients, down.starts, down.coefficients] as const;
    const [starts, coefficients, downStarts, downCoefficients] = tables.map((table) =>
      room.take(4 * table.length),
    );
    const band = room.take(BAND * picture.width * 4 + across.taps * 4);
    const between = room.take((picture.height + down.taps) * stride);
    const result = room.take(height * stride);
    this.#reserve(room.bytes);
    const { memory, rows, columns } = this.#exports;
    for (const [i, place] of [starts, coefficients, downStarts, downCoefficients].entries())
      new Int32Array(memory.buffer).set(tables[i]!, place! / 4);

    const fromStride = picture.width * 4;
    const copy = new Uint8Array(memory.buffer);
    for (let row = 0; row < picture.height; row += BAND) {
      const count = Math.min(BAND, picture.height - row);
      copy.set(picture.data.subarray(row * fromStride, (row + count) * fromStride), band);
      rows(
        band,
        fromStride,
        count,
        starts!,
        coefficients!,
        across.taps,
        between + row * stride,
        stride,
        width,
      );
    }
    columns(between, stride, downStarts!, downCoefficients!, down.taps, result, height);
    return { data: new Uint8Array(memory.buffer, result, height * stride), stride };
  }

  #reserve(bytes: number): void {
    const { memory } = this.#exports;
    const missing = bytes - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES));
  }
}

/** Places one after the other, each on a multiple of 16 bytes. */
class Room {
  bytes = 0;

  take(bytes: number): number {
    const place = this.bytes;
    this.bytes += Math.ceil(bytes / 16) * 16;
    return place;
  }
}
