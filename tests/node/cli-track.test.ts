import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { decode } from "fast-png";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { decodeMask, maskArea } from "../../worker/mask-rle.ts";
import { openClipAt } from "../../worker/node/open-clip.ts";
import { discPng, makeWorkplace, maskPng, run, type Workplace } from "../support/command-line.ts";

const WIDTH = 96;
const HEIGHT = 64;
const FRAMES = 8;

let place: Workplace;
let clip: string;

beforeAll(() => {
  place = makeWorkplace();
  clip = place.path("clip");
  mkdirSync(clip);
  for (let frame = 0; frame < FRAMES; frame++) {
    writeFileSync(place.path("clip", `${String(frame).padStart(5, "0")}.png`), discPng(WIDTH, HEIGHT, frame));
  }
  writeFileSync(
    place.path("left.png"),
    maskPng(WIDTH, HEIGHT, (x) => x < 30),
  );
});

afterAll(() => place.remove());

const stills = (count: number) =>
  Array.from({ length: count }, (_, index) => `${String(index).padStart(5, "0")}.png`);

function track(out: string, ...args: string[]) {
  return run(["track", clip, ...place.model, "--out", place.path(out), ...args]);
}

describe("masklet track", () => {
  test("writes one PNG a frame at the clip's size, 0 or 255, into OUT itself for one object", async () => {
    const { code, summary } = await track("one", "--point", "20,32");
    expect(code).toBe(0);
    expect(readdirSync(place.path("one")).sort()).toEqual(stills(FRAMES));
    const png = decode(readFileSync(place.path("one", "00003.png")));
    expect([png.width, png.height, png.depth, png.channels]).toEqual([WIDTH, HEIGHT, 8, 1]);
    expect([...new Set(png.data)].every((value) => value === 0 || value === 255)).toBe(true);
    expect(summary).toMatchObject({
      ok: true,
      command: "track",
      cancelled: false,
      files: FRAMES,
      trackedFrames: FRAMES,
    });
  });

  test("stops before another shot with --at-cuts stop, and says where; by default it goes on", async () => {
    mkdirSync(place.path("two-shots"), { recursive: true });
    for (let frame = 0; frame < 6; frame++) {
      const bright = (x: number) => (frame < 4 ? x < 10 : x >= 10);
      writeFileSync(place.path("two-shots", `0000${frame}.png`), maskPng(WIDTH, HEIGHT, bright));
    }
    const args = ["track", place.path("two-shots"), ...place.model, "--point", "20,32"];
    const stopped = await run([...args, "--out", place.path("first-shot"), "--at-cuts", "stop"]);
    expect(stopped.summary).toMatchObject({ trackedFrames: 4, stoppedAtCuts: [4], files: 4 });
    expect(stopped.stderr).toContain("Another shot seems to begin at frame 4");
    const through = await run([...args, "--out", place.path("both-shots")]);
    expect(through.summary).toMatchObject({ trackedFrames: 6 });
    expect(through.summary).not.toHaveProperty("stoppedAtCuts");
  });

  test("makes masks of small objects again with --small-objects zoom, leaves large ones, and by default all", async () => {
    const onAllFrames = (file: string) =>
      Array.from({ length: FRAMES }, (_, frame) => ["--mask", `${place.path(file)}@${frame}`]).flat();
    writeFileSync(
      place.path("small.png"),
      maskPng(WIDTH, HEIGHT, (x, y) => Math.hypot(x - 30, y - 32) < 5),
    );
    const zoomed = await track("zoomed", ...onAllFrames("small.png"), "--small-objects", "zoom");
    expect(zoomed.summary).toMatchObject({ trackedFrames: FRAMES, zoomedFrames: FRAMES, files: FRAMES });
    expect(readdirSync(place.path("zoomed")).sort()).toEqual(stills(FRAMES));
    const plain = await track("plain", ...onAllFrames("small.png"));
    expect(plain.summary).not.toHaveProperty("zoomedFrames");
    const [a, b] = ["zoomed", "plain"].map((out) => readFileSync(place.path(out, "00004.png")));
    expect(a!.equals(b!)).toBe(false);
    const large = await track("large", ...onAllFrames("left.png"), "--small-objects", "zoom");
    expect(large.summary).toMatchObject({ zoomedFrames: 0, files: FRAMES });
    expect(large.stderr).toContain("No object is small enough");
  });

  test("says so where OUT holds frames of an earlier run", async () => {
    await track("again", "--point", "20,32");
    const { stderr } = await track("again", "--point", "20,32", "--to", "2");
    expect(stderr).toContain("holds 8 frames already; those that are not tracked now stay as they are");
  });

  test("gives each of several objects a folder with its name", async () => {
    const { code, summary } = await track(
      "two",
      "--object",
      "disc",
      "--point",
      "20,32",
      "--object",
      "rest",
      "--box",
      "50,10,90,60@2",
    );
    expect(code).toBe(0);
    expect(readdirSync(place.path("two")).sort()).toEqual(["disc", "rest"]);
    expect(summary.objects).toMatchObject([
      { name: "disc", frames: FRAMES },
      { name: "rest", frames: FRAMES, first: 0 },
    ]);
  });

  test("tracks the frames that --from, --to and --direction name", async () => {
    const middle = await track(
      "middle",
      "--point",
      "32,32@4",
      "--from",
      "2",
      "--to",
      "6",
      "--direction",
      "both",
    );
    expect(middle.summary).toMatchObject({ objects: [{ first: 2, last: 6, frames: 5 }] });
    const back = await track("back", "--point", "32,32@4", "--direction", "backward");
    expect(back.summary).toMatchObject({ objects: [{ first: 0, last: 4 }] });
    const forward = await track("forward", "--point", "32,32@4");
    expect(forward.summary).toMatchObject({ objects: [{ first: 4, last: 7 }] });
    expect(forward.stderr).toContain(
      "Frames 0 to 3 lie before the prompt; --direction both tracks them too.",
    );
  });

  test("a mask prompt comes out as it went in", async () => {
    await track("mask", "--mask", place.path("left.png"), "--to", "0");
    const png = decode(readFileSync(place.path("mask", "00000.png")));
    const inside = [...png.data].filter((value) => value === 255).length;
    expect(Math.abs(inside - 30 * HEIGHT)).toBeLessThan(0.05 * 30 * HEIGHT);
  });

  test("treats the edge with --matte as the panel does; zero is the hard mask", async () => {
    const mask = ["--mask", place.path("left.png"), "--to", "2"];
    const valuesOf = (folder: string) => new Set(decode(readFileSync(place.path(folder, "00000.png"))).data);
    const treated = await track("feathered", ...mask, "--matte", "featherOut=4", "--matte", "grow=-2");
    expect(treated.summary).toMatchObject({ files: 3 });
    expect(readdirSync(place.path("feathered")).sort()).toEqual(stills(3));
    expect(valuesOf("feathered").size).toBeGreaterThan(3);
    await track("untreated", ...mask, "--matte", "featherOut=0");
    expect(valuesOf("untreated")).toEqual(new Set([0, 255]));
  });

  test("writes cut-outs: the picture with the matte as alpha", async () => {
    await track("cutout", "--mask", place.path("left.png"), "--to", "0", "--content", "cutout");
    const cutOut = decode(readFileSync(place.path("cutout", "00000.png")));
    const picture = decode(readFileSync(place.path("clip", "00000.png")));
    expect(cutOut.channels).toBe(4);
    const inside = (10 * WIDTH + 5) * 4;
    expect([...cutOut.data.slice(inside, inside + 3)]).toEqual(
      Array.from(
        { length: 3 },
        (_, i) => picture.data[(10 * WIDTH + 5) * picture.channels + (i % picture.channels)],
      ),
    );
    expect(cutOut.data[inside + 3]).toBe(255);
    expect(cutOut.data[(10 * WIDTH + 60) * 4 + 3]).toBe(0);
  });

  test("a treated movie has the name that was asked for, and all frames", async () => {
    const { summary } = await track(
      "soft.mov",
      "--point",
      "20,32",
      "--format",
      "prores",
      "--matte",
      "recommended",
    );
    expect(summary).toMatchObject({ files: 1 });
    const movie = await openClipAt(place.path("soft.mov"), undefined);
    expect(movie.info.frameCount).toBe(FRAMES);
    movie.close();
  });

  test("writes all objects' run lengths into one file", async () => {
    await track("png", "--point", "20,32");
    const { summary } = await track("masks.json", "--point", "20,32", "--format", "rle");
    const document = JSON.parse(readFileSync(place.path("masks.json"), "utf8"));
    expect(summary.files).toBe(1);
    expect(document.clip).toMatchObject({ width: WIDTH, height: HEIGHT, frameCount: FRAMES });
    const [{ masks }] = document.objects;
    expect(masks.map((mask: { frame: number }) => mask.frame)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    const pixels = decodeMask({ width: WIDTH, height: HEIGHT, counts: masks[5].counts });
    const png = decode(readFileSync(place.path("png", "00005.png")));
    expect([...pixels].map((inside) => inside * 255)).toEqual([...png.data]);
  });

  test.each([
    ["h264", "matte.mp4"],
    ["prores", "matte.mov"],
  ])("writes %s with all frames of the clip, black where nothing was tracked", async (format, file) => {
    const { code } = await track(file, "--mask", `${place.path("left.png")}@3`, "--format", format);
    expect(code).toBe(0);
    const movie = await openClipAt(place.path(file));
    expect(movie.info.frameCount).toBe(FRAMES);
    expect(movie.info.rate).toEqual({ numerator: 24, denominator: 1 });
    const middle = (HEIGHT / 2) * WIDTH * 4;
    expect((await movie.frame(3)).data[middle + 10 * 4]).toBeGreaterThan(250);
    expect((await movie.frame(3)).data[middle + 80 * 4]).toBeLessThan(5);
    expect((await movie.frame(0)).data.filter((_, at) => at % 4 === 0).every((value) => value < 5)).toBe(
      true,
    );
    movie.close();
  });

  test("--report says scores, areas and boxes of every operation, frame and object", async () => {
    const file = place.path("report.json");
    await track("reported", "--point", "20,32", "--report", file);
    const report = JSON.parse(readFileSync(file, "utf8"));
    expect(report.operations.map((entry: { operation: { op: string } }) => entry.operation.op)).toEqual([
      "points",
      "propagate",
    ]);
    expect(report.operations[1].frames.length).toBe(FRAMES);
    for (const { objects } of report.operations[1].frames) {
      expect(objects[0]).toMatchObject({ object: "object" });
      expect(Number.isFinite(objects[0].object_score_logit)).toBe(true);
      expect(objects[0].predicted_iou).toBeGreaterThanOrEqual(0);
      expect(objects[0].box === null).toBe(objects[0].area === 0);
    }
  });

  test("--quiet leaves only the summary", async () => {
    const { stderr, stdout } = await track("quiet", "--point", "20,32", "--quiet");
    expect(stderr).toBe("");
    expect(stdout.trim().split("\n").length).toBe(1);
  });

  test("the WASM backend gives the masks of the native one", async () => {
    const native = await track("native", "--point", "20,32", "--backend", "native");
    const wasm = await track("wasm", "--point", "20,32", "--backend", "wasm");
    expect([native.summary.backend, wasm.summary.backend]).toEqual(["native", "wasm"]);
    for (const still of stills(FRAMES)) {
      const a = decode(readFileSync(place.path("native", still))).data;
      const b = decode(readFileSync(place.path("wasm", still))).data;
      expect([...a].filter((value, at) => value !== b[at]).length).toBeLessThan(4);
    }
  });
});

describe("masklet track --script", () => {
  const write = (name: string, content: unknown) => writeFileSync(place.path(name), JSON.stringify(content));

  test("runs the official predictor's operations, masks by file name, into OUT/OBJECT", async () => {
    write("script.json", {
      attrs: { non_overlap_masks: true },
      ops: [
        { op: "points", frame: 0, obj: 1, points: [[20, 32]], labels: [1] },
        { op: "points", frame: 0, obj: 1, points: [[80, 10]], labels: [0], clear_old_points: false },
        { op: "mask", frame: 2, obj: 7, mask: "left.png" },
        { op: "propagate", max_frame_num_to_track: 3 },
        { op: "clear_frame", frame: 2, obj: 7 },
        { op: "points", frame: 5, obj: 7, box: [10, 10, 40, 40] },
        { op: "propagate", start_frame_idx: 5, reverse: true, max_frame_num_to_track: 2 },
        { op: "remove_object", obj: 7 },
        { op: "propagate", start_frame_idx: 6 },
        { op: "reset" },
      ],
    });
    const { code, summary } = await track(
      "script",
      "--script",
      place.path("script.json"),
      "--set",
      "fill_hole_area=0",
    );
    expect(code).toBe(0);
    expect(summary).toMatchObject({
      flags: { non_overlap_masks: true, fill_hole_area: 0 },
      trackedFrames: 4 + 3 + 2,
    });
    expect(readdirSync(place.path("script")).sort()).toEqual(["1", "7"]);
    expect(readdirSync(place.path("script", "1")).sort()).toEqual(stills(FRAMES));
  });

  test("one object has a folder too", async () => {
    write("single.json", [{ op: "box", frame: 0, obj: "fish", box: [5, 5, 40, 50] }, { op: "propagate" }]);
    await track("single", "--script", place.path("single.json"));
    expect(readdirSync(place.path("single"))).toEqual(["fish"]);
  });

  test("says where an object is hidden, and the mattes are empty there", async () => {
    write("hidden.json", [
      { op: "box", frame: 0, obj: "disc", box: [5, 5, 60, 60] },
      { op: "propagate" },
      { op: "visibility", obj: "disc", from: 2, to: 5, state: "hidden" },
      { op: "visibility", obj: "disc", from: 4, to: 4, state: "model" },
    ]);
    const script = ["--script", place.path("hidden.json")];
    const insideOf = (out: string) =>
      stills(FRAMES).map((name) => decode(readFileSync(place.path(out, "disc", name))).data.includes(255));
    await track("as-tracked", ...script, "--visibility", "masks");
    expect(insideOf("as-tracked")).toEqual(Array(FRAMES).fill(true));
    const { summary } = await track("hidden", ...script);
    expect(insideOf("hidden")).toEqual([true, true, false, false, true, false, true, true]);
    expect(summary).toMatchObject({
      visibility: "said",
      objects: [
        {
          hidden: [
            { from: 2, to: 3 },
            { from: 5, to: 5 },
          ],
        },
      ],
    });
    await track("hidden.json", ...script, "--format", "rle", "--visibility", "followed");
    const { objects } = JSON.parse(readFileSync(place.path("hidden.json"), "utf8"));
    const areas = objects[0].masks.map(({ counts }: { counts: string }) =>
      maskArea({ width: WIDTH, height: HEIGHT, counts }),
    );
    expect(areas.map((area: number) => area > 0)).toEqual(insideOf("hidden"));
  });

  test.each([
    ["[{]", "is not JSON"],
    ['{"steps": []}', 'has no operations: expected a list, or an object with "ops"'],
    [
      '[{"op": "click"}]',
      'ops[0]: "op" is points, box, mask, propagate, visibility, clear_frame, remove_object or reset, got "click"',
    ],
    ['[{"op": "points", "frame": 0, "obj": 1}]', '"points" or "box" says where the object is'],
    [
      '[{"op": "points", "frame": 0, "obj": 1, "points": [[1, 2]], "labels": [2]}]',
      "a label is 1 (object) or 0",
    ],
    [
      '[{"op": "points", "frame": 0, "obj": 1, "points": [[1, 2]], "labels": []}]',
      "1 points need 1 labels, got []",
    ],
    [
      '[{"op": "points", "frame": 0, "obj": 1, "points": [[1, 2]], "alternative": 3}]',
      '"alternative" is 0 (the model\'s own choice of mask), 1 or 2, got 3',
    ],
    [
      '[{"op": "points", "frame": -1, "obj": 1, "points": [[1, 2]]}]',
      '"frame" is a whole number from 0 up, got -1',
    ],
    ['[{"op": "points", "frame": 0, "obj": "../up", "points": [[1, 2]]}]', '"obj" is a number or a name'],
    ['[{"op": "mask", "frame": 0, "obj": 1, "mask": 5}]', '"mask" is the name of a PNG file, got 5'],
    ['[{"op": "propagate", "reverse": "yes"}]', '"reverse" is true or false, got "yes"'],
    [
      '[{"op": "visibility", "obj": 1, "from": 3, "to": 1, "state": "hidden"}]',
      '"from" is not after "to", got [3,1]',
    ],
    [
      '[{"op": "visibility", "obj": 1, "from": 0, "to": 1, "state": "off"}]',
      '"state" is hidden, visible or model, got "off"',
    ],
    [
      '[{"op": "visibility", "obj": 1, "from": 0, "to": 1, "state": "hidden"}]',
      'Visibility is said of "1", which has no prompt',
    ],
    ['[{"op": "propagate"}]', "There is nothing to track yet"],
    [
      '[{"op": "points", "frame": 99, "obj": 1, "points": [[1, 2]]}]',
      "Frame 99 is not in clip: its frames are 0 to 7",
    ],
    ['[{"op": "clear_frame", "frame": 0, "obj": 3}]', "3"],
  ])("a script with a mistake says where: %s", async (text, message) => {
    writeFileSync(place.path("wrong.json"), text);
    const { code, summary } = await track("wrong", "--script", place.path("wrong.json"));
    expect(code).toBe(1);
    expect(summary.error?.message).toContain(message);
    expect(summary.error?.remedy).not.toBe("");
  });
});

describe("Ctrl-C", () => {
  test("keeps what is done, says so, and ends with 130", async () => {
    const out = place.path("cancelled");
    const args = [
      "track",
      clip,
      ...place.model,
      "--point",
      "20,32",
      "--out",
      out,
      "--report",
      place.path("part.json"),
    ];
    const { code, summary, stderr } = await run(args, {
      onError: (text, cancel) => (text.startsWith("Tracking 1 of") ? cancel() : undefined),
    });
    expect(code).toBe(130);
    expect(summary).toMatchObject({ ok: true, cancelled: true });
    expect(stderr).toContain("what is done is kept");
    const written = readdirSync(out).sort();
    expect(written.length).toBeGreaterThan(0);
    expect(written.length).toBeLessThan(FRAMES);
    expect(written).toEqual(stills(written.length));
    for (const still of written) expect(decode(readFileSync(`${out}/${still}`)).width).toBe(WIDTH);
    expect(existsSync(place.path("part.json"))).toBe(true);
  });

  test("while treated files are written ends that, and keeps those that are finished", async () => {
    const out = place.path("cancelled-writing");
    const treated = ["--point", "20,32", "--matte", "grow=1", "--out", out];
    const { code, summary, stderr } = await run(["track", clip, ...place.model, ...treated], {
      onError: (text, cancel) => (text.startsWith("Writing 1 of") ? cancel() : undefined),
    });
    expect(code).toBe(130);
    const written = readdirSync(out).sort();
    expect(written.length).toBeGreaterThanOrEqual(1);
    expect(written.length).toBeLessThan(FRAMES);
    expect(written).toEqual(stills(written.length));
    expect(summary).toMatchObject({ cancelled: true, files: written.length });
    expect(stderr).toContain("what is done is kept");
  });

  test("leaves a movie that can be played", async () => {
    const out = place.path("cancelled.mp4");
    const args = ["track", clip, ...place.model, "--point", "20,32", "--out", out, "--format", "h264"];
    const { code } = await run(args, {
      onError: (text, cancel) => (text.startsWith("Tracking 1 of") ? cancel() : undefined),
    });
    expect(code).toBe(130);
    const movie = await openClipAt(out);
    expect(movie.info.frameCount).toBe(FRAMES);
    movie.close();
  });
});
