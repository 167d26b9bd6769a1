/** `masklet eval` and `masklet dataset` on folders of this machine, the tracker included. */
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { recordSession, trackRecordJson } from "../../worker/evaluation/track-record.ts";
import { encodeMask } from "../../worker/mask-rle.ts";
import { datasetCommand } from "../../worker/node/commands/dataset.ts";
import { evalCommand } from "../../worker/node/commands/eval.ts";
import { COMMANDS } from "../../worker/node/commands/table.ts";
import { trackCommand } from "../../worker/node/commands/track.ts";
import type { CommandContext } from "../../worker/node/terminal/command.ts";
import { runCommandLine } from "../../worker/node/terminal/run.ts";
import type { MemoryFiles } from "../support/memory-folder.ts";
import { davisFiles, frameName, framePng, squareAt, TINY } from "../support/tiny-dataset.ts";

const EMBEDDED = fileURLToPath(new URL("../../models/embedded/", import.meta.url));
const context = (signal = new AbortController().signal): CommandContext => ({
  signal,
  say: () => {},
  live: false,
});
const evaluate = (args: string[], signal?: AbortSignal) => evalCommand(args, context(signal));

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "masklet-eval-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function put(files: MemoryFiles, name = "dataset"): Promise<string> {
  for (const [path, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name, path)), { recursive: true });
    await writeFile(join(folder, name, path), bytes);
  }
  return join(folder, name);
}

const report = async (name: string) => JSON.parse(await readFile(join(folder, name), "utf8"));

describe("masklet eval", () => {
  it("prints a table, writes a report and a picture, and leaves the dataset as it was", async () => {
    const dataset = await put(davisFiles(["a", "b"], 4));
    const before = await readdir(dataset, { recursive: true });
    await chmod(dataset, 0o555);
    const args = ["--model", "copy", "--prompt", "mask"];
    const outputs = ["--json", join(folder, "out/report.json"), "--sheet", join(folder, "out/sheet.png")];
    const result = await evaluate([dataset, ...args, ...outputs]);
    expect(result).toMatchObject({ exitCode: 0, summary: { complete: true, score: { objects: 2 } } });
    expect(result.text).toContain("Mean over 2 objects");
    expect(await report("out/report.json")).toMatchObject({ complete: true, settings: { model: "copy" } });
    expect((await readFile(join(folder, "out/sheet.png"))).subarray(1, 4).toString()).toBe("PNG");
    expect(await readdir(dataset, { recursive: true })).toEqual(before);
    expect((await readdir(join(folder, "out"))).sort()).toEqual(["report.json", "sheet.png"]);
  });

  it("goes on with a report that was left half-way", async () => {
    const dataset = await put(davisFiles(["a", "b", "c"], 3));
    const args = [
      dataset,
      "--model",
      "copy",
      "--prompt",
      "mask",
      "--quiet",
      "--json",
      join(folder, "r.json"),
    ];
    await evaluate(args);
    const whole = await report("r.json");
    const half = {
      ...whole,
      clips: whole.clips.slice(0, 2).map((clip: object) => ({ ...clip, frameCount: 99 })),
    };
    await writeFile(join(folder, "r.json"), JSON.stringify(half));
    await evaluate(args);
    // The two that were there are taken over as they stand, only the third one is done again.
    expect((await report("r.json")).clips.map((clip: { frameCount: number }) => clip.frameCount)).toEqual([
      99, 99, 3,
    ]);
  });

  it("stops between clips when it is told to, and says so with 130", async () => {
    const dataset = await put(davisFiles(["a"], 3));
    const stopped = AbortSignal.abort();
    const result = await evaluate([dataset, "--model", "copy", "--prompt", "mask"], stopped);
    expect(result).toMatchObject({ exitCode: 130, summary: { complete: false } });
  });

  it("runs the clips that are named, and knows when there are none such", async () => {
    const dataset = await put(davisFiles(["a", "b", "c"], 3));
    await writeFile(join(folder, "list.txt"), "c\n");
    const args = [
      dataset,
      "--model",
      "copy",
      "--prompt",
      "mask",
      "--quiet",
      "--json",
      join(folder, "r.json"),
    ];
    await evaluate([...args, "--clips", "a", "--list", join(folder, "list.txt")]);
    expect((await report("r.json")).settings.clips).toEqual(["a", "c"]);
    await expect(evaluate([...args, "--clips", "z"])).rejects.toThrow("no clip z; it has a, b, c");
  });

  it("says what it expected", async () => {
    const dataset = await put(davisFiles(["a"], 3));
    await expect(evaluate([])).rejects.toThrow("Expected one dataset folder");
    await expect(evaluate([dataset, "--protocol", "offline"])).rejects.toThrow('got "offline"');
    await expect(evaluate([dataset, "--prompt", "scribble"])).rejects.toThrow('got "scribble"');
    await expect(evaluate([join(folder, "nowhere")])).rejects.toThrow("holds no clip");
  });

  it.skipIf(!existsSync(join(EMBEDDED, "masklet-nano.pt")))(
    "runs the built-in model by each protocol, with clicks, a box and a mask",
    async () => {
      const dataset = await put(davisFiles(["a"], 3));
      for (const [prompt, protocol] of [
        ["clicks:2", "semi-supervised"],
        ["best-click", "semi-supervised"],
        ["box", "interactive-online"],
        ["mask", "interactive-offline"],
      ] as const) {
        const json = join(folder, `${prompt}.json`);
        await evaluate([dataset, "--prompt", prompt, "--protocol", protocol, "--json", json]);
        const { clips, summary } = JSON.parse(await readFile(json, "utf8"));
        expect(clips[0].objects).toHaveLength(1);
        expect(summary.score.objects).toBe(1);
        expect(summary.secondsPerFrame).toBeGreaterThan(0);
        // Whom the first click satisfies, to the pixel, gives no second one.
        const clicks = { "clicks:2": [1, 2], "best-click": [1], box: [0], mask: [0] }[prompt];
        expect(clicks).toContain(clips[0].objects[0].interactions[0].clicks);
      }
    },
  );
});

describe("masklet dataset", () => {
  const clip = {
    name: "car",
    fingerprint: "0123456789abcdef",
    width: TINY.width,
    height: TINY.height,
    frameCount: 3,
    rate: { numerator: 24, denominator: 1 },
  };
  const masks = [0, 1, 2].map(
    (t) => [t, { mask: encodeMask(squareAt(t), TINY.width, TINY.height) }] as const,
  );
  const object = { name: "car", prompts: new Map([[0, { points: [] }]]), records: new Map(masks) };
  const record = recordSession(clip, [object], { model: "nano", madeAt: "2026-11-22T08:00:00Z" });

  async function prepared() {
    await writeFile(join(folder, "record.json"), trackRecordJson(record));
    const frames = await put(
      Object.fromEntries([0, 1, 2].map((t) => [`${frameName(t)}.png`, framePng(t)])),
      "frames",
    );
    return { path: join(folder, "record.json"), frames };
  }

  it("exports, checks, merges, and the result can be evaluated", async () => {
    const { path, frames } = await prepared();
    const [one, two] = [join(folder, "one"), join(folder, "two")];
    const exported = await datasetCommand(["export", path, "--frames", frames, "--out", one]);
    expect(exported.summary).toMatchObject({ clips: 1, masks: { prompted: 1, predicted: 2 } });
    expect((await datasetCommand(["check", one])).summary).toEqual({ clips: 1, objects: 1, masks: 3 });
    await datasetCommand(["merge", one, one, "--out", two]);
    expect((await readdir(two, { recursive: true })).sort()).toEqual(
      (await readdir(one, { recursive: true })).sort(),
    );
    await datasetCommand(["check", two]);
    expect((await evaluate([two, "--model", "copy", "--prompt", "mask"])).exitCode).toBe(0);
  });

  it("fails for a dataset with a problem, and names the file", async () => {
    const { path, frames } = await prepared();
    const out = join(folder, "one");
    await datasetCommand(["export", path, "--frames", frames, "--out", out]);
    const picture = join("JPEGImages/Full-Resolution/car-01234567", "00001.jpg");
    await rm(join(out, picture));
    await expect(datasetCommand(["check", out])).rejects.toThrow(`${picture}: is missing`);
  });

  it("refuses frames of another clip, a foreign record, and what it doesn't know", async () => {
    const { path, frames } = await prepared();
    await rm(join(frames, "00002.png"));
    const out = ["--frames", frames, "--out", join(folder, "one")];
    await expect(datasetCommand(["export", path, ...out])).rejects.toThrow("frames has 48 x 32, 2 frames");
    await writeFile(path, "{}");
    await expect(datasetCommand(["export", path, ...out])).rejects.toThrow("expected a track record");
    await expect(datasetCommand(["upload"])).rejects.toThrow('got "upload"');
    await expect(datasetCommand(["merge"])).rejects.toThrow("Expected datasets and --out");
  });

  it("recognises the clip of a record that comes without a fingerprint", async () => {
    const { path, frames } = await prepared();
    const out = join(folder, "one");
    for (const name of ["at home", "in the studio"]) {
      const anonymous = { clip: { ...clip, name, fingerprint: "" }, objects: record.objects };
      await writeFile(path, trackRecordJson(anonymous));
      await datasetCommand(["export", path, "--frames", frames, "--out", out]);
    }
    const { summary } = await datasetCommand(["check", out]);
    expect(summary).toEqual({ clips: 1, objects: 1, masks: 3 });
    expect((await readdir(out))[3]).toMatch(/^at-home-[0-9a-f]{8}_manual\.json$/);
  });

  it("is what masklet track --dataset makes, with what a person said and what the model did", async () => {
    const { frames } = await prepared();
    const script = join(folder, "script.json");
    const click = (frame: number) => ({
      op: "points",
      frame,
      obj: "car",
      points: [[10 + 2 * frame, 10]],
      labels: [1],
    });
    const passing = [click(0), { op: "propagate" }, click(2), { op: "propagate", start_frame_idx: 2 }];
    await writeFile(script, JSON.stringify([click(1), { op: "reset" }, ...passing]));
    const out = join(folder, "corrected");
    const { summary } = await trackCommand(
      [frames, "--script", script, "--out", join(folder, "matte"), "--dataset", out],
      context(),
    );
    expect(summary.dataset).toMatchObject({ clips: 1, masks: { prompted: 1, corrected: 1, predicted: 1 } });
    expect((await datasetCommand(["check", out])).summary).toEqual({ clips: 1, objects: 1, masks: 3 });
  });
});

describe("the command line", () => {
  async function run(...args: string[]) {
    const printed = { out: "", error: "" };
    const code = await runCommandLine(args, COMMANDS, {
      out: (text) => {
        printed.out += text;
      },
      error: (text) => {
        printed.error += text;
      },
      isLive: false,
      signal: new AbortController().signal,
    });
    return { code, ...printed };
  }

  it("prints the table, then one line of JSON; with --quiet that line alone", async () => {
    const dataset = await put(davisFiles(["a"], 3));
    const args = ["eval", dataset, "--model", "copy", "--prompt", "mask"];
    const loud = await run(...args);
    expect(loud).toMatchObject({ code: 0, error: "1 of 1: a\n" });
    expect(loud.out).toMatch(/^\| clip/);
    const quiet = await run(...args, "--quiet");
    expect(quiet.error).toBe("");
    expect(JSON.parse(quiet.out)).toMatchObject({ ok: true, score: { objects: 1 }, prompt: "mask" });
  });

  it("fails with the file that is wrong, and with 2 for what it doesn't understand", async () => {
    const dataset = await put({ ...davisFiles(["a"], 3), "Annotations/480p/a/00001.png": "text" });
    const wrong = await run("eval", dataset, "--model", "copy", "--prompt", "mask");
    expect(wrong.code).toBe(1);
    expect(wrong.error).toContain("Annotations/480p/a/00001.png: is neither a PNG nor a JPEG");
    expect((await run("eval", dataset, "--protocol", "online")).code).toBe(2);
    expect((await run("dataset", "upload")).code).toBe(2);
  });
});
