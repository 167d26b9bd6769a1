/**
 * Runs anywhere: on which frames of a visible stretch keys lie, the same for all of its paths.
 *
 * Dynamic programming over all pairs of frames that one straight movement can join, see `span-errors.ts`.
 */
import type { PathErrors } from "./path-errors.ts";
import type { SpanErrors } from "./span-errors.ts";

/** What paths must keep to. */
export interface KeyBound {
  /** Pixels, at any point. */
  tolerance: number;
  /** Share of the object's area on any frame. */
  areaLoss: number;
}

/** A span between two possible keys, `frames + 1` apart; one value for each frame after the first key. */
interface Span {
  /** Share of the object's area that is lost. */
  lost: Float32Array;
  /** The same and the farthest distance as shares of what the bound allows, whichever is more. */
  strain: Float32Array;
}

/** Everything that choosing needs to know about a stretch; `spans[i][d]` reaches from its frame i to i + d + 1. */
export interface SpanTable {
  from: number;
  spans: (Span | undefined)[][];
}

/** Frames that two keys may be apart; bounds memory and work. */
const LONGEST_GAP = 60;
/** Strain beyond which a span is never of use, and after how many such in a row none longer is tried. */
const MOST_STRAIN = 1.5;
const GIVE_UP_AFTER = 4;

/** `fitted`: errors on every frame of the stretch with a key on each. */
export async function tabulateSpans(
  { from, to }: { from: number; to: number },
  tracks: readonly SpanErrors[],
  fitted: PathErrors,
  bound: KeyBound,
  pace: () => Promise<void>,
): Promise<SpanTable> {
  const table: SpanTable = { from, spans: [] };
  for (let begin = from; begin <= to; begin++) {
    await pace();
    const here = tracks.filter((track) => track.to >= begin);
    for (const track of here) track.begin(begin);
    const row: (Span | undefined)[] = [];
    let misses = 0;
    for (let end = begin + 1; end <= to && row.length < LONGEST_GAP && misses < GIVE_UP_AFTER; end++) {
      const span = spanOf(begin, end, here, from, fitted, bound);
      misses = span.strain.some((strain) => strain > MOST_STRAIN) ? misses + 1 : 0;
      // Neighbours can always be joined.
      row.push(misses === 0 || row.length === 0 ? span : undefined);
    }
    table.spans.push(row);
  }
  return table;
}

function spanOf(
  begin: number,
  end: number,
  tracks: readonly SpanErrors[],
  from: number,
  fitted: PathErrors,
  bound: KeyBound,
): Span {
  const span = { lost: new Float32Array(end - begin), strain: new Float32Array(end - begin) };
  const on = tracks.filter((track) => track.from <= end);
  for (const track of on) track.extend(end);
  for (let frame = begin + 1; frame <= end; frame++) {
    let [lost, farthest] = [0, 0];
    for (const track of on) {
      const error = track.errorAt(frame);
      lost += error.lost;
      farthest = Math.max(farthest, error.farthest);
    }
    // Errors of the fit and of the movement are independent of each other.
    lost = Math.hypot(lost, fitted.lost[frame - from]!);
    farthest = Math.hypot(farthest, fitted.farthest[frame - from]!);
    span.lost[frame - begin - 1] = lost;
    span.strain[frame - begin - 1] = Math.max(lost / bound.areaLoss, farthest / bound.tolerance);
  }
  return span;
}

/** Keys of a stretch as frame numbers, and the sum over its frames of what they are expected to lose. */
export interface KeyChoice {
  keys: number[];
  lost: number;
}

/**
 * The keys for which number of keys + `price` * sum of lost shares is least. `limits`: most strain on every
 * frame of the stretch. First and last frame always have a key.
 */
export function chooseKeys({ from, spans }: SpanTable, price: number, limits: Float64Array): KeyChoice {
  const count = spans.length;
  const least = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  const lost = new Float64Array(count);
  const before = new Int32Array(count).fill(-1);
  least[0] = 1;
  for (let i = 0; i < count; i++)
    spans[i]!.forEach((span, gap) => {
      if (!span || (gap > 0 && !keepsTo(span, limits, i + 1))) return;
      const j = i + gap + 1;
      const here = span.lost.reduce((sum, one) => sum + one, 0);
      const cost = least[i]! + 1 + price * here;
      // On a tie the later key before: evenly spread keys interpolate better.
      if (cost <= least[j]!) [least[j], before[j], lost[j]] = [cost, i, lost[i]! + here];
    });
  const keys: number[] = [];
  for (let at = count - 1; at >= 0; at = before[at]!) keys.unshift(from + at);
  return { keys, lost: lost[count - 1]! };
}

function keepsTo({ strain }: Span, limits: Float64Array, first: number): boolean {
  for (let i = 0; i < strain.length; i++) if (strain[i]! > limits[first + i]!) return false;
  return true;
}
