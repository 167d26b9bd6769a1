/** The engine as it is packaged, away from this project: `npm run build` makes it. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packageExtension } from "../../plugin/aftereffects/package.mjs";
import type { ClipSource } from "../../worker/protocol.ts";
import { openEngine, type RunningEngine } from "../support/aftereffects/engine.ts";

const HERE = `${process.platform}-${process.arch}`;
const CODECS = ["@mediabunny/server", "@mediabunny/prores", "node-av", `@seydx/node-av-${HERE}`];

let place = "";
const running: RunningEngine[] = [];

const places = (dataFolder = join(place, "data")) => ({
  extensionFolder: join(place, "extension"),
  dataFolder,
});

async function packaged(dataFolder?: string): Promise<RunningEngine> {
  const engine = await openEngine({ places: places(dataFolder) });
  running.push(engine);
  return engine;
}

beforeAll(async () => {
  place = mkdtempSync(join(tmpdir(), "masklet-packaged-"));
  mkdirSync(join(place, "data"));
  await packageExtension({ folder: join(place, "extension"), platforms: [HERE] });
});

afterAll(() => {
  for (const engine of running) engine.close();
  rmSync(place, { recursive: true, force: true });
});

const demo = (): ClipSource => {
  const path = resolve("tests/fixtures/demo/demo.mp4");
  return { kind: "ranges", port: new MessageChannel().port1, bytes: 0, name: "demo.mp4", path };
};

const isBuilt = existsSync("dist/engine/engine.mjs") && existsSync("dist/single/masklet.html");

describe.skipIf(!isBuilt)("the packaged engine", () => {
  it("runs by itself: native code and the built-in model are in the folder", async () => {
    const { api, greeting } = await packaged();
    expect(greeting).toMatchObject({ nativeProblem: "" });
    const loaded = await api.loadModel({ source: { kind: "listed", id: "builtin" } }, () => {});
    expect(loaded).toMatchObject({ ok: true, value: { backend: "native" } });
  });

  it("says what is missing for video, and where to put it", async () => {
    const { api, greeting } = await packaged();
    expect(greeting?.codecsProblem).toContain("@mediabunny/server");
    expect(await api.openClip(demo())).toMatchObject({
      ok: false,
      error: { code: "unsupported-codec", remedy: expect.stringContaining(join(place, "data/codecs")) },
    });
  });

  it.skipIf(!CODECS.every((name) => existsSync(join("node_modules", name))))(
    "decodes video with the codecs that a person has put beside it",
    async () => {
      const dataFolder = join(place, "data with codecs");
      for (const name of CODECS) {
        const target = join(dataFolder, "codecs/node_modules", name);
        cpSync(join("node_modules", name), target, { recursive: true, dereference: true });
      }
      // As npm does: a second copy of what they extend.
      const second = join(dataFolder, "codecs/node_modules/mediabunny");
      cpSync("node_modules/mediabunny", second, { recursive: true });
      const { api, greeting } = await packaged(dataFolder);
      expect(greeting).toMatchObject({ codecsProblem: "" });
      expect(await api.openClip(demo())).toMatchObject({ ok: true, value: { width: 640, height: 360 } });
    },
  );

  it("holds no code under the GPL, no source maps, and the licence of everything else", () => {
    const names = readdirSync(place, { recursive: true }).map(String);
    const inside = names.filter((name) => name.startsWith("extension"));
    expect(inside.filter((name) => /node-av|ffmpeg|libav|mediabunny-server|\.map$/i.test(name))).toEqual([]);
    const engine = readFileSync(join(place, "extension/engine/node/engine.mjs"), "utf8");
    expect(engine).not.toMatch(/GNU General Public|libavcodec/);
    const licences = readFileSync(join(place, "extension/engine/THIRD-PARTY.txt"), "utf8");
    for (const name of ["onnxruntime-node", "onnxruntime-common", "mediabunny", "@jsquash/jpeg", "yaml"])
      expect(licences).toMatch(new RegExp(`^${name} \\d`, "m"));
    expect(licences).not.toMatch(/^Licence: (?!.*MPL).*GPL/m);
  });
});
