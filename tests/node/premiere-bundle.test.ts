import { createContext, runInContext } from "node:vm";
import resolve from "@rollup/plugin-node-resolve";
import { decode } from "fast-png";
import { rollup } from "rollup";
import esbuild from "rollup-plugin-esbuild";
import { beforeAll, describe, expect, test } from "vitest";
import { connectToPremiere, type WebviewPage } from "../../plugin/bridge/page-host.ts";
import { fakeHost } from "../support/premiere/fake-premiere.ts";
import { freeNames, memberNames } from "../support/premiere/free-names.ts";
import { describeTimeline, makeScene, planFor } from "../support/premiere/scenario.ts";

/** Bundles as the build does, in memory, so that the test needs no build before it. */
async function bundle(): Promise<string> {
  const build = await rollup({
    input: "plugin/premiere/main.ts",
    plugins: [resolve(), esbuild({ target: "es2020", tsconfig: false })],
  });
  const { output } = await build.generate({ format: "iife" });
  await build.close();
  expect(output).toHaveLength(1);
  return output[0].code;
}

/** Documented for Premiere's script context, or part of ECMAScript 2020 itself. */
const UXP_GLOBALS = ["window", "document", "require", "setTimeout", "clearTimeout", "console"];
const LANGUAGE_GLOBALS = [
  "Array",
  "ArrayBuffer",
  "BigInt",
  "Boolean",
  "DataView",
  "Date",
  "Error",
  "JSON",
  "Map",
  "Math",
  "Number",
  "Object",
  "Promise",
  "RangeError",
  "Set",
  "String",
  "Symbol",
  "TypeError",
  "Uint8Array",
  "WeakMap",
  "WeakSet",
  "decodeURIComponent",
  "encodeURIComponent",
  "isNaN",
  "parseInt",
];
/** Newer than the language level that is certain. */
const TOO_NEW = [
  "at",
  "findLast",
  "findLastIndex",
  "hasOwn",
  "replaceAll",
  "toSorted",
  "toReversed",
  "with",
  "structuredClone",
  "any",
];

let script = "";
beforeAll(async () => {
  script = await bundle();
});

describe("the script of the Premiere plugin", () => {
  test("uses nothing that UXP doesn't document: no worker, canvas pixels, structuredClone, queueMicrotask", () => {
    const allowed = new Set([...UXP_GLOBALS, ...LANGUAGE_GLOBALS]);
    expect([...freeNames(script)].filter((name) => !allowed.has(name))).toEqual([]);
  });

  test("uses no method newer than ECMAScript 2020", () => {
    const members = memberNames(script);
    expect(TOO_NEW.filter((name) => members.has(name))).toEqual([]);
  });

  test("such a check would notice a forbidden name, and isn't fooled by one in a string or a member", () => {
    expect([...freeNames("const a = 1; function f(b) { return a + b + queueMicrotask.x }")]).toEqual([
      "queueMicrotask",
    ]);
    expect([...freeNames("({ Worker: 'Worker' }).Worker; let { x: y, z = [q] } = {}; y; z")]).toEqual(["q"]);
    expect([...memberNames("list.at(0)['with']")]).toEqual(["at"]);
  });

  test("runs in a context that has only what UXP has, and serves a page through a whole job", async () => {
    const scene = makeScene({ staleObjects: true, actionsOnlyInLock: true, importLate: 3 });
    const { toPage, context } = uxpContext(scene);
    const listeners: ((event: { data: unknown }) => void)[] = [];
    const page: WebviewPage = {
      uxpHost: { postMessage: (message) => context.deliver(JSON.stringify(message)) },
      addEventListener: (_, listener) => void listeners.push(listener),
      setTimeout: (run, milliseconds) => Number(setTimeout(run, milliseconds / 10)),
      clearTimeout: (timer) => clearTimeout(timer),
    };
    toPage.push((text) => {
      for (const listener of listeners) listener({ data: JSON.parse(text) });
    });
    runInContext(script, context.global);
    const host = connectToPremiere(page, { connected: () => {}, silent: () => {} });

    expect(await host.describe()).toMatchObject({ name: "premiere", version: "26.3.0" });
    const selection = await host.readSelection();
    if (!selection.ok) throw new Error(selection.error.message);
    const media = await host.readMedia(selection.value.clipId, 10, 20);
    expect(media.ok && Buffer.from(media.value, "base64")[0]).toBe(70);
    const still = await host.renderStill(selection.value.clipId, 2, 96);
    if (!still.ok) throw new Error(still.error.message);
    expect(decode(Buffer.from(still.value.base64, "base64")).data[1]).toBe(42);
    const plan = await planFor(scene);
    expect(await host.carryOut(plan)).toMatchObject({ ok: true, value: { notDone: [] } });
    expect(describeTimeline(scene.world.model)[1]![0]!.opacity).toHaveLength(3);
    expect(await host.bridge.call("selfCheckEcho", ["x".repeat(300_000)])).toHaveLength(300_000);
    host.bridge.close();
    context.stop();
  });
});

/** A realm of its own, with its own built-ins, from which everything newer or undocumented is taken away. */
function uxpContext(scene: ReturnType<typeof makeScene>) {
  const { environment } = fakeHost(scene.world);
  const toPage: ((text: string) => void)[] = [];
  const toScript: ((event: { data: unknown }) => void)[] = [];
  const timers = new Set<NodeJS.Timeout>();
  const modules: Record<string, unknown> = {
    premierepro: environment.premiere,
    fs: scene.world.files,
    uxp: {
      host: { version: "26.3.0" },
      storage: {
        localFileSystem: {
          getDataFolder: async () => ({ nativePath: "/data" }),
          getTemporaryFolder: async () => ({ nativePath: "/temp" }),
          getFolder: async () => null,
        },
      },
    },
  };
  const webview = { postMessage: (message: unknown) => toPage[0]?.(JSON.stringify(message)) };
  const global = createContext({
    window: { addEventListener: (_: string, listener: never) => toScript.push(listener) },
    document: { getElementById: (id: string) => (id === "panel" ? webview : null) },
    console: { log: () => {}, error: () => {} },
    require: (name: string) => modules[name],
    setTimeout: (run: () => void, milliseconds: number) => {
      const timer = setTimeout(run, milliseconds / 10);
      timers.add(timer);
      return timer;
    },
    clearTimeout: (timer: NodeJS.Timeout) => clearTimeout(timer),
  });
  runInContext(
    `delete globalThis.WebAssembly; delete globalThis.SharedArrayBuffer; delete Object.hasOwn;
     for (const name of ["at", "findLast", "findLastIndex", "toSorted", "toReversed", "with"]) delete Array.prototype[name];
     delete String.prototype.at; delete String.prototype.replaceAll; delete Promise.any;`,
    global,
  );
  return {
    toPage,
    context: {
      global,
      deliver: (text: string) => {
        for (const listener of toScript) listener({ data: JSON.parse(text) });
      },
      stop: () => {
        for (const timer of timers) clearTimeout(timer);
      },
    },
  };
}
