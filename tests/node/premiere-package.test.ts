import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode } from "fast-png";
import { unzipSync, zipSync } from "fflate";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

interface Manifest {
  manifestVersion: number;
  id: string;
  name: string;
  version: string;
  main: string;
  host: { app: string; minVersion: string };
  entrypoints: { type: string; id: string; label: { default: string }; icons: Icon[] }[];
  icons: Icon[];
  requiredPermissions: Record<string, unknown>;
}

interface Icon {
  width: number;
  height: number;
  path: string;
  scale: number[];
}

const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);

/** The packager is a plain Node script. What a build makes is stood in for, so that none is needed before. */
async function packaged(probe: boolean): Promise<Record<string, Uint8Array>> {
  const { packageFiles } = (await import(
    new URL("../../plugin/premiere/package.mjs", import.meta.url).href
  )) as {
    packageFiles(
      probe: boolean,
      built: { script: string; page: string; licences: string },
    ): Promise<Record<string, Uint8Array>>;
  };
  const [page, licences] = [join(built, "panel.html"), join(built, "THIRD-PARTY.txt")];
  return unzipSync(zipSync(await packageFiles(probe, { script: built, page, licences })));
}

let built = "";
beforeAll(async () => {
  built = await mkdtemp(join(tmpdir(), "masklet-package-"));
  await copyFile("plugin/premiere/index.html", join(built, "index.html"));
  for (const name of ["premiere.js", "probe.js"]) await writeFile(join(built, name), "'</script>'");
  await writeFile(join(built, "panel.html"), "<!doctype html>");
  await writeFile(join(built, "THIRD-PARTY.txt"), "preact, MIT");
});
afterAll(() => rm(built, { recursive: true }));

describe.each([false, true])("the package (probe: %s)", (probe) => {
  let files: Record<string, Uint8Array> = {};
  let manifest: Manifest;
  beforeAll(async () => {
    files = await packaged(probe);
    manifest = JSON.parse(text(files["manifest.json"])) as Manifest;
  });

  test("names one host, as installing requires, and a version that the host reads", () => {
    expect(manifest.manifestVersion).toBe(5);
    expect(manifest.host).toEqual({ app: "premierepro", minVersion: "25.6.0" });
    expect(manifest.version).toMatch(/^\d+\.\d+\.\d+$/);
    expect(manifest.id).toMatch(probe ? /\.probe$/ : /^[\w.]+$/);
    expect(manifest.entrypoints.map((entry) => entry.type)).toEqual(["panel"]);
  });

  test("has every file that the manifest and the page name", () => {
    expect(Object.keys(files)).toContain(manifest.main);
    const page = text(files[manifest.main]);
    for (const [, name] of page.matchAll(/src="(?:plugin:\/)?([^"]+)"/g))
      expect(Object.keys(files)).toContain(name);
    expect(page).toContain('id="panel"');
  });

  test("has every icon at every scale, in its size", () => {
    const icons = [...manifest.icons, ...manifest.entrypoints.flatMap((entry) => entry.icons)];
    expect(icons.length).toBeGreaterThan(0);
    for (const { path, width, height, scale } of icons) {
      for (const each of scale) {
        const icon = files[path.replace(".png", `@${each}x.png`)];
        expect(decode(icon!)).toMatchObject({ width: width * each, height: height * each });
      }
    }
  });

  test("asks for files and a local webview, and for nothing else", () => {
    expect(manifest.requiredPermissions).toEqual({
      localFileSystem: "fullAccess",
      webview: {
        allow: "yes",
        allowLocalRendering: "yes",
        enableMessageBridge: "localOnly",
        domains: [expect.stringMatching(/^https:\/\/[\w.]+$/)],
      },
    });
  });

  test("carries its licences, and those of the packages inside of its page", () => {
    expect(text(files.LICENSE)).toContain("Apache License");
    expect(text(files.NOTICE)).toContain("Masklet");
    expect(files["THIRD-PARTY.txt"] !== undefined).toBe(!probe);
  });

  test("holds no path of the machine that made it", () => {
    for (const [name, bytes] of Object.entries(files)) {
      if (/\.(json|html|js)$/.test(name)) expect(text(bytes)).not.toContain(process.cwd());
    }
  });
});

describe("the two packages", () => {
  test("hold a probe page whose script isn't cut short by what it contains", async () => {
    const page = text((await packaged(true))["panel.html"]);
    expect(page.match(/<\/script>/g)).toHaveLength(1);
    expect(page).not.toContain("page.ts");
  });

  test("can be installed beside each other", async () => {
    const ids = [false, true].map(
      async (probe) => JSON.parse(text((await packaged(probe))["manifest.json"])).id,
    );
    expect(new Set(await Promise.all(ids)).size).toBe(2);
  });
});
