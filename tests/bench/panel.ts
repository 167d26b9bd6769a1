/**
 * Runs in Node: what a person waits for in the page, measured in a real Chromium with the built-in model.
 *
 *   npm run build && node tests/bench/run.mjs tests/bench/panel.ts [--frames N] [--webgpu] [--clip FILE]
 *
 * `--clip`: the demo clip in another size, to see what large pictures cost.
 */
import { readdirSync, readFileSync } from "node:fs";
import { cpus } from "node:os";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { type Task, traceTasks } from "../support/page-trace.ts";
import { openPanel, openPanelBrowser, type PanelPage } from "../support/panel-page.ts";

const DIST = "dist/panel";
/** Milliseconds; what browsers call a long task. */
const LONG_TASK = 50;
/** On the koi, on the first frame. */
const KOI = [150, 290] as const;
/** Further clicks on the same frame, whose features are at hand; apart, so that none meets a mark. */
const MORE_CLICKS = [
  [180, 284],
  [120, 300],
  [90, 300],
  [205, 270],
  [170, 310],
] as const;

const { values } = parseArgs({
  options: {
    frames: { type: "string", default: "24" },
    webgpu: { type: "boolean", default: false },
    clip: { type: "string" },
  },
});
const frames = Number(values.frames);

const browser = await openPanelBrowser(DIST, values.webgpu);
try {
  const started = performance.now();
  const user = await openPanel(browser);
  await user.clipOpen();
  if (values.clip) await user.open(values.clip);
  if (values.clip) await user.clipOpen(basename(values.clip));
  const clipOpen = performance.now() - started;
  await user.click(...KOI);
  await user.hasPoints(1);
  const firstMask = performance.now() - started;
  const clicks = await measureClicks(user);
  const tracking = await measureTracking(user, frames);
  const where = await user.page.locator(".model-where").textContent();
  print({ clipOpen, firstMask, clicks, tracking, where: where ?? "" });
} finally {
  await browser.close();
}

async function measureClicks(user: PanelPage): Promise<number[]> {
  const times: number[] = [];
  for (const [index, [x, y]] of MORE_CLICKS.entries()) {
    const before = performance.now();
    await user.click(x, y);
    await user.hasPoints(index + 2);
    times.push(performance.now() - before);
  }
  return times.sort((a, b) => a - b);
}

interface TrackingNumbers {
  seconds: number;
  tasks: Task[];
}

/** While tracking, every task of the page's thread, from the browser's own trace. */
async function measureTracking(user: PanelPage, count: number): Promise<TrackingNumbers> {
  await user.workUntil(count);
  const stop = await traceTasks(browser.browser);
  const before = performance.now();
  await user.track();
  const seconds = (performance.now() - before) / 1000;
  return { seconds, tasks: await stop() };
}

function print(numbers: {
  clipOpen: number;
  firstMask: number;
  clicks: number[];
  tracking: TrackingNumbers;
  where: string;
}): void {
  const { clipOpen, firstMask, clicks, tracking, where } = numbers;
  const median = clicks[Math.floor(clicks.length / 2)]!;
  const rows: [string, string][] = [
    ["Page load to the clip on screen", seconds(clipOpen)],
    ["Page load to the first mask (click as soon as the clip shows)", seconds(firstMask)],
    [
      "Click to mask, features cached: median (best)",
      `${median.toFixed(0)} ms (${clicks[0]!.toFixed(0)} ms)`,
    ],
    [
      `Tracking ${frames} frames, with live preview`,
      `${(frames / tracking.seconds).toFixed(2)} frames a second`,
    ],
    ["Tasks of more than 50 ms on the page's thread while tracking", longTasks(tracking.tasks)],
    ["The most that one of them worked, waiting for a core left out", hardestTask(tracking.tasks)],
    ...bundleRows(),
  ];
  console.log(`${where}; ${cpus()[0]?.model ?? "unknown processor"}, ${cpus().length} logical cores\n`);
  console.log("| what | measured |\n|---|---|");
  for (const [what, measured] of rows) console.log(`| ${what} | ${measured} |`);
}

function longest(milliseconds: readonly number[]): string {
  return Math.max(0, ...milliseconds).toFixed(0);
}

function longTasks(tasks: readonly Task[]): string {
  const long = tasks.map(({ wall }) => wall).filter((wall) => wall > LONG_TASK);
  return long.length === 0 ? `none of ${tasks.length}` : `${long.length}, the longest ${longest(long)} ms`;
}

function hardestTask(tasks: readonly Task[]): string {
  return `${longest(tasks.map(({ processor }) => processor))} ms`;
}

function bundleRows(): [string, string][] {
  return readdirSync(DIST)
    .filter((name) => /\.(js|css)$/.test(name))
    .map((name) => {
      const bytes = gzipSync(readFileSync(join(DIST, name)), { level: 9 }).length;
      return [`\`${name}\`, gzip`, `${(bytes / 1000).toFixed(1)} kB`];
    });
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
