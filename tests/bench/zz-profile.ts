import { basename } from "node:path";
import { writeFileSync } from "node:fs";
import { openPanel, openPanelBrowser } from "../support/panel-page.ts";
const clip = process.argv[2]!; const frames = Number(process.argv[3] ?? 12); const view = process.argv[4] ?? "";
const b = await openPanelBrowser("dist/panel", false);
try {
  const user = await openPanel(b, {});
  await user.clipOpen();
  if (clip !== "demo") { await user.open(clip); await user.clipOpen(basename(clip)); }
  await user.click(320, 180); await user.hasPoints(1);
  await user.workUntil(frames);
  if (view === "1:1") await user.page.keyboard.press("1");
  else if (view) await user.page.evaluate((v) => (document.querySelector(`[value=${v}]`) as any)?.click(), view);
  const s = await b.browser.newBrowserCDPSession(); const ev: any[] = [];
  s.on("Tracing.dataCollected", ({ value }: any) => ev.push(...value));
  await s.send("Tracing.start", { transferMode: "ReportEvents", traceConfig: { includedCategories: ["disabled-by-default-devtools.timeline","devtools.timeline","toplevel","cc","blink"] } } as any);
  await user.track();
  const done = new Promise<void>((r) => s.once("Tracing.tracingComplete", () => r()));
  await s.send("Tracing.end"); await done;
  writeFileSync("/tmp/p4k/trace.json", JSON.stringify(ev));
  await user.page.screenshot({ path: "/tmp/p4k/shot.png" });
} finally { await b.close(); }
