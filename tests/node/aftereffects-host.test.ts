/** The CEP page's host over the real ExtendScript bundle and a fake After Effects. */
import fs, { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { AfterEffectsHost } from "../../plugin/aftereffects/after-effects-host.ts";
import { type NodeFiles, ScriptCalls } from "../../plugin/aftereffects/cep.ts";
import { timingOf } from "../../plugin/aftereffects/layer-timing.ts";
import { pieceSize } from "../../plugin/aftereffects/plan-calls.ts";
import type { EditPlan, MaskPath } from "../../plugin/edit-plan.ts";
import { frameToTicks } from "../../plugin/timecode.ts";
import { openScriptContext, type ScriptContext } from "../support/aftereffects/script-context.ts";

const RATE = { numerator: 24, denominator: 1 };
const PNG = Uint8Array.from(
  Buffer.from(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==",
    "base64",
  ),
);

let script: ScriptContext;
let layer: InstanceType<ScriptContext["fake"]["FakeLayer"]>;
let folder: string;
let host: AfterEffectsHost;
let clipId: string;
let scriptCalls: string[];

function ticks(frame: number): string {
  return frameToTicks(frame, RATE).toString();
}

function openHost(answer = (text: string): string => script.evaluate(text)): AfterEffectsHost {
  scriptCalls = [];
  const cep = {
    getSystemPath: () => folder,
    evalScript: (text: string, callback: (result: string) => void) => {
      scriptCalls.push(text);
      setImmediate(() => callback(answer(text)));
    },
  };
  const files = fs as unknown as NodeFiles;
  const calls = new ScriptCalls(cep, files, folder, 2_000);
  return new AfterEffectsHost({ calls, files, dataFolder: folder, pollMilliseconds: 5, pollCount: 4 });
}

async function value<T>(
  outcome: Promise<{ ok: true; value: T } | { ok: false; error: { message: string } }>,
): Promise<T> {
  const answer = await outcome;
  if (!answer.ok) throw new Error(answer.error.message);
  return answer.value;
}

beforeEach(async () => {
  script = await openScriptContext();
  folder = mkdtempSync(join(tmpdir(), "masklet-ae-host-"));
  const media = join(folder, "shot.mov");
  writeFileSync(media, "0123456789");
  const comp = script.app.project.items.addComp("Shot 12", 640, 360, 1, 5, 24);
  layer = comp.layers.add(new script.fake.FakeFootage(script.app.project, media));
  layer.startTime = 1;
  layer.inPoint = 1.5;
  layer.outPoint = 4;
  comp.selectedLayers = [layer];
  script.app.project.activeItem = comp;
  script.app.project.file = { parent: { fsName: folder } };
  host = openHost();
  clipId = (await value(host.readSelection())).clipId;
});

function pathPlan(keys: number): EditPlan {
  const vertex = { x: 1.23456, y: 2, inX: 0, inY: 0, outX: 0, outY: 0 };
  const path: MaskPath = {
    name: "car",
    mode: "add",
    keyframes: Array.from({ length: keys }, (_, n) => ({
      time: ticks(n),
      value: [vertex, vertex, vertex],
      interpolation: "linear",
    })),
    opacity: [{ time: "0", value: 100, interpolation: "hold" }],
  };
  const markers = [{ time: ticks(40), duration: ticks(2), name: "check car", comment: "jumps" }];
  return {
    label: "Masklet: car",
    clipId,
    signature: "mk-1",
    write: { kind: "mask-paths", paths: [path] },
    markers,
  };
}

describe("times of a layer", () => {
  const facts = () => script.done("readLayer", null);

  it("are exact ticks of frames, with the in-point counted in source time", () => {
    expect(timingOf(facts(), null)).toMatchObject({
      start: ticks(36),
      end: ticks(96),
      sourceIn: ticks(12),
      sourceOut: ticks(72),
      speed: 1,
    });
  });

  it("follow stretch, and run backward where it is negative", () => {
    layer.stretch = 200;
    expect(timingOf(facts(), null)).toMatchObject({ speed: 0.5, sourceIn: ticks(6), sourceOut: ticks(36) });
    Object.assign(layer, { stretch: -100, startTime: 5, inPoint: 4, outPoint: 2 });
    expect(timingOf(facts(), null)).toMatchObject({
      speed: -1,
      start: ticks(48),
      end: ticks(96),
      sourceIn: ticks(24),
      sourceOut: ticks(72),
    });
  });

  it.each([
    [23.976, 24000, 1001],
    [29.97, 30000, 1001],
    [25, 25, 1],
    [59.9401, 60000, 1001],
    [18, 18, 1],
  ])("take a shown rate of %f for the exact one", (shown, numerator, denominator) => {
    const seen = facts();
    seen.comp.rate = shown;
    expect(timingOf({ ...seen, sourceRate: shown }, null).rate).toEqual({ numerator, denominator });
  });
});

describe("reading", () => {
  it("gives ranges of the media file, shorter at its end", async () => {
    expect(atob(await value(host.readMedia(clipId, 2, 3)))).toBe("234");
    expect(atob(await value(host.readMedia(clipId, 8, 100)))).toBe("89");
  });

  it("waits for a still until it is whole, and leaves nothing behind", async () => {
    const project = script.app.project;
    host = openHost((text) => {
      const answer = script.evaluate(text);
      const comps = [...project.all].filter((item) => item instanceof script.fake.FakeComp);
      for (const { savedStills } of comps) for (const still of [...savedStills]) writeLate(still.file);
      return answer;
    });
    await value(host.readSelection());
    const still = await value(host.renderStill(clipId, 0, 1024));
    expect(still.mimeType).toBe("image/png");
    expect(Buffer.from(still.base64, "base64")).toEqual(Buffer.from(PNG));
    expect(readdirSync(folder).filter((name) => name.startsWith("still"))).toEqual([]);
    await value(host.releaseStills());
    expect([...project.all].some(({ name }) => name.includes("temporary"))).toBe(false);
  });

  function writeLate(file: string): void {
    writeFileSync(file, PNG.subarray(0, 40));
    setTimeout(() => writeFileSync(file, PNG), 8);
  }

  it("says so when the host promises a still and never writes it", async () => {
    expect(await host.renderStill(clipId, 0, 1024)).toMatchObject({ ok: false, error: { code: "timeout" } });
    expect([...script.app.project.all].some(({ name }) => name.includes("temporary"))).toBe(false);
  });

  it("reads an image sequence's own files, by the source's frames", async () => {
    const numbers = [1, 2, 3, 4, 5, 6];
    for (const n of numbers)
      writeFileSync(
        join(folder, `plate.00${n}.png`),
        Buffer.concat([PNG.subarray(0, 33), marker(n), PNG.subarray(33)]),
      );
    writeFileSync(join(folder, "plate.note.txt"), "");
    const sequence = new script.fake.FakeFootage(script.app.project, join(folder, "plate.001.png"));
    sequence.duration = numbers.length / 24;
    layer.source = sequence;
    Object.assign(layer, { startTime: 0, inPoint: 0, outPoint: 0.5, stretch: 200 });
    const selection = await value(host.readSelection());
    expect(selection).toMatchObject({ mediaPath: null, mediaBytes: null });
    const read = async (frame: number) => {
      const { base64 } = await value(host.renderStill(selection.clipId, frame, 1024));
      return Buffer.from(base64, "base64")[41];
    };
    // Stretched to 200 %: frames 0 and 1 of the comp show the first picture.
    expect([await read(0), await read(1), await read(2), await read(5)]).toEqual([1, 1, 2, 3]);
    expect(scriptCalls.some((text) => text.includes("saveStill"))).toBe(false);
    writeFileSync(join(folder, "plate.004.png"), PNG.subarray(0, 40));
    await host.renderStill(selection.clipId, 6, 1024);
    expect(scriptCalls.some((text) => text.includes("saveStill"))).toBe(true);
  });

  /** A text chunk whose content is a number. */
  const marker = (n: number) => Buffer.from([0, 0, 0, 1, 0x74, 0x45, 0x58, 0x74, n, 0, 0, 0, 0]);

  it("has After Effects render a sequence with other files than it counts frames", async () => {
    writeFileSync(join(folder, "plate.001.png"), PNG);
    layer.source = new script.fake.FakeFootage(script.app.project, join(folder, "plate.001.png"));
    const selection = await value(host.readSelection());
    await host.renderStill(selection.clipId, 0, 1024);
    expect(scriptCalls.some((text) => text.includes("saveStill"))).toBe(true);
  });

  it("renders the source's moment in the middle of the frame", async () => {
    let seen = Number.NaN;
    host = openHost((text) => {
      const answer = script.evaluate(text);
      for (const item of [...script.app.project.all]) {
        if (item instanceof script.fake.FakeComp && item.savedStills.length > 0)
          seen = item.savedStills[0]!.time;
      }
      return answer;
    });
    await value(host.readSelection());
    await host.renderStill(clipId, 3, 1024);
    expect(seen).toBeCloseTo(0.5 + 3.5 / 24, 6);
  });
});

describe("carrying out a plan", () => {
  it("hands many keyframes over in pieces and writes them in one undo step, at comp times", async () => {
    const report = await value(host.carryOut(pathPlan(60)));
    expect(report).toEqual({ done: ["Mask car: 60 keyframes"], notDone: [] });
    expect(scriptCalls.filter((text) => text.includes("stagePathKeys")).length).toBeGreaterThan(2);
    expect(script.app.undoSteps).toEqual(["Masklet: car"]);
    const facts = layer.property("ADBE Mask Parade") as typeof layer.root;
    const shape = (facts.members[0] as typeof layer.root).property("ADBE Mask Shape") as {
      keys: { time: number; value: { vertices: number[][] } }[];
    };
    expect(shape.keys[0]!.time).toBeCloseTo(1.5, 9);
    expect(shape.keys[59]!.time).toBeCloseTo(1.5 + 59 / 24, 9);
    expect([...shape.keys[0]!.value.vertices[0]!]).toEqual([1.235, 2]);
    expect(readdirSync(folder).filter((name) => name.startsWith("call"))).toEqual([]);
  });

  it("places a written matte as track matte", async () => {
    const { absolutePath } = await value(
      host.writeFile("car/00000.png", Buffer.from(PNG).toString("base64"), false),
    );
    expect(readFileSync(absolutePath)).toEqual(Buffer.from(PNG));
    const matte = {
      kind: "stills" as const,
      firstFile: absolutePath,
      frameCount: 60,
      width: 640,
      height: 360,
      fitToFrame: false,
      name: "car",
      rate: RATE,
      start: ticks(36),
      end: ticks(96),
    };
    const plan: EditPlan = { ...pathPlan(0), write: { kind: "track-matte", matte, opacity: [] } };
    expect(await value(host.carryOut(plan))).toMatchObject({ notDone: [] });
    expect(layer.trackMatteLayer).toMatchObject({ startTime: 1.5 });
  });

  it("passes on what the host refused, with what to do", async () => {
    layer.source?.remove();
    expect(await host.carryOut(pathPlan(3))).toMatchObject({
      ok: false,
      error: { code: "no-selection", message: "The layer that was tracked is gone." },
    });
  });

  it("grows and shrinks the pieces by what the host took", () => {
    expect(pieceSize(8, 4)).toBe(16);
    expect(pieceSize(16, 400)).toBe(4);
    expect(pieceSize(1, 5_000)).toBe(1);
  });
});

describe("a host that misbehaves", () => {
  it("is reported when a script fails outside of ours", async () => {
    host = openHost(() => "EvalScript error.");
    expect(await host.readSelection()).toMatchObject({
      ok: false,
      error: { code: "internal", message: expect.stringContaining("EvalScript error.") },
    });
  });

  it("is told of when it doesn't answer, as with a dialogue open, and is heard again afterwards", async () => {
    let silent = true;
    const cep = {
      getSystemPath: () => folder,
      evalScript: (text: string, callback: (result: string) => void) => {
        if (!silent) callback(script.evaluate(text));
      },
    };
    const files = fs as unknown as NodeFiles;
    const calls = new ScriptCalls(cep, files, folder, 30);
    host = new AfterEffectsHost({ calls, files, dataFolder: folder, pollMilliseconds: 5, pollCount: 4 });
    expect(await host.readSelection()).toMatchObject({
      ok: false,
      error: {
        message: expect.stringContaining("dialogue"),
        remedy: expect.stringContaining("Close dialogues"),
      },
    });
    silent = false;
    expect(await host.readSelection()).toMatchObject({ ok: true });
  });

  it("does not pass a still of an earlier run for a new one", async () => {
    writeFileSync(join(folder, "still-0.png"), PNG);
    expect(await host.renderStill(clipId, 0, 1024)).toMatchObject({ ok: false, error: { code: "timeout" } });
  });

  it("refuses paths that leave the matte folder", async () => {
    expect(await host.writeFile("../evil.png", "", false)).toMatchObject({
      ok: false,
      error: { message: expect.stringContaining("../evil.png") },
    });
  });

  it("says that the project must be saved before mattes can be written", async () => {
    script.app.project.file = null;
    expect(await host.writeFile("car/0.png", "", false)).toMatchObject({
      ok: false,
      error: { remedy: expect.stringContaining("Save the project") },
    });
  });

  it("keeps sessions of different layers apart and answers null for none", async () => {
    await value(host.storeSession("1:2", "{}"));
    expect(await value(host.loadSession("1:2"))).toBe("{}");
    expect(await value(host.loadSession("1:3"))).toBeNull();
  });
});
