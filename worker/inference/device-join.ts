/** Runs where WebGPU is: joins values to one tensor on the graphics card, without bringing them here. */
import type { TensorPart } from "./inference-session.ts";

/** A part lies on the card, or here. */
export type Joinable = { buffer: GPUBuffer; part: TensorPart } | Float32Array;

const USAGE = 0x80 | 0x08 | 0x04; // STORAGE | COPY_DST | COPY_SRC: names that only a realm with WebGPU has

/**
 * Buffers come back when their tensor is released, after the run that read it was handed to the card. The card
 * works in order, so the last one serves again at once; runs that wait beside each other have one each.
 */
export class DeviceJoin {
  readonly #device: GPUDevice;
  #spare: GPUBuffer | null = null;

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** `bytes` of all parts together. The caller gives the buffer back. */
  join(parts: readonly Joinable[], bytes: number): GPUBuffer {
    const target = this.#take(bytes);
    const commands = this.#device.createCommandEncoder();
    let at = 0;
    for (const part of parts) at += this.#append(commands, target, at, part);
    this.#device.queue.submit([commands.finish()]);
    return target;
  }

  giveBack(buffer: GPUBuffer): void {
    this.#spare?.destroy();
    this.#spare = buffer;
  }

  #append(commands: GPUCommandEncoder, target: GPUBuffer, at: number, from: Joinable): number {
    if (from instanceof Float32Array) {
      this.#device.queue.writeBuffer(target, at, from as Float32Array<ArrayBuffer>);
      return from.byteLength;
    }
    const [start, length] = [from.part.start, from.part.length].map((n) => n * 4) as [number, number];
    commands.copyBufferToBuffer(from.buffer, start, target, at, length);
    return length;
  }

  #take(bytes: number): GPUBuffer {
    const spare = this.#spare;
    this.#spare = null;
    if (spare?.size === bytes) return spare;
    spare?.destroy();
    return this.#device.createBuffer({ size: bytes, usage: USAGE });
  }
}
