/** Time and messages in the hand of a test: what is sent may be lost, doubled, late or out of order. */
import type { Timers } from "../../../plugin/bridge/reliable-link.ts";

/** A small generator of its own (mulberry32), so that a failing seed can be repeated. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** Runs what is due, in order, without waiting. */
export class SimulatedTime {
  time = 1_700_000_000_000;
  #order = 0;
  #due: { at: number; order: number; run: () => void }[] = [];

  readonly timers: Timers = {
    now: () => this.time,
    after: (milliseconds, run) => {
      const entry = { at: this.time + milliseconds, order: this.#order++, run };
      this.#due.push(entry);
      return () => {
        this.#due = this.#due.filter((each) => each !== entry);
      };
    },
  };

  /** Until `isDone` or the time is over; promises settle between steps. */
  async run(milliseconds: number, isDone: () => boolean = () => false): Promise<void> {
    const end = this.time + milliseconds;
    while (!isDone()) {
      this.#due.sort((a, b) => a.at - b.at || a.order - b.order);
      const next = this.#due[0];
      if (!next || next.at > end) break;
      this.#due.shift();
      this.time = next.at;
      next.run();
      await settled();
    }
    if (!isDone()) this.time = end;
  }
}

/** Lets every promise that can settle do so. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 6; turn++) await Promise.resolve();
}

export interface Weather {
  /** Parts of all messages, 0 to 1. */
  lost: number;
  doubled: number;
  /** Milliseconds; each message takes its own time up to this, so later ones may overtake. */
  delay: number;
}

export const CALM: Weather = { lost: 0, doubled: 0, delay: 1 };

/** One direction. JSON there and back, as the real bridge does. */
export class UnreliableChannel {
  weather: Weather;
  sent = 0;
  longest = 0;
  /** Cut off: everything is lost. */
  isCut = false;
  readonly #time: SimulatedTime;
  readonly #random: () => number;
  readonly #deliver: (message: unknown) => void;

  constructor(
    time: SimulatedTime,
    random: () => number,
    weather: Weather,
    deliver: (message: unknown) => void,
  ) {
    this.#time = time;
    this.#random = random;
    this.weather = weather;
    this.#deliver = deliver;
  }

  post = (message: unknown): void => {
    const text = JSON.stringify(message);
    this.sent++;
    this.longest = Math.max(this.longest, text.length);
    if (this.isCut || this.#random() < this.weather.lost) return;
    this.#later(text);
    if (this.#random() < this.weather.doubled) this.#later(text);
  };

  #later(text: string): void {
    const delay = this.#random() * this.weather.delay;
    this.#time.timers.after(delay, () => {
      if (!this.isCut) this.#deliver(JSON.parse(text));
    });
  }
}
