/** Node: `masklet eval`, which measures a model on a dataset with true masks. */
import { openAsBlob } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { parseArgs } from "node:util";
import { clipFingerprint } from "../../evaluation/clip-fingerprint.ts";
import { contactSheet } from "../../evaluation/contact-sheet.ts";
import { CopySegmenter } from "../../evaluation/copy-segmenter.ts";
import type { DatasetClip } from "../../evaluation/dataset-clip.ts";
import { type ClipFiles, findClips } from "../../evaluation/dataset-layout.ts";
import type { Surroundings } from "../../evaluation/evaluate-clip.ts";
import { parsePrompt } from "../../evaluation/evaluation-prompt.ts";
import type { EvaluationReport } from "../../evaluation/evaluation-report.ts";
import { PROTOCOLS, type Protocol } from "../../evaluation/protocols.ts";
import { reportTable } from "../../evaluation/report-table.ts";
import { openClips, type ReportStore, runEvaluation } from "../../evaluation/run-evaluation.ts";
import type { Segmenter } from "../../evaluation/segmenter.ts";
import { SessionSegmenter } from "../../evaluation/session-segmenter.ts";
import { TrackerError } from "../../tracker-error.ts";
import { openClipFrames } from "../clip-frames.ts";
import { diskFolder } from "../disk-folder.ts";
import { folderSink } from "../folder-sink.ts";
import { openEngine } from "../open-engine.ts";

export const EVAL_USAGE = `masklet eval DATASET --model ID|FILE|copy --prompt click|box|mask|clicks:N
  [--config FILE] [--protocol ${PROTOCOLS.join("|")}]
  [--clips NAME,NAME] [--list FILE] [--include-first-last] [--sparse]
  [--json FILE] [--sheet FILE.png] [--threads N] [--quiet]`;

const OPTIONS = {
  model: { type: "string", default: "builtin" },
  config: { type: "string" },
  prompt: { type: "string", default: "click" },
  protocol: { type: "string", default: "semi-supervised" },
  clips: { type: "string" },
  list: { type: "string" },
  "include-first-last": { type: "boolean", default: false },
  sparse: { type: "boolean", default: false },
  json: { type: "string" },
  sheet: { type: "string" },
  threads: { type: "string" },
  quiet: { type: "boolean", default: false },
} as const;

/** Prints the table; gives 0, or 130 when `signal` stopped it with clips left to do. */
export async function evalCommand(args: string[], signal?: AbortSignal): Promise<number> {
  const { values, positionals } = parseArgs({ args, options: OPTIONS, allowPositionals: true });
  const dataset = positionals[0];
  if (dataset === undefined || positionals.length > 1) throw usage("Expected one dataset folder.");
  const prompt = parsePrompt(values.prompt);
  const protocol = requireProtocol(values.protocol);
  const folder = diskFolder(dataset);
  const chosen = await chooseClips(await findClips(folder), values);
  const clips = await openClips(folder, chosen, { sparse: values.sparse });
  const segmenter = await openSegmenter(values, protocol);
  const surroundings = nodeSurroundings();
  try {
    const report = await runEvaluation({
      clips,
      segmenter,
      options: { prompt, protocol, includeFirstAndLast: values["include-first-last"] },
      settings: {
        dataset: basename(dataset),
        clips: clips.map(({ name }) => name),
        model: segmenter.id,
        prompt: values.prompt,
        protocol,
        includeFirstAndLast: values["include-first-last"],
        sparse: values.sparse,
      },
      surroundings,
      store: values.json === undefined ? null : fileStore(values.json),
      onClip: ({ clip }, done, total) => {
        if (!values.quiet) process.stderr.write(`${done} of ${total}: ${clip}\n`);
      },
      ...(signal ? { signal } : {}),
    });
    if (values.sheet !== undefined) await writeSheet(values.sheet, report, clips, surroundings);
    process.stdout.write(`${reportTable(report)}\n`);
    return report.complete ? 0 : 130;
  } finally {
    await segmenter.close();
  }
}

function requireProtocol(text: string): Protocol {
  const protocol = PROTOCOLS.find((known) => known === text);
  if (protocol) return protocol;
  throw usage(`--protocol is ${PROTOCOLS.join(", ")}, got "${text}".`);
}

async function chooseClips(
  found: ClipFiles[],
  { clips, list }: { clips?: string | undefined; list?: string | undefined },
): Promise<ClipFiles[]> {
  const listed = list === undefined ? "" : await readFile(list, "utf8");
  const names = [...(clips ?? "").split(","), ...listed.split(/\s+/)].filter((name) => name !== "");
  if (names.length === 0) return found;
  const unknown = names.filter((name) => !found.some((clip) => clip.name === name));
  if (unknown.length === 0) return found.filter((clip) => names.includes(clip.name));
  throw usage(
    `The dataset has no clip ${unknown.join(", ")}; it has ${found.map(({ name }) => name).join(", ")}.`,
  );
}

async function openSegmenter(
  values: { model: string; config?: string | undefined; threads?: string | undefined },
  protocol: Protocol,
): Promise<Segmenter> {
  if (values.model === "copy") return new CopySegmenter();
  const threads = values.threads === undefined ? undefined : Number(values.threads);
  if (values.config === undefined) throw usage("A checkpoint needs --config.");
  const engine = await openEngine(values.model, values.config, threads);
  const id = `${basename(values.model)} ${await clipFingerprint([await openAsBlob(values.model)])}`;
  // A person who corrects wants corrections to stick; upstream's default would track over them.
  return new SessionSegmenter(id, engine, protocol === "semi-supervised" ? "upstream" : "sticky");
}

function nodeSurroundings(): Surroundings {
  return {
    now: () => performance.now() / 1000,
    peakMemory: () => process.resourceUsage().maxRSS * 1024,
    openFrames: openClipFrames,
  };
}

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
  path: string,
  report: EvaluationReport,
  clips: DatasetClip[],
  surroundings: Surroundings,
): Promise<void> {
  const png = await contactSheet(report.clips, clips, surroundings);
  if (png) await writeWhole(path, png);
}

function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  return folderSink(dirname(path)).writeFile(basename(path), bytes);
}

function usage(message: string): TrackerError {
  return new TrackerError("bad-config", message, EVAL_USAGE);
}
