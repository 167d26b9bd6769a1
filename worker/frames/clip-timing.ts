/** Pure: which frames of a track are presented, when, and at what rate. */

/** One coded frame as the container lists it; seconds on the clip's own clock, 0 where its edit begins. */
export interface PacketTiming {
  timestamp: number;
  duration: number;
  isKey: boolean;
}

export interface ClipTiming {
  /** Seconds from the first presented frame; strictly increasing. */
  timestamps: number[];
  /** Of frame 0, on the container's clock. */
  firstTimestamp: number;
  /** Per frame: the frame at which decoding has to begin to get it. */
  keyFrames: Uint32Array;
  durationSeconds: number;
}

/** Containers round an edit to their movie clock, commonly milliseconds. */
const EDIT_TOLERANCE = 0.001;

/**
 * Presented frames in presentation order: what lies before the edit is decoded but never shown, as
 * players and FFmpeg do. `readable` bounds the frames, in presentation order, whose bytes are there.
 */
export function presentedFrames(packets: readonly PacketTiming[]): PacketTiming[] {
  const shown = packets.filter((packet) => packet.timestamp >= -EDIT_TOLERANCE);
  shown.sort((a, b) => a.timestamp - b.timestamp);
  return shown.filter((packet, index) => index === 0 || packet.timestamp > shown[index - 1]!.timestamp);
}

/** `frames`: at least one, from `presentedFrames`. */
export function clipTiming(frames: readonly PacketTiming[]): ClipTiming {
  const firstTimestamp = frames[0]!.timestamp;
  const last = frames[frames.length - 1]!;
  const keyFrames = new Uint32Array(frames.length);
  frames.forEach((frame, index) => {
    keyFrames[index] = frame.isKey || index === 0 ? index : keyFrames[index - 1]!;
  });
  return {
    timestamps: frames.map((frame) => frame.timestamp - firstTimestamp),
    firstTimestamp,
    keyFrames,
    durationSeconds: last.timestamp + last.duration - firstTimestamp,
  };
}

export interface FrameRate {
  numerator: number;
  denominator: number;
  variable: boolean;
}

/** Rates that containers with a coarse clock can only approximate. */
const COMMON_RATES: readonly (readonly [number, number])[] = [
  [24000, 1001],
  [24, 1],
  [25, 1],
  [30000, 1001],
  [30, 1],
  [48, 1],
  [50, 1],
  [60000, 1001],
  [60, 1],
  [120, 1],
];

/**
 * The rate as an exact fraction where the clip has one.
 *
 * `resolution`: the container's clock, units a second; all timestamps are multiples of 1 / resolution.
 * A fine clock gives the fraction itself; a coarse one (WebM counts milliseconds) is matched to the common
 * rates. Anything else is variable, with the mean rate to three decimals.
 */
export function frameRate(timing: ClipTiming, resolution: number): FrameRate {
  const { timestamps, durationSeconds } = timing;
  const count = timestamps.length;
  if (count < 2) return fraction(1, durationSeconds > 0 ? durationSeconds : 1 / 25, false);
  const interval = timestamps[count - 1]! / (count - 1);
  const ticks = Math.round(interval * resolution);
  const exact = ticks > 0 && fits(timestamps, ticks / resolution, 0.01 / resolution);
  if (exact) return reduced(Math.round(resolution), ticks, false);
  const tolerance = 1.1 / resolution;
  const common = COMMON_RATES.filter(([n, d]) => fits(timestamps, d / n, tolerance));
  common.sort(([a, b], [c, d]) => Math.abs(b / a - interval) - Math.abs(d / c - interval));
  if (common[0]) return { numerator: common[0][0], denominator: common[0][1], variable: false };
  return fraction(1, interval, !fits(timestamps, interval, 2 * tolerance));
}

function fits(timestamps: readonly number[], interval: number, tolerance: number): boolean {
  return timestamps.every((timestamp, index) => Math.abs(timestamp - index * interval) <= tolerance);
}

function fraction(frames: number, seconds: number, variable: boolean): FrameRate {
  return reduced(Math.max(1, Math.round((1000 * frames) / seconds)), 1000, variable);
}

function reduced(numerator: number, denominator: number, variable: boolean): FrameRate {
  const divisor = greatestCommonDivisor(numerator, denominator);
  return { numerator: numerator / divisor, denominator: denominator / divisor, variable };
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** The frame whose timestamp is nearest; decoders may round to microseconds. */
export function nearestFrame(timestamps: readonly number[], seconds: number): number {
  let low = 0;
  let high = timestamps.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (timestamps[middle]! < seconds) low = middle + 1;
    else high = middle;
  }
  const before = Math.max(0, low - 1);
  return seconds - timestamps[before]! < timestamps[low]! - seconds ? before : low;
}
