/** What `npm run build` made of the page: small enough, old enough for After Effects' Chromium 99, complete. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { type Node, parse } from "acorn";
import { describe, expect, it } from "vitest";

const DIST = "dist/panel";
const read = (name: string) => readFileSync(join(DIST, name));
const kilobytes = (name: string) => gzipSync(read(name), { level: 9 }).length / 1000;

/** Everything that the worker may load but ONNX Runtime: its own code, decoders, muxers. */
const workerChunks = () =>
  readdirSync(DIST).filter((name) => name.endsWith(".js") && name !== "panel.js" && !name.startsWith("ort"));

/** Loaded for a kind of file alone: ProRes clips, movies written. */
const RARE = new Set(["mediabunny-prores.js", "movie-writer.js"]);

/** Methods that Chromium 99 lacks; esbuild lowers syntax, not these. */
const TOO_NEW_METHODS = new Set([
  "toSorted",
  "toReversed",
  "toSpliced",
  "withResolvers",
  "groupBy",
  "fromAsync",
  "roundRect",
  "isSubsetOf",
  "checkVisibility",
  "showPopover",
]);

function calledNames(code: string): Set<string> {
  const names = new Set<string>();
  const visit = (node: unknown): void => {
    if (!node || typeof node !== "object") return;
    const { type, property, computed } = node as Node & { property?: { name?: string }; computed?: boolean };
    if (type === "MemberExpression" && !computed && property?.name) names.add(property.name);
    for (const child of Object.values(node)) if (child && typeof child === "object") visit(child);
  };
  visit(parse(code, { ecmaVersion: 2022, sourceType: "module" }));
  return names;
}

describe("the page's bundles", () => {
  it("keep the panel within 120 kB, compressed", () => {
    expect(kilobytes("panel.js") + kilobytes("panel.css")).toBeLessThanOrEqual(120);
  });

  it("keep the worker within 150 kB, compressed, without ONNX Runtime and the media library", () => {
    expect(kilobytes("worker.js")).toBeGreaterThan(50);
    expect(kilobytes("worker.js")).toBeLessThanOrEqual(150);
  });

  it("keep all that a first mask needs within 240 kB, compressed, without ONNX Runtime", () => {
    const needed = workerChunks().filter((name) => !RARE.has(name));
    expect(needed.length).toBeGreaterThan(1);
    expect(needed.reduce((sum, name) => sum + kilobytes(name), 0)).toBeLessThanOrEqual(240);
  });

  it("use nothing in the page that Chromium 99 does not know", () => {
    const names = calledNames(read("panel.js").toString());
    expect([...names].filter((name) => TOO_NEW_METHODS.has(name))).toEqual([]);
    expect(names.has("postMessage")).toBe(true);
  });

  it("use no style that Chromium 99 does not know", () => {
    const css = read("panel.css").toString();
    expect(css).not.toMatch(/@container|:has\(|@layer|color-mix|&\s*[.:[]|\boklch\b/);
  });

  it("come with the weights, ONNX Runtime and the demo clip, so that nothing is fetched from elsewhere", () => {
    const files = [
      "index.html",
      "worker.js",
      "demo.mp4",
      "models/masklet-nano.pt",
      "models/masklet-nano.yaml",
    ];
    for (const name of [
      ...files,
      "ort/ort-wasm-simd-threaded.wasm",
      "ort/ort-wasm-simd-threaded.asyncify.wasm",
    ])
      expect(existsSync(join(DIST, name)), name).toBe(true);
    expect(read("index.html").toString()).not.toMatch(/https?:/);
  });

  it("come with the licence of every package that they contain", () => {
    const sources = readdirSync(DIST)
      .filter((name) => name.endsWith(".js.map"))
      .flatMap((name) => (JSON.parse(read(name).toString()) as { sources: string[] }).sources);
    const packages = new Set(
      sources.flatMap((source) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(source)?.[1] ?? []),
    );
    expect(packages.size).toBeGreaterThan(8);
    const licences = read("THIRD-PARTY.txt").toString();
    for (const name of packages) expect(licences).toMatch(new RegExp(`^${name} \\d`, "m"));
    expect(licences).toContain("Permission is hereby granted");
    expect(licences).toContain("Mozilla Public License");
    expect(licences).not.toContain(process.cwd());
  });
});
