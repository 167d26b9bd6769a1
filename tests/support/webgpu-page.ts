/** Test support, in Node: runs built graphs on WebGPU, in a page of a real Chromium (SwiftShader: no GPU needed). */
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import type { InferenceSession } from "onnxruntime-common";
import type { Browser, Page } from "playwright-core";
import type { OnnxGraph } from "../../models/onnx/onnx-graph.ts";
import { launchChromium } from "./chromium.ts";
import type { GraphSession, TestTensor } from "./graph-session.ts";

const RUNTIME_FOLDER = fileURLToPath(new URL("../../node_modules/onnxruntime-web/dist/", import.meta.url));
/** Imports the runtime here, because a test's own code is rewritten by the test runner and can't import. */
const PAGE = `<!doctype html><title>WebGPU</title>
<script type="module">
  import * as ort from "/ort.webgpu.min.mjs";
  globalThis.ort = ort;
</script>`;
const TYPES: Record<string, string> = { mjs: "text/javascript", wasm: "application/wasm" };

/** Bytes cross into the page as base64, because the protocol is JSON. */
interface WireTensor {
  type: "float32" | "int64";
  base64: string;
  shape: number[];
}

type WireInputs = Record<string, WireTensor>;

export interface WebgpuPage {
  open(graph: OnnxGraph): Promise<GraphSession>;
  close(): Promise<void>;
}

export async function openWebgpuPage(): Promise<WebgpuPage> {
  const server = await serveRuntime();
  const browser = await launchChromium({ webgpu: true });
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  await page.waitForFunction(() => "ort" in globalThis);
  return {
    open: (graph) => openInPage(page, graph),
    close: () => closeAll(browser, server),
  };
}

async function closeAll(browser: Browser, server: Server): Promise<void> {
  await browser.close();
  await new Promise((resolve) => server.close(resolve));
}

async function serveRuntime(): Promise<Server> {
  const server = createServer((request, response) => {
    const name = (request.url ?? "/").slice(1);
    const type = TYPES[name.split(".").at(-1) ?? ""];
    if (!/^ort[\w.-]+$/.test(name) || type === undefined) {
      response.writeHead(200, { "content-type": "text/html" }).end(PAGE);
      return;
    }
    response.writeHead(200, { "content-type": type }).end(readFileSync(RUNTIME_FOLDER + name));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

async function openInPage(page: Page, graph: OnnxGraph): Promise<GraphSession> {
  const id = await page.evaluate(createInPage, {
    model: base64Of(graph.model),
    externalData: graph.externalData.map(({ path, data }) => ({ path, base64: base64Of(data) })),
  });
  return {
    run: async (inputs) => {
      const wire = Object.entries(inputs).map(([name, tensor]) => [name, wireTensor(tensor)] as const);
      const outputs = await page.evaluate(inferInPage, { id, inputs: Object.fromEntries(wire) });
      const results = Object.entries(outputs).map(
        ([name, { base64, shape }]) => [name, { data: floatsOf(base64), shape }] as const,
      );
      return Object.fromEntries(results);
    },
    close: () => page.evaluate(releaseInPage, id),
  };
}

// ---------------------------------------------------------------- in the page: nothing from outside is there

interface PageGlobals {
  ort: typeof import("onnxruntime-web/webgpu");
  sessions?: InferenceSession[];
}

async function createInPage(wire: {
  model: string;
  externalData: { path: string; base64: string }[];
}): Promise<number> {
  const globals = globalThis as unknown as PageGlobals;
  const bytes = (base64: string) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const session = await globals.ort.InferenceSession.create(bytes(wire.model), {
    executionProviders: ["webgpu"],
    externalData: wire.externalData.map(({ path, base64 }) => ({ path, data: bytes(base64) })),
  });
  globals.sessions ??= [];
  return globals.sessions.push(session) - 1;
}

async function inferInPage(wire: {
  id: number;
  inputs: WireInputs;
}): Promise<Record<string, { base64: string; shape: number[] }>> {
  const { ort, sessions = [] } = globalThis as unknown as PageGlobals;
  const feeds = Object.entries(wire.inputs).map(([name, { type, base64, shape }]) => {
    const { buffer } = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    return type === "int64"
      ? ([name, new ort.Tensor("int64", new BigInt64Array(buffer), shape)] as const)
      : ([name, new ort.Tensor("float32", new Float32Array(buffer), shape)] as const);
  });
  const text = ({ buffer, byteOffset, byteLength }: Float32Array) => {
    const data = new Uint8Array(buffer, byteOffset, byteLength);
    let characters = "";
    // Chunks, because a call takes only so many arguments.
    for (let at = 0; at < data.length; at += 8192) {
      characters += String.fromCharCode(...data.subarray(at, at + 8192));
    }
    return btoa(characters);
  };
  const outputs = Object.entries(await sessions[wire.id]!.run(Object.fromEntries(feeds)));
  return Object.fromEntries(
    outputs.map(([name, tensor]) => [
      name,
      { base64: text(tensor.data as Float32Array), shape: [...tensor.dims] },
    ]),
  );
}

async function releaseInPage(id: number): Promise<void> {
  await (globalThis as unknown as PageGlobals).sessions?.[id]?.release();
}

// ---------------------------------------------------------------- across the wire

function wireTensor({ data, shape }: TestTensor): WireTensor {
  const type = data instanceof BigInt64Array ? "int64" : "float32";
  return { type, base64: base64Of(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)), shape };
}

function base64Of(data: Uint8Array): string {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64");
}

function floatsOf(base64: string): Float32Array {
  return new Float32Array(Uint8Array.from(Buffer.from(base64, "base64")).buffer);
}
