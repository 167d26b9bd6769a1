/**
 * Runs in Node: from the page's load to the clip, the model and the first mask, of builds in turn.
 *
 *   npm run build && node tests/bench/run.mjs tests/bench/start.ts [--dist DIR]... [--rounds N]
 *
 * Each round is a fresh browser profile: nothing is cached.
 */
import { parseArgs } from "node:util";
import { openPanel, openPanelBrowser } from "../support/panel-page.ts";
import { median } from "./speed/timing.ts";

/** On the koi, on the first frame. */
const KOI = [150, 290] as const;

const { values } = parseArgs({
  options: {
    dist: { type: "string", multiple: true, default: ["dist/panel"] },
    rounds: { type: "string", default: "5" },
  },
});

interface Start {
  clip: number;
  runtimeAsked: number;
  firstMask: number;
}

async function measureStart(dist: string): Promise<Start> {
  const browser = await openPanelBrowser(dist);
  try {
    let runtimeAsked = Number.NaN;
    const begun = performance.now();
    const since = () => performance.now() - begun;
    browser.browser.on("context", (context) =>
      context.on("request", (request) => {
        if (request.url().endsWith(".wasm") && Number.isNaN(runtimeAsked)) runtimeAsked = since();
      }),
    );
    const user = await openPanel(browser);
    await user.clipOpen();
    const clip = since();
    await user.click(...KOI);
    await user.hasPoints(1);
    return { clip, runtimeAsked, firstMask: since() };
  } finally {
    await browser.close();
  }
}

const measured = new Map(values.dist.map((dist) => [dist, [] as Start[]]));
for (let round = 0; round < Number(values.rounds); round++) {
  for (const [dist, starts] of measured) starts.push(await measureStart(dist));
}
console.log("| build | clip on screen, ms | ONNX Runtime asked for, ms | first mask: median (best), ms |");
console.log("|---|---|---|---|");
for (const [dist, starts] of measured) {
  const middle = (key: keyof Start) => median(starts.map((start) => start[key])).toFixed(0);
  const best = Math.min(...starts.map(({ firstMask }) => firstMask)).toFixed(0);
  console.log(
    `| ${dist} | ${middle("clip")} | ${middle("runtimeAsked")} | ${middle("firstMask")} (${best}) |`,
  );
}
