/** Runs where WebGPU is: joins values to one tensor on the graphics card, without bringing them here. */
import type { TensorPart } from "./inference-session.ts";

/** A part lies on the card, or here. */
export type Joinable = { buffer: GPUBuffer; part: TensorPart } | Float32Array;

const USAGE = 0x80 | 0x08 | 0x04; // STORAGE | COPY_DST | COPY_SRC: names that only a realm with WebGPU has

/**
 * One buffer for each length, used again and again: a run that read it has been handed to the card before the
 * next join is, and the card works in order.
 */
export class DeviceJoin {
  readonly #device: GPUDevice;
  #buffer: GPUBuffer | null = null;

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** `bytes` of all parts together. The buffer is good until the next call. */
  join(parts: readonly Joinable[], bytes: number): GPUBuffer {
    const target = this.#bufferOf(bytes);
    const commands = this.#device.createCommandEncoder();
    let at = 0;
    for (const part of parts) at += this.#append(commands, target, at, part);
    this.#device.queue.submit([commands.finish()]);
    return target;
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

  #bufferOf(bytes: number): GPUBuffer {
    if (this.#buffer?.size === bytes) return this.#buffer;
    this.#buffer?.destroy();
    this.#buffer = this.#device.createBuffer({ size: bytes, usage: USAGE });
    return this.#buffer;
  }
}
