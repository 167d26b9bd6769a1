/** Runs in Node (`npm run bench`): how fast each stage and the whole tracker are, against the machine's peak. */
import { readFileSync, writeFileSync } from "node:fs";
import type { GraphName } from "../../models/onnx/onnx-graph.ts";
import { configUnder, predictorOptionsFor, withOptions } from "../../worker/predictor-options.ts";
import { Sam2Engine } from "../../worker/sam2-engine.ts";
import { readOptions, type SpeedOptions, USAGE } from "./speed/options.ts";
import { measurePictures } from "./speed/pictures.ts";
import { type SubjectReport, toMarkdown, writeTable } from "./speed/report.ts";
import { measureStages } from "./speed/stages.ts";
import { type BenchBackend, configOf, openBackend, openModel, weightsOf } from "./speed/subject.ts";
import { measureClick, measureMemory, measureTracking, type TrackingRow } from "./speed/tracking.ts";

/** Frames at which memory is read: it must not grow between them. */
const MEMORY_MARKS = [50, 500];

async function measure(
  name: string,
  size: number | null,
  backend: BenchBackend,
  options: SpeedOptions,
): Promise<SubjectReport> {
  const base = configOf(name, size);
  const config = configUnder(base, withOptions(predictorOptionsFor(base), options.flags));
  const model = await openModel(weightsOf(name, config), config);
  const runtime = await openBackend(backend, options.threads);
  const stages = await measureStages(model, runtime, options.repeats);
  const { engine, ...start } = await loadEngine(model, runtime);
  const firstMask = await measureClick(engine, 1);
  const tracking: TrackingRow[] = [];
  for (const objects of options.objects)
    tracking.push(await measureTracking(engine, objects, options.frames, options.flags));
  const report = {
    model: name,
    inputSize: config.imageSize,
    flags: options.flags,
    backend,
    threads: runtime.threads,
    stages,
    tracking,
    clickMilliseconds: await measureClick(engine, 5),
    start: { ...start, firstMaskMilliseconds: firstMask },
    pictures: await measurePictures(config.imageSize),
    resident: options.memory ? await measureMemory(engine, MEMORY_MARKS) : {},
  };
  await engine.release();
  return report;
}

async function loadEngine(
  model: Parameters<typeof Sam2Engine.load>[0],
  runtime: Parameters<typeof Sam2Engine.load>[1],
): Promise<{ engine: Sam2Engine; buildMilliseconds: number; sessionMilliseconds: number }> {
  const spent = { build: 0, session: 0 };
  let phase: keyof typeof spent = "build";
  let last = performance.now();
  const turn = (next: keyof typeof spent, _graph?: GraphName) => {
    const now = performance.now();
    spent[phase] += now - last;
    last = now;
    phase = next;
  };
  const engine = await Sam2Engine.load(model, runtime, turn);
  turn("build");
  return { engine, buildMilliseconds: spent.build, sessionMilliseconds: spent.session };
}

async function main(args: string[]): Promise<void> {
  if (args.includes("--help")) return console.log(USAGE);
  const options = readOptions(args);
  if (options.from.length > 0) return save(reportsFrom(options.from), options);
  await measureAll(options);
}

/** Written after every model, so that stopping a long run keeps what it has measured. */
function save(reports: readonly SubjectReport[], options: SpeedOptions): void {
  if (options.json) writeFileSync(options.json, JSON.stringify(reports, null, 2));
  if (options.markdown) writeTable(options.markdown, toMarkdown(reports));
}

function reportsFrom(files: readonly string[]): SubjectReport[] {
  return files.flatMap((file) => JSON.parse(readFileSync(file, "utf8")) as SubjectReport[]);
}

async function measureAll(options: SpeedOptions): Promise<void> {
  const reports: SubjectReport[] = [];
  for (const model of options.models) {
    for (const size of options.sizes) {
      for (const backend of options.backends) {
        reports.push(await measure(model, size, backend, options));
        console.log(`${toMarkdown(reports.slice(-1))}\n`);
        save(reports, options);
      }
    }
  }
}

await main(process.argv.slice(2));
process.exit(0); // WebAssembly's threads would hold it
