/** What `npm run build` made of the page: small enough, old enough for After Effects' Chromium 99, complete. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { newerApisIn, newerStylesIn } from "../support/chromium-99.ts";

const DIST = "dist/panel";
const read = (name: string) => readFileSync(join(DIST, name));
const kilobytes = (name: string) => gzipSync(read(name), { level: 9 }).length / 1000;

/** Everything that the worker may load but ONNX Runtime: its own code, decoders, muxers. */
const workerChunks = () =>
  readdirSync(DIST).filter((name) => name.endsWith(".js") && name !== "panel.js" && !name.startsWith("ort"));

/** Loaded for a kind of file alone: ProRes clips, movies written. */
const RARE = new Set(["mediabunny-prores.js", "movie-writer.js"]);

/** Newer than Chromium 99, and used all the same: each where it is looked for before. */
const LOOKED_FOR: Readonly<Record<string, string>> = {
  throwIfAborted: "older-browsers.ts puts it in",
  createSyncAccessHandle: "without it pictures stay in memory, opfs-spill.ts",
  isWellFormed: "@bufbuild/protobuf asks whether there is one",
  setFromBase64: "@bufbuild/protobuf asks whether there is one",
  SuppressedError: "mediabunny asks for its type",
  Float16Array: "onnxruntime-web asks for its type",
};

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

  it("parse in Chromium 99, and use nothing that it lacks without looking", () => {
    const scripts = readdirSync(DIST).filter((name) => name.endsWith(".js"));
    expect(scripts).toContain("panel.js");
    expect(scripts).toContain("worker.js");
    for (const name of scripts) {
      const newer = newerApisIn(read(name).toString());
      expect(
        newer.filter((api) => !(api in LOOKED_FOR)),
        name,
      ).toEqual([]);
    }
    expect(newerApisIn(read("panel.js").toString())).toEqual([]);
  });

  it("use no style that Chromium 99 does not know", () => {
    expect(newerStylesIn(read("panel.css").toString())).toEqual([]);
  });

  it.each([
    ["a.toSorted()", ["toSorted"]],
    ["AbortSignal.any([])", ["AbortSignal.any"]],
    ["new Float16Array(1)", ["Float16Array"]],
    ["[].findLast(Boolean); structuredClone({}); Object.hasOwn({}, 'a')", []],
  ])("would be caught using what is newer: %s", (code, found) => {
    expect(newerApisIn(code)).toEqual(found);
  });

  it.each(["/a/v.test('')", "using x = y;", "class A { @b c }"])("would be caught in syntax: %s", (code) => {
    expect(() => newerApisIn(code)).toThrow();
  });

  it.each([
    ["a:has(b){c:d}", ":has()"],
    [".a{.b &{c:d}}", "nesting"],
    [".a{&:hover{c:d}}", "nesting"],
    ["a{color:color-mix(in srgb,red,blue)}", "color-mix()"],
    ["@container (width>1px){a{b:c}}", "container queries"],
    ["@media (width>=10px){a{b:c}}", "ranges in media queries"],
    ["a{height:100dvh}", "dynamic viewport units"],
    ["a{scale:2}", "individual transforms"],
  ])("would be caught in style: %s", (css, name) => {
    expect(newerStylesIn(css)).toContain(name);
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
