/** The page's masks are the command line's: same clip, same click, same frames, WebAssembly on both sides. */
import { execFileSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { maskOverlap } from "../../panel/session/agreement.ts";
import { openPanel, openPanelBrowser, type PanelBrowser } from "../support/panel-page.ts";

const LONG = 600_000;
const LAST = 3;

interface MaskDocument {
  objects: { masks: { frame: number; size: [number, number]; counts: string }[] }[];
}

let panel: PanelBrowser;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "masklet-exact-"));
  panel = await openPanelBrowser();
}, LONG);

afterAll(async () => {
  await panel.close();
  await rm(folder, { recursive: true });
});

async function masksOfCommandLine(): Promise<MaskDocument> {
  const out = join(folder, "masks");
  const options = ["--point", "150,290", "--to", String(LAST), "--backend", "wasm", "--semantics", "sticky"];
  const clip = "tests/fixtures/demo/demo.mp4";
  execFileSync("node", [
    "dist/node/masklet.mjs",
    "track",
    clip,
    ...options,
    "--format",
    "rle",
    "--out",
    out,
    "--quiet",
  ]);
  const file = (await readdir(folder, { recursive: true })).find((name) => name.endsWith(".json"));
  if (!file) throw new Error("The command line wrote no JSON.");
  return JSON.parse(await readFile(join(folder, file), "utf8")) as MaskDocument;
}

async function masksOfPage(): Promise<MaskDocument> {
  const user = await openPanel(panel);
  await user.clipOpen();
  await user.workUntil(LAST + 1);
  await user.clickWithKeys(150, 290);
  await user.hasPoints(1);
  await user.track();
  const document = JSON.parse((await user.export("Masks as JSON", ["In to out"])).toString()) as MaskDocument;
  await user.context.close();
  return document;
}

describe("exactness", () => {
  it(
    "gives in the page what the command line gives",
    async () => {
      const [page] = (await masksOfPage()).objects;
      const [commandLine] = (await masksOfCommandLine()).objects;
      expect(page!.masks.map(({ frame }) => frame)).toEqual([0, 1, 2, 3]);
      for (const { frame, size, counts } of page!.masks) {
        const other = commandLine!.masks.find((mask) => mask.frame === frame)!;
        const [height, width] = size;
        const overlap = maskOverlap({ width, height, counts }, { width, height, counts: other.counts });
        // The browser's H.264 decoder and FFmpeg's may round a colour differently; masks then differ by pixels.
        expect(overlap, `frame ${frame}`).toBeGreaterThan(0.99);
      }
    },
    LONG,
  );
});
