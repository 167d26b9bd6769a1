/** Runs anywhere: a whole dataset, clip by clip; what is done is stored at once and never done twice. */
import { type ClipOptions, type DatasetClip, openClip } from "./dataset-clip.ts";
import { DatasetError, type DatasetFolder, type DatasetProblem } from "./dataset-folder.ts";
import type { ClipFiles } from "./dataset-layout.ts";
import { type ClipReport, type EvaluationOptions, evaluateClip, type Surroundings } from "./evaluate-clip.ts";
import {
  type EvaluationReport,
  type EvaluationSettings,
  makeReport,
  resumeReport,
} from "./evaluation-report.ts";
import type { Segmenter } from "./segmenter.ts";

/** Where a report lives between runs. */
export interface ReportStore {
  /** Null when there is none yet. */
  load(): Promise<string | null>;
  save(json: string): Promise<void>;
}

export interface EvaluationRun {
  clips: DatasetClip[];
  segmenter: Segmenter;
  options: EvaluationOptions;
  settings: EvaluationSettings;
  surroundings: Surroundings;
  /** Null: nothing is kept, a stopped run starts over. */
  store: ReportStore | null;
  /** After each clip that this run did. */
  onClip?: (report: ClipReport, done: number, total: number) => void;
  signal?: AbortSignal;
}

/** @throws whatever the segmenter throws; clips finished before that are stored. */
export async function runEvaluation(run: EvaluationRun): Promise<EvaluationReport> {
  const finished = await finishedClips(run);
  for (const clip of run.clips) {
    if (run.signal?.aborted) break;
    if (finished.some((report) => report.clip === clip.name)) continue;
    const report = await evaluateClip(clip, run.segmenter, run.options, run.surroundings);
    finished.push(report);
    await run.store?.save(JSON.stringify(makeReport(run.settings, finished), null, 1));
    run.onClip?.(report, finished.length, run.clips.length);
  }
  return makeReport(run.settings, finished);
}

async function finishedClips(run: EvaluationRun): Promise<ClipReport[]> {
  const json = await run.store?.load();
  return json === null || json === undefined ? [] : resumeReport(json, run.settings);
}

/**
 * Opens every clip before the first is tracked, so that a mistake in the last one shows at once.
 * @throws DatasetError with what is wrong in all of them.
 */
export async function openClips(
  folder: DatasetFolder,
  clips: ClipFiles[],
  options: ClipOptions,
): Promise<DatasetClip[]> {
  const opened: DatasetClip[] = [];
  const problems: DatasetProblem[] = [];
  for (const files of clips) {
    try {
      opened.push(await openClip(folder, files, options));
    } catch (error) {
      if (!(error instanceof DatasetError)) throw error;
      problems.push(...error.problems);
    }
  }
  if (problems.length > 0) throw new DatasetError(problems);
  return opened;
}
