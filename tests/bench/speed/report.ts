/** Benchmark support: measured rows as a Markdown table. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { StageRow } from "./stages.ts";
import type { TrackingRow } from "./tracking.ts";

export interface SubjectReport {
  model: string;
  inputSize: number;
  flags: Record<string, number | boolean>;
  backend: string;
  threads: number;
  stages: StageRow[];
  tracking: TrackingRow[];
  clickMilliseconds: number;
  start: { buildMilliseconds: number; sessionMilliseconds: number; firstMaskMilliseconds: number };
  pictures: Record<string, number>;
  /** Megabytes by frame; empty where it was not asked for. */
  resident: Record<number, number>;
}

const MARKS = ["<!-- bench:speed begin -->", "<!-- bench:speed end -->"] as const;

export function toMarkdown(reports: readonly SubjectReport[]): string {
  return reports.map(section).join("\n\n");
}

function section(report: SubjectReport): string {
  const { model, inputSize, backend, threads, start } = report;
  const set = Object.entries(report.flags).map(([name, value]) => `, ${name}=${value}`);
  const stages = report.stages.map(
    ({ stage, milliseconds, gflop, gflopPerSecond, fractionOfPeak }) =>
      `| ${stage} | ${fixed(milliseconds)} | ${fixed(gflop)} | ${fixed(gflopPerSecond)} | ${fractionOfPeak.toFixed(2)} |`,
  );
  const facts = [
    ...report.tracking.map(
      ({ objects, millisecondsPerFrame }) =>
        `a frame of ${objects} object${objects === 1 ? "" : "s"}, full bank: ${fixed(millisecondsPerFrame)} ms`,
    ),
    `click to mask on cached features: ${fixed(report.clickMilliseconds)} ms`,
    `start: graphs ${fixed(start.buildMilliseconds)} ms, sessions ${fixed(start.sessionMilliseconds)} ms, first mask after a further ${fixed(start.firstMaskMilliseconds)} ms`,
    ...Object.entries(report.pictures).map(([name, milliseconds]) => `${name}: ${fixed(milliseconds)} ms`),
    ...Object.entries(report.resident).map(
      ([frame, megabytes]) => `resident at frame ${frame}: ${megabytes} MB`,
    ),
  ];
  return [
    `### ${model} at ${inputSize}, ${backend}, ${threads} thread${threads === 1 ? "" : "s"}${set.join("")}`,
    "",
    "| stage | ms | GFLOP | GFLOP/s | of peak |",
    "|---|---|---|---|---|",
    ...stages,
    "",
    ...facts.map((fact) => `- ${fact}`),
  ].join("\n");
}

function fixed(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

/** Between the markers, sections of the same heading are replaced, others stay; the rest of the file is a person's. */
export function writeTable(path: string, table: string): void {
  const [begin, end] = MARKS;
  const old = existsSync(path) ? readFileSync(path, "utf8") : `# Performance\n\n${begin}\n${end}\n`;
  const from = old.indexOf(begin) + begin.length;
  const to = old.indexOf(end);
  if (!old.includes(begin) || to < from)
    throw new Error(`${path} needs the lines ${begin} and ${end} for the table.`);
  const sections = new Map([...sectionsOf(old.slice(from, to)), ...sectionsOf(table)]);
  writeFileSync(path, `${old.slice(0, from)}\n${[...sections.values()].join("\n\n")}\n${old.slice(to)}`);
}

/** By their headings. */
function sectionsOf(text: string): [heading: string, section: string][] {
  const sections = text.split(/^(?=### )/m).map((section) => section.trim());
  return sections
    .filter((section) => section !== "")
    .map((section) => [section.slice(0, section.indexOf("\n")), section]);
}
