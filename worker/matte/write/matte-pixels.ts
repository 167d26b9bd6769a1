/** Pure: alpha at the depth that a format stores, alone or with the picture. */
import type { Picture } from "../../frames/frame-source.ts";
import { TrackerError } from "../../tracker-error.ts";
import type { MatteFrame } from "../matte-writer.ts";

type Alpha = MatteFrame["alpha"];

export function to8Bits(alpha: Alpha): Uint8Array {
  if (alpha instanceof Uint16Array) return Uint8Array.from(alpha, (value) => Math.round(value / 257));
  return new Uint8Array(alpha.buffer, alpha.byteOffset, alpha.length);
}

export function to16Bits(alpha: Alpha): Uint16Array {
  return alpha instanceof Uint16Array ? alpha : Uint16Array.from(alpha, (value) => value * 257);
}

/**
 * The picture with the matte as alpha; where the picture itself is transparent, both apply. `premultiplied`:
 * colours weighted by it.
 */
export function cutOut(frame: MatteFrame, deep: boolean, premultiplied: boolean): Uint8Array | Uint16Array {
  const { data } = pictureOf(frame);
  const alpha = deep ? to16Bits(frame.alpha) : to8Bits(frame.alpha);
  const rgba = deep ? Uint16Array.from(data, (value) => value * 257) : new Uint8Array(data);
  for (let pixel = 0; pixel < alpha.length; pixel++) {
    const at = pixel * 4 + 3;
    rgba[at] = Math.round((alpha[pixel]! * data[at]!) / 255);
  }
  if (premultiplied) premultiply(rgba, deep ? 65535 : 255);
  return rgba;
}

function premultiply(rgba: Uint8Array | Uint16Array, full: number): void {
  for (let at = 0; at < rgba.length; at += 4) {
    const share = rgba[at + 3]! / full;
    for (let channel = at; channel < at + 3; channel++) rgba[channel] = Math.round(rgba[channel]! * share);
  }
}

/** Grey, opaque. */
export function matteAsPicture(frame: MatteFrame, width: number, height: number): Picture {
  const grey = to8Bits(frame.alpha);
  const data = new Uint8ClampedArray(grey.length * 4);
  for (let pixel = 0; pixel < grey.length; pixel++) {
    data.fill(grey[pixel]!, pixel * 4, pixel * 4 + 3);
    data[pixel * 4 + 3] = 255;
  }
  return { width, height, data };
}

function pictureOf({ picture, frameIndex }: MatteFrame): Picture {
  if (picture) return picture;
  throw new TrackerError(
    "internal",
    `Frame ${frameIndex} of a cut-out came without its picture.`,
    "Report this.",
  );
}
