/** Runs in Node: progress with time left, on standard error. */
import type { CommandContext } from "./command.ts";

/** Milliseconds between two lines where lines can't be rewritten. */
const LINE_EVERY = 5000;
/** Milliseconds between two states of a rewritten line. */
const REWRITE_EVERY = 100;

export interface Progress {
  /** `done` of `total` units are finished. */
  at(done: number, total: number): void;
  /** Leaves the last state standing. */
  end(): void;
}

/** `unit`: what is counted, in the plural. */
export function progress(context: CommandContext, label: string, unit: string): Progress {
  const started = performance.now();
  let lastShown = Number.NEGATIVE_INFINITY;
  let pending = "";
  const show = (text: string) => context.say(context.live ? `\r\u001b[2K${text}` : `${text}\n`);
  return {
    at: (done, total) => {
      const now = performance.now();
      pending = progressText(label, unit, done, total, (now - started) / 1000);
      if (done < total && now - lastShown < (context.live ? REWRITE_EVERY : LINE_EVERY)) return;
      lastShown = now;
      show(pending);
      pending = "";
    },
    end: () => {
      if (pending !== "") show(pending);
      if (context.live) context.say("\n");
    },
  };
}

export function progressText(
  label: string,
  unit: string,
  done: number,
  total: number,
  seconds: number,
): string {
  const percent = total === 0 ? 100 : Math.floor((100 * done) / total);
  const rate = done > 0 && seconds > 0 ? done / seconds : 0;
  const left = rate > 0 && done < total ? `, ${duration((total - done) / rate)} left` : "";
  const speed = rate > 0 ? `, ${rate.toPrecision(3)} a second` : "";
  return `${label} ${done} of ${total} ${unit} (${percent} %)${speed}${left}`;
}

/** "42 s", "3 min 05 s", "1 h 12 min". */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${String(whole % 60).padStart(2, "0")} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}
