/** Runs anywhere: connected parts of a hard mask, by runs of rows, so that work grows with the outline. */
import type { BinaryMask } from "../evaluation/binary-mask.ts";

/** Background enclosed by the object (4-connected, not touching the border) up to `area` pixels is filled. */
export function fillHoles(mask: BinaryMask, area: number): BinaryMask {
  return area === 0 ? mask : flipParts(mask, 0, area, false);
}

/** Parts of the object (8-connected) up to `area` pixels are dropped. */
export function removeSpecks(mask: BinaryMask, area: number): BinaryMask {
  return area === 0 ? mask : flipParts(mask, 1, area, true);
}

interface Run {
  row: number;
  from: number;
  /** One past the last pixel. */
  to: number;
  parent: number;
  area: number;
  touchesBorder: boolean;
}

function flipParts(mask: BinaryMask, value: 0 | 1, area: number, diagonal: boolean): BinaryMask {
  const runs = runsOf(mask, value);
  joinRuns(runs, diagonal ? 1 : 0);
  const data = mask.data.slice();
  for (const [i, { row, from, to }] of runs.entries()) {
    const root = runs[find(runs, i)]!;
    const isHoleOrSpeck = value === 1 || !root.touchesBorder;
    if (root.area <= area && isHoleOrSpeck)
      data.fill(1 - value, row * mask.width + from, row * mask.width + to);
  }
  return { ...mask, data };
}

function runsOf({ width, height, data }: BinaryMask, value: 0 | 1): Run[] {
  const runs: Run[] = [];
  for (let row = 0; row < height; row++) {
    const line = data.subarray(row * width, (row + 1) * width);
    for (let from = line.indexOf(value); from >= 0; ) {
      const end = line.indexOf(1 - value, from);
      const to = end < 0 ? width : end;
      const touchesBorder = row === 0 || row === height - 1 || from === 0 || to === width;
      runs.push({ row, from, to, parent: runs.length, area: to - from, touchesBorder });
      from = end < 0 ? -1 : line.indexOf(value, end);
    }
  }
  return runs;
}

/** `reach` 1 also joins runs that touch by a corner. */
function joinRuns(runs: Run[], reach: 0 | 1): void {
  let above = 0;
  for (const [i, run] of runs.entries()) {
    while (above < i && isDone(runs[above]!, run, reach)) above++;
    for (let k = above; k < i && runs[k]!.row === run.row - 1 && runs[k]!.from < run.to + reach; k++)
      if (runs[k]!.to > run.from - reach) union(runs, k, i);
  }
}

/** Whether `upper` can touch neither `run` nor any run after it. */
function isDone(upper: Run, run: Run, reach: 0 | 1): boolean {
  return upper.row < run.row - 1 || (upper.row === run.row - 1 && upper.to <= run.from - reach);
}

function find(runs: Run[], i: number): number {
  let at = i;
  while (runs[at]!.parent !== at) {
    runs[at]!.parent = runs[runs[at]!.parent]!.parent;
    at = runs[at]!.parent;
  }
  return at;
}

function union(runs: Run[], a: number, b: number): void {
  const [p, q] = [find(runs, a), find(runs, b)];
  if (p === q) return;
  const [root, child] = [runs[Math.min(p, q)]!, runs[Math.max(p, q)]!];
  child.parent = Math.min(p, q);
  root.area += child.area;
  root.touchesBorder ||= child.touchesBorder;
}
