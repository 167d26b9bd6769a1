/** Runs anywhere: an evaluation as text, for a terminal and for a Markdown page. */
import type { ClipReport, ObjectReport } from "./evaluate-clip.ts";
import type { EvaluationReport, EvaluationSummary } from "./evaluation-report.ts";

/** Frames named as the worst ones. */
const SHOWN_WORST = 10;

interface NamedFrame {
  clip: string;
  object: string;
  frameIndex: number;
  J: number;
  F: number;
}

/** The worst scored frames of all clips, worst first. */
function worstFrames(clips: ClipReport[], count: number): NamedFrame[] {
  const all = clips.flatMap(({ clip, objects }) =>
    objects.flatMap(({ name, worst }) =>
      worst.map(({ frameIndex, J, F }) => ({ clip, object: name, frameIndex, J, F })),
    ),
  );
  return all.sort((a, b) => a.J + a.F - (b.J + b.F)).slice(0, count);
}

/** One line per object, the means, the worst frames. Markdown, readable as it is. */
export function reportTable(report: EvaluationReport): string {
  const rows = report.clips.flatMap((clip) => clip.objects.map((object) => objectRow(clip, object)));
  const worst = worstFrames(report.clips, SHOWN_WORST).map(({ clip, object, frameIndex, J, F }) => [
    clip,
    object,
    String(frameIndex),
    percent(J),
    percent(F),
  ]);
  return [
    table(OBJECT_COLUMNS, rows),
    summaryLines(report.summary),
    `Worst frames:\n\n${table(["clip", "object", "frame", "J", "F"], worst)}`,
  ].join("\n\n");
}

const OBJECT_COLUMNS = [
  "clip",
  "object",
  "frames",
  "J&F",
  "J",
  "F",
  "J decay",
  "chatter px (truth)",
  "clicks to 0.90",
  "s/frame",
];

function objectRow(clip: ClipReport, object: ObjectReport): string[] {
  const { score } = object;
  return [
    clip.clip,
    object.name,
    String(score?.frames ?? 0),
    percent(score?.JF),
    percent(score?.J.mean),
    percent(score?.F.mean),
    percent(score?.J.decay),
    `${decimals(object.chatter, 2)} (${decimals(object.trueChatter, 2)})`,
    String(object.clicksToGoodMask ?? "–"),
    decimals(clip.trackedFrames > 0 ? clip.trackingSeconds / clip.trackedFrames : null, 3),
  ];
}

function summaryLines({
  score,
  presence,
  chatter,
  trueChatter,
  clicksToGoodMask: clicks,
  ...cost
}: EvaluationSummary): string {
  const lines = [
    `Mean over ${score?.objects ?? 0} objects: J&F ${percent(score?.JF)}, J ${percent(score?.J)}, F ${percent(score?.F)}`,
    `Visible: precision ${percent(presence.precision)}, recall ${percent(presence.recall)}; hidden: precision ${percent(presence.hiddenPrecision)}, recall ${percent(presence.hiddenRecall)} (${presence.hiddenFound + presence.hiddenMissed} hidden frames)`,
    `Chatter: ${decimals(chatter, 2)} px a frame (true masks: ${decimals(trueChatter, 2)})`,
    clicks
      ? `Clicks to J 0.90 on the first frame: ${decimals(clicks.mean, 1)} (reached for ${clicks.reached} of ${clicks.objects})`
      : "",
    `Cost: ${decimals(cost.secondsPerFrame, 3)} s a frame, peak memory ${mebibytes(cost.peakMemory)}`,
  ];
  return lines.filter((line) => line !== "").join("\n");
}

function table(columns: string[], rows: string[][]): string {
  const widths = columns.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: string[]) => `| ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join(" | ")} |`;
  return [line(columns), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}

function percent(value: number | null | undefined): string {
  return value === null || value === undefined ? "–" : (value * 100).toFixed(1);
}

function decimals(value: number | null, places: number): string {
  return value === null ? "–" : value.toFixed(places);
}

function mebibytes(bytes: number | null): string {
  return bytes === null ? "–" : `${Math.round(bytes / 2 ** 20)} MiB`;
}
