/** Whole evaluations: protocols, reports, stopping and going on. */
import { decode } from "fast-png";
import { describe, expect, it } from "vitest";
import { contactSheet } from "../../worker/evaluation/contact-sheet.ts";
import { CopySegmenter } from "../../worker/evaluation/copy-segmenter.ts";
import type { DatasetClip } from "../../worker/evaluation/dataset-clip.ts";
import { findClips } from "../../worker/evaluation/dataset-layout.ts";
import type { Surroundings } from "../../worker/evaluation/evaluate-clip.ts";
import { parsePrompt } from "../../worker/evaluation/evaluation-prompt.ts";
import type { EvaluationReport } from "../../worker/evaluation/evaluation-report.ts";
import type { Protocol } from "../../worker/evaluation/protocols.ts";
import { reportTable } from "../../worker/evaluation/report-table.ts";
import { openClips, type ReportStore, runEvaluation } from "../../worker/evaluation/run-evaluation.ts";
import type { Segmenter } from "../../worker/evaluation/segmenter.ts";
import { openClipFrames } from "../../worker/node/clip-frames.ts";
import { type MemoryFiles, memoryFolder } from "../support/memory-folder.ts";
import { ScriptedSegmenter } from "../support/scripted-segmenter.ts";
import { davisFiles, greyPng, savFiles, TINY } from "../support/tiny-dataset.ts";

/** A clock that ticks half a second a look. */
function surroundings(): Surroundings {
  let time = 0;
  return {
    now: () => {
      time += 0.5;
      return time;
    },
    peakMemory: () => 3 * 2 ** 20,
    openFrames: openClipFrames,
  };
}

class MemoryStore implements ReportStore {
  json: string | null = null;
  saves = 0;
  async load() {
    return this.json;
  }
  async save(json: string) {
    this.json = json;
    this.saves++;
  }
}

interface Wanted {
  segmenter: Segmenter;
  prompt?: string;
  protocol?: Protocol;
  includeFirstAndLast?: boolean;
  store?: ReportStore;
  signal?: AbortSignal;
  onClip?: () => void;
}

async function evaluate(files: MemoryFiles, wanted: Wanted): Promise<EvaluationReport> {
  const clips = await open(files);
  const { prompt = "mask", protocol = "semi-supervised", includeFirstAndLast = false } = wanted;
  return runEvaluation({
    clips,
    segmenter: wanted.segmenter,
    options: { prompt: parsePrompt(prompt), protocol, includeFirstAndLast },
    settings: {
      dataset: "tiny",
      clips: clips.map(({ name }) => name),
      model: wanted.segmenter.id,
      prompt,
      protocol,
      includeFirstAndLast,
      sparse: false,
      flags: {},
    },
    surroundings: surroundings(),
    store: wanted.store ?? null,
    ...(wanted.signal ? { signal: wanted.signal } : {}),
    ...(wanted.onClip ? { onClip: wanted.onClip } : {}),
  });
}

async function open(files: MemoryFiles): Promise<DatasetClip[]> {
  const folder = memoryFolder(files);
  return openClips(folder, await findClips(folder), { sparse: false });
}

describe("the copy baseline", () => {
  it("scores what is left of the object as it moves away, to be computed by hand", async () => {
    const report = await evaluate(davisFiles(["a"], 4), { segmenter: new CopySegmenter() });
    // The square of 12 by 12 has moved by 2 and 4 pixels on the two frames that count.
    const J = [(10 * 12) / (14 * 12), (8 * 12) / (16 * 12)];
    const object = report.clips[0]!.objects[0]!;
    expect(object.frames.map((frame) => frame.J)).toEqual(J);
    expect(report.summary.score?.J).toBeCloseTo((J[0]! + J[1]!) / 2, 12);
    expect(object.worst[0]).toMatchObject({ frameIndex: 2, J: J[1] });
    expect(object.interactions).toEqual([{ frameIndex: 0, clicks: 0, before: null, trackJ: null }]);
  });

  it("includes the first and the last frame when asked to", async () => {
    const report = await evaluate(davisFiles(["a"], 4), {
      segmenter: new CopySegmenter(),
      includeFirstAndLast: true,
    });
    expect(report.clips[0]!.objects[0]!.frames.map((frame) => frame.J)).toEqual([1, 10 / 14, 0.5, 6 / 18]);
  });

  it("refuses clicks, and says what it needs", async () => {
    const wrong = evaluate(davisFiles(["a"], 4), { segmenter: new CopySegmenter(), prompt: "click" });
    await expect(wrong).rejects.toThrow("needs --prompt mask");
  });

  it("keeps a pixel for the first object where one file can't hold two", async () => {
    const report = await evaluate(davisFiles(["a"], 12, 2), { segmenter: new CopySegmenter() });
    expect(report.clips[0]!.objects.map(({ score }) => score?.frames)).toEqual([10, 10]);
    expect(report.clips[0]!.objects[1]!.score?.J.mean).toBe(1);
  });
});

describe("the semi-supervised protocol", () => {
  it("gives N clicks on the first frame, then tracks once, objects of one frame together", async () => {
    const segmenter = new ScriptedSegmenter({ pointsNeeded: 1, followsFrames: 99 });
    const report = await evaluate(savFiles(9, 4), { segmenter, prompt: "click" });
    expect(segmenter.calls.slice(-3)).toEqual(["prompt 1 @0 x1", "prompt 2 @0 x1", "track 1,2 0-8"]);
    expect(report.summary.score).toMatchObject({ objects: 2, J: 1, F: 1, JF: 1 });
    expect(report.summary.presence).toMatchObject({ precision: 1, recall: 1, hiddenRecall: null });
    expect(report.summary.secondsPerFrame).toBeCloseTo(0.5 / 9, 12);
  });

  it("takes the best of a click's three masks where the prompt is best-click, each asked for afresh", async () => {
    const script = { pointsNeeded: 1, followsFrames: 99, rightMask: 2 } as const;
    const segmenter = new ScriptedSegmenter(script);
    const best = await evaluate(savFiles(9, 4), { segmenter, prompt: "best-click" });
    expect(best.summary.score).toMatchObject({ objects: 2, J: 1 });
    const tries = Array(3).fill(["prompt 2 @0 x1", "forget 2"]).flat();
    expect(segmenter.calls.slice(-8)).toEqual([...tries, "prompt 2 @0 x1", "track 1,2 0-8"]);
    const first = await evaluate(savFiles(9, 4), {
      segmenter: new ScriptedSegmenter(script),
      prompt: "click",
    });
    expect(first.summary.score).toMatchObject({ J: 0 });
  });

  it("counts clicks to J 0.90 on a fresh object, before the track", async () => {
    const segmenter = new ScriptedSegmenter({ pointsNeeded: 3, followsFrames: 99 });
    const report = await evaluate(davisFiles(["a"], 3), { segmenter, prompt: "mask" });
    expect(segmenter.calls).toEqual([
      "prompt 1 @0 x1",
      "prompt 1 @0 x2",
      "prompt 1 @0 x3",
      "forget 1",
      "prompt 1 @0 x0",
      "track 1 0-2",
    ]);
    expect(report.summary.clicksToGoodMask).toEqual({ mean: 3, reached: 1, objects: 1 });
  });

  it("counts 20 clicks for an object that never gets there", async () => {
    const segmenter = new ScriptedSegmenter({ pointsNeeded: 50, followsFrames: 0 });
    const report = await evaluate(davisFiles(["a"], 3), { segmenter });
    expect(report.clips[0]!.objects[0]!.clicksToGoodMask).toBe("never");
    expect(report.summary.clicksToGoodMask).toEqual({ mean: 20, reached: 0, objects: 1 });
  });

  it("knows a hidden object that was called hidden", async () => {
    const files = davisFiles(["a"], 5);
    const nothing = greyPng(new Uint8Array(TINY.width * TINY.height));
    files["Annotations/480p/a/00002.png"] = nothing;
    files["Annotations/480p/a/00003.png"] = nothing;
    const following = new ScriptedSegmenter({ pointsNeeded: 1, followsFrames: 99 });
    expect((await evaluate(files, { segmenter: following })).summary.presence).toMatchObject({
      hiddenPrecision: 1,
      hiddenRecall: 1,
    });
    const copying = await evaluate(files, { segmenter: new CopySegmenter() });
    expect(copying.summary.presence).toMatchObject({ precision: 0.5, recall: 1, hiddenRecall: 0 });
  });
});

describe("the interactive protocols", () => {
  it("online: stop at the first annotated frame with J below 0.75, click there, go on from there", async () => {
    const segmenter = new ScriptedSegmenter({ pointsNeeded: 1, followsFrames: 1 });
    const report = await evaluate(davisFiles(["a"], 8), {
      segmenter,
      prompt: "clicks:2",
      protocol: "interactive-online",
    });
    // The mask is right for one frame after each prompt, then stands still: J is 10/14.
    expect(segmenter.calls.filter((call) => call.startsWith("track"))).toEqual([
      "track 1 0-7",
      "track 1 2-7",
      "track 1 4-7",
      "track 1 6-7",
    ]);
    const { interactions } = report.clips[0]!.objects[0]!;
    expect(interactions.map(({ frameIndex, before }) => [frameIndex, before])).toEqual([
      [0, null],
      [2, 10 / 14],
      [4, 10 / 14],
      [6, 10 / 14],
    ]);
  });

  it("online: touch at most eight frames", async () => {
    const segmenter = new ScriptedSegmenter({ pointsNeeded: 1, followsFrames: 0 });
    const report = await evaluate(davisFiles(["a"], 21), {
      segmenter,
      prompt: "click",
      protocol: "interactive-online",
    });
    expect(report.clips[0]!.objects[0]!.interactions).toHaveLength(8);
  });

  it("offline: pass over the whole clip, correct the worst frame, pass again", async () => {
    const segmenter = new ScriptedSegmenter({ pointsNeeded: 1, followsFrames: 2 });
    const report = await evaluate(davisFiles(["a"], 6), {
      segmenter,
      prompt: "clicks:3",
      protocol: "interactive-offline",
    });
    const { interactions, score } = report.clips[0]!.objects[0]!;
    // Right until frame 2; frame 5 is the worst; then frames 3 and 4 repeat frame 2, 4 the worse one.
    expect(interactions.map(({ frameIndex }) => frameIndex)).toEqual([0, 5, 4, 3]);
    const means = interactions.map(({ trackJ }) => trackJ!);
    expect([...means].sort((a, b) => a - b)).toEqual(means);
    expect(means.at(-1)).toBe(1);
    expect(score?.JF).toBe(1);
  });
});

describe("a run that is stopped half-way", () => {
  const CLIPS = ["a", "b", "c", "d"];

  it("goes on where it was, and scores no clip twice", async () => {
    const store = new MemoryStore();
    const stopping = new AbortController();
    const first = new ScriptedSegmenter({ pointsNeeded: 1, followsFrames: 1 });
    let done = 0;
    const half = await evaluate(davisFiles(CLIPS, 4), {
      segmenter: first,
      store,
      signal: stopping.signal,
      onClip: () => {
        done++;
        if (done === 2) stopping.abort();
      },
    });
    expect(half.complete).toBe(false);
    expect(first.opened).toEqual(["a", "b"]);

    const second = new ScriptedSegmenter({ pointsNeeded: 1, followsFrames: 1 });
    const whole = await evaluate(davisFiles(CLIPS, 4), { segmenter: second, store });
    expect(second.opened).toEqual(["c", "d"]);
    expect(whole).toMatchObject({ complete: true, summary: { score: { objects: 4 } } });
    expect(whole.clips.map(({ clip }) => clip)).toEqual(CLIPS);
    expect(store.saves).toBe(4);

    const third = new ScriptedSegmenter({ pointsNeeded: 1, followsFrames: 1 });
    const again = await evaluate(davisFiles(CLIPS, 4), { segmenter: third, store });
    expect(third.opened).toEqual([]);
    expect(again.summary).toEqual(whole.summary);
  });

  it("keeps the clips that were done when the tracker fails", async () => {
    const store = new MemoryStore();
    const segmenter = new ScriptedSegmenter({ pointsNeeded: 1, followsFrames: 1 });
    const original = segmenter.open.bind(segmenter);
    segmenter.open = (clip) =>
      clip.name === "c" ? Promise.reject(new Error("device lost")) : original(clip);
    await expect(evaluate(davisFiles(CLIPS, 4), { segmenter, store })).rejects.toThrow("device lost");
    expect(JSON.parse(store.json!).clips).toHaveLength(2);
  });

  it("does not go on with other settings, and says which differ", async () => {
    const store = new MemoryStore();
    const segmenter = new ScriptedSegmenter({ pointsNeeded: 1, followsFrames: 1 });
    await evaluate(davisFiles(["a"], 4), { segmenter, store });
    const other = evaluate(davisFiles(["a"], 4), { segmenter, store, prompt: "box" });
    await expect(other).rejects.toThrow('prompt: "mask", now "box"');
  });

  it("does not write over a file that is something else", async () => {
    const store = new MemoryStore();
    const segmenter = new CopySegmenter();
    for (const json of ["[1, 2", '{"format":"recipe"}', "null"]) {
      store.json = json;
      await expect(evaluate(davisFiles(["a"], 4), { segmenter, store })).rejects.toThrow(
        "no evaluation report",
      );
      expect(store.json).toBe(json);
    }
  });
});

describe("what is printed and drawn", () => {
  it("names clip, object and frame of the worst frames", async () => {
    const report = await evaluate(davisFiles(["ant", "bear"], 4), { segmenter: new CopySegmenter() });
    const text = reportTable(report);
    expect(text).toMatch(/\| ant +\| 1 +\| 2 +\| /);
    expect(text).toContain("Mean over 2 objects: J&F ");
    expect(text).toMatch(/\| bear \| 1 +\| 2 +\| 50\.0 \|/);
    expect(text).toContain("peak memory 3 MiB");
  });

  it("shows what was found in red and the true outline in green", async () => {
    const files = davisFiles(["a"], 4);
    const report = await evaluate(files, { segmenter: new CopySegmenter() });
    const png = decode((await contactSheet(report.clips, await open(files), surroundings()))!);
    expect([png.width, png.height]).toEqual([840, 300]);
    let red = 0;
    let green = 0;
    for (let i = 0; i < png.data.length; i += 4) {
      const [r, g, b] = [png.data[i]!, png.data[i + 1]!, png.data[i + 2]!];
      if (r > g + 60 && r > b + 60) red++;
      if (g > 250 && r < 70 && b < 70) green++;
    }
    // Frames 1 and 2, enlarged 8.75 times: 144 pixels each are red, less the outline of 46 that lies on them in part.
    const scale = (420 / 48) ** 2;
    expect(red / scale).toBeGreaterThan(2 * (144 - 46));
    expect(red / scale).toBeLessThan(2 * 144);
    expect(green / scale).toBeGreaterThan(2 * 40);
    expect(green / scale).toBeLessThan(2 * 52);
  });

  it("is no sheet without a scored frame", async () => {
    expect(await contactSheet([], [], surroundings())).toBeNull();
  });
});

describe("prompts on the command line", () => {
  it("are click, best-click, box, mask and clicks:N", () => {
    expect(parsePrompt("click")).toEqual({ kind: "clicks", count: 1 });
    expect(parsePrompt("clicks:7")).toEqual({ kind: "clicks", count: 7 });
    expect(parsePrompt("best-click")).toEqual({ kind: "best-click" });
    expect(parsePrompt("box")).toEqual({ kind: "box" });
    expect(parsePrompt("mask")).toEqual({ kind: "mask" });
    for (const wrong of ["clicks:0", "clicks:21", "clicks:", "clicks:1.5", "scribble"]) {
      expect(() => parsePrompt(wrong)).toThrow(`got "${wrong}"`);
    }
  });
});
