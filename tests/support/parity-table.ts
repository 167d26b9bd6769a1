/** Test support, in Node: the worst differences over all scenarios, and what they may be. */

import type { ParityReport } from "./parity.ts";
import type { BrowserReport } from "./parity-job.ts";
import { writeParitySection } from "./parity-report.ts";

interface Tolerance {
  title: string;
  value: number;
}

/**
 * [Note: why not zero] Memories are stored as bfloat16. Where a value lies between two of its steps, another
 * order of summation rounds it the other way, and every later frame reads that. Two builds of the official
 * implementation differ by as much: object scores by 1.3e-3, masks by 1.7e-3, memories by 3 steps.
 */
export const END_TO_END_TOLERANCES: Readonly<Record<string, Tolerance>> = {
  iou4: { title: "predicted IoU, four masks", value: 1e-3 },
  ious: { title: "predicted IoU, selected", value: 1e-3 },
  object_score_logits: { title: "object score", value: 2e-3 },
  obj_ptr: { title: "object pointer", value: 1e-3 },
  pred_masks: { title: "mask logits, low resolution", value: 2e-2 },
  "pred_masks (f16)": { title: "the same, recorded as float16", value: 3e-2 },
  video_res_masks: { title: "mask logits, size of the clip", value: 1e-2 },
  "video_res_masks (f16)": { title: "the same, recorded as float16", value: 3e-2 },
  maskmem_features: { title: "stored memory", value: 1.25e-1 },
};

type Column = "native" | "wasm" | "tiny";

export class ParityTable {
  readonly #worst = new Map<string, Map<Column, number>>();
  readonly #count = new Map<
    Column,
    { scenarios: number; tensors: number; wrong: number; differing: number }
  >();

  add(column: Column, report: ParityReport): void {
    for (const [what, worst] of report.worst) {
      const row = this.#worst.get(what) ?? new Map<Column, number>();
      row.set(column, Math.max(row.get(column) ?? 0, worst));
      this.#worst.set(what, row);
    }
    const count = this.#count.get(column) ?? { scenarios: 0, tensors: 0, wrong: 0, differing: 0 };
    count.scenarios++;
    count.tensors += report.compared;
    count.wrong += report.wrongPixels;
    count.differing += report.differences.length;
    this.#count.set(column, count);
  }

  write(): void {
    const rows = Object.entries(END_TO_END_TOLERANCES).map(([what, { title, value }]) => {
      const row = this.#worst.get(what);
      const cell = (column: Column) => row?.get(column)?.toExponential(1) ?? "";
      return `| ${title} | ${cell("native")} | ${cell("wasm")} | ${cell("tiny")} | ${value.toExponential(1)} |`;
    });
    const sum = (pick: "scenarios" | "tensors" | "wrong" | "differing") =>
      `| ${(["native", "wasm", "tiny"] as const).map((column) => this.#count.get(column)?.[pick] ?? "").join(" | ")} | |`;
    writeParitySection(
      "end to end",
      `## End to end

Every recorded scenario is played through a tracking session, operation for operation; nothing is taken from
the recording on the way. All decisions are compared (which memories and pointers a frame reads, multimask or
not, which mask, the object score's sign, the order of frames) and all tensors (worst absolute difference).
"Tiny" is the full-size SAM 2.1 tiny, four frames, native. Written by \`WRITE_PARITY=1 npx vitest run --root .
--config tests/vitest.config.ts tests/node/tracker-parity.test.ts\`.

| | native | WASM | tiny | tolerance |
|---|---|---|---|---|
${rows.join("\n")}
| scenarios ${sum("scenarios")}
| tensors compared ${sum("tensors")}
| decisions that differ ${sum("differing")}
| pixels on the wrong side, further than 1e-3 from the threshold ${sum("wrong")}

Why the tolerances are not smaller: memories are stored as bfloat16. Where a value lies between two of its
steps, another order of summation rounds it the other way, and every later frame reads that. Two builds of
the official implementation differ by as much. Where \`non_overlap_masks\` compares two objects that are
closer than 1e-3 on a pixel, either may keep it. In \`s21_start_before_cond\` the official predictor raises an
error in float32; ours tracks those frames without object pointers, as it does under autocast.
`,
    );
  }
}

export interface BrowserMeasurement {
  place: string;
  name: string;
  report: BrowserReport;
}

export function writeBrowserTable(measured: BrowserMeasurement[]): void {
  const rows = measured.map(({ place, name, report }) => {
    const worst = (what: string) => report.worst[what]?.toExponential(1) ?? "";
    const cells = [
      place,
      name,
      report.compared,
      report.differences.length,
      report.wrongPixels,
      worst("iou4"),
      worst("object_score_logits"),
      worst("pred_masks"),
    ];
    return `| ${cells.join(" | ")} |`;
  });
  writeParitySection(
    "in a browser",
    `## In a browser's worker

The same comparison in a Web Worker of a real Chromium; WebGPU is SwiftShader's, which computes on the
processor. Written by \`WRITE_PARITY=1 npx vitest run --root . --config tests/vitest.config.ts
tests/browser/tracker-parity.test.ts\`.

| where | scenario | tensors | decisions that differ | wrong pixels | predicted IoU | object score | mask logits |
|---|---|---|---|---|---|---|---|
${rows.join("\n")}
`,
  );
}
