/**
 * Runs in Node: real cut-outs over real footage, with exact masks. They move, leave the frame or go behind
 * something, and come back. Everything is read from `../shared/clips`; nothing is kept.
 */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { decodeAnnotation } from "../../worker/evaluation/annotation-png.ts";
import type { BinaryMask } from "../../worker/evaluation/binary-mask.ts";
import type { Picture } from "../../worker/frames/frame-source.ts";
import { boxOfMask } from "../../worker/matte/alpha-region.ts";
import { openClipAt } from "../../worker/node/open-clip.ts";
import { resizeAntialiased } from "../../worker/postprocess.ts";
import { resizeLikePillow } from "../../worker/preprocess.ts";

/** Colours and alpha of one object, 0 to 1; rows from the top. */
interface CutOut {
  width: number;
  height: number;
  rgb: Uint8Array;
  alpha: Float32Array;
}

export interface ComposedFrame {
  picture: Picture;
  /** Without a pixel where the object is hidden. */
  mask: BinaryMask;
}

export interface ComposedClip {
  name: string;
  frames: ComposedFrame[];
}

/** Where the object's centre is, in shares of the frame; `pillar`: a strip in front of it, in shares of the width. */
interface Scenario {
  name: string;
  background: string;
  cutOut: { clip: string; frame: number; id: number };
  /** Longer side of the object, pixels. */
  size: number;
  place: (time: number) => [x: number, y: number];
  pillar?: [from: number, to: number];
}

const SHARED = "../shared/clips";
export const COMPOSED_WIDTH = 640;
export const COMPOSED_HEIGHT = 360;
const FRAMES = 48;

const CAP = { clip: "pumavos_caps", frame: 33, id: 2 };
const CHAIR = { clip: "pumavos_chair", frame: 30, id: 1 };

/** Back and forth between 0 and 1. */
const swing = (time: number) => (1 - Math.cos(time * 2 * Math.PI)) / 2;

const SCENARIOS: Scenario[] = [
  {
    name: "cap, out and in again",
    background: "12_hideandseek.mp4",
    cutOut: CAP,
    size: 48,
    place: (time) => [0.55 + 0.65 * swing(time), 0.45 + 0.1 * time],
  },
  {
    name: "cap, behind a strip",
    background: "02_cups.mp4",
    cutOut: CAP,
    size: 56,
    place: (time) => [0.2 + 0.6 * time, 0.3 + 0.1 * swing(time)],
    pillar: [0.42, 0.6],
  },
  {
    name: "chair, out and in again",
    background: "14_social_dog_training.mp4",
    cutOut: CHAIR,
    size: 90,
    place: (time) => [0.4 - 0.65 * swing(time), 0.5],
  },
  {
    name: "chair, behind a strip",
    background: "05_default_juggle.mp4",
    cutOut: CHAIR,
    size: 72,
    place: (time) => [0.25 + 0.5 * swing(time), 0.6],
    pillar: [0.4, 0.58],
  },
];

export const hasFootage = () => existsSync(`${SHARED}/unlabelled`);

export function composedClips(): Promise<ComposedClip[]> {
  return Promise.all(SCENARIOS.map(compose));
}

async function compose(scenario: Scenario): Promise<ComposedClip> {
  const cutOut = scaled(await cutOutOf(scenario.cutOut), scenario.size);
  const backgrounds = await footage(`${SHARED}/unlabelled/${scenario.background}`, FRAMES);
  const frames = backgrounds.map((background, frame) => {
    const [x, y] = scenario.place(frame / (FRAMES - 1));
    return over(background, cutOut, x * COMPOSED_WIDTH, y * COMPOSED_HEIGHT, scenario.pillar);
  });
  return { name: scenario.name, frames };
}

/** The first `count` frames at the composed clips' size. */
export async function footage(path: string, count: number, first = 0): Promise<Picture[]> {
  const source = await openClipAt(path);
  try {
    const pictures: Picture[] = [];
    for await (const { picture } of source.frames(first, first + count - 1)) pictures.push(reduced(picture));
    return pictures;
  } finally {
    source.close();
  }
}

function reduced(picture: Picture): Picture {
  const [width, height] = [COMPOSED_WIDTH, COMPOSED_HEIGHT];
  const rgb = resizeLikePillow(picture, width, height);
  const data = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let i = 0; i < width * height; i++) data.set(rgb.subarray(i * 3, i * 3 + 3), i * 4);
  return { width, height, data };
}

async function cutOutOf({ clip, frame, id }: Scenario["cutOut"]): Promise<CutOut> {
  const name = String(frame).padStart(5, "0");
  const source = await openClipAt(`${SHARED}/${clip}/frames`);
  const picture = await source.frame(frame);
  source.close();
  const annotation = decodeAnnotation(await readFile(`${SHARED}/${clip}/masks/${name}.png`));
  const { width, height } = annotation;
  const mask = { width, height, data: annotation.data.map((value) => (value === id ? 1 : 0)) };
  const box = boxOfMask(mask);
  if (!box) throw new Error(`${clip} has no object ${id} on frame ${frame}.`);
  const cut: CutOut = {
    width: box.width,
    height: box.height,
    rgb: new Uint8Array(box.width * box.height * 3),
    alpha: new Float32Array(box.width * box.height),
  };
  for (let y = 0, i = 0; y < box.height; y++)
    for (let x = 0; x < box.width; x++, i++) {
      const at = (box.y + y) * width + box.x + x;
      cut.alpha[i] = mask.data[at]!;
      cut.rgb.set(picture.data.subarray(at * 4, at * 4 + 3), i * 3);
    }
  return cut;
}

function scaled(cut: CutOut, size: number): CutOut {
  const scale = size / Math.max(cut.width, cut.height);
  const [width, height] = [Math.round(cut.width * scale), Math.round(cut.height * scale)];
  const rgba = new Uint8ClampedArray(cut.width * cut.height * 4);
  for (let i = 0; i < cut.alpha.length; i++) rgba.set(cut.rgb.subarray(i * 3, i * 3 + 3), i * 4);
  const rgb = resizeLikePillow({ width: cut.width, height: cut.height, data: rgba }, width, height);
  return { width, height, rgb, alpha: resizeAntialiased(cut.alpha, cut.width, cut.height, width, height) };
}

function over(
  background: Picture,
  cut: CutOut,
  centreX: number,
  centreY: number,
  pillar: Scenario["pillar"],
): ComposedFrame {
  const { width, height } = background;
  const picture = { width, height, data: background.data.slice() };
  const mask = { width, height, data: new Uint8Array(width * height) };
  const [left, top] = [Math.round(centreX - cut.width / 2), Math.round(centreY - cut.height / 2)];
  for (let y = Math.max(0, -top); y < Math.min(cut.height, height - top); y++)
    for (let x = Math.max(0, -left); x < Math.min(cut.width, width - left); x++) {
      const at = (top + y) * width + left + x;
      const share = (left + x) / width;
      if (pillar && share >= pillar[0] && share < pillar[1]) continue;
      const alpha = Math.min(1, Math.max(0, cut.alpha[y * cut.width + x]!));
      for (let c = 0; c < 3; c++) {
        const below = background.data[at * 4 + c]!;
        picture.data[at * 4 + c] = below + (cut.rgb[(y * cut.width + x) * 3 + c]! - below) * alpha;
      }
      mask.data[at] = alpha > 0.5 ? 1 : 0;
    }
  return { picture, mask };
}
