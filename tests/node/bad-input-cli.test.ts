import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { discPng, makeWorkplace, maskPng, run, type Workplace } from "../support/command-line.ts";
import { CAN_MAKE_SMALL_DISK, onSmallDisk } from "../support/small-disk.ts";

const WIDTH = 96;
const HEIGHT = 64;

let place: Workplace;
let clip: string;

beforeAll(() => {
  place = makeWorkplace();
  clip = place.path("clip");
  mkdirSync(clip);
  for (let frame = 0; frame < 4; frame++) {
    writeFileSync(place.path("clip", `${frame}.png`), discPng(WIDTH, HEIGHT, frame));
  }
});

afterAll(() => place.remove());

async function refused(...args: string[]) {
  const result = await run(["track", ...args, "--out", place.path("refused")]);
  expect(result.code).toBe(1);
  expect(result.summary).toMatchObject({ ok: false });
  expect(result.summary.error?.remedy).toBeTruthy();
  expect(existsSync(place.path("refused", "00000.png"))).toBe(false);
  return result.summary.error!;
}

/** No model is given where the mistake must be found before one is loaded: this name is no model. */
const NO_MODEL = ["--model", "never-loaded"];

describe("prompts that can't be meant, found before a model is loaded", () => {
  test("a click outside of the frame", async () => {
    const error = await refused(clip, ...NO_MODEL, "--point", "96.5,10");
    expect(error).toMatchObject({
      code: "bad-prompt",
      message: "The point 96.5,10 lies outside of the frame, which is 96 x 64 pixels.",
    });
  });

  test("a box beside the frame", async () => {
    const { message } = await refused(clip, ...NO_MODEL, "--box", "100,0,120,20");
    expect(message).toContain("The box 100,0,120,20 covers nothing of the frame");
  });

  test("a frame that the clip does not have", async () => {
    const error = await refused(clip, ...NO_MODEL, "--point", "10,10@4");
    expect(error).toMatchObject({
      code: "out-of-range",
      message: "Frame 4 is not in clip: its frames are 0 to 3.",
    });
  });

  test("a mask of another size", async () => {
    writeFileSync(
      place.path("small.png"),
      maskPng(32, 20, () => true),
    );
    const { message } = await refused(clip, ...NO_MODEL, "--mask", place.path("small.png"));
    expect(message).toContain("is 32 x 20 pixels, but clip is 96 x 64");
  });

  test("an empty mask", async () => {
    writeFileSync(
      place.path("empty.png"),
      maskPng(WIDTH, HEIGHT, () => false),
    );
    const { message } = await refused(clip, ...NO_MODEL, "--mask", place.path("empty.png"));
    expect(message).toContain("is empty: none of its pixels is set");
  });

  test("a mask that is no picture, or isn't there", async () => {
    writeFileSync(place.path("text.png"), "not a picture");
    expect((await refused(clip, ...NO_MODEL, "--mask", place.path("text.png"))).message).toContain(
      "is not a readable PNG",
    );
    expect((await refused(clip, ...NO_MODEL, "--mask", place.path("none.png"))).message).toContain(
      "there is no such file",
    );
  });
});

describe("clips that are none", () => {
  test("a folder without frames", async () => {
    mkdirSync(place.path("nothing"));
    expect((await refused(place.path("nothing"), "--point", "1,1")).message).toContain("holds no frames");
  });

  test("frames of two sizes: the message names the file and both sizes", async () => {
    mkdirSync(place.path("mixed"));
    writeFileSync(place.path("mixed", "0.png"), discPng(WIDTH, HEIGHT, 0));
    writeFileSync(place.path("mixed", "1.png"), discPng(48, 32, 0));
    const result = await run([
      "track",
      place.path("mixed"),
      ...place.model,
      "--point",
      "1,1",
      "--out",
      place.path("mixed-out"),
    ]);
    expect(result.code).toBe(1);
    expect(result.stderr).toContain("1.png is 48 x 32, but the clip's first frame is 96 x 64");
  });

  test("a damaged frame in the middle: what was done before it stays", async () => {
    mkdirSync(place.path("damaged"));
    for (const frame of [0, 1, 2])
      writeFileSync(place.path("damaged", `${frame}.png`), discPng(WIDTH, HEIGHT, frame));
    const bytes = discPng(WIDTH, HEIGHT, 2);
    writeFileSync(place.path("damaged", "2.png"), bytes.subarray(0, bytes.length / 2));
    const out = place.path("damaged-out");
    const result = await run([
      "track",
      place.path("damaged"),
      ...place.model,
      "--point",
      "20,32",
      "--out",
      out,
    ]);
    expect(result.code).toBe(1);
    expect(result.stderr).toContain("2.png is a damaged PNG file");
    expect(readdirSync(out)).toContain("00000.png");
  });

  test("a path where nothing is", async () => {
    expect((await refused(place.path("nowhere"), "--point", "1,1")).code).toBe("not-found");
  });
});

describe("models that are none", () => {
  test("a name that isn't known lists those that are", async () => {
    const { message, remedy } = await refused(clip, "--model", "sam9", "--point", "1,1");
    expect(message).toBe('There is no model "sam9".');
    expect(remedy).toContain("sam2.1-tiny");
  });

  test("a listed model that isn't here says how to get it", async () => {
    process.env.MASKLET_HOME = place.path("home");
    const { remedy } = await refused(clip, "--model", "sam2.1-tiny", "--point", "1,1");
    expect(remedy).toBe('Download it with "masklet models get sam2.1-tiny".');
    const { summary } = await run(["models"]);
    expect(summary.models).toContainEqual(
      expect.objectContaining({ id: "sam2.1-tiny", state: "remote", bytes: 156_008_466 }),
    );
    expect(summary.models).toContainEqual(expect.objectContaining({ id: "builtin", state: "builtin" }));
    delete process.env.MASKLET_HOME;
  });

  test.each([
    ["text", "hello, I am no checkpoint", "text"],
    ["nothing", "", "empty"],
  ])("a checkpoint that is %s", async (_kind, content, word) => {
    writeFileSync(place.path("bad.pt"), content);
    const error = await refused(clip, "--model", place.path("bad.pt"), "--point", "1,1");
    expect(error.code).toBe("bad-checkpoint");
    expect(error.message).toMatch(/^bad\.pt can't be used\./);
    expect(error.message).toContain(word);
  });

  test("a checkpoint cut in half", async () => {
    const whole = readFileSync(place.path("mini.safetensors"));
    writeFileSync(place.path("half.safetensors"), whole.subarray(0, whole.length / 2));
    const error = await refused(
      clip,
      "--model",
      place.path("half.safetensors"),
      "--config",
      place.path("mini.yaml"),
      "--point",
      "1,1",
    );
    expect(error.code).toBe("bad-checkpoint");
    expect(error.message).toMatch(/^half\.safetensors can't be used\..*truncated/);
  });

  test("a configuration that doesn't fit, and one that isn't there", async () => {
    writeFileSync(
      place.path("other.yaml"),
      readFileSync(place.path("mini.yaml"), "utf8").replace("d_model: 32", "d_model: 64"),
    );
    const [, model] = place.model;
    expect(
      (await refused(clip, "--model", model!, "--config", place.path("other.yaml"), "--point", "1,1")).code,
    ).toMatch(/^bad-/);
    expect(
      (await refused(clip, "--model", model!, "--config", place.path("no.yaml"), "--point", "1,1")).code,
    ).toBe("not-found");
  });

  test("a flag that the predictor doesn't have is a usage error that names those it has", async () => {
    const args = [
      "track",
      clip,
      ...place.model,
      "--point",
      "1,1",
      "--out",
      place.path("o"),
      "--set",
      "fill_holes=3",
    ];
    const { code, stderr } = await run(args);
    expect(code).toBe(2);
    expect(stderr).toContain(
      'The predictor has no flag "fill_holes"; it has add_all_frames_to_correct_as_cond',
    );
  });
});

describe("places that can't be written", () => {
  test("a file in the way of the folder is found before any work", async () => {
    writeFileSync(place.path("taken"), "in the way");
    const { code, summary } = await run([
      "track",
      clip,
      ...NO_MODEL,
      "--point",
      "1,1",
      "--out",
      place.path("taken"),
    ]);
    expect(code).toBe(1);
    expect(summary.error).toMatchObject({
      code: "write-failed",
      message: expect.stringContaining("a file lies where a folder is needed"),
    });
    expect(readFileSync(place.path("taken"), "utf8")).toBe("in the way");
  });

  test.skipIf(!CAN_MAKE_SMALL_DISK)(
    "a disk that fills up says so, and the frames that fitted are whole",
    async () => {
      const disk = place.path("disk");
      await onSmallDisk(disk, "8k", async () => {
        const { code, summary } = await run([
          "track",
          clip,
          ...place.model,
          "--point",
          "20,32",
          "--out",
          disk,
        ]);
        expect(code).toBe(1);
        expect(summary.error).toMatchObject({
          code: "write-failed",
          message: expect.stringContaining("the disk is full"),
        });
        expect(readdirSync(disk).every((name) => /^\d{5}\.png$/.test(name))).toBe(true);
      });
    },
  );
});

describe("masklet info and convert", () => {
  test("info describes a folder of frames and a checkpoint", async () => {
    const { summary } = await run(["info", clip, "--timestamps"]);
    expect(summary).toMatchObject({
      kind: "clip",
      width: WIDTH,
      height: HEIGHT,
      frameCount: 4,
      codec: "png",
    });
    expect(summary.timestamps).toEqual([0, 1 / 24, 2 / 24, 3 / 24]);
    const [, model, , config] = place.model;
    const checkpoint = await run(["info", model!, "--config", config!]);
    expect(checkpoint.summary).toMatchObject({ kind: "checkpoint", id: "mini.safetensors" });
  });

  test("convert writes four graphs, their weights and the model's constants", async () => {
    const [, model, , config] = place.model;
    const { code } = await run(["convert", model!, "--config", config!, "--out", place.path("onnx")]);
    expect(code).toBe(0);
    const written = readdirSync(place.path("onnx"));
    for (const graph of ["image-encoder", "memory-attention", "mask-decoder", "memory-encoder"]) {
      expect(written).toContain(`${graph}.onnx`);
    }
    expect(JSON.parse(readFileSync(place.path("onnx", "model.json"), "utf8")).graphs.length).toBe(4);
  });
});
