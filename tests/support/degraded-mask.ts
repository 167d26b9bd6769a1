/** Runs in Node: a true mask as a model of a small map gives it: averaged, blurred, noisy, thresholded. */
import type { BinaryMask } from "../../worker/evaluation/binary-mask.ts";
import { decodeMask } from "../../worker/mask-rle.ts";
import { maskOfLogits, resizeAntialiased } from "../../worker/postprocess.ts";
import { noiseFrom } from "./synthetic-shot.ts";

export interface Degradation {
  /** The map is side x side, whatever the frame's shape, as the mask decoder's. */
  side: number;
  /** Standard deviation of the blur in cells: networks don't draw sharp corners. */
  blur: number;
  /** Standard deviation of smooth random logits; ±10 is sure. What makes an edge chatter. */
  noise?: number;
  seed?: number;
}

/** Upscaled bilinearly and thresholded at 0, as the pipeline does it. */
export function degradeMask(mask: BinaryMask, degradation: Degradation): BinaryMask {
  const { width, height } = mask;
  const logits = degradedLogits(mask, degradation);
  return { width, height, data: decodeMask(maskOfLogits(logits, degradation.side, width, height)) };
}

/** [side, side]; ±10 is sure. */
export function degradedLogits(mask: BinaryMask, degradation: Degradation): Float32Array {
  const { side, blur, noise = 0, seed = 1 } = degradation;
  const { width, height } = mask;
  const share = resizeAntialiased(mask.data, width, height, side, side);
  const logits = blurMap(
    share.map((value) => value * 20 - 10),
    side,
    blur,
  );
  if (noise > 0) {
    const random = noiseFrom(seed);
    const grain = blurMap(
      logits.map(() => (random() - 0.5) * 2),
      side,
      1,
    );
    const deviation = Math.sqrt(grain.reduce((sum, value) => sum + value * value, 0) / grain.length);
    for (let i = 0; i < logits.length; i++) logits[i]! += (grain[i]! * noise) / deviation;
  }
  return logits;
}

function blurMap(map: Float32Array, side: number, deviation: number): Float32Array {
  if (deviation === 0) return map;
  const reach = Math.ceil(3 * deviation);
  const weights = Array.from({ length: 2 * reach + 1 }, (_, i) =>
    Math.exp(-(((i - reach) / deviation) ** 2) / 2),
  );
  const total = weights.reduce((a, b) => a + b);
  const clamp = (i: number) => Math.min(side - 1, Math.max(0, i));
  const along = (source: Float32Array, index: (line: number, i: number) => number) => {
    const result = new Float32Array(source.length);
    for (let line = 0; line < side; line++)
      for (let i = 0; i < side; i++) {
        let sum = 0;
        for (let k = -reach; k <= reach; k++) sum += weights[k + reach]! * source[index(line, clamp(i + k))]!;
        result[index(line, i)] = sum / total;
      }
    return result;
  };
  const rows = along(map, (line, i) => line * side + i);
  return along(rows, (line, i) => i * side + line);
}
