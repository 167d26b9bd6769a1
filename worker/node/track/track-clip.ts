/** Runs in Node: `masklet track` from its options to its files. */
import { readFile } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { openSam2 } from "../../../models/sam2/build-sam2.ts";
import type { FrameSource } from "../../frames/frame-source.ts";
import { chooseRuntime } from "../../inference/execution-provider.ts";
import { wasmProvider } from "../../inference/web-inference.ts";
import { isNeutral } from "../../matte/matte-settings.ts";
import {
  configUnder,
  type PredictorOptions,
  predictorOptionsFor,
  withOptions,
} from "../../predictor-options.ts";
import type { ClipInfo } from "../../protocol.ts";
import { Sam2Engine } from "../../sam2-engine.ts";
import { TrackerError } from "../../tracker-error.ts";
import { TrackingSession } from "../../tracking-session.ts";
import { planZoom, zoomPass } from "../../zoom-pass.ts";
import { openFileSpill } from "../file-spill.ts";
import { folderSink } from "../folder-sink.ts";
import { nativeProvider } from "../native-inference.ts";
import { openWantedModel } from "../node-library.ts";
import { openClipAt, stillsIn } from "../open-clip.ts";
import { type CommandContext, type CommandResult, UsageError } from "../terminal/command.ts";
import { duration, type Progress, progress } from "../terminal/progress.ts";
import { checkOperations, type MaskFiles } from "./check-operations.ts";
import { KeptTrack } from "./kept-track.ts";
import { type MatteOutput, openMatteOutput } from "./matte-output.ts";
import type { Operation, PropagateOperation } from "./operation.ts";
import { planOperations } from "./plan.ts";
import { ObjectNames, runOperations } from "./run-operations.ts";
import { parseScript } from "./script.ts";
import type { TrackOptions } from "./track-options.ts";
import { TrackReport } from "./track-report.ts";
import { openTreatedOutput, type Treatment } from "./treated-output.ts";
import { VisibleOutput, wordsIn } from "./visible-output.ts";
import { assertWritable } from "./writable.ts";

export async function trackClip(options: TrackOptions, context: CommandContext): Promise<CommandResult> {
  const frames = await openClipAt(options.clip, options.framesPerSecond);
  try {
    return await trackFrames(frames, options, context);
  } finally {
    frames.close();
  }
}

interface Job {
  operations: Operation[];
  flags: Record<string, number | boolean>;
  masks: MaskFiles;
  names: ObjectNames;
}

async function trackFrames(
  frames: FrameSource,
  options: TrackOptions,
  context: CommandContext,
): Promise<CommandResult> {
  const { info } = frames;
  for (const warning of info.warnings ?? []) context.say(`${warning}\n`);
  const job = await prepareJob(options, info);
  const model = { maskSide: 0 };
  const output = await openOutput(options, job, frames, () => model.maskSide, context);
  const loaded = await loadModel(options, job.flags, context);
  model.maskSide = loaded.engine.maskSide;
  const report = new TrackReport(job.operations, (id) => job.names.nameOf(id));
  try {
    const session = new TrackingSession({
      engine: loaded.engine,
      frames,
      options: loaded.predictor,
      semantics: options.semantics,
      openSpill: openFileSpill,
    });
    const kept = new KeptTrack(job.operations, job.masks, (id) => job.names.nameOf(id));
    const counts = await runJob(session, job, options, output, report, kept, context).finally(() =>
      session.close(),
    );
    const result = await conclude({ options, info, job, output, report, loaded, counts, context });
    const dataset = options.dataset && (await kept.addTo(options.dataset, options.clip, frames, loaded.id));
    return dataset ? { ...result, summary: { ...result.summary, dataset } } : result;
  } finally {
    await loaded.engine.release();
  }
}

// ---------------------------------------------------------------- before the model

async function prepareJob(options: TrackOptions, info: ClipInfo): Promise<Job> {
  const script = options.script === undefined ? null : await readScript(options.script);
  const operations = script?.operations ?? planOperations(options.prompts, options, info);
  const masks = await checkOperations(operations, info, script !== null);
  const flags = { ...script?.flags, ...options.flags };
  return { operations, flags, masks, names: new ObjectNames(operations) };
}

async function readScript(path: string) {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    const reason = error.code === "ENOENT" ? "there is no such file" : error.message;
    throw new TrackerError("not-found", `Can't read the script ${path}: ${reason}.`, "Check the path.");
  });
  return parseScript(text, basename(path), dirname(resolve(path)));
}

async function openOutput(
  options: TrackOptions,
  { operations, names }: Job,
  frames: FrameSource,
  maskSide: () => number,
  context: CommandContext,
): Promise<VisibleOutput> {
  const { say } = context;
  const { info } = frames;
  const { out, format, report, visibility, content, matte } = options;
  const objects = new Set(
    operations.flatMap((operation) => ("object" in operation ? [operation.object] : [])),
  );
  const perObject = objects.size > 1 || options.script !== undefined;
  const isFolder = format === "png" || (perObject && format !== "rle");
  await assertWritable(isFolder ? out : dirname(resolve(out)));
  const before = isFolder && !perObject ? await stillsIn(out) : [];
  if (before.length > 0) {
    say(`${out} holds ${before.length} frames already; those that are not tracked now stay as they are.\n`);
  }
  if (report !== undefined) await assertWritable(dirname(resolve(report)));
  if (options.dataset !== undefined) await assertWritable(options.dataset);
  const nameOf = (id: number) => names.nameOf(id);
  const words = wordsIn(operations);
  const request = { out, format, range: options.range, info, perObject, nameOf };
  const plain = content === "matte" && isNeutral(matte);
  const output = plain
    ? await openMatteOutput(request)
    : await openTreatedOutput(request, { settings: matte, content, frames, maskSide, ...writing(context) });
  return new VisibleOutput(output, visibility, (id) => words.get(nameOf(id)) ?? []);
}

function writing(context: CommandContext): Pick<Treatment, "onProgress" | "signal"> {
  let shown: Progress | null = null;
  return {
    signal: context.signal,
    onProgress: ({ doneFrames, totalFrames }) => {
      shown ??= progress(context, "Writing", "frames");
      shown.at(doneFrames, totalFrames);
      if (doneFrames === totalFrames) shown.end();
    },
  };
}

// ---------------------------------------------------------------- the model

interface LoadedModel {
  id: string;
  engine: Sam2Engine;
  predictor: PredictorOptions;
  /** Why not a faster backend; empty when it is the fastest. */
  reason: string;
  milliseconds: number;
}

async function loadModel(
  options: TrackOptions,
  flags: Job["flags"],
  { say, signal }: CommandContext,
): Promise<LoadedModel> {
  const started = performance.now();
  const { id, checkpoint, config, close } = await openWantedModel(options);
  try {
    const predictor = predictorWith(predictorOptionsFor(config), flags);
    const model = await openSam2(checkpoint, configUnder(config, predictor));
    signal.throwIfAborted();
    const native = nativeProvider(options.threads === undefined ? {} : { threads: options.threads });
    const { runtime, reason } = await chooseRuntime([native, wasmProvider()], options.backend);
    const engine = await Sam2Engine.load(model, runtime, () => signal.throwIfAborted());
    const milliseconds = performance.now() - started;
    say(
      `${id} on ${runtime.backend}, ${runtime.threads} threads, ready in ${duration(milliseconds / 1000)}.\n`,
    );
    return { id, engine, predictor, reason, milliseconds };
  } finally {
    close();
  }
}

function predictorWith(base: PredictorOptions, flags: Job["flags"]): PredictorOptions {
  try {
    return withOptions(base, flags);
  } catch (error) {
    if (error instanceof TrackerError) throw new UsageError(`--set: ${error.message}`);
    throw error;
  }
}

// ---------------------------------------------------------------- the work

interface Counts {
  /** Results of frames, over all operations. */
  frames: number;
  /** First frames of the shots before which a pass stopped. */
  cuts: number[];
  /** Frames of the clip with a mask, by object. */
  covered: Map<number, Set<number>>;
  /** Frames, over all objects, whose masks were made again closer up. */
  zoomedFrames: number;
  milliseconds: number;
}

async function runJob(
  session: TrackingSession,
  { operations, names, masks }: Job,
  { atCuts, smallObjects }: TrackOptions,
  output: MatteOutput,
  report: TrackReport,
  kept: KeptTrack,
  context: CommandContext,
): Promise<Counts> {
  const started = performance.now();
  const covered = new Map<number, Set<number>>();
  const total = expectedFrames(operations, session.frames.info.frameCount);
  const shown = progress(context, "Tracking", "frames");
  const cuts: number[] = [];
  let frames = 0;
  try {
    for await (const { operation, results } of runOperations(
      session,
      operations,
      names,
      masks,
      context.signal,
      atCuts === "stop" ? (frame) => cuts.push(frame) : undefined,
    )) {
      await output.add(results);
      report.add(operation, results);
      kept.add(operation, results);
      for (const { objectId, output: found } of results.objects) {
        if (!found) continue;
        covered.set(objectId, (covered.get(objectId) ?? new Set()).add(results.frameIndex));
      }
      if (operations[operation]?.op === "propagate") shown.at(++frames, total);
    }
  } catch (error) {
    await output.finish().catch(() => 0); // what is done before the fault stays
    throw error;
  } finally {
    shown.end();
  }
  const wantsZoom = smallObjects === "zoom" && !context.signal.aborted;
  const zoomedFrames = wantsZoom ? await zoomIn(session, output, context) : 0;
  return { frames, cuts, covered, zoomedFrames, milliseconds: performance.now() - started };
}

/** Writes finer masks over those of small objects; returns for how many frames. */
async function zoomIn(
  session: TrackingSession,
  output: MatteOutput,
  context: CommandContext,
): Promise<number> {
  const { signal } = context;
  const range = { from: 0, to: session.frames.info.frameCount - 1 };
  const plan = await planZoom(session, { objectIds: session.objectIds, ...range });
  const shown = progress(context, "Zooming in", "frames");
  let frames = 0;
  try {
    for await (const results of zoomPass(session, plan, signal)) {
      await output.add(results);
      shown.at(++frames, plan.frames);
    }
  } catch (error) {
    await output.finish().catch(() => 0); // the tracked masks stay, and those that are finer already
    throw error;
  } finally {
    shown.end();
  }
  if (plan.frames === 0) context.say("No object is small enough to zoom in on; the masks stay as tracked.\n");
  return frames;
}

function expectedFrames(operations: readonly Operation[], frameCount: number): number {
  let earliest = frameCount - 1;
  let total = 0;
  for (const operation of operations) {
    if ("frame" in operation) earliest = Math.min(earliest, operation.frame);
    if (operation.op === "propagate") total += framesOfPass(operation, earliest, frameCount);
  }
  return total;
}

function framesOfPass(pass: PropagateOperation, earliest: number, frameCount: number): number {
  const start = pass.start ?? earliest;
  const most = pass.reverse ? start : frameCount - 1 - start;
  if (pass.reverse && start === 0) return 0;
  return Math.min(pass.maxFrames ?? most, most) + 1;
}

// ---------------------------------------------------------------- the end

interface Conclusion {
  options: TrackOptions;
  info: ClipInfo;
  job: Job;
  output: VisibleOutput;
  report: TrackReport;
  loaded: LoadedModel;
  counts: Counts;
  context: CommandContext;
}

async function conclude(conclusion: Conclusion): Promise<CommandResult> {
  const { options, output, report, counts, context } = conclusion;
  const files = await output.finish();
  const about = aboutRun(conclusion);
  if (options.report !== undefined) {
    const text = report.text(about);
    const path = resolve(options.report);
    await folderSink(dirname(path)).writeFile(basename(path), new TextEncoder().encode(text));
  }
  const cancelled = context.signal.aborted;
  if (cancelled) {
    context.say(`Cancelled after ${counts.frames} frames; what is done is kept in ${options.out}.\n`);
  } else {
    context.say(`Done: ${files} ${files === 1 ? "file" : "files"} in ${options.out}.\n`);
    hintAtCuts(conclusion);
    hintAtUntracked(conclusion);
  }
  return {
    exitCode: cancelled ? 130 : 0,
    summary: {
      command: "track",
      cancelled,
      ...about,
      out: resolve(options.out),
      format: options.format,
      files,
    },
  };
}

function aboutRun({ options, info, job, output, loaded, counts }: Conclusion): Record<string, unknown> {
  const { name, width, height, frameCount, rate, warnings } = info;
  const { backend, threads } = loaded.engine.runtime;
  const seconds = counts.milliseconds / 1000;
  return {
    clip: { name, width, height, frameCount, rate, ...(warnings && { warnings }) },
    model: loaded.id,
    backend,
    threads,
    ...(loaded.reason && { backendReason: loaded.reason }),
    semantics: options.semantics,
    flags: job.flags,
    objects: [...counts.covered].map(([id, frames]) => ({
      name: job.names.nameOf(id),
      frames: frames.size,
      first: Math.min(...frames),
      last: Math.max(...frames),
      hidden: output.hiddenOf(id),
    })),
    visibility: options.visibility,
    trackedFrames: counts.frames,
    ...(options.smallObjects === "zoom" && { zoomedFrames: counts.zoomedFrames }),
    ...(counts.cuts.length > 0 && { stoppedAtCuts: counts.cuts }),
    loadSeconds: round(loaded.milliseconds / 1000),
    trackSeconds: round(seconds),
    framesPerSecond: seconds > 0 ? round(counts.frames / seconds) : null,
  };
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}

function hintAtCuts({ counts: { cuts }, context }: Conclusion): void {
  for (const frame of cuts) {
    context.say(
      `Another shot seems to begin at frame ${frame}; tracking stopped there. ` +
        `Prompt the object in it (@${frame}), or go on through it with --at-cuts go-on.
`,
    );
  }
}

/** A click in the middle of a clip, tracked forward only, leaves what is before it without a matte. */
function hintAtUntracked({ options, job, counts, context }: Conclusion): void {
  const firsts = [...counts.covered.values()].map((frames) => Math.min(...frames));
  const first = Math.min(...firsts);
  if (options.script !== undefined || options.direction !== "forward" || options.from !== undefined) return;
  if (first > 0 && job.operations.length > 0) {
    context.say(`Frames 0 to ${first - 1} lie before the prompt; --direction both tracks them too.\n`);
  }
}
