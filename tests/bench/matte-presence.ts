/** Runs in Node: what the object score and the visibility logic say about objects that truly vanish. */
import {
  addPresence,
  countPresence,
  type PresenceCounts,
  presenceReport,
} from "../../worker/evaluation/presence.ts";
import type { Sam2Engine } from "../../worker/sam2-engine.ts";
import { isShownAt, visibilityStretches } from "../../worker/visibility.ts";
import { type ComposedClip, composedClips, hasFootage } from "./composed-clips.ts";
import { demoFrames } from "./matte-clips.ts";
import { builtinEngine, type TrackedClip, trackClip } from "./matte-model.ts";
import { percent, type Table } from "./matte-report.ts";

/** A person who corrects: every so many frames the true mask is given, an empty one where the object is hidden. */
const CORRECTED_EVERY = 8;

export async function presenceTable(): Promise<Table> {
  const engine = await builtinEngine();
  const clips: ComposedClip[] = [...(await demoFrames()), ...(hasFootage() ? await composedClips() : [])];
  const rows: (string | number)[][] = [];
  for (const every of [Number.POSITIVE_INFINITY, CORRECTED_EVERY]) {
    const counted = [];
    for (const clip of clips) counted.push({ name: clip.name, ...(await countsOf(engine, clip, every)) });
    const all = {
      name: "all",
      score: addPresence(counted.map(({ score }) => score)),
      shown: addPresence(counted.map(({ shown }) => shown)),
    };
    for (const { name, score, shown } of [...counted, all]) rows.push(rowOf(name, every, score, shown));
  }
  await engine.release();
  return {
    title: "Presence",
    about:
      "Does the tracker know when the object is gone? Built-in model, true mask on the first frame on which the object is " +
      `seen, or also on every ${CORRECTED_EVERY}th. Prompted frames aren't counted. Truth: hidden where the true mask is ` +
      "empty. Score: the object score's sign; logic: `visibility.ts` with its defaults (hysteresis, minimum lengths, " +
      'empty masks), which is what keyframes are made of. Precision and recall of "hidden", in percent; – where nothing was called ' +
      "hidden. False: share of the visible frames that were called hidden. Composed clips as in the table of zooming.",
    head: [
      "clip",
      "masks given",
      "frames",
      "hidden",
      "score: precision",
      "recall",
      "false",
      "logic: precision",
      "recall",
      "false",
    ],
    rows,
  };
}

async function countsOf(engine: Sam2Engine, { frames }: ComposedClip, every: number) {
  const first = frames.findIndex(({ mask }) => mask.data.includes(1));
  const seen = frames.slice(first);
  const prompted = seen.flatMap((_, index) => (index === 0 || index % every === 0 ? [index] : []));
  const tracked = await trackClip(engine, seen, prompted);
  tracked.session.close();
  const shown = shownFrames(tracked, prompted);
  const observed = seen.flatMap(({ mask }, index) => {
    if (prompted.includes(index)) return [];
    return [{ visible: mask.data.includes(1), score: tracked.scores[index]!, shown: shown[index] ? 1 : -1 }];
  });
  return {
    score: countPresence(observed),
    shown: countPresence(observed.map(({ visible, shown }) => ({ visible, score: shown }))),
  };
}

function shownFrames({ masks, scores, ious }: TrackedClip, prompted: readonly number[]): boolean[] {
  const frames = masks.map((mask, frameIndex) => ({
    frameIndex,
    objectScore: scores[frameIndex]!,
    predictedIou: ious[frameIndex]!,
    area: mask.data.reduce((sum, value) => sum + value, 0),
    origin: prompted.includes(frameIndex) ? ("prompted" as const) : ("tracked" as const),
  }));
  const stretches = visibilityStretches(frames);
  return frames.map(({ frameIndex }) => isShownAt(stretches, frameIndex) === true);
}

function rowOf(name: string, every: number, score: PresenceCounts, shown: PresenceCounts) {
  const { visibleFound, visibleMissed, hiddenFound, hiddenMissed } = score;
  const hidden = hiddenFound + hiddenMissed;
  const given = Number.isFinite(every) ? `every ${every}th` : "first";
  return [name, given, hidden + visibleFound + visibleMissed, hidden, ...cellsOf(score), ...cellsOf(shown)];
}

function cellsOf(counts: PresenceCounts): string[] {
  const { hiddenPrecision, hiddenRecall, recall } = presenceReport(counts);
  const cell = (share: number | null) => (share === null ? "–" : percent(share));
  return [cell(hiddenPrecision), cell(hiddenRecall), cell(recall === null ? null : 1 - recall)];
}
