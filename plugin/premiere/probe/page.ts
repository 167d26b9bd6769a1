/** The self-check: a page of its own that asks webview and host, shows a table and stores one report. */

import type { RemoteHost } from "../../bridge/host-bridge.ts";
import { connectToPremiere, isWebviewPage, type WebviewPage } from "../../bridge/page-host.ts";
import { type CheckLine, checkPage } from "./page-check.ts";

/** Characters there and back in one message. */
const BRIDGE_SIZES = [1, 8, 64].map((mega) => mega * 1024 * 1024);

async function checkBridge({ bridge }: RemoteHost): Promise<CheckLine[]> {
  const lines: CheckLine[] = [];
  for (const size of BRIDGE_SIZES) {
    const text = "x".repeat(size);
    const from = performance.now();
    const back = await bridge.call("selfCheckEcho", [text]);
    const seconds = (performance.now() - from) / 1000;
    const rate = Math.round((2 * size) / 1e5 / seconds) / 10;
    const detail = `${back === text ? "intact" : "CHANGED"}, ${Math.round(seconds * 1000)} ms there and back`;
    lines.push({ name: `Bridge, ${size / 1024 / 1024} Mi characters`, finding: rate, unit: "MB/s", detail });
  }
  return lines;
}

function show(lines: readonly CheckLine[]): void {
  const table = document.querySelector("tbody")!;
  for (const { name, finding, unit, detail } of lines) {
    const row = table.insertRow();
    const words =
      finding === null ? "not found out" : finding === true ? "yes" : finding === false ? "no" : finding;
    for (const text of [name, `${words} ${unit}`.trim(), detail]) row.insertCell().textContent = text;
  }
}

function say(text: string): void {
  document.querySelector("#state")!.textContent = text;
}

async function run(): Promise<void> {
  say("Checking the page …");
  const page = await checkPage();
  show(page);
  if (!isWebviewPage(window)) return say("This page isn't inside Premiere: only the page was checked.");
  const host = connectToPremiere(window as unknown as WebviewPage, { connected: () => {}, silent: sayBusy });
  say("Measuring the bridge …");
  const bridge = await checkBridge(host);
  show(bridge);
  say("Asking Premiere; the selected clip is changed and restored …");
  const checked = await host.selfCheck();
  if (!checked.ok) return say(`${checked.error.message} ${checked.error.remedy}`);
  const { hostVersion, lines } = checked.value;
  show(lines);
  const report = { hostVersion, when: new Date().toISOString(), page, bridge, host: lines };
  const path = await host.bridge.call("selfCheckStore", [report]);
  say(`Done. The report is in ${path}`);
}

function sayBusy(isSilent: boolean): void {
  if (isSilent) say("Premiere is busy …");
}

document.querySelector("button")!.addEventListener("click", (event) => {
  (event.currentTarget as HTMLButtonElement).disabled = true;
  void run().catch((error) => say(`The check stopped: ${error}`));
});
