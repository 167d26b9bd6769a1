import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isNeutral } from "../../worker/matte/matte-settings.ts";
import { didYouMean } from "../../worker/node/terminal/arguments.ts";
import { duration, progressText } from "../../worker/node/terminal/progress.ts";
import { planOperations } from "../../worker/node/track/plan.ts";
import { parseBox, parseMask, parsePoint } from "../../worker/node/track/prompt-text.ts";
import { isObjectName } from "../../worker/node/track/script.ts";
import { parseTrackOptions } from "../../worker/node/track/track-options.ts";
import type { ClipInfo } from "../../worker/protocol.ts";
import { run } from "../support/command-line.ts";

const INFO = { name: "clip", frameCount: 20 } as ClipInfo;

function planned(...args: string[]) {
  const options = parseTrackOptions(["clip.mp4", "--out", "out", ...args]);
  return planOperations(options.prompts, options, INFO);
}

describe("the treatment on the command line", () => {
  const parsed = (...args: string[]) =>
    parseTrackOptions(["clip.mp4", "--out", "out", "--point", "1,2", ...args]);

  test("is nothing without --matte; a later value wins over the recommended one", () => {
    expect(isNeutral(parsed().matte)).toBe(true);
    const { matte } = parsed("--matte", "recommended", "--matte", "steady=10", "--matte", "invert=true");
    expect(matte).toMatchObject({ refine: 100, steady: 10, invert: true, featherIn: 0 });
  });

  test.each([
    ["sharpen=1", 'Unknown matte setting "sharpen"'],
    ["grow=wide", '"grow" must be a number from -100 to 100 px'],
    ["grow=", '"grow" must be a number'],
    ["refine=101", "from 0 to 100 %"],
    ["invert=1", '"invert" must be true or false'],
    ["refine", '--matte is NAME=VALUE or "recommended"'],
  ])("refuses %s in words", (value, words) => {
    expect(() => parsed("--matte", value)).toThrow(words);
  });

  test("refuses what a format can't hold", () => {
    expect(() => parsed("--format", "rle", "--matte", "recommended")).toThrow("hard masks");
    expect(() => parsed("--format", "h264", "--content", "cutout")).toThrow("needs alpha");
  });
});

describe("prompts on the command line", () => {
  test("a point is X,Y, positive unless a minus follows, on a frame of its own", () => {
    const plain = { kind: "point", frame: null, label: 1, alternative: 0 };
    expect(parsePoint("12.5,40")).toEqual({ ...plain, x: 12.5, y: 40 });
    expect(parsePoint("12,40,-@7")).toEqual({ ...plain, frame: 7, x: 12, y: 40, label: 0 });
    expect(parsePoint("12,40,+")).toMatchObject({ label: 1 });
  });

  test("the second and the third mask of a point can be asked for", () => {
    expect(parsePoint("12,40,2nd@7")).toMatchObject({ frame: 7, label: 1, alternative: 1 });
    expect(parsePoint("12,40,-,3rd")).toMatchObject({ label: 0, alternative: 2 });
    const info = { name: "clip.mp4", width: 96, height: 64, frameCount: 20 } as ClipInfo;
    const prompts = [{ object: "a", prompt: parsePoint("12,40,2nd") }];
    const range = { from: undefined, to: undefined, direction: "forward" } as const;
    expect(planOperations(prompts, range, info)[0]).toMatchObject({ op: "points", alternative: 1 });
  });

  test("every point that is printed is read back", () => {
    const number = fc.double({ min: 0, max: 8192, noNaN: true });
    fc.assert(
      fc.property(number, number, fc.nat(99_999), fc.boolean(), (x, y, frame, isNegative) => {
        const text = `${x},${y}${isNegative ? ",-" : ""}@${frame}`;
        expect(parsePoint(text)).toMatchObject({ kind: "point", frame, x, y, label: isNegative ? 0 : 1 });
      }),
    );
  });

  test.each(["12", "12,", "a,b", "1,2,x", "1,2@", "1,2@x", "1,2@-3", "1,2,3,4", "1,2,4th", "1,2,2nd,-"])(
    "%s is no point",
    (text) => {
      expect(() => parsePoint(text)).toThrow("--point");
    },
  );

  test("a box goes from top left to bottom right", () => {
    expect(parseBox("1,2,30,40@5")).toEqual({ kind: "box", frame: 5, box: [1, 2, 30, 40] });
    expect(() => parseBox("30,2,1,40")).toThrow("from top left to bottom right");
    expect(() => parseBox("1,2,3")).toThrow("--box is X0,Y0,X1,Y1");
  });

  test("a mask's file name may hold an @ of its own", () => {
    expect(parseMask("me@home.png")).toEqual({ kind: "mask", frame: null, file: "me@home.png" });
    expect(parseMask("me@home.png@12")).toEqual({ kind: "mask", frame: 12, file: "me@home.png" });
  });

  test("what was said of one object on one frame is one operation, in the order of the command line", () => {
    const operations = planned(
      "--object",
      "a",
      "--point",
      "1,2",
      "--object",
      "b",
      "--point",
      "5,6@3",
      "--object",
      "a",
      "--point",
      "3,4,-",
      "--box",
      "0,0,9,9",
    );
    expect(operations).toEqual([
      {
        op: "points",
        frame: 0,
        object: "a",
        points: [
          [1, 2],
          [3, 4],
        ],
        labels: [1, 0],
        box: [0, 0, 9, 9],
        clearOldPoints: true,
      },
      { op: "points", frame: 3, object: "b", points: [[5, 6]], labels: [1], clearOldPoints: true },
      { op: "propagate", start: 0, maxFrames: 19, reverse: false },
    ]);
  });

  test.each([
    [["--point", "1,2@5"], [{ start: 5, maxFrames: 14, reverse: false }]],
    [["--point", "1,2@5", "--direction", "backward"], [{ start: 5, maxFrames: 5, reverse: true }]],
    [
      ["--point", "1,2@5", "--direction", "both"],
      [
        { start: 5, maxFrames: 14, reverse: false },
        { start: 5, maxFrames: 5, reverse: true },
      ],
    ],
    [
      ["--point", "1,2@5", "--from", "3", "--to", "8", "--direction", "both"],
      [
        { start: 5, maxFrames: 3, reverse: false },
        { start: 5, maxFrames: 2, reverse: true },
      ],
    ],
    [["--point", "1,2@0", "--direction", "both"], [{ start: 0, maxFrames: 19, reverse: false }]],
    [["--point", "1,2", "--from", "4"], [{ start: 4, maxFrames: 15, reverse: false }]],
    [["--point", "1,2@2", "--from", "4"], [{ start: 4, maxFrames: 15, reverse: false }]],
    [
      ["--point", "1,2@2", "--point", "1,2@9", "--direction", "backward"],
      [{ start: 9, maxFrames: 9, reverse: true }],
    ],
  ])("%j tracks %j", (args, passes) => {
    const propagations = planned(...args).filter(({ op }) => op === "propagate");
    expect(propagations).toEqual(passes.map((pass) => ({ op: "propagate", ...pass })));
  });

  test("a frame beyond the clip says how many frames there are", () => {
    expect(() => planned("--point", "1,2", "--to", "20")).toThrow(
      "--to 20 is not in clip: its frames are 0 to 19.",
    );
    expect(() => planned("--point", "1,2@9", "--to", "5")).toThrow("The prompt is on frame 9, after --to 5.");
  });

  test("names that can't be a folder are refused", () => {
    expect(["car", "red car", "7", "Straße"].every(isObjectName)).toBe(true);
    expect(["", ".", "..", "a/b", "a\\b", "a:b", "\u0000"].some(isObjectName)).toBe(false);
  });
});

describe("what is not understood", () => {
  test.each([
    [[], ""],
    [["trak"], 'There is no command "trak" (did you mean track?)'],
    [["track"], "Expected a clip"],
    [["track", "a.mp4"], "Nothing says what to track"],
    [["track", "a.mp4", "--point", "1,2"], "Expected --out PATH"],
    [["track", "a.mp4", "b.mp4", "--point", "1,2", "--out", "o"], "Expected one clip, got 2"],
    [["track", "a.mp4", "--out", "o", "--pont", "1,2"], "There is no option --pont (did you mean --point?)"],
    [["track", "a.mp4", "--out"], "--out needs a value"],
    [["track", "a.mp4", "--out", "o", "--quiet=yes"], "--quiet takes no value"],
    [
      ["track", "a.mp4", "--out", "o", "--point", "1,2", "--format", "jpg"],
      "--format is png, prores, prores422, h264, rle",
    ],
    [["track", "a.mp4", "--out", "o", "--point", "1,2", "--direction", "foward"], "(did you mean forward?)"],
    [
      ["track", "a.mp4", "--out", "o", "--point", "1,2", "--from", "9", "--to", "3"],
      "--from 9 comes after --to 3",
    ],
    [["track", "a.mp4", "--out", "o", "--point", "1,2", "--to", "x"], "--to is a whole number"],
    [["track", "a.mp4", "--out", "o", "--point", "1,2", "--out", "p"], "--out is given 2 times"],
    [["track", "a.mp4", "--out", "o", "--point", "1,2", "--set", "x"], "--set is NAME=VALUE"],
    [["track", "a.mp4", "--out", "o", "--point", "1,2", "--set", "x=many"], "--set x"],
    [["track", "a.mp4", "--out", "o", "--point", "1,2", "--script", "s.json"], "leave the prompts away"],
    [["track", "a.mp4", "--out", "o", "--script", "s.json", "--from", "2"], "leave the --from away"],
    [["track", "a.mp4", "--out", "o", "--point", "1,2", "--object", "car"], "--object car has no prompts"],
    [["models", "gte", "tiny"], 'Expected get or remove, got "gte" (did you mean get?)'],
    [["models", "get"], "Expected one model after"],
    [["convert"], "Expected one checkpoint"],
    [["info"], "Expected one clip or checkpoint"],
  ])("%j ends with 2 and says why", async (args, message) => {
    const { code, stderr, summary } = await run(args);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    if (args.length > 0) expect(summary).toMatchObject({ ok: false, error: { code: "usage" } });
  });

  test("--help explains the command and ends with 0", async () => {
    const { code, stdout } = await run(["track", "--help"]);
    expect(code).toBe(0);
    expect(stdout).toContain("Usage: masklet track CLIP --out PATH");
    expect((await run(["--help"])).stdout).toContain(
      "Exit code: 0 done, 1 failed, 2 not understood, 130 cancelled",
    );
  });

  test("far-off words are not guessed at", () => {
    expect(didYouMean("zzz", ["track", "models"])).toBe("");
  });
});

describe("progress", () => {
  test("says what is done, how fast, and how long it will take", () => {
    expect(progressText("Tracking", "frames", 30, 120, 10)).toBe(
      "Tracking 30 of 120 frames (25 %), 3.00 a second, 30 s left",
    );
    expect(progressText("Tracking", "frames", 0, 120, 0)).toBe("Tracking 0 of 120 frames (0 %)");
    expect([42, 185, 4320].map(duration)).toEqual(["42 s", "3 min 05 s", "1 h 12 min"]);
  });
});
