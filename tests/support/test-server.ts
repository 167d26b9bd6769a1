/** Test support, in Node: serves a bundled worker, ONNX Runtime's files and test data to a browser. */
import { createReadStream, existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

export interface TestServer {
  url: string;
  /** Answers at a path; replaces what was there. */
  answer(path: string, body: string | Uint8Array): void;
  close(): Promise<void>;
}

export interface TestServerOptions {
  /** Bundled to /worker.js. */
  worker: URL;
  /** Path prefixes to folders. */
  folders: Record<string, string>;
  /** Cross-origin isolation, the condition for threads. */
  isolated: boolean;
}

const MIME: Record<string, string> = {
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
  ".json": "application/json",
};

export async function startTestServer(options: TestServerOptions): Promise<TestServer> {
  const bundle = await mkdtemp(join(tmpdir(), "masklet-test-"));
  await bundleWorker(options.worker, bundle);
  const folders = { "/ort/": ortFolder(), ...options.folders, "/": bundle };
  const answers = new Map<string, string | Uint8Array>([["/", "<!doctype html><title>test</title>"]]);
  const server = createServer((request, response) => {
    if (options.isolated) {
      response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
      response.setHeader("Cross-Origin-Embedder-Policy", "require-corp");
    }
    respond(request, response, answers, folders);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    answer: (path, body) => void answers.set(path, body),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(bundle, { recursive: true });
    },
  };
}

/** As the product bundles it: ONNX Runtime's WebAssembly stays outside. */
async function bundleWorker(worker: URL, folder: string): Promise<void> {
  await build({
    entryPoints: { worker: fileURLToPath(worker) },
    outdir: folder,
    bundle: true,
    format: "esm",
    splitting: true,
    conditions: ["onnxruntime-web-use-extern-wasm"],
    logLevel: "error",
  });
}

function ortFolder(): string {
  return fileURLToPath(new URL("../../node_modules/onnxruntime-web/dist/", import.meta.url));
}

function respond(
  request: IncomingMessage,
  response: ServerResponse,
  answers: Map<string, string | Uint8Array>,
  folders: Record<string, string>,
): void {
  const path = new URL(request.url ?? "/", "http://localhost").pathname;
  const answer = answers.get(path);
  if (answer !== undefined) {
    response.setHeader("Content-Type", typeof answer === "string" ? "text/html" : "application/octet-stream");
    response.end(answer);
    return;
  }
  const prefix = Object.keys(folders).find((candidate) => path.startsWith(candidate)) ?? "/";
  const file = join(folders[prefix] ?? "", path.slice(prefix.length));
  if (!existsSync(file)) {
    response.writeHead(404).end();
    return;
  }
  response.setHeader("Content-Type", MIME[extname(file)] ?? "application/octet-stream");
  createReadStream(file).pipe(response);
}
