/** Test support: a clip whose frames say their numbers, on the fake Premiere's timeline, and which of them it shows when. */
import { encode } from "fast-png";
import type { Fraction } from "../../../plugin/protocol.ts";
import { numberedMovie } from "../numbered-movie.ts";
import { NUMBERED_SIZE, numberedLevels } from "../numbered-picture.ts";
import type { Painter } from "./fake-premiere.ts";
import { makeScene, type Scene } from "./scenario.ts";
import { itemAt, type ModelTrackItem, TICKS } from "./timeline-model.ts";

export interface Shape {
  /** Frames a second. */
  clip: Fraction;
  sequence: Fraction;
  /** Two thirds are [2, 3]. */
  speed: readonly [number, number];
  reversed: boolean;
  inFrame: number;
  /** Ticks by which the in-point lies beyond the beginning of `inFrame`. */
  inExtra: bigint;
  /** Frames of the sequence. */
  length: number;
  /** Of the media's first frame, as a count of frames; null where the media has no timecode. */
  timecode: number | null;
  /** Of the sequence's first frame, the same. */
  zeroFrame: number;
  dropFrame: boolean;
}

const PLAIN: Omit<Shape, "clip" | "sequence"> = {
  speed: [1, 1],
  reversed: false,
  inFrame: 7,
  inExtra: 0n,
  length: 12,
  timecode: null,
  zeroFrame: 0,
  dropFrame: false,
};

export const shapeOf = (clip: Fraction, changes: Partial<Shape> = {}): Shape => ({
  ...PLAIN,
  clip,
  sequence: clip,
  ...changes,
});

/** Whole for all rates that are used. */
export function frameTicks({ numerator, denominator }: Fraction): bigint {
  return (TICKS * BigInt(denominator)) / BigInt(numerator);
}

/** The clip of `makeScene` in this shape, with a movie as its file. */
export async function numberedScene(shape: Shape, size = NUMBERED_SIZE): Promise<Scene> {
  const scene = makeScene({ staleObjects: true, actionsOnlyInLock: true });
  const { world, clip } = scene;
  const { dropFrame, zeroFrame, reversed } = shape;
  const ticksPerFrame = frameTicks(shape.sequence);
  const zeroPoint = ticksPerFrame * BigInt(zeroFrame);
  world.settings = { ...world.settings, ...size, ticksPerFrame, zeroPoint, dropFrame };
  // Premiere says 23.976, and no fraction.
  const frameRate = Number((shape.clip.numerator / shape.clip.denominator).toFixed(3));
  Object.assign(world.projectItem("street.mov"), { ...size, frameRate });
  Object.assign(clip, timesOf(shape), { speed: shape.speed[0] / shape.speed[1], reversed });
  const frameCount = Math.max(40, Number(clip.outPoint / frameTicks(shape.clip)) + 1);
  const format = shape.timecode === null ? "h264" : "prores422hq";
  const startFrame = shape.timecode ?? 0;
  const movie = await numberedMovie({ rate: shape.clip, frameCount, startFrame, format });
  world.files.put("/media/street.mov", movie);
  return scene;
}

function timesOf({ clip, sequence, speed, inFrame, inExtra, length }: Shape) {
  const start = frameTicks(sequence) * 11n;
  const duration = frameTicks(sequence) * BigInt(length);
  const inPoint = frameTicks(clip) * BigInt(inFrame) + inExtra;
  const outPoint = inPoint + (duration * BigInt(speed[0])) / BigInt(speed[1]);
  return { start, end: start + duration, inPoint, outPoint };
}

/** The frame that lies at a time: forward from the in-point, or back from the out-point, which is no longer shown. */
export function frameShown({ clip, speed, reversed }: Shape, item: ModelTrackItem, time: bigint): number {
  const [numerator, denominator] = [BigInt(speed[0]), BigInt(speed[1])];
  const passed = (time - item.start) * numerator;
  const frame = frameTicks(clip) * denominator;
  if (!reversed) return Number((item.inPoint * denominator + passed) / frame);
  return Number((item.outPoint * denominator - passed - 1n) / frame);
}

/** What other clips say: no frame has this number. */
const ANOTHER_CLIP = 4095;

/** Renders the topmost clip that isn't muted. */
export function numberPainter(clip: ModelTrackItem, shape: Shape): Painter {
  return (world, time, width, height) => {
    const shown = world.model.tracks.findLast((track) => !track.muted && itemAt(track, time));
    const isClip = shown && itemAt(shown, time)?.uid === clip.uid;
    const number = isClip ? frameShown(shape, clip, time) : ANOTHER_CLIP;
    const data = numberedLevels(number, { width, height });
    return encode({ width, height, data, channels: 1, depth: 8 });
  };
}
