/** The page: finds its surroundings, draws the panel. */
import { isSingleFile } from "./assets.ts";
import { mountPanel, startPanel } from "./mount.tsx";
import { chooseSink, saveFile } from "./output/sinks.ts";
import { realmOf } from "./realm.ts";

const DEMO = "demo.mp4";

async function main(): Promise<void> {
  const root = document.getElementById("panel");
  if (!root) throw new Error("The page needs an element with the id panel.");
  const { tracker, store, surroundings, joined } = await realmOf(window);
  const panel = mountPanel(root, tracker, store, {
    ...surroundings,
    loadDemo: isSingleFile() ? null : loadDemo,
    chooseSink,
    saveFile,
  });
  joined(panel);
  await startPanel(panel);
}

async function loadDemo(): Promise<{ blob: Blob; name: string }> {
  const response = await fetch(new URL(DEMO, document.baseURI));
  return { blob: await response.blob(), name: DEMO };
}

void main();
