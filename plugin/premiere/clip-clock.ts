/** Which source times and speed a track item's numbers mean; pure. */
import { floorDivide, formatTicks, simplestRatio } from "../timecode.ts";
import { SPEED_ROUNDING } from "../timeline-map.ts";

export interface TrackItemNumbers {
  /** Ticks. */
  inPoint: bigint;
  outPoint: bigint;
  start: bigint;
  end: bigint;
  /** As `getSpeed` says it. */
  speed: number;
  reversed: boolean;
}

export interface ClipClock {
  sourceIn: string;
  sourceOut: string;
  /** 1 is normal, negative is reversed. */
  speed: number;
  notes: string[];
}

/**
 * [Note: clip clock]
 *
 * Adobe documents neither whether `getSpeed` gives 2 or 200 for double speed, nor whether in and out points
 * of a sped-up clip count source time or time as it is played. Both can be told from the numbers: the
 * stretch from in to out is either speed times as long as the clip on the timeline, or just as long.
 */
export function readClipClock(numbers: TrackItemNumbers): ClipClock {
  const { inPoint, outPoint, start, end, reversed } = numbers;
  const played = Number(end - start);
  const ratio = played > 0 ? Number(outPoint - inPoint) / played : 1;
  const { speed, sourceClock } = readSpeed(Math.abs(numbers.speed), ratio);
  const scale = (ticks: bigint) => (sourceClock ? ticks : scaleTicks(ticks, speed));
  const sourceIn = scale(inPoint);
  const notes = reversed
    ? [
        "The clip plays in reverse; how Premiere counts its in-point then isn't documented, so compare a frame.",
      ]
    : [];
  return {
    sourceIn: formatTicks(sourceIn),
    sourceOut: formatTicks(sourceIn + scaleTicks(end - start, speed)),
    speed: reversed || numbers.speed < 0 ? -speed : speed,
    notes,
  };
}

/** Of all readings of the two numbers, the one that fits them best. */
function readSpeed(given: number, ratio: number): { speed: number; sourceClock: boolean } {
  const readings = [
    { speed: given, sourceClock: true, misfit: misfit(ratio, given) },
    { speed: given / 100, sourceClock: true, misfit: misfit(ratio, given / 100) },
    // Played time fits any speed, so it must fit clearly better; beyond 10 a number is taken for percent.
    { speed: given > 10 ? given / 100 : given, sourceClock: false, misfit: misfit(ratio, 1) + 0.01 },
  ];
  const usable = readings.filter((reading) => reading.speed > 0 && Number.isFinite(reading.misfit));
  if (usable.length === 0) return { speed: 1, sourceClock: true };
  return usable.reduce((best, reading) => (reading.misfit < best.misfit ? reading : best));
}

/** How far a ratio is from what is expected; 0 is a perfect fit, 0.01 about one per cent. */
function misfit(ratio: number, expected: number): number {
  return Math.abs(Math.log(ratio / expected));
}

/** Exactly: an out-point that is a few ticks late is a frame late in a clip that runs back. */
function scaleTicks(ticks: bigint, speed: number): bigint {
  const { numerator, denominator } = simplestRatio(speed, SPEED_ROUNDING);
  return floorDivide(ticks * BigInt(numerator), BigInt(denominator));
}
