/** Frames, ticks, seconds and timecode, converted with integers only; pure, runs everywhere. */
import type { Fraction, Ticks } from "./protocol.ts";

/** Premiere's unit; an integer number of them fits every frame of every rate in `COMMON_RATES`. */
export const TICKS_PER_SECOND = 254_016_000_000n;

/** Frames a second that cameras, broadcasters and hosts use. */
export const COMMON_RATES: readonly Fraction[] = [
  { numerator: 10, denominator: 1 },
  { numerator: 12, denominator: 1 },
  { numerator: 25, denominator: 2 },
  { numerator: 15, denominator: 1 },
  { numerator: 24000, denominator: 1001 },
  { numerator: 24, denominator: 1 },
  { numerator: 25, denominator: 1 },
  { numerator: 30000, denominator: 1001 },
  { numerator: 30, denominator: 1 },
  { numerator: 48000, denominator: 1001 },
  { numerator: 48, denominator: 1 },
  { numerator: 50, denominator: 1 },
  { numerator: 60000, denominator: 1001 },
  { numerator: 60, denominator: 1 },
  { numerator: 90, denominator: 1 },
  { numerator: 100, denominator: 1 },
  { numerator: 120000, denominator: 1001 },
  { numerator: 120, denominator: 1 },
  { numerator: 144, denominator: 1 },
  { numerator: 240, denominator: 1 },
];

/** The integer that a decimal string of ticks says. Throws a RangeError on anything else. */
export function parseTicks(ticks: Ticks): bigint {
  if (!/^-?\d+$/.test(ticks)) {
    throw new RangeError(`Ticks: expected a decimal integer as text, got ${JSON.stringify(ticks)}`);
  }
  return BigInt(ticks);
}

export function formatTicks(ticks: bigint): Ticks {
  return ticks.toString();
}

/** Rounds toward minus infinity; `divisor` is positive. */
export function floorDivide(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  return dividend % divisor < 0n ? quotient - 1n : quotient;
}

/** Rounds toward plus infinity; `divisor` is positive. */
function ceilDivide(dividend: bigint, divisor: bigint): bigint {
  return -floorDivide(-dividend, divisor);
}

/**
 * The first tick at which a frame is shown.
 *
 * Exact for every common rate. Where a rate's frame is no whole number of ticks, rounds up, so that
 * `ticksToFrame(frameToTicks(n, rate), rate)` is n for every rate below a frame a tick.
 */
export function frameToTicks(frame: number | bigint, rate: Fraction): bigint {
  const { numerator, denominator } = checkedRate(rate);
  return ceilDivide(BigInt(frame) * TICKS_PER_SECOND * denominator, numerator);
}

/** The frame that is shown at a time: the last one that starts at or before it. */
export function ticksToFrame(ticks: bigint, rate: Fraction): number {
  const { numerator, denominator } = checkedRate(rate);
  return Number(floorDivide(ticks * numerator, TICKS_PER_SECOND * denominator));
}

/** The frame that starts nearest to a time; of two equally near ones the later. */
export function nearestFrame(ticks: bigint, rate: Fraction): number {
  const { numerator, denominator } = checkedRate(rate);
  const frameTicks = TICKS_PER_SECOND * denominator;
  return Number(floorDivide(2n * ticks * numerator + frameTicks, 2n * frameTicks));
}

/** The first frame that starts at or after a time. */
export function frameAtOrAfter(ticks: bigint, rate: Fraction): number {
  const { numerator, denominator } = checkedRate(rate);
  return Number(ceilDivide(ticks * numerator, TICKS_PER_SECOND * denominator));
}

/** Nearest tick. Whole seconds are exact, fractions as exact as the number is. */
export function secondsToTicks(seconds: number): bigint {
  const whole = Math.floor(seconds);
  return BigInt(whole) * TICKS_PER_SECOND + BigInt(Math.round((seconds - whole) * Number(TICKS_PER_SECOND)));
}

export function ticksToSeconds(ticks: bigint): number {
  const whole = floorDivide(ticks, TICKS_PER_SECOND);
  return Number(whole) + Number(ticks - whole * TICKS_PER_SECOND) / Number(TICKS_PER_SECOND);
}

/** Lowest terms. */
function reduceFraction(numerator: bigint, denominator: bigint): Fraction {
  let [a, b] = [numerator, denominator];
  while (b !== 0n) [a, b] = [b, a % b];
  return { numerator: Number(numerator / a), denominator: Number(denominator / a) };
}

/**
 * The ratio of smallest terms within a share `rounding` of a positive number, by continued fractions: 0.3333333
 * is a third.
 */
export function simplestRatio(value: number, rounding: number): Fraction {
  let [numerator, denominator, lastNumerator, lastDenominator] = [1, 0, 0, 1];
  for (let rest = value; ; rest = 1 / (rest - Math.floor(rest))) {
    const whole = Math.floor(rest);
    [numerator, lastNumerator] = [whole * numerator + lastNumerator, numerator];
    [denominator, lastDenominator] = [whole * denominator + lastDenominator, denominator];
    const enough = Math.abs(numerator / denominator - value) <= value * rounding;
    if (enough || rest === whole) return { numerator, denominator };
  }
}

/** The rate whose frame lasts this many ticks, as a host's time base says it. */
export function rateFromTicksPerFrame(ticksPerFrame: bigint): Fraction {
  if (ticksPerFrame <= 0n)
    throw new RangeError(`Ticks per frame: expected more than 0, got ${ticksPerFrame}`);
  return reduceFraction(TICKS_PER_SECOND, ticksPerFrame);
}

/**
 * The exact rate behind a rounded number (23.976, 29.97, 59.94 and so on).
 *
 * A common rate within 0.005 frames a second is taken (hosts round 24000/1001 to 23.976 or 23.98); another
 * number is taken at its word, to a thousandth.
 */
export function rateFromNumber(framesPerSecond: number): Fraction {
  if (!(framesPerSecond > 0 && framesPerSecond < 100_000)) {
    throw new RangeError(`Frame rate: expected a number between 0 and 100000, got ${framesPerSecond}`);
  }
  const distance = (rate: Fraction) => Math.abs(rate.numerator / rate.denominator - framesPerSecond);
  const nearest = COMMON_RATES.reduce((best, rate) => (distance(rate) < distance(best) ? rate : best));
  if (distance(nearest) <= 0.005) return nearest;
  return reduceFraction(BigInt(Math.max(1, Math.round(framesPerSecond * 1000))), 1000n);
}

export function sameRate(a: Fraction, b: Fraction): boolean {
  return BigInt(a.numerator) * BigInt(b.denominator) === BigInt(b.numerator) * BigInt(a.denominator);
}

export function rateToNumber(rate: Fraction): number {
  return rate.numerator / rate.denominator;
}

/** What timecode counts in a second: 30 for 29.97. */
function nominalRate(rate: Fraction): number {
  return Math.ceil(rate.numerator / rate.denominator - 1e-9);
}

/** Drop frame exists for 29.97 and its multiples only (SMPTE ST 12-1). */
export function supportsDropFrame(rate: Fraction): boolean {
  return rate.denominator === 1001 && rate.numerator % 30000 === 0;
}

/**
 * "HH:MM:SS:FF", with ";" before the frames in drop-frame counting.
 *
 * Drop frame leaves out numbers, never frames: ";00" and ";01" (four of them at 59.94, and so on) of
 * every minute that isn't a multiple of ten.
 */
export function frameToTimecode(frame: number, rate: Fraction, dropFrame = false): string {
  if (frame < 0) return `-${frameToTimecode(-frame, rate, dropFrame)}`;
  const nominal = nominalRate(rate);
  const counted = dropFrame ? frame + droppedNumbers(frame, rate) : frame;
  const seconds = Math.floor(counted / nominal);
  const fields = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map(twoDigits);
  const digits = String(nominal - 1).length;
  const frames = String(counted % nominal).padStart(Math.max(2, digits), "0");
  return `${fields.join(":")}${dropFrame ? ";" : ":"}${frames}`;
}

/** The frame that a timecode names; ";" means drop frame. Throws a RangeError on what is no timecode. */
export function timecodeToFrame(timecode: string, rate: Fraction): number {
  const match = /^(-?)(\d{1,3}):([0-5]?\d):([0-5]?\d)([:;])(\d{1,3})$/.exec(timecode.trim());
  if (!match) throw new RangeError(`Timecode: expected HH:MM:SS:FF, got ${JSON.stringify(timecode)}`);
  const [, sign, hours, minutes, seconds, separator, frames] = match;
  const dropFrame = separator === ";";
  const wholeMinutes = Number(hours) * 60 + Number(minutes);
  const counted = (wholeMinutes * 60 + Number(seconds)) * nominalRate(rate) + Number(frames);
  requireCountedFrame(timecode, rate, dropFrame, wholeMinutes, Number(seconds), Number(frames));
  const frame = dropFrame
    ? counted - dropsPerMinute(rate) * (wholeMinutes - Math.floor(wholeMinutes / 10))
    : counted;
  return sign ? -frame : frame;
}

function requireCountedFrame(
  timecode: string,
  rate: Fraction,
  dropFrame: boolean,
  minutes: number,
  seconds: number,
  frames: number,
): void {
  const nominal = nominalRate(rate);
  if (frames >= nominal) {
    throw new RangeError(`Timecode ${timecode}: expected a frame below ${nominal}, got ${frames}`);
  }
  if (dropFrame && minutes % 10 !== 0 && seconds === 0 && frames < dropsPerMinute(rate)) {
    throw new RangeError(`Timecode ${timecode}: this number is left out in drop-frame counting`);
  }
}

function dropsPerMinute(rate: Fraction): number {
  if (!supportsDropFrame(rate)) {
    throw new RangeError(
      `Drop-frame timecode: expected 29.97 frames a second or a multiple, got ${rate.numerator}/${rate.denominator}`,
    );
  }
  return (rate.numerator / 30000) * 2;
}

/** How many numbers were left out before the n-th frame. */
function droppedNumbers(frame: number, rate: Fraction): number {
  const drop = dropsPerMinute(rate);
  const minute = nominalRate(rate) * 60 - drop;
  const tenMinutes = minute * 10 + drop;
  const within = frame % tenMinutes;
  const minutesInBlock = within < minute + drop ? 0 : 1 + Math.floor((within - minute - drop) / minute);
  return drop * (9 * Math.floor(frame / tenMinutes) + minutesInBlock);
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}

function checkedRate(rate: Fraction): { numerator: bigint; denominator: bigint } {
  if (
    !(
      Number.isInteger(rate.numerator) &&
      rate.numerator > 0 &&
      Number.isInteger(rate.denominator) &&
      rate.denominator > 0
    )
  ) {
    throw new RangeError(
      `Frame rate: expected two positive integers, got ${rate.numerator}/${rate.denominator}; read the clip again`,
    );
  }
  return { numerator: BigInt(rate.numerator), denominator: BigInt(rate.denominator) };
}
