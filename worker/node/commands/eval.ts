/** Node: `masklet eval`, which measures a model on a dataset with true masks. */
import { openAsBlob } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { findModel } from "../../../models/registry.ts";
import { openSam2 } from "../../../models/sam2/build-sam2.ts";
import { clipFingerprint } from "../../evaluation/clip-fingerprint.ts";
import { contactSheet } from "../../evaluation/contact-sheet.ts";
import { CopySegmenter } from "../../evaluation/copy-segmenter.ts";
import type { DatasetClip } from "../../evaluation/dataset-clip.ts";
import { type ClipFiles, findClips } from "../../evaluation/dataset-layout.ts";
import type { Surroundings } from "../../evaluation/evaluate-clip.ts";
import { parsePrompt } from "../../evaluation/evaluation-prompt.ts";
import type { EvaluationReport, EvaluationSettings } from "../../evaluation/evaluation-report.ts";
import { PROTOCOLS, type Protocol } from "../../evaluation/protocols.ts";
import { reportTable } from "../../evaluation/report-table.ts";
import { openClips, type ReportStore, runEvaluation } from "../../evaluation/run-evaluation.ts";
import type { Segmenter } from "../../evaluation/segmenter.ts";
import { type PredictorFlags, SessionSegmenter } from "../../evaluation/session-segmenter.ts";
import { configUnder, parseOptionValue, predictorOptionsFor, withOptions } from "../../predictor-options.ts";
import { Sam2Engine } from "../../sam2-engine.ts";
import { openClipFrames } from "../clip-frames.ts";
import { diskFolder } from "../disk-folder.ts";
import { folderSink } from "../folder-sink.ts";
import { nativeProvider } from "../native-inference.ts";
import { openWantedModel, projectFile, type WantedModel } from "../node-library.ts";
import {
  choice,
  hasFlag,
  type ParsedArguments,
  parseArguments,
  single,
  wholeNumber,
} from "../terminal/arguments.ts";
import { type CommandContext, type CommandResult, UsageError } from "../terminal/command.ts";

export const EVAL_USAGE = `eval DATASET [--model ID|FILE|copy] [--prompt click|best-click|box|mask|clicks:N] [options]
  DATASET is in DAVIS or SA-V layout, or has frames/ and masks/ (or folders that do).
  --model ID|FILE|copy     a model; copy repeats the given mask, the baseline to beat (builtin)
  --config FILE            the configuration of a checkpoint of your own
  --prompt ...             what is given on the first frame of each object (click); best-click: of the
                           three masks that a click can mean the best one, as a person would take it
  --protocol ...           ${PROTOCOLS.join(", ")}
  --set FLAG=VALUE         a flag of the predictor, by its official name
  --clips NAME,NAME        only these; --list FILE has one name a line
  --include-first-last     score the first and the last annotated frame too
  --sparse                 gaps between masks are meant
  --json FILE              the report; a stopped run goes on from it
  --sheet FILE.png         a picture of the worst frames
  --threads N              of the processor (all)`;

const OPTIONS = {
  model: "text",
  config: "text",
  prompt: "text",
  protocol: "text",
  set: "text",
  clips: "text",
  list: "text",
  "include-first-last": "flag",
  sparse: "flag",
  json: "text",
  sheet: "text",
  threads: "text",
} as const;

/** 130 when Ctrl-C stopped it with clips left to do. */
export async function evalCommand(args: readonly string[], context: CommandContext): Promise<CommandResult> {
  const parsed = parseArguments(args, OPTIONS);
  const [dataset, ...more] = parsed.positionals;
  if (dataset === undefined || more.length > 0) throw new UsageError("Expected one dataset folder.");
  const protocol = choice<Protocol>(parsed, "protocol", PROTOCOLS, "semi-supervised");
  const prompt = single(parsed, "prompt") ?? "click";
  const options = {
    prompt: parsePrompt(prompt),
    protocol,
    includeFirstAndLast: hasFlag(parsed, "include-first-last"),
  };
  const folder = diskFolder(dataset);
  const chosen = await chooseClips(await findClips(folder), parsed);
  const sparse = hasFlag(parsed, "sparse");
  const clips = await openClips(folder, chosen, { sparse });
  const flags = predictorFlags(parsed);
  const segmenter = await openSegmenter(parsed, protocol, flags);
  const settings: EvaluationSettings = {
    dataset: basename(dataset),
    clips: clips.map(({ name }) => name),
    model: segmenter.id,
    prompt,
    protocol,
    includeFirstAndLast: options.includeFirstAndLast,
    sparse,
    flags,
  };
  const json = single(parsed, "json");
  try {
    const report = await runEvaluation({
      clips,
      segmenter,
      options,
      settings,
      surroundings: SURROUNDINGS,
      store: json === undefined ? null : fileStore(json),
      onClip: ({ clip }, done, total) => context.say(`${done} of ${total}: ${clip}\n`),
      signal: context.signal,
    });
    await writeSheet(single(parsed, "sheet"), report, clips);
    return {
      exitCode: report.complete ? 0 : 130,
      text: reportTable(report),
      summary: { ...settings, complete: report.complete, ...report.summary },
    };
  } finally {
    await segmenter.close();
  }
}

async function chooseClips(found: ClipFiles[], parsed: ParsedArguments): Promise<ClipFiles[]> {
  const list = single(parsed, "list");
  const listed = list === undefined ? "" : await readFile(list, "utf8");
  const named = (single(parsed, "clips") ?? "").split(",");
  const names = [...named, ...listed.split(/\s+/)].filter((name) => name !== "");
  if (names.length === 0) return found;
  const unknown = names.filter((name) => !found.some((clip) => clip.name === name));
  if (unknown.length === 0) return found.filter((clip) => names.includes(clip.name));
  const known = found.map(({ name }) => name).join(", ");
  throw new UsageError(`The dataset has no clip ${unknown.join(", ")}; it has ${known}.`);
}

// ---------------------------------------------------------------- the model

function predictorFlags({ options }: ParsedArguments): PredictorFlags {
  const set = options.filter(({ name }) => name === "set").map(({ value }) => value);
  return Object.fromEntries(
    set.map((text) => {
      const equals = text.indexOf("=");
      if (equals < 0) throw new UsageError(`--set is NAME=VALUE, got "${text}".`);
      return [text.slice(0, equals), parseOptionValue(text.slice(equals + 1))] as const;
    }),
  );
}

async function openSegmenter(
  parsed: ParsedArguments,
  protocol: Protocol,
  flags: PredictorFlags,
): Promise<Segmenter> {
  const model = single(parsed, "model") ?? "builtin";
  if (model === "copy") return new CopySegmenter();
  const threads = single(parsed, "threads");
  const wanted = { model, config: single(parsed, "config") };
  const engine = await openModel(wanted, threads ? wholeNumber(threads, "--threads") : undefined, flags);
  // A person who corrects wants corrections to stick; upstream's default would track over them.
  const semantics = protocol === "semi-supervised" ? "upstream" : "sticky";
  return new SessionSegmenter(await identityOf(model), engine, semantics, flags);
}

export async function openModel(
  wanted: WantedModel,
  threads: number | undefined,
  flags: PredictorFlags = {},
): Promise<Sam2Engine> {
  const { checkpoint, config, close } = await openWantedModel(wanted);
  try {
    const provider = nativeProvider(threads === undefined ? {} : { threads });
    const resized = configUnder(config, withOptions(predictorOptionsFor(config), flags));
    return await Sam2Engine.load(await openSam2(checkpoint, resized), await provider.open());
  } finally {
    close();
  }
}

/** Weights change under a name: the built-in ones when they are trained further, one's own at any time. */
async function identityOf(model: string): Promise<string> {
  const source = findModel(model)?.source;
  const path = source?.kind === "embedded" ? projectFile(`models/${source.checkpoint}`) : model;
  const isFile = await stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
  const name = basename(model);
  return isFile ? `${name} ${await clipFingerprint([await openAsBlob(path)])}` : name;
}

// ---------------------------------------------------------------- this machine

const SURROUNDINGS: Surroundings = {
  now: () => performance.now() / 1000,
  peakMemory: () => process.resourceUsage().maxRSS * 1024,
  openFrames: openClipFrames,
};

function fileStore(path: string): ReportStore {
  return {
    load: () => readIfThere(path),
    save: (json) => writeWhole(path, new TextEncoder().encode(json)),
  };
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

async function writeSheet(
  path: string | undefined,
  report: EvaluationReport,
  clips: DatasetClip[],
): Promise<void> {
  const png = path === undefined ? null : await contactSheet(report.clips, clips, SURROUNDINGS);
  if (path !== undefined && png) await writeWhole(path, png);
}

function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  return folderSink(dirname(path)).writeFile(basename(path), bytes);
}
