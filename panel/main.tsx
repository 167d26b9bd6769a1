/** The page: starts the tracker, finds its surroundings, draws the panel. */
import { StandaloneHost } from "../plugin/standalone/main.ts";
import { startWorker } from "./assets.ts";
import { mountPanel, startPanel } from "./mount.tsx";
import { chooseSink, saveFile } from "./output/sinks.ts";
import { openSessionStore } from "./storage/opfs-store.ts";
import { connectTracker } from "./tracker-client.ts";

const DEMO = "demo.mp4";

async function main(): Promise<void> {
  const root = document.getElementById("panel");
  if (!root) throw new Error("The page needs an element with the id panel.");
  const worker = await startWorker();
  const panel = mountPanel(root, connectTracker(worker), await openSessionStore(), {
    host: new StandaloneHost(),
    loadDemo,
    chooseSink,
    saveFile,
  });
  await startPanel(panel);
}

async function loadDemo(): Promise<{ blob: Blob; name: string }> {
  const response = await fetch(new URL(DEMO, document.baseURI));
  return { blob: await response.blob(), name: DEMO };
}

void main();
