/** Test support, in Node: writes measured errors into `tests/PARITY.md`, between the marks of a section. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const REPORT = fileURLToPath(new URL("../PARITY.md", import.meta.url));

/** Replaces a section's text, or appends the section. */
export function writeParitySection(name: string, text: string): void {
  const [start, end] = [`<!-- ${name} -->`, `<!-- end of ${name} -->`];
  const section = `${start}\n${text.trim()}\n${end}`;
  const report = existsSync(REPORT)
    ? readFileSync(REPORT, "utf8")
    : "# Parity with the official implementation\n";
  const [before, rest] = report.split(start) as [string, string | undefined];
  const after = rest?.split(end)[1];
  writeFileSync(
    REPORT,
    after === undefined ? `${report.trimEnd()}\n\n${section}\n` : before + section + after,
  );
}

const PARITY_COLUMNS = ["native", "wasm", "webgpu"] as const;
export type ParityColumn = (typeof PARITY_COLUMNS)[number];

/** By stage and by where it ran. */
export type Measured = Map<string, Map<ParityColumn, { worst: number; count: number }>>;

/** Keeps the worst error of a stage. */
export function noteError(measured: Measured, stage: string, column: ParityColumn, error: number): void {
  const row = measured.get(stage) ?? new Map();
  const { worst, count } = row.get(column) ?? { worst: 0, count: 0 };
  measured.set(stage, row.set(column, { worst: Math.max(worst, error), count: count + 1 }));
}

export function writeVariantTable(measured: Measured, tolerance: number): void {
  const tolerances = Object.fromEntries([...measured.keys()].map((name) => [name, tolerance]));
  writeParitySection(
    "variants",
    `## Other shapes of the architecture

Small models with seeded weights, every output of the four graphs against what the official implementation
gives for the same weights (\`tests/support/record-variants.py\`). Needs nothing but the repository. Written by
the same command with \`tests/node/models-variants.test.ts\`.

${table(measured, tolerances)}
`,
  );
}

export function writeStageTable(measured: Measured, tolerances: Record<string, number>): void {
  writeParitySection(
    "stages",
    `## Stage by stage

Each graph gets what the official stage got, and its result is compared with the recording (24 scenarios on
two miniature models of the real architecture, float32, worst absolute difference). The tolerance is what two
builds of the official implementation differ by in the same stage (torch with MKL against torch with generic
BLAS): sums in another order. WebGPU is Chromium's with SwiftShader,
on three of the scenarios. Written by \`WRITE_PARITY=1 npx vitest run --root . --config
tests/vitest.config.ts tests/node/models-parity.test.ts\`.

${table(measured, tolerances)}
`,
  );
}

export function writeTinyTable(measured: Measured, tolerances: Record<string, number>): void {
  writeParitySection(
    "tiny",
    `## SAM 2.1 tiny at full size

Four real frames at 1024 pixels after one click, each graph's result going into the next, so that errors add
up. Written by the same command with \`tests/node/models-tiny.test.ts\`.

${table(measured, tolerances)}
`,
  );
}

function table(measured: Measured, tolerances: Record<string, number>): string {
  const rows = [...measured].map(([stage, row]) => {
    const cells = PARITY_COLUMNS.map((column) => row.get(column)?.worst.toExponential(1) ?? "");
    const count = Math.max(...[...row.values()].map((entry) => entry.count));
    return `| ${[stage, count, ...cells, tolerances[stage]!.toExponential(1)].join(" | ")} |`;
  });
  return `| stage | tensors | native | WASM | WebGPU | tolerance |
|---|---|---|---|---|---|
${rows.sort().join("\n")}`;
}
