/**
 * Where the page's parts come from: files beside it, or, in the single-file page, blocks inside of it. An
 * embedded page (Premiere's) may fetch nothing and start no worker from a file, so all of it travels inside.
 */
import type { WorkerAssetsMessage } from "../worker/protocol.ts";

/** Ids of the blocks that the build puts into the single-file page. */
const BLOCKS = {
  worker: "masklet-worker",
  wasm: "masklet-wasm",
  checkpoint: "masklet-checkpoint",
  config: "masklet-config",
} as const;

export async function startWorker(): Promise<Worker> {
  const source = document.getElementById(BLOCKS.worker)?.textContent;
  if (!source) {
    return new Worker(new URL("./worker.js", document.baseURI), { type: "module", name: "masklet" });
  }
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const worker = new Worker(url, { type: "module", name: "masklet" });
  const [wasm, checkpoint, config] = await Promise.all([
    unpack(BLOCKS.wasm),
    unpack(BLOCKS.checkpoint),
    unpack(BLOCKS.config),
  ]);
  const maskletAssets = { wasm, checkpoint, configYaml: new TextDecoder().decode(config) };
  const message: WorkerAssetsMessage = { maskletAssets };
  worker.postMessage(message, [wasm.buffer, checkpoint.buffer]);
  return worker;
}

export const isSingleFile = () => document.getElementById(BLOCKS.worker) !== null;

/** Blocks are gzip in base64. */
async function unpack(id: string): Promise<Uint8Array<ArrayBuffer>> {
  const text = document.getElementById(id)?.textContent;
  if (!text) throw new Error(`The page lacks its block ${id}; build it again with npm run build.`);
  const packed = Uint8Array.from(atob(text.trim()), (character) => character.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
