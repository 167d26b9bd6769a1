/** Datasets of a few tiny frames, in each layout: a bright square that moves to the right over noise. */
import { encode } from "fast-png";
import { encodeAnnotation } from "../../worker/evaluation/annotation-png.ts";
import type { MemoryFiles } from "./memory-folder.ts";

export const TINY = { width: 48, height: 32, side: 12 };

/** Columns that the square of object 1 has moved on frame `t`. */
const STEP = 2;

export function squareAt(t: number, object = 1): Uint8Array {
  const { width, height, side } = TINY;
  const pixels = new Uint8Array(width * height);
  const left = (object === 1 ? 4 : 26) + (object === 1 ? STEP * t : 0);
  const top = object === 1 ? 4 : 18;
  for (let y = top; y < top + side; y++) pixels.fill(1, y * width + left, y * width + left + side);
  return pixels;
}

/** RGB PNG: noise, brighter inside of object 1. */
export function framePng(t: number, { width, height } = TINY): Uint8Array {
  const inside = squareAt(t);
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    const x = i % width;
    const texture = ((x - (inside[i] ? STEP * t : 0)) * 37 + Math.floor(i / width) * 53) % 64;
    data.fill((inside[i] ? 160 : 20) + texture, i * 3, i * 3 + 3);
  }
  return encode({ width, height, data, channels: 3, depth: 8 });
}

export function greyPng(data: Uint8Array, { width, height } = TINY): Uint8Array {
  return encode({ width, height, data, channels: 1, depth: 8 });
}

/** Objects 1 and 2 as palette indices. */
export function palettePng(t: number, objects = 1): Uint8Array {
  const data = squareAt(t);
  const second = squareAt(t, 2);
  if (objects === 2) for (let i = 0; i < data.length; i++) if (second[i]) data[i] = 2;
  return encodeAnnotation(TINY.width, TINY.height, data);
}

export const frameName = (t: number) => String(t).padStart(5, "0");

export function davisFiles(clips: string[], frames: number, objects = 1): MemoryFiles {
  const files: MemoryFiles = {};
  for (const clip of clips) {
    for (let t = 0; t < frames; t++) {
      files[`JPEGImages/480p/${clip}/${frameName(t)}.png`] = framePng(t);
      files[`Annotations/480p/${clip}/${frameName(t)}.png`] = palettePng(t, objects);
    }
  }
  return files;
}

/** Annotated on every `step`-th frame; objects in folders 000 and 001. */
export function savFiles(frames: number, step: number): MemoryFiles {
  const files: MemoryFiles = {};
  for (let t = 0; t < frames; t++) {
    files[`JPEGImages_24fps/sav_1/${frameName(t)}.png`] = framePng(t);
    if (t % step !== 0) continue;
    for (const object of [1, 2]) {
      const mask = squareAt(t, object).map((value) => value * 255);
      files[`Annotations_6fps/sav_1/00${object - 1}/${frameName(t)}.png`] = greyPng(mask);
    }
  }
  return files;
}
