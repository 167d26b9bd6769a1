/** Runs anywhere: tracks one clip by a protocol and measures everything about the result. */
import type { FrameSource } from "../frames/frame-source.ts";
import { encodeMask } from "../mask-rle.ts";
import type { Mask } from "../protocol.ts";
import { type BinaryMask, emptyMask, subtractMask } from "./binary-mask.ts";
import { chatterBetween, lumaOf, type OutlineFrame } from "./chatter.ts";
import type { ClipObject, DatasetClip } from "./dataset-clip.ts";
import { mean } from "./davis-statistics.ts";
import { binaryMaskOf, clicksToReach, type EvaluationPrompt } from "./evaluation-prompt.ts";
import { type FrameScore, type ObjectScore, scoredFrames, scoreFrame, scoreObject } from "./object-score.ts";
import { countPresence, type PresenceCounts, type PresenceObservation } from "./presence.ts";
import { type Interaction, type ObjectTrack, type Protocol, trackClip } from "./protocols.ts";
import type { ClipSegmenter, Segmenter } from "./segmenter.ts";

/** J at which the interactive-segmentation literature stops counting clicks. */
const GOOD_J = 0.9;
/** Frames of each object that are kept for the contact sheet. */
const KEPT_WORST_FRAMES = 3;

export interface EvaluationOptions {
  prompt: EvaluationPrompt;
  protocol: Protocol;
  includeFirstAndLast: boolean;
}

/** What only the realm knows. */
export interface Surroundings {
  /** Seconds from any origin. */
  now(): number;
  /** Highest memory of the process so far, bytes; null where the realm can't say. */
  peakMemory(): number | null;
  /** To be closed by whoever asked. */
  openFrames(clip: DatasetClip): Promise<FrameSource>;
}

export interface WorstFrame {
  frameIndex: number;
  J: number;
  F: number;
  mask: Mask;
}

export interface ObjectReport {
  id: number;
  name: string;
  /** Null when no frame of the object counts. */
  score: ObjectScore | null;
  frames: FrameScore[];
  /** Over annotated frames that were tracked, not prompted. */
  presence: PresenceCounts;
  /** Pixels per frame; null where no two successive frames have an outline. */
  chatter: number | null;
  /** The same of the true masks, for comparison; null when not every frame is annotated. */
  trueChatter: number | null;
  /** Clicks on the first frame until J is 0.90: a number, "never", or null when not measured. */
  clicksToGoodMask: number | "never" | null;
  interactions: Interaction[];
  worst: WorstFrame[];
}

export interface ClipReport {
  clip: string;
  width: number;
  height: number;
  frameCount: number;
  annotatedFrames: number;
  objects: ObjectReport[];
  /** Frames that were tracked, passes counted each; with one pass and one prompt: the clip's length. */
  trackedFrames: number;
  trackingSeconds: number;
  /** Bytes, of the whole process up to here. */
  peakMemory: number | null;
}

export async function evaluateClip(
  clip: DatasetClip,
  segmenter: Segmenter,
  options: EvaluationOptions,
  surroundings: Surroundings,
): Promise<ClipReport> {
  const frames = await surroundings.openFrames(clip);
  const session = await segmenter.open(clip, frames);
  try {
    const clicks = segmenter.understandsClicks ? await countClicks(clip, session) : new Map();
    const tracked = await trackClip(options.protocol, {
      clip,
      segmenter: session,
      prompt: options.prompt,
      now: () => surroundings.now(),
    });
    const measured = await new ClipMeasurement(clip, frames, tracked.tracks, options).objects(clicks);
    return {
      clip: clip.name,
      width: clip.width,
      height: clip.height,
      frameCount: clip.framePaths.length,
      annotatedFrames: clip.annotatedFrames.length,
      objects: measured,
      trackedFrames: tracked.trackedFrames,
      trackingSeconds: tracked.trackingSeconds,
      peakMemory: surroundings.peakMemory(),
    };
  } finally {
    await session.close();
    frames.close();
  }
}

async function countClicks(
  clip: DatasetClip,
  session: ClipSegmenter,
): Promise<Map<number, number | "never">> {
  const counts = new Map<number, number | "never">();
  for (const { id, firstFrame } of clip.objects) {
    const truth = (await clip.truth(firstFrame)).get(id)!;
    counts.set(id, (await clicksToReach(GOOD_J, session, id, firstFrame, truth)) ?? "never");
  }
  return counts;
}

/** Walks the clip once, frame by frame, and collects what each object needs. */
class ClipMeasurement {
  readonly #clip: DatasetClip;
  readonly #tracks: ObjectTrack[];
  readonly #options: EvaluationOptions;
  readonly #frames: FrameSource;
  readonly #collected: Map<number, Collected>;

  constructor(clip: DatasetClip, frames: FrameSource, tracks: ObjectTrack[], options: EvaluationOptions) {
    this.#clip = clip;
    this.#tracks = tracks;
    this.#options = options;
    this.#frames = frames;
    this.#collected = new Map(tracks.map(({ objectId }) => [objectId, new Collected()]));
  }

  async objects(clicks: ReadonlyMap<number, number | "never">): Promise<ObjectReport[]> {
    for (let frame = 0; frame < this.#clip.framePaths.length; frame++) await this.#measureFrame(frame);
    return this.#clip.objects.map((object) => this.#report(object, clicks.get(object.id) ?? null));
  }

  async #measureFrame(frameIndex: number): Promise<void> {
    const truth = await this.#clip.truth(frameIndex);
    const predictions = this.#predictions(frameIndex);
    const luma = lumaOf(await this.#frames.frame(frameIndex));
    for (const { objectId, frames, interactions } of this.#tracks) {
      const collected = this.#collected.get(objectId)!;
      const mask = predictions.get(objectId)!;
      const expected = truth.get(objectId);
      collected.addOutline(frames.has(frameIndex) ? { mask, luma } : null);
      collected.addTrueOutline(expected ? { mask: expected, luma } : null);
      if (!expected) continue;
      collected.scores.push(scoreFrame(frameIndex, mask, expected));
      const prompted = interactions.some((interaction) => interaction.frameIndex === frameIndex);
      const score = frames.get(frameIndex)?.objectScore;
      if (prompted || score === undefined) continue;
      collected.presence.push({ visible: expected.data.includes(1), score });
    }
  }

  /** Masks of all objects; where the dataset can't hold overlaps, the first object keeps the pixel. */
  #predictions(frameIndex: number): Map<number, BinaryMask> {
    const { width, height, exclusive } = this.#clip;
    const masks = new Map<number, BinaryMask>();
    const taken: BinaryMask[] = [];
    for (const { objectId, frames } of this.#tracks) {
      const result = frames.get(frameIndex);
      const own = result ? binaryMaskOf(result) : emptyMask(width, height);
      const mask = exclusive ? taken.reduce(subtractMask, own) : own;
      if (exclusive && result) taken.push(mask);
      masks.set(objectId, mask);
    }
    return masks;
  }

  #report(object: ClipObject, clicksToGoodMask: number | "never" | null): ObjectReport {
    const { scores, presence, chatter, trueChatter } = this.#collected.get(object.id)!;
    const track = this.#tracks.find(({ objectId }) => objectId === object.id)!;
    const counted = scoredFrames(scores, this.#options.includeFirstAndLast);
    return {
      id: object.id,
      name: object.name,
      score: scoreObject(counted, this.#clip.rule),
      frames: counted,
      presence: countPresence(presence),
      chatter: mean(chatter),
      trueChatter: mean(trueChatter),
      clicksToGoodMask,
      interactions: track.interactions,
      worst: this.#worst(track, counted),
    };
  }

  #worst(track: ObjectTrack, counted: FrameScore[]): WorstFrame[] {
    const shown = counted.filter((frame) => frame.inTruth || frame.inPrediction);
    const sorted = shown.sort((a, b) => a.J + a.F - (b.J + b.F));
    return sorted.slice(0, KEPT_WORST_FRAMES).map(({ frameIndex, J, F }) => {
      const { data, width, height } = this.#predictions(frameIndex).get(track.objectId)!;
      return { frameIndex, J, F, mask: encodeMask(data, width, height) };
    });
  }
}

/** What is gathered about one object while the clip goes by. */
class Collected {
  readonly scores: FrameScore[] = [];
  readonly presence: PresenceObservation[] = [];
  readonly chatter: number[] = [];
  readonly trueChatter: number[] = [];
  #outline: OutlineFrame | null = null;
  #trueOutline: OutlineFrame | null = null;

  addOutline(next: OutlineFrame | null): void {
    push(this.chatter, this.#outline, next);
    this.#outline = next;
  }

  addTrueOutline(next: OutlineFrame | null): void {
    push(this.trueChatter, this.#trueOutline, next);
    this.#trueOutline = next;
  }
}

function push(values: number[], before: OutlineFrame | null, after: OutlineFrame | null): void {
  const moved = before && after ? chatterBetween(before, after) : null;
  if (moved !== null) values.push(moved);
}
