/**
 * Serves the built panel to this machine alone, in Node. Cross-origin isolated, so that
 * WebAssembly may use threads, and with a policy under which the page can reach nothing else.
 */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { extname, join, normalize, sep } from "node:path";

const HOST = "127.0.0.1";
/** Ports tried after the wanted one. */
const TRIES = 20;
/** The official checkpoints; only a download that the person asked for goes there. */
const MODEL_HOST = "https://dl.fbaipublicfiles.com";

const MIME: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".map": "application/json",
  ".yaml": "text/plain; charset=utf-8",
  ".wasm": "application/wasm",
  ".mp4": "video/mp4",
};

const POLICY = [
  "default-src 'none'",
  // ONNX Runtime compiles WebAssembly, and starts its threads from blobs.
  "script-src 'self' 'wasm-unsafe-eval' blob:",
  "worker-src 'self' blob:",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "media-src blob:",
  `connect-src 'self' blob: ${MODEL_HOST}`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const HEADERS = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cache-Control": "no-cache",
};

export interface RunningServer {
  url: string;
  port: number;
  close(): Promise<void>;
}

/**
 * Serves `root`. A port in use gives way to the next free one; port 0 takes any. `policy`: null leaves it to
 * the page, which may carry its own.
 */
export async function startServer(
  root: string,
  wantedPort: number,
  policy: string | null = POLICY,
): Promise<RunningServer> {
  const headers = policy === null ? HEADERS : { ...HEADERS, "Content-Security-Policy": policy };
  const server = createServer((request, response) => {
    answer(root, headers, request, response).catch(() =>
      refuse(response, 500, "The server failed to read the file."),
    );
  });
  const port = await listen(server, wantedPort);
  return {
    url: `http://localhost:${port}/`,
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function listen(server: Server, wanted: number): Promise<number> {
  for (let port = wanted; port <= wanted + TRIES; port++) {
    try {
      await once(server, port);
      const address = server.address();
      return typeof address === "object" && address ? address.port : port;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    }
  }
  throw new Error(`Ports ${wanted} to ${wanted + TRIES} are all in use. Give another one with --port.`);
}

const once = (server: Server, port: number) =>
  new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, HOST, () => {
      server.off("error", reject);
      resolve();
    });
  });

// ---------------------------------------------------------------- requests

async function answer(
  root: string,
  headers: Record<string, string>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (!isLocal(request)) return refuse(response, 403, "This server answers only to this machine.");
  if (request.method !== "GET" && request.method !== "HEAD")
    return refuse(response, 405, "Only GET and HEAD.");
  const path = filePath(root, request.url ?? "/");
  const found = path === null ? null : await stat(path).catch(() => null);
  if (!path || !found?.isFile()) return refuse(response, 404, "Not found.");
  const range = rangeOf(request.headers.range, found.size);
  if (range === "bad") {
    response.setHeader("Content-Range", `bytes */${found.size}`);
    return refuse(response, 416, `The file has ${found.size} bytes.`);
  }
  const { start, end } = range ?? { start: 0, end: found.size - 1 };
  response.writeHead(range ? 206 : 200, {
    ...headers,
    "Content-Type": MIME[extname(path)] ?? "application/octet-stream",
    "Content-Length": found.size === 0 ? 0 : end - start + 1,
    "Accept-Ranges": "bytes",
    ...(range ? { "Content-Range": `bytes ${start}-${end}/${found.size}` } : {}),
  });
  if (request.method === "HEAD" || found.size === 0) return void response.end();
  createReadStream(path, { start, end })
    .on("error", () => response.destroy())
    .pipe(response);
}

/** Another page may point its own name at this address; the Host header tells. */
function isLocal(request: IncomingMessage): boolean {
  const host = (request.headers.host ?? "").replace(/:\d+$/, "");
  return host === "localhost" || host === HOST;
}

/** Null for anything outside of `root`. */
function filePath(root: string, url: string): string | null {
  try {
    const path = decodeURIComponent(new URL(url, "http://localhost").pathname);
    const full = normalize(join(root, path.endsWith("/") ? `${path}index.html` : path));
    return full.startsWith(normalize(root) + sep) && !full.includes("\0") ? full : null;
  } catch {
    return null;
  }
}

function rangeOf(header: string | undefined, size: number): { start: number; end: number } | "bad" | null {
  const match = header && /^bytes=(\d*)-(\d*)$/.exec(header);
  if (!match || (match[1] === "" && match[2] === "")) return null;
  const start = match[1] === "" ? Math.max(0, size - Number(match[2])) : Number(match[1]);
  const end = match[1] === "" || match[2] === "" ? size - 1 : Math.min(size - 1, Number(match[2]));
  return start > end || start >= size ? "bad" : { start, end };
}

function refuse(response: ServerResponse, status: number, words: string): void {
  if (response.headersSent) return void response.destroy();
  response.writeHead(status, {
    ...HEADERS,
    "Content-Security-Policy": POLICY,
    "Content-Type": "text/plain; charset=utf-8",
  });
  response.end(`${words}\n`);
}
