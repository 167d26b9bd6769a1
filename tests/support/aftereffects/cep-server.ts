/** Runs in Node, for tests: serves the panel to a browser as CEP does, with files, processes and a fake After Effects. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import fs from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { build } from "esbuild";
import { node17Files } from "./node-17.ts";

export interface CepWorld {
  /** As packaged. */
  extensionFolder: string;
  /** Where CEP says that data of the user may lie. */
  userData: string;
  /** CEP's evalScript. */
  evaluate(script: string): string;
  /** Whether the machine has a program at a path; the engine's Node is looked for so. */
  exists?(path: string): boolean;
}

export interface CepServer {
  url: string;
  /** Every engine that was started, in order. */
  children: ChildProcess[];
  close(): Promise<void>;
}

/** CEP puts its objects into the page's window before any of its scripts. */
export const INTO_PAGE = `
  if (window !== window.parent) Object.assign(window, { __adobe_cep__: parent.adobeCep, cep_node: parent.cepNode });
`;

const OUTER = `<!doctype html><meta charset="utf-8"><style>body{margin:0}iframe{border:0;width:100vw;height:100vh;display:block}</style>
<script src="shim.js"></script><iframe src="panel.html"></iframe>`;

const END = 255;

export async function serveCep(world: CepWorld): Promise<CepServer> {
  const shim = await build({
    entryPoints: ["tests/support/aftereffects/cep-shim.ts"],
    bundle: true,
    write: false,
    format: "iife",
    logLevel: "error",
  });
  const children: ChildProcess[] = [];
  const pages: Record<string, () => [type: string, body: string | Uint8Array]> = {
    "/": () => ["text/html", OUTER],
    "/shim.js": () => ["text/javascript", shim.outputFiles[0]!.text],
    "/panel.html": () => ["text/html", fs.readFileSync(`${world.extensionFolder}/index.html`)],
  };
  const server = createServer((request, response) => {
    const page = pages[request.url ?? ""];
    if (page) {
      const [type, body] = page();
      response.writeHead(200, { "Content-Type": type }).end(body);
      return;
    }
    serve(world, children, request, response).catch((error: Error) =>
      response.writeHead(500).end(error.message),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    children,
    close: async () => {
      for (const child of children) child.kill("SIGKILL");
      server.closeAllConnections();
      server.close();
    },
  };
}

async function serve(
  world: CepWorld,
  children: ChildProcess[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [, what, id, action] = (request.url ?? "").split("/");
  const child = children[Number(id)];
  if (what === "child" && child) return serveChild(child, action ?? "", request, response);
  const body = (await bodyOf(request)).toString();
  if (what === "script") return void response.end(world.evaluate(body));
  const given = body === "" ? null : JSON.parse(body);
  switch (what) {
    case "fs":
      return answer(response, () => filesOf(world, given));
    case "path":
      return answer(response, () => (given === "userData" ? world.userData : world.extensionFolder));
    case "process":
      return answer(response, () => ({
        platform: process.platform,
        arch: process.arch,
        env: process.env,
        version: "v17.7.1",
        versions: { node: "17.7.1" },
      }));
    case "os":
      return answer(response, () => ({}));
    case "spawn":
      return answer(response, () => {
        const started = spawn(given.file, given.args, given.options);
        return { id: children.push(started) - 1, pid: started.pid };
      });
    case "exec":
      execFile(given.file, given.args, (error, output) =>
        response.end(JSON.stringify({ error: error?.message ?? null, output })),
      );
      return;
    default:
      response.writeHead(404).end();
  }
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function answer(response: ServerResponse, work: () => unknown): void {
  let result: object;
  try {
    result = { value: packed(work()) };
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    result = { error: { message, code } };
  }
  response.end(JSON.stringify(result));
}

const packed = (value: unknown): unknown =>
  Buffer.isBuffer(value) ? { $bytes: value.toString("base64") } : value;

const unpacked = (value: unknown): unknown =>
  value && typeof value === "object" && "$bytes" in value
    ? Buffer.from(String(value.$bytes), "base64")
    : value;

function filesOf(world: CepWorld, { method, args }: { method: string; args: unknown[] }): unknown {
  if (method === "existsSync" && world.exists && !world.exists(String(args[0]))) return false;
  if (method === "readSync") {
    const [file, length, position] = args as [number, number, number];
    const buffer = Buffer.alloc(length);
    return buffer.subarray(0, fs.readSync(file, buffer, 0, length, position));
  }
  const call = node17Files[method];
  if (!call) throw new TypeError(`fs.${method} is not a function`);
  return call(...args.map(unpacked));
}

async function serveChild(
  child: ChildProcess,
  action: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  switch (action) {
    case "input":
      child.stdin?.write(await bodyOf(request), () => {});
      return void response.end();
    case "kill":
      child.kill("SIGKILL");
      return void response.end();
    default:
      tellOf(child, response);
  }
}

/** Its streams and its end, as they come. Where the page is gone the pipes close, as a dead process's do. */
function tellOf(child: ChildProcess, response: ServerResponse): void {
  response.writeHead(200, { "Content-Type": "application/octet-stream" });
  const send = (stream: number, bytes: Uint8Array) => {
    const head = Buffer.alloc(5);
    head.writeUInt8(stream, 0);
    head.writeUInt32BE(bytes.length, 1);
    response.write(Buffer.concat([head, bytes]));
  };
  const end = (how: object) => {
    send(END, Buffer.from(JSON.stringify(how)));
    response.end();
  };
  for (const [index, stream] of child.stdio.entries()) {
    stream?.on("error", () => {});
    if (index > 0 && stream && "on" in stream) stream.on("data", (bytes: Buffer) => send(index, bytes));
  }
  child.on("error", (error) => end({ error: error.message }));
  child.on("exit", (code, signal) => end({ code, signal }));
  if (child.exitCode !== null || child.signalCode !== null)
    end({ code: child.exitCode, signal: child.signalCode });
  response.on("close", () => {
    for (const stream of child.stdio) stream?.destroy();
  });
}
