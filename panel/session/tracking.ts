/** Runs the tracker over stretches, keeps what comes, stops and resumes. No DOM. */
import type {
  FrameResult,
  TrackerApi,
  TrackProgress,
  TrackRequest,
  TrackSummary,
} from "../../worker/protocol.ts";
import { maskOverlap } from "./agreement.ts";
import {
  type FrameRecord,
  type SessionDocument,
  type TrackedObject,
  type TrackLeg,
  unshared,
} from "./document.ts";
import type { History } from "./history.ts";
import { type Notice, openClipOf, report, type SessionState } from "./session-state.ts";
import { legLength, nextTrack, planTrack, type TrackDirection } from "./track-plan.ts";

/** Saves now and then while a track runs, so that a crash loses little. */
export interface Keeping {
  isDue(): boolean;
  /** Resolves when the moment is held; writing it goes on beside the track. */
  checkpoint(): Promise<void>;
}

/** `resumeAt`: null when the leg is complete. */
type LegEnd = Pick<TrackSummary, "ended" | "resumeAt">;

export class Tracking {
  readonly #state: SessionState;
  readonly #tracker: TrackerApi;
  readonly #history: History;
  readonly #keeping: Keeping;
  #running: Promise<void> = Promise.resolve();
  #stopAsked = false;
  #frameTimes: number[] = [];

  constructor(state: SessionState, tracker: TrackerApi, history: History, keeping: Keeping) {
    this.#state = state;
    this.#tracker = tracker;
    this.#history = history;
    this.#keeping = keeping;
  }

  /** What the one track button does: resume, repair, or the whole range. */
  next(): Promise<void> {
    return this.#start(nextTrack(this.#state.document.value).legs);
  }

  start(direction: TrackDirection): Promise<void> {
    const { document, frame } = this.#state;
    return this.#start(planTrack(document.value, frame.value, direction));
  }

  /**
   * Tracks small objects a second time, larger, for finer masks; those too large to gain anything stay as they
   * are. What is tracked or corrected later starts from the masks of before. `scope` "frame": only the frame under
   * the playhead, to see what it would give; that takes as long as tracking from the nearest prompt to it.
   */
  async zoom(scope: "range" | "frame" = "range"): Promise<void> {
    const { tracking, document, notice, frame } = this.#state;
    const { inFrame, outFrame } = document.value;
    const [from, to] = scope === "frame" ? [frame.value, frame.value] : [inFrame, outFrame];
    if (tracking.value.phase !== "idle") return;
    const objectIds = document.value.objects.filter(isTracked).map((object) => object.id);
    if (objectIds.length === 0) {
      const remedy = "Track an object first, or unlock one.";
      notice.value = { tone: "warning", message: "There is no track to zoom in on.", remedy };
      return;
    }
    this.#begin(from, 0);
    const label = scope === "frame" ? "Zoom in on this frame" : "Zoom in on small objects";
    this.#running = this.#history.act(label, () => this.#zoomIn({ objectIds, from, to, zoom: true }));
    try {
      await this.#running;
    } finally {
      tracking.value = { phase: "idle" };
    }
  }

  /** Ends a running track at its next frame; what is done is kept. */
  async stop(): Promise<void> {
    const { tracking } = this.#state;
    if (tracking.value.phase === "propagating") {
      this.#stopAsked = true;
      tracking.value = { ...tracking.value, stopping: true };
      await this.#tracker.stop();
    }
    await this.#running;
  }

  /** Throws away what a stopped track had left to do. */
  discardPending(): void {
    this.#history.edit("Discard the rest", (document) => ({ ...document, pending: [] }));
  }

  /** Takes the frames that the next run starts from; milliseconds a frame in the last run, or null. */
  get millisecondsPerFrame(): number | null {
    const times = this.#frameTimes;
    return times.length === 0 ? null : times.reduce((sum, each) => sum + each, 0) / times.length;
  }

  async #start(legs: TrackLeg[]): Promise<void> {
    const { tracking, notice, document } = this.#state;
    if (tracking.value.phase !== "idle") return;
    if (legs.length === 0) {
      const started = document.value.objects.some((object) => object.prompts.size > 0);
      const message = started ? "There is nothing left to track in this direction." : "Nothing to track yet.";
      const remedy = started ? "Widen the in and out points." : "Click the object in the picture first.";
      notice.value = { tone: "warning", message, remedy };
      return;
    }
    this.#begin(
      legs[0]!.from,
      legs.reduce((sum, leg) => sum + legLength(leg), 0),
    );
    this.#running = this.#history.act("Track", () => this.#runLegs(legs));
    try {
      await this.#running;
    } finally {
      tracking.value = { phase: "idle" };
    }
  }

  #begin(frameIndex: number, totalFrames: number): void {
    this.#state.tracking.value = {
      phase: "propagating",
      frameIndex,
      doneFrames: 0,
      totalFrames,
      framesPerSecond: null,
      secondsLeft: null,
      stopping: false,
    };
  }

  async #zoomIn(request: TrackRequest): Promise<void> {
    const { document, notice } = this.#state;
    const clip = openClipOf(this.#state);
    if (!clip) return;
    let isOwn = false;
    const outcome = await this.#tracker.track(clip.clipId, request, (progress) => {
      // The first result makes the maps this run's own; the ones in the history stay as they were.
      if (!isOwn) document.value = unshared(document.value);
      isOwn = true;
      document.value = withFinerMasks(document.value, progress.results);
      this.#showProgress(progress, 0, progress.totalFrames);
    });
    if (!outcome.ok) return report(this.#state, outcome.error);
    if (outcome.value.ended === "complete") notice.value = noticeOfZoom(outcome.value.doneFrames);
  }

  async #runLegs(legs: TrackLeg[]): Promise<void> {
    this.#stopAsked = false;
    this.#frameTimes = [];
    // From here on this run's own maps grow in place; the ones in the history stay as they were.
    this.#state.document.value = unshared(this.#state.document.value);
    let done = 0;
    /** What lies behind cuts: the other legs go first, then the person is asked. */
    const behindCuts: TrackLeg[] = [];
    for (const [index, leg] of legs.entries()) {
      const rest = [...legs.slice(index + 1), ...behindCuts];
      const { ended, resumeAt } = await this.#runLeg(leg, rest, done);
      done += legLength(leg);
      if (resumeAt === null) continue;
      if (ended !== "cut") return this.#setPending([{ ...leg, from: resumeAt }, ...rest]);
      behindCuts.push({ ...leg, from: resumeAt });
    }
    this.#setPending(behindCuts);
    if (behindCuts[0]) this.#askAboutCut(behindCuts[0].from);
  }

  async #runLeg(leg: TrackLeg, rest: TrackLeg[], doneBefore: number): Promise<LegEnd> {
    const clip = openClipOf(this.#state);
    if (!clip || this.#stopAsked) return { ended: "cancelled", resumeAt: leg.from };
    const direction = leg.to < leg.from ? -1 : 1;
    let next = leg.from;
    const onProgress = async (progress: TrackProgress) => {
      next = progress.frameIndex + direction;
      this.#take(progress, direction, doneBefore);
      this.#setPending(progress.frameIndex === leg.to ? rest : [{ ...leg, from: next }, ...rest]);
      if (this.#keeping.isDue()) await this.#keeping.checkpoint();
    };
    const request = { objectIds: [...leg.objectIds], from: leg.from, to: leg.to, stopAtCuts: true };
    const outcome = await this.#tracker.track(clip.clipId, request, onProgress);
    if (outcome.ok) return outcome.value;
    this.#stopAsked = true;
    report(this.#state, outcome.error);
    return { ended: "cancelled", resumeAt: next === leg.to + direction ? null : next };
  }

  /** The rest is pending: going on is a resumed track, whose first frame is never taken for a cut. */
  #askAboutCut(frameIndex: number): void {
    const { notice } = this.#state;
    const answer = (label: string, act: () => void) => ({
      label,
      run: () => {
        notice.value = null;
        act();
      },
    });
    notice.value = {
      tone: "warning",
      message: `Another shot seems to begin at frame ${frameIndex + 1}; the track waits before it.`,
      remedy: "Is the object in it too?",
      action: answer("Go on", () => void this.next()),
      otherAction: answer("Stop here", () => this.discardPending()),
    };
  }

  #take(progress: TrackProgress, direction: 1 | -1, doneBefore: number): void {
    const { document, tracking } = this.#state;
    document.value = withResults(document.value, progress.results, direction);
    for (const result of progress.results) this.#frameTimes.push(result.milliseconds);
    if (tracking.value.phase !== "propagating") return;
    this.#showProgress(progress, doneBefore, tracking.value.totalFrames);
  }

  #showProgress(progress: TrackProgress, doneBefore: number, totalFrames: number): void {
    const { tracking, frame } = this.#state;
    if (tracking.value.phase !== "propagating") return;
    const doneFrames = doneBefore + progress.doneFrames;
    // At the start of a leg the tracker has not timed two frames yet.
    const framesPerSecond = progress.framesPerSecond ?? tracking.value.framesPerSecond;
    tracking.value = {
      ...tracking.value,
      frameIndex: progress.frameIndex,
      doneFrames,
      totalFrames,
      framesPerSecond,
      secondsLeft: framesPerSecond ? (totalFrames - doneFrames) / framesPerSecond : null,
    };
    frame.value = progress.frameIndex;
  }

  #setPending(pending: TrackLeg[]): void {
    this.#state.document.value = { ...this.#state.document.value, pending };
  }
}

/** Puts results into the maps in place: copying them for each frame would cost the square of the length. */
function withResults(
  document: SessionDocument,
  results: readonly FrameResult[],
  direction: 1 | -1,
): SessionDocument {
  const byObject = new Map(results.map((result) => [result.objectId, result]));
  const objects = document.objects.map((object) => {
    const result = byObject.get(object.id);
    if (!result) return object;
    const records = object.records as Map<number, FrameRecord>;
    records.set(result.frameIndex, recordOf(result, direction, records.get(result.frameIndex)));
    return { ...object };
  });
  return { ...document, objects };
}

const isTracked = (object: TrackedObject) => !object.locked && object.records.size > 0;

/** Only masks change: how a frame came to be tracked stays true, and what is out of date stays so. */
function withFinerMasks(document: SessionDocument, results: readonly FrameResult[]): SessionDocument {
  const byObject = new Map(results.map((result) => [result.objectId, result]));
  const objects = document.objects.map((object) => {
    const result = byObject.get(object.id);
    const before = result && object.records.get(result.frameIndex);
    if (!result || !before) return object;
    const { mask, area } = result;
    (object.records as Map<number, FrameRecord>).set(result.frameIndex, { ...before, mask, area });
    return { ...object };
  });
  return { ...document, objects };
}

function noticeOfZoom(frames: number): Notice {
  if (frames > 0) {
    const message = `The masks of ${frames} ${frames === 1 ? "frame" : "frames"} were made again, closer up.`;
    const remedy = "Undo brings the old ones back, and tracking again replaces these.";
    return { tone: "info", message, remedy };
  }
  const message = "No object is small enough: closer up, its masks would be no finer.";
  return { tone: "warning", message, remedy: "This is for objects up to about a third of the picture." };
}

function recordOf(result: FrameResult, direction: 1 | -1, before: FrameRecord | undefined): FrameRecord {
  const fresh = { ...result, staleSince: null };
  if (result.origin === "prompted") return { ...fresh, direction: 0, agreement: null };
  const opposite = before?.direction === -direction && before.staleSince === null;
  const agreement = opposite ? maskOverlap(before.mask, result.mask) : null;
  return { ...fresh, direction, agreement };
}
