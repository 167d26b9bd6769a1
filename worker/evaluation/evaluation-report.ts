/** Runs anywhere: the report of an evaluation, and what it says in sum. */
import { TrackerError } from "../tracker-error.ts";
import { mean } from "./davis-statistics.ts";
import type { ClipReport, ObjectReport } from "./evaluate-clip.ts";
import { MOST_CLICKS } from "./evaluation-prompt.ts";
import { type MeanScore, meanOverObjects } from "./object-score.ts";
import { addPresence, type PresenceReport, presenceReport } from "./presence.ts";

const REPORT_FORMAT = "masklet-eval-1";

/** Everything that changes numbers; a stopped run continues only under the same settings. */
export interface EvaluationSettings {
  dataset: string;
  /** Names, in the order in which they are run. */
  clips: string[];
  model: string;
  /** As on the command line: "click", "box", "mask", "clicks:3". */
  prompt: string;
  protocol: string;
  includeFirstAndLast: boolean;
  sparse: boolean;
  /** Flags of the predictor that differ from its usual ones. */
  flags: Readonly<Record<string, number | boolean>>;
}

export interface EvaluationReport {
  format: typeof REPORT_FORMAT;
  settings: EvaluationSettings;
  /** True when every clip of the settings is in it. */
  complete: boolean;
  summary: EvaluationSummary;
  clips: ClipReport[];
}

export interface EvaluationSummary {
  /** Mean over objects; null before the first one is scored. */
  score: MeanScore | null;
  presence: PresenceReport;
  /** Pixels per frame, mean over objects. */
  chatter: number | null;
  trueChatter: number | null;
  /** Mean clicks to J 0.90; an object that never gets there counts as 20. */
  clicksToGoodMask: { mean: number; reached: number; objects: number } | null;
  secondsPerFrame: number | null;
  /** Bytes. */
  peakMemory: number | null;
}

export function makeReport(settings: EvaluationSettings, clips: ClipReport[]): EvaluationReport {
  return {
    format: REPORT_FORMAT,
    settings,
    complete: settings.clips.every((name) => clips.some(({ clip }) => clip === name)),
    summary: summarise(clips),
    clips,
  };
}

function summarise(clips: ClipReport[]): EvaluationSummary {
  const objects = clips.flatMap((clip) => clip.objects);
  const frames = sum(clips.map((clip) => clip.trackedFrames));
  const memory = clips.map((clip) => clip.peakMemory).filter((bytes) => bytes !== null);
  return {
    score: meanOverObjects(objects.map((object) => object.score).filter((score) => score !== null)),
    presence: presenceReport(addPresence(objects.map((object) => object.presence))),
    chatter: mean(objects.map((object) => object.chatter).filter((value) => value !== null)),
    trueChatter: mean(objects.map((object) => object.trueChatter).filter((value) => value !== null)),
    clicksToGoodMask: summariseClicks(objects),
    secondsPerFrame: frames === 0 ? null : sum(clips.map((clip) => clip.trackingSeconds)) / frames,
    peakMemory: memory.length === 0 ? null : Math.max(...memory),
  };
}

function summariseClicks(objects: ObjectReport[]): EvaluationSummary["clicksToGoodMask"] {
  const counts = objects.map((object) => object.clicksToGoodMask).filter((count) => count !== null);
  const average = mean(counts.map((count) => (count === "never" ? MOST_CLICKS : count)));
  if (average === null) return null;
  const reached = counts.filter((count) => count !== "never").length;
  return { mean: average, reached, objects: counts.length };
}

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/**
 * The clips of an earlier, stopped run. @throws TrackerError when the file is something else, or was made with
 * other settings: mixing them would give a number that means nothing.
 */
export function resumeReport(json: string, settings: EvaluationSettings): ClipReport[] {
  const report = parseReport(json);
  const different = (Object.keys(settings) as (keyof EvaluationSettings)[]).filter(
    (key) => JSON.stringify(report.settings[key]) !== JSON.stringify(settings[key]),
  );
  if (different.length === 0) return report.clips;
  const details = different.map(
    (key) => `${key}: ${JSON.stringify(report.settings[key])}, now ${JSON.stringify(settings[key])}`,
  );
  throw new TrackerError(
    "bad-config",
    `The report holds a run with other settings (${details.join("; ")}).`,
    "Give another file to --json, or delete this one.",
  );
}

function parseReport(json: string): EvaluationReport {
  const wrong = (why: string) =>
    new TrackerError(
      "bad-config",
      `The file given to --json exists and is no evaluation report (${why}).`,
      "Give another name.",
    );
  let report: Partial<EvaluationReport>;
  try {
    report = JSON.parse(json) as Partial<EvaluationReport>;
  } catch (error) {
    throw wrong((error as Error).message);
  }
  if (report?.format !== REPORT_FORMAT || !report.settings || !Array.isArray(report.clips)) {
    throw wrong(`expected format ${REPORT_FORMAT}, got ${JSON.stringify(report?.format ?? null)}`);
  }
  return report as EvaluationReport;
}
