/**
 * Runs anywhere: the three ways in which a track is made before it is scored.
 *
 * `semi-supervised`: each object is prompted once, on the first annotated frame that has it, and tracked
 * to the end (upstream's `tools/vos_inference.py`, `--track_object_appearing_later_in_video`).
 * `interactive-online` and `interactive-offline`: section 6 of the SAM 2 paper. Up to 8 frames are
 * interacted with, with several clicks each. Online is one pass that stops at the first annotated frame
 * with J below 0.75; offline passes over the whole clip each time, then corrects the worst frame.
 */
import type { FramePrompts } from "../protocol.ts";
import type { BinaryMask } from "./binary-mask.ts";
import type { ClipObject, DatasetClip } from "./dataset-clip.ts";
import { mean } from "./davis-statistics.ts";
import { binaryMaskOf, type EvaluationPrompt, giveCorrections, givePrompt } from "./evaluation-prompt.ts";
import { jaccard } from "./jaccard-and-boundary.ts";
import type { ClipSegmenter, SegmentedFrame } from "./segmenter.ts";

export const PROTOCOLS = ["semi-supervised", "interactive-online", "interactive-offline"] as const;
export type Protocol = (typeof PROTOCOLS)[number];

/** Frames that a person touches, of the paper. */
const MOST_INTERACTED_FRAMES = 8;
/** Below this J the person of the online protocol stops and corrects, of the paper. */
const ACCEPTABLE_J = 0.75;
/** Clicks on a corrected frame when the first frame got something else than clicks, of the paper. */
const USUAL_CORRECTION_CLICKS = 3;

export interface Interaction {
  frameIndex: number;
  clicks: number;
  /** J of this frame before the correction; null for the first prompt. */
  before: number | null;
  /** Mean J over annotated frames after tracking with it; null where the protocol doesn't track then. */
  trackJ: number | null;
}

/** The track of one object as it is scored. */
export interface ObjectTrack {
  objectId: number;
  frames: Map<number, SegmentedFrame>;
  /** By frame, all that was said there. */
  prompts: Map<number, FramePrompts>;
  interactions: Interaction[];
}

export interface TrackedClip {
  tracks: ObjectTrack[];
  /** Object-frames and seconds that the segmenter spent on tracking, prompts not counted. */
  trackedFrames: number;
  trackingSeconds: number;
}

export interface ProtocolRun {
  clip: DatasetClip;
  segmenter: ClipSegmenter;
  prompt: EvaluationPrompt;
  /** Seconds from any origin. */
  now: () => number;
}

const RUNNERS: Record<Protocol, (pass: Pass) => Promise<ObjectTrack[]>> = {
  "semi-supervised": semiSupervised,
  "interactive-online": (pass) => oneByOne(pass, online),
  "interactive-offline": (pass) => oneByOne(pass, offline),
};

export async function trackClip(protocol: Protocol, run: ProtocolRun): Promise<TrackedClip> {
  const pass = new Pass(run);
  const tracks = await RUNNERS[protocol](pass);
  return { tracks, trackedFrames: pass.trackedFrames, trackingSeconds: pass.trackingSeconds };
}

// ---------------------------------------------------------------- semi-supervised

/** Objects that start on the same frame share a pass, and with it the image features. */
async function semiSupervised(pass: Pass): Promise<ObjectTrack[]> {
  const tracks: ObjectTrack[] = [];
  for (const group of groupByFirstFrame(pass.clip.objects)) {
    const started: ObjectTrack[] = [];
    for (const object of group) started.push(await pass.start(object));
    await pass.track(started, group[0]!.firstFrame, () => true);
    tracks.push(...started);
  }
  return tracks;
}

function groupByFirstFrame(objects: ClipObject[]): ClipObject[][] {
  const groups = new Map<number, ClipObject[]>();
  for (const object of objects) {
    groups.set(object.firstFrame, [...(groups.get(object.firstFrame) ?? []), object]);
  }
  return [...groups.values()];
}

// ---------------------------------------------------------------- interactive

async function oneByOne(
  pass: Pass,
  make: (pass: Pass, object: ClipObject) => Promise<ObjectTrack>,
): Promise<ObjectTrack[]> {
  const tracks: ObjectTrack[] = [];
  for (const object of pass.clip.objects) tracks.push(await make(pass, object));
  return tracks;
}

async function online(pass: Pass, object: ClipObject): Promise<ObjectTrack> {
  const track = await pass.start(object);
  const truth = await pass.truthOf(object);
  let from: number | null = object.firstFrame;
  while (from !== null) {
    const stopped = await pass.trackUntilWrong(track, from, truth);
    from = stopped === null ? null : await pass.correct(track, stopped, truth.get(stopped)!);
  }
  return track;
}

async function offline(pass: Pass, object: ClipObject): Promise<ObjectTrack> {
  const track = await pass.start(object);
  const truth = await pass.truthOf(object);
  for (;;) {
    await pass.track([track], object.firstFrame, () => true);
    const scores = [...truth].map(([frame, mask]) => ({ frame, J: jaccard(pass.shown(track, frame), mask) }));
    track.interactions.at(-1)!.trackJ = mean(scores.map(({ J }) => J));
    const worst = scores.reduce((a, b) => (b.J < a.J ? b : a));
    if (worst.J === 1 || track.interactions.length >= MOST_INTERACTED_FRAMES) return track;
    const corrected = await pass.correct(track, worst.frame, truth.get(worst.frame)!);
    if (corrected === null) return track;
  }
}

/** One clip being tracked: prompts, tracks, keeps the time. */
class Pass {
  readonly clip: DatasetClip;
  trackedFrames = 0;
  trackingSeconds = 0;
  readonly #run: ProtocolRun;
  readonly #lastFrame: number;

  constructor(run: ProtocolRun) {
    this.#run = run;
    this.clip = run.clip;
    this.#lastFrame = run.clip.framePaths.length - 1;
  }

  async start({ id, firstFrame }: ClipObject): Promise<ObjectTrack> {
    const truth = (await this.clip.truth(firstFrame)).get(id)!;
    const { segmenter, prompt } = this.#run;
    const { result, prompts, clicks } = await givePrompt(segmenter, id, firstFrame, truth, prompt);
    return {
      objectId: id,
      frames: new Map([[firstFrame, result]]),
      prompts: new Map([[firstFrame, prompts]]),
      interactions: [{ frameIndex: firstFrame, clicks, before: null, trackJ: null }],
    };
  }

  /** Tracks to the end of the clip, or until `goOn` says no. */
  async track(
    tracks: ObjectTrack[],
    from: number,
    goOn: (results: SegmentedFrame[]) => boolean,
  ): Promise<void> {
    const started = this.#run.now();
    const ids = tracks.map((track) => track.objectId);
    await this.#run.segmenter.track(ids, from, this.#lastFrame, (results) => {
      for (const result of results) {
        tracks.find((track) => track.objectId === result.objectId)?.frames.set(result.frameIndex, result);
      }
      this.trackedFrames++;
      return goOn(results);
    });
    this.trackingSeconds += this.#run.now() - started;
  }

  /** The first annotated frame that is not good enough, or null at the end of the clip. */
  async trackUntilWrong(
    track: ObjectTrack,
    from: number,
    truth: ReadonlyMap<number, BinaryMask>,
  ): Promise<number | null> {
    if (track.interactions.length >= MOST_INTERACTED_FRAMES) {
      await this.track([track], from, () => true);
      return null;
    }
    let wrong: number | null = null;
    await this.track([track], from, ([result]) => {
      const expected = result && result.frameIndex > from ? truth.get(result.frameIndex) : undefined;
      if (expected && jaccard(binaryMaskOf(result!), expected) < ACCEPTABLE_J) wrong = result!.frameIndex;
      return wrong === null;
    });
    return wrong;
  }

  /** Clicks on a tracked frame; gives the frame, or null when there was nothing to click on. */
  async correct(track: ObjectTrack, frameIndex: number, truth: BinaryMask): Promise<number | null> {
    const { prompt, segmenter } = this.#run;
    const count = prompt.kind === "clicks" ? prompt.count : USUAL_CORRECTION_CLICKS;
    const shown = this.shown(track, frameIndex);
    const soFar = { shown, prompts: track.prompts.get(frameIndex) ?? { points: [] } };
    const given = await giveCorrections(segmenter, track.objectId, frameIndex, truth, soFar, count);
    if (given === null) return null;
    track.frames.set(frameIndex, given.result);
    track.prompts.set(frameIndex, given.prompts);
    const before = jaccard(shown, truth);
    track.interactions.push({ frameIndex, clicks: given.clicks, before, trackJ: null });
    return frameIndex;
  }

  /** What the track has on a frame; empty before the object's first one. */
  shown(track: ObjectTrack, frameIndex: number): BinaryMask {
    const result = track.frames.get(frameIndex);
    if (result) return binaryMaskOf(result);
    const { width, height } = this.clip;
    return { width, height, data: new Uint8Array(width * height) };
  }

  /** The object's true masks on all annotated frames from its first one on. */
  async truthOf({ id, firstFrame }: ClipObject): Promise<ReadonlyMap<number, BinaryMask>> {
    const truth = new Map<number, BinaryMask>();
    for (const frame of this.clip.annotatedFrames.filter((frame) => frame >= firstFrame)) {
      const mask = (await this.clip.truth(frame)).get(id);
      if (mask) truth.set(frame, mask);
    }
    return truth;
  }
}
