/** The page: starts the tracker, finds its surroundings, draws the panel. */
import { connectToAfterEffects, isCepPage } from "../plugin/aftereffects/cep-page.ts";
import { connectToPremiere, isWebviewPage, type WebviewPage } from "../plugin/bridge/page-host.ts";
import { StandaloneHost } from "../plugin/standalone/main.ts";
import { isSingleFile, startWorker } from "./assets.ts";
import { silenceTeller } from "./host/host-silence.ts";
import { mountPanel, startPanel } from "./mount.tsx";
import { chooseSink, saveFile } from "./output/sinks.ts";
import type { Surroundings } from "./panel-context.ts";
import { openSessionStore } from "./storage/opfs-store.ts";
import { connectTracker } from "./tracker-client.ts";

const DEMO = "demo.mp4";

async function main(): Promise<void> {
  const root = document.getElementById("panel");
  if (!root) throw new Error("The page needs an element with the id panel.");
  const worker = await startWorker();
  // The host may fall silent before there is a panel to say so.
  let tellSilence = (_isSilent: boolean): void => {};
  const panel = mountPanel(root, connectTracker(worker), await openSessionStore(), {
    ...hostOf((isSilent) => tellSilence(isSilent)),
    loadDemo: isSingleFile() ? null : loadDemo,
    chooseSink,
    saveFile,
  });
  tellSilence = silenceTeller(panel.session.state.notice);
  await startPanel(panel);
}

/** Inside of After Effects the host is a call away, inside of Premiere's webview behind its message bridge. */
function hostOf(silent: (isSilent: boolean) => void): Pick<Surroundings, "host" | "hasTimeline"> {
  if (isCepPage(window)) return { host: connectToAfterEffects(window), hasTimeline: true };
  if (!isWebviewPage(window)) return { host: new StandaloneHost(), hasTimeline: false };
  const events = { connected: () => {}, silent };
  return { host: connectToPremiere(window as unknown as WebviewPage, events), hasTimeline: true };
}

async function loadDemo(): Promise<{ blob: Blob; name: string }> {
  const response = await fetch(new URL(DEMO, document.baseURI));
  return { blob: await response.blob(), name: DEMO };
}

void main();
