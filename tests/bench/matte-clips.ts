/** Runs in Node: clips with true masks for the matte benchmark. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { BinaryMask } from "../../worker/evaluation/binary-mask.ts";
import { decodePngMask } from "../../worker/frames/decode-png.ts";
import type { Picture } from "../../worker/frames/frame-source.ts";
import { decodeMask } from "../../worker/mask-rle.ts";
import { openClipAt } from "../../worker/node/open-clip.ts";
import { syntheticShot } from "../support/synthetic-shot.ts";
import type { ComposedClip } from "./composed-clips.ts";

export interface TrueFrame {
  frameIndex: number;
  mask: BinaryMask;
  picture: Picture;
}

export interface TrueClip {
  name: string;
  frames: TrueFrame[];
  /** Whether the masks are exact, or somebody's best effort. */
  exact: boolean;
}

const SHARED = "../shared/clips";

/** Labelled footage where this machine has it, the demo clip, and made-up shots at HD. */
export async function trueClips(): Promise<TrueClip[]> {
  const demo = await demoClips();
  const names = ["pumavos_chair", "pumavos_caps"].filter((name) => existsSync(`${SHARED}/${name}`));
  return [...demo, ...(await Promise.all(names.map(labelled)))];
}

async function demoClips(): Promise<TrueClip[]> {
  return (await demoFrames()).map(({ name, frames }) => ({
    name,
    exact: true,
    frames: frames.flatMap((frame, frameIndex) =>
      frame.mask.data.includes(1) ? [{ frameIndex, ...frame }] : [],
    ),
  }));
}

/** All frames of the demo clip by object, those on which it is hidden too. */
export async function demoFrames(): Promise<ComposedClip[]> {
  const text = await readFile("tests/fixtures/demo/demo-masks.json", "utf8");
  const { width, height, objects } = JSON.parse(text) as {
    width: number;
    height: number;
    objects: { name: string; counts: string[] }[];
  };
  const pictures = await picturesOf("tests/fixtures/demo/demo.mp4");
  return objects.map(({ name, counts }) => ({
    name: `demo: ${name}`,
    frames: counts.map((one, frameIndex) => ({
      mask: { width, height, data: decodeMask({ width, height, counts: one }) },
      picture: pictures[frameIndex]!,
    })),
  }));
}

/** All objects of a frame as one. */
async function labelled(name: string): Promise<TrueClip> {
  const pictures = await picturesOf(`${SHARED}/${name}/frames`);
  const frames: TrueFrame[] = [];
  for (const [frameIndex, picture] of pictures.entries()) {
    const path = `${SHARED}/${name}/masks/${String(frameIndex).padStart(5, "0")}.png`;
    if (!existsSync(path)) continue;
    const { width, height, pixels } = decodePngMask(await readFile(path));
    const mask = { width, height, data: pixels };
    if (mask.data.includes(1)) frames.push({ frameIndex, mask, picture });
  }
  return { name, exact: false, frames };
}

async function picturesOf(path: string): Promise<Picture[]> {
  const source = await openClipAt(path);
  try {
    const pictures: Picture[] = [];
    for await (const { picture } of source.frames(0, source.info.frameCount - 1)) pictures.push(picture);
    return pictures;
  } finally {
    source.close();
  }
}

/** A lobed object with thin arms; clear and weak contrast. */
export function syntheticClip(name: string, width: number, height: number): TrueClip {
  const shots = [
    syntheticShot({ width, height }),
    syntheticShot({ width, height, seed: 5, contrast: 0.25, turn: 1 }),
  ];
  return { name, exact: true, frames: shots.map((shot, frameIndex) => ({ frameIndex, ...shot })) };
}
