/** The After Effects extension as it is packaged: complete, of the right age, and ours to give away. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "acorn";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { pathOf } from "../../plugin/aftereffects/cep-page.ts";
import { extensionFiles, sign } from "../../plugin/aftereffects/package.mjs";
import { NEWER_IN_NODE, node17Files } from "../support/aftereffects/node-17.ts";
import { newerApisIn, newerStylesIn } from "../support/chromium-99.ts";

let files: Record<string, string | Uint8Array>;

const textOf = (name: string): string => {
  const content = files[name]!;
  return typeof content === "string" ? content : new TextDecoder().decode(content);
};

beforeAll(async () => {
  files = await extensionFiles();
});

describe("the extension's folder", () => {
  it("holds every file that the manifest names", () => {
    const named = [...textOf("CSXS/manifest.xml").matchAll(/<(?:MainPath|ScriptPath)>\.\/([^<]+)</g)].map(
      (match) => match[1]!,
    );
    expect(named).toEqual(["index.html", "host.jsx"]);
    for (const name of named) expect(files[name]!.length).toBeGreaterThan(1000);
  });

  it("asks for CEP 12 in After Effects 25 and newer, with Node for files", () => {
    const manifest = textOf("CSXS/manifest.xml");
    expect(manifest).toContain('<RequiredRuntime Name="CSXS" Version="12.0"');
    expect(manifest).toContain('<Host Name="AEFT" Version="[25.0,99.9]"');
    expect(manifest).toContain("--enable-nodejs");
    expect(manifest).not.toContain("0.0.0");
  });

  it("has a script that is ES3 and uses nothing that ExtendScript lacks", () => {
    const script = textOf("host.jsx");
    expect(() => parse(script, { ecmaVersion: 3 })).not.toThrow();
    expect(script).not.toMatch(
      /\bJSON\.(parse|stringify)|\.(map|forEach|filter|indexOf|trim|bind)\(|Object\.keys|Array\.isArray/,
    );
  });

  it("has a page whose scripts and styles are what Chromium 99 knows", () => {
    const page = textOf("index.html");
    const scripts = [...page.matchAll(/<script type="module">([\s\S]*?)<\/script>/g)];
    expect(scripts.length).toBeGreaterThan(0);
    for (const [, code] of scripts) expect(newerApisIn(code!)).toEqual([]);
    const [, worker] = /<script type="text\/plain" id="masklet-worker">([\s\S]*?)<\/script>/.exec(page)!;
    expect(worker!.length).toBeGreaterThan(100_000);
    expect(() => newerApisIn(worker!)).not.toThrow();
    const [, style] = /<style>([\s\S]*?)<\/style>/.exec(page)!;
    expect(newerStylesIn(style!)).toEqual([]);
  });

  it("has a page that asks CEP's Node for nothing that came after 17.7", () => {
    const page = textOf("index.html");
    for (const name of NEWER_IN_NODE) expect(page).not.toMatch(new RegExp(`\\.${name}\\b`));
    const folder = mkdtempSync(join(tmpdir(), "masklet-node-17-"));
    mkdirSync(join(folder, "a/b"), { recursive: true });
    expect(node17Files.readdirSync!(folder, { recursive: true })).toEqual(["a"]);
    expect(node17Files.openAsBlob).toBeUndefined();
  });

  it("carries nothing of FFmpeg or node-av", () => {
    for (const name of Object.keys(files)) expect(textOf(name)).not.toMatch(/node-av|libavcodec/);
  });
});

/** Stands for Adobe's tool, which runs on Windows and macOS only: keeps what it was told. */
const SIGNING_TOOL = `#!/bin/sh
for word in "$@"; do echo "$word"; done > "$3"
`;

describe.skipIf(process.platform === "win32")("signing", () => {
  let place = "";
  const { PATH } = process.env;

  beforeAll(() => {
    place = mkdtempSync(join(tmpdir(), "masklet-signing-"));
    writeFileSync(join(place, "password"), "a secret\n");
    writeFileSync(join(place, "ZXPSignCmd"), SIGNING_TOOL, { mode: 0o755 });
  });

  afterEach(() => {
    process.env.PATH = PATH;
  });

  afterAll(() => rmSync(place, { recursive: true, force: true }));

  const signed = () =>
    sign("own.p12", join(place, "password"), { folder: "extension", signed: join(place, "masklet.zxp") });

  it("hands folder, file, certificate and password to Adobe's tool", async () => {
    process.env.PATH = `${place}:${PATH}`;
    const file = await signed();
    expect(readFileSync(file, "utf8").trim().split("\n")).toEqual([
      ...["-sign", "extension", file],
      ...["own.p12", "a secret"],
    ]);
  });

  it("says where the tool is to be had where it is missing", async () => {
    process.env.PATH = "/nowhere";
    await expect(signed()).rejects.toThrow(/ZXPSignCmd.*Adobe-CEP\/CEP-Resources/);
  });
});

describe("CEP's system paths", () => {
  it.each([
    ["file:///C:/Users/Ada%20L/AppData/Roaming", "C:/Users/Ada L/AppData/Roaming"],
    ["file:///Users/ada/Library", "/Users/ada/Library"],
    ["/Users/ada/Library", "/Users/ada/Library"],
  ])("turn %s into a path", (place, path) => {
    expect(pathOf(place)).toBe(path);
  });
});
