/**
 * Runs in Node (`npm run bench:compare`): two builds or two settings in turn, round by round, so that what else
 * the machine does falls on both, and their ratios.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { SubjectReport } from "./speed/report.ts";
import { median } from "./speed/timing.ts";

const USAGE = `npm run bench:compare -- [--a-dir DIR] [--b-dir DIR] [--a ARGS] [--b ARGS] [--rounds N] [-- ARGS OF BOTH]
  --a-dir, --b-dir  checkouts with their packages installed              (this one)
  --a, --b          arguments of the benchmark for one of them, in one string, e.g. --b "--set memory_pooling=2"
  --rounds          times each runs                                      (3)
The rest goes to both, e.g. -- --models tiny --objects 1 --frames 2 --repeats 2`;

interface Contender {
  folder: string;
  args: string[];
  /** Milliseconds of every round, by what was measured. */
  times: Map<string, number[]>;
}

function contender(folder: string | undefined, args: string | undefined, common: string[]): Contender {
  const own = (args ?? "").split(" ").filter((word) => word !== "");
  return { folder: resolve(folder ?? "."), args: [...common, ...own], times: new Map() };
}

function runOnce({ folder, args, times }: Contender): void {
  const json = join(mkdtempSync(join(tmpdir(), "masklet-bench-")), "report.json");
  const command = ["tests/bench/run.mjs", "tests/bench/speed.ts", ...args, "--json", json];
  const { status, stderr } = spawnSync(process.execPath, command, { cwd: folder, encoding: "utf8" });
  if (status !== 0) throw new Error(`The benchmark in ${folder} ended with ${status}:\n${stderr}`);
  for (const report of JSON.parse(readFileSync(json, "utf8")) as SubjectReport[]) {
    for (const [name, milliseconds] of measuredIn(report)) {
      times.set(name, [...(times.get(name) ?? []), milliseconds]);
    }
  }
}

function measuredIn({ model, stages, tracking, clickMilliseconds }: SubjectReport): [string, number][] {
  return [
    ...stages.map(({ stage, milliseconds }): [string, number] => [`${model}: ${stage}`, milliseconds]),
    ...tracking.map(({ objects, millisecondsPerFrame }): [string, number] => [
      `${model}: a frame, objects: ${objects}`,
      millisecondsPerFrame,
    ]),
    [`${model}: click`, clickMilliseconds],
  ];
}

/** The best is what the work costs, on a machine that others use too; the median is what a person sees. */
function row(first: number[], second: number[]): string {
  const [a, b] = [first, second].map((times) => ({ middle: median(times), best: Math.min(...times) })) as [
    Summary,
    Summary,
  ];
  const cell = ({ middle, best }: Summary) => `${middle.toFixed(1)} (${best.toFixed(1)})`;
  const ratios = `${(b.middle / a.middle).toFixed(2)} | ${(b.best / a.best).toFixed(2)}`;
  return `${cell(a)} | ${cell(b)} | ${ratios}`;
}

interface Summary {
  middle: number;
  best: number;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    help: { type: "boolean", default: false },
    "a-dir": { type: "string" },
    "b-dir": { type: "string" },
    a: { type: "string" },
    b: { type: "string" },
    rounds: { type: "string", default: "3" },
  },
});
if (values.help) {
  console.log(USAGE);
} else {
  const a = contender(values["a-dir"], values.a, positionals);
  const b = contender(values["b-dir"], values.b, positionals);
  for (let round = 0; round < Number(values.rounds); round++) for (const each of [a, b]) runOnce(each);
  console.log(
    "| of all rounds | a: median (best), ms | b: median (best), ms | b / a | of the best |\n|---|---|---|---|---|",
  );
  for (const [name, times] of a.times) {
    console.log(`| ${name} | ${row(times, b.times.get(name) ?? [])} |`);
  }
}
