/**
 * Runs in the tracking worker or in Node: a stream of hard masks becomes a stream of mattes.
 *
 * Frames wait for as many later ones as the controls in time ask for (none, or `STEADY_REACH`), so the
 * memory held does not depend on the clip's length. Nothing is taken across a cut, a hidden frame or a gap.
 */
import type { BinaryMask } from "../evaluation/binary-mask.ts";
import type { Picture } from "../frames/frame-source.ts";
import type { AlphaRegion } from "./alpha-region.ts";
import { decontaminate } from "./decontaminate.ts";
import { type FrameChange, FrameChangeDetector } from "./frame-change.ts";
import type { MatteSettings } from "./matte-settings.ts";
import { velocityOf } from "./motion-blur.ts";
import { stepFor } from "./reduced-grid.ts";
import { type Shape, shapeOf } from "./shape-motion.ts";
import { STEADY_REACH, steadyShift } from "./steady.ts";
import { cleanAndRefine, type FrameInTime, shapeMatte } from "./treat-frame.ts";

export interface MaskedFrame {
  frameIndex: number;
  mask: BinaryMask;
  /** Null where the clip's picture can't be had: what needs it is left out. */
  picture: Picture | null;
  /** False on hidden frames (see `visibility.ts`): the matte is empty there. */
  shown: boolean;
  /** What `mask` was made of, as wide as `treatClip`'s `side`; absent where it was changed or merged. */
  logits?: Float32Array;
}

export interface TreatedFrame {
  frameIndex: number;
  matte: AlphaRegion;
  /** Colours decontaminated where asked for. */
  picture: Picture | null;
  change: FrameChange;
}

interface WaitingFrame {
  frameIndex: number;
  region: AlphaRegion;
  picture: Picture | null;
  change: FrameChange;
  /** Outline for the controls in time; null where they are off or there is no edge. */
  shape: Shape | null;
  /** Frames with the same number may look at each other. */
  stretch: number;
  /** Is to have the matte of the frame before. */
  repeats: boolean;
}

/** Frames in order, forward or backward. `side`: the model's mask is side x side. */
export async function* treatClip(
  frames: AsyncIterable<MaskedFrame> | Iterable<MaskedFrame>,
  settings: MatteSettings,
  side?: number,
): AsyncGenerator<TreatedFrame> {
  const reach = settings.steady > 0 ? STEADY_REACH : settings.motionBlur > 0 ? 1 : 0;
  const intake = new Intake(settings, reach > 0, side);
  const waiting: WaitingFrame[] = [];
  let at = 0;
  let last: TreatedFrame | null = null;
  for await (const frame of frames) {
    waiting.push(intake.take(frame));
    if (waiting.length - at <= reach) continue;
    last = finish(waiting, at, settings, last, side);
    yield last;
    if (at < reach) at++;
    else waiting.shift();
  }
  for (; at < waiting.length; at++) {
    last = finish(waiting, at, settings, last, side);
    yield last;
  }
}

/** What is done to a frame when it comes in, and which stretch it belongs to. */
class Intake {
  readonly #settings: MatteSettings;
  readonly #inTime: boolean;
  readonly #side: number | undefined;
  readonly #changes = new FrameChangeDetector();
  #stretch = 0;
  #before: { frameIndex: number; region: AlphaRegion; shape: Shape | null; shown: boolean } | null = null;

  constructor(settings: MatteSettings, inTime: boolean, side: number | undefined) {
    this.#settings = settings;
    this.#inTime = inTime;
    this.#side = side;
  }

  take(frame: MaskedFrame): WaitingFrame {
    const { frameIndex, picture, shown } = frame;
    const change = picture && this.#looksAtChanges() ? this.#changes.next(picture) : "continuous";
    const before = this.#before;
    if (
      !before ||
      change === "cut" ||
      Math.abs(frameIndex - before.frameIndex) !== 1 ||
      shown !== before.shown
    )
      this.#stretch++;
    if (before && change === "duplicate" && this.#settings.keepDuplicates && before.shown === shown) {
      this.#before = { ...before, frameIndex };
      return { ...before, frameIndex, picture, change, stretch: this.#stretch, repeats: true };
    }
    const region = cleanAndRefine(shown ? frame.mask : hidden(frame.mask), picture, this.#settings, {
      ...(this.#side && { side: this.#side }),
      ...(shown && frame.logits && { logits: frame.logits }),
    });
    const shape = this.#inTime && shown ? shapeOf(region, stepFor(region.frame, this.#side)) : null;
    this.#before = { frameIndex, region, shape, shown };
    return { frameIndex, region, picture, change, shape, stretch: this.#stretch, repeats: false };
  }

  #looksAtChanges(): boolean {
    return this.#inTime || this.#settings.keepDuplicates;
  }
}

function hidden({ width, height }: BinaryMask): BinaryMask {
  return { width, height, data: new Uint8Array(width * height) };
}

function finish(
  waiting: readonly WaitingFrame[],
  at: number,
  settings: MatteSettings,
  last: TreatedFrame | null,
  side: number | undefined,
): TreatedFrame {
  const { frameIndex, region, picture, change, repeats } = waiting[at]!;
  const matte =
    repeats && last ? last.matte : shapeMatte(region, settings, inTime(waiting, at, settings, side));
  const clean = picture && decontaminate(picture, matte, settings.decontaminate / 100);
  return { frameIndex, matte, picture: clean, change };
}

function inTime(
  waiting: readonly WaitingFrame[],
  at: number,
  settings: MatteSettings,
  side: number | undefined,
): FrameInTime {
  const { shape, stretch, region } = waiting[at]!;
  if (!shape) return { shift: null, velocity: null };
  const neighbour = (offset: number) => {
    const other = waiting[at + offset];
    return other?.stretch === stretch ? other.shape : null;
  };
  const pairs = Array.from({ length: STEADY_REACH }, (_, i): [Shape | null, Shape | null] => [
    neighbour(-1 - i),
    neighbour(i + 1),
  ]);
  return {
    shift: steadyShift(shape, pairs, settings.steady / 100, region.frame, side),
    velocity: settings.motionBlur > 0 ? velocityOf(neighbour(-1), shape, neighbour(1)) : null,
  };
}
