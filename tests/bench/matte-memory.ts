/**
 * Runs in Node: the memory that exporting a 4K matte takes, for a short clip and for one four times as long. Each in
 * a process of its own, whose highest resident size the system keeps. Writes its table into tests/MATTE.md.
 */
import { execFileSync } from "node:child_process";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { exportMatte } from "../../worker/export-matte.ts";
import { arrayFrameSource } from "../../worker/frames/array-frame-source.ts";
import type { FrameSource, Picture } from "../../worker/frames/frame-source.ts";
import { encodeMask } from "../../worker/mask-rle.ts";
import { neutralSettings, productSettings } from "../../worker/matte/matte-settings.ts";
import { prepareMediaCodecs } from "../../worker/node/media-codecs.ts";
import type { MatteFormat, MatteRequest } from "../../worker/protocol.ts";
import { type Table, writeTable } from "./matte-report.ts";

const [WIDTH, HEIGHT] = [3840, 2160];
const MEBIBYTE = 2 ** 20;
const LENGTHS = [6, 24];
const CONTROLS = {
  "hard mask": neutralSettings,
  refined: productSettings,
  "refined, steady": () => ({ ...productSettings(), steady: 50 }),
} as const;
type Controls = keyof typeof CONTROLS;

const CASES: readonly [MatteFormat, MatteRequest["content"], Controls][] = [
  ["png", "matte", "hard mask"],
  ["png", "matte", "refined"],
  ["png16", "cutout", "refined, steady"],
  ["h264", "matte", "refined"],
  ["prores4444", "cutout", "refined"],
];

interface Measured {
  /** Bytes. Resident: the highest; held: the most after a collection, between two frames. */
  resident: number;
  held: number;
  before: number;
  files: number;
}

/** Pictures are drawn as they are asked for: a clip that is decoded isn't in memory as a whole either. */
function drawnClip(frames: number): FrameSource {
  const [only] = [{ width: WIDTH, height: HEIGHT, data: new Uint8ClampedArray(4) }];
  const clip = arrayFrameSource(new Array<Picture>(frames).fill(only), "drawn");
  return {
    ...clip,
    frame: async (index) => draw(index),
    async *frames(from, to) {
      for (let frameIndex = from; frameIndex <= to; frameIndex++)
        yield { frameIndex, picture: draw(frameIndex) };
    },
  };
}

const isInside = (x: number, y: number, frame: number) => Math.hypot(x - 1600 - 8 * frame, y - 1080) < 800;

function draw(frame: number): Picture {
  const data = new Uint8ClampedArray(WIDTH * HEIGHT * 4);
  const pixels = new Uint32Array(data.buffer);
  for (let y = 0; y < HEIGHT; y++)
    for (let x = 0; x < WIDTH; x++)
      pixels[y * WIDTH + x] =
        0xff000000 | ((isInside(x, y, frame) ? 0x3060d0 : 0x806020) + 0x010101 * ((x ^ y) & 15));
  return { width: WIDTH, height: HEIGHT, data };
}

function maskOf(frame: number) {
  const pixels = new Uint8Array(WIDTH * HEIGHT);
  for (let at = 0; at < pixels.length; at++)
    if (isInside(at % WIDTH, Math.floor(at / WIDTH), frame)) pixels[at] = 1;
  return encodeMask(pixels, WIDTH, HEIGHT);
}

async function measure(at: number, frameCount: number): Promise<Measured> {
  const [format, content, controls] = CASES[at]!;
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const masks = Array.from({ length: frameCount }, (_, frameIndex) => ({
    frameIndex,
    mask: maskOf(frameIndex),
  }));
  const heldNow = () => {
    collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const before = heldNow();
  let held = 0;
  let files = 0;
  await exportMatte(
    {
      frames: drawnClip(frameCount),
      maskSide: 256,
      request: {
        layers: [{ objectId: 1, name: "disc", operation: "add", masks }],
        from: 0,
        to: frameCount - 1,
        format,
        content,
        grouping: "merged",
        settings: { ...CONTROLS[controls]() },
      },
      onFile: ({ bytes }) => {
        files += bytes.size;
      },
      onProgress: () => {
        held = Math.max(held, heldNow());
      },
      signal: new AbortController().signal,
    },
    prepareMediaCodecs,
  );
  return { resident: process.resourceUsage().maxRSS * 1024, held, before, files };
}

function inOwnProcess(at: number, frames: number): Measured {
  const output = execFileSync(process.execPath, [process.argv[1]!, String(at), String(frames)]);
  return JSON.parse(output.toString()) as Measured;
}

const FRAME = WIDTH * HEIGHT * 4;
const inFrames = (bytes: number) => (bytes / FRAME).toFixed(1);
const inMebibytes = (bytes: number) => Math.round(bytes / MEBIBYTE);

function table(): Table {
  const rows = CASES.map(([format, content, controls], at) => {
    const [short, long] = LENGTHS.map((frames) => inOwnProcess(at, frames)) as [Measured, Measured];
    return [
      `${format} ${content}`,
      controls,
      inFrames(short.held - short.before),
      inFrames(long.held - long.before),
      inMebibytes(long.files),
      inMebibytes(short.resident),
      inMebibytes(long.resident),
    ];
  });
  return {
    title: "Memory at 4K",
    about:
      `Exporting ${LENGTHS.join(" and ")} frames of ${WIDTH} x ${HEIGHT}, a disc 1600 pixels wide that moves, ` +
      `each in a process of its own, Node ${process.versions.node}. Held: what is left between two frames after a ` +
      `collection, beyond what was there before, in frames of RGBA (${inMebibytes(FRAME)} MiB); files go to a ` +
      "callback as in a browser, so a movie is in it until it is finished (in Node it goes to disk as it grows). " +
      "Peak: highest resident size of the process, with Node itself and garbage not yet collected, MiB.",
    head: [
      "output",
      "controls",
      ...LENGTHS.map((frames) => `held, ${frames} frames`),
      "files MiB",
      ...LENGTHS.map((frames) => `peak, ${frames} frames`),
    ],
    rows,
  };
}

const [at, frames] = process.argv.slice(2).map(Number);
if (at !== undefined && frames !== undefined) console.log(JSON.stringify(await measure(at, frames)));
else writeTable("tests/MATTE.md", table());
