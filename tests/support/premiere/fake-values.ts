/** Premiere's value objects: times, rates, points. Checked against the official types. */
import type { FrameRate, Guid, RectF, TickTime, TickTimeStatic } from "@adobe/premierepro";
import { TICKS } from "./timeline-model.ts";

/** The members of a type without its construct and call signatures, which no class can implement. */
export type Members<T> = { [K in keyof T]: T[K] };

class FakeTickTime implements Members<TickTime> {
  readonly ticks: string;
  constructor(ticks: bigint) {
    this.ticks = ticks.toString();
  }
  get ticksNumber(): number {
    return Number(this.ticks);
  }
  get seconds(): number {
    return Number(this.ticks) / Number(TICKS);
  }
  equals(other: TickTime): boolean {
    return this.ticks === other.ticks;
  }
  alignToFrame(rate: FrameRate): TickTime {
    const frame = BigInt(Math.round(rate.ticksPerFrame));
    return time((BigInt(this.ticks) / frame) * frame);
  }
  alignToNearestFrame(rate: FrameRate): TickTime {
    const frame = BigInt(Math.round(rate.ticksPerFrame));
    return time(((BigInt(this.ticks) + frame / 2n) / frame) * frame);
  }
  add(other: TickTime): TickTime {
    return time(BigInt(this.ticks) + BigInt(other.ticks));
  }
  subtract(other: TickTime): TickTime {
    return time(BigInt(this.ticks) - BigInt(other.ticks));
  }
  multiply(factor: number): TickTime {
    return time(BigInt(Math.round(this.ticksNumber * factor)));
  }
  divide(divisor: number): TickTime {
    return time(BigInt(Math.round(this.ticksNumber / divisor)));
  }
}

export const time = (ticks: bigint): TickTime => new FakeTickTime(ticks) as unknown as TickTime;

export const fakeTickTimes: TickTimeStatic = {
  createWithTicks: (ticks) => time(BigInt(ticks)),
  createWithSeconds: (seconds) => time(BigInt(Math.round(seconds * Number(TICKS)))),
  createWithFrameAndFrameRate: (frame, rate) => time(BigInt(Math.round(frame * rate.ticksPerFrame))),
  TIME_ZERO: time(0n),
  TIME_ONE_SECOND: time(TICKS),
  TIME_ONE_MINUTE: time(TICKS * 60n),
  TIME_ONE_HOUR: time(TICKS * 3600n),
  TIME_MAX: time(TICKS * 1_000_000n),
  TIME_MIN: time(-TICKS * 1_000_000n),
  TIME_INVALID: time(-(2n ** 62n)),
};

export const guid = (text: string): Guid => ({ toString: () => text }) as unknown as Guid;
export const rect = (width: number, height: number): RectF => ({ width, height }) as unknown as RectF;
