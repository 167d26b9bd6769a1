/** Pure: a stored picture becomes the displayed one: rotation, mirroring and pixel aspect applied. */
import type { Picture } from "./frame-source.ts";

export interface Orientation {
  /** Clockwise degrees; applied before the mirroring. */
  rotation: 0 | 90 | 180 | 270;
  /** Left and right exchanged. */
  flip: boolean;
}

/** Turns and mirrors; the same picture where there is nothing to do. */
export function orientPicture(picture: Picture, { rotation, flip }: Orientation): Picture {
  if (rotation === 0 && !flip) return picture;
  const turned = rotation === 90 || rotation === 270;
  const width = turned ? picture.height : picture.width;
  const height = turned ? picture.width : picture.height;
  const source = pixelsOf(picture);
  const target = new Uint32Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = sourceOf(flip ? width - 1 - x : x, y, picture, rotation);
      target[y * width + x] = source[from]!;
    }
  }
  return { width, height, data: new Uint8ClampedArray(target.buffer) };
}

function sourceOf(x: number, y: number, { width, height }: Picture, rotation: number): number {
  if (rotation === 90) return (height - 1 - x) * width + y;
  if (rotation === 180) return (height - 1 - y) * width + (width - 1 - x);
  if (rotation === 270) return x * width + (width - 1 - y);
  return y * width + x;
}

function pixelsOf({ data }: Picture): Uint32Array {
  const aligned = data.byteOffset % 4 === 0 ? data : data.slice();
  return new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 4);
}

/** Stretches to square pixels: each target pixel is the mean of what it covers, or a blend of neighbours. */
export function stretchPicture(picture: Picture, width: number, height: number): Picture {
  const wide = picture.width === width ? picture : stretchRows(picture, width);
  return wide.height === height ? wide : stretchColumns(wide, height);
}

interface Weight {
  source: number;
  weight: number;
}

/** For each target sample, the source samples under a triangle at least one sample wide on each side. */
function weightsOf(from: number, to: number): Weight[][] {
  const scale = from / to;
  const reach = Math.max(1, scale);
  return Array.from({ length: to }, (_, index) => {
    const centre = (index + 0.5) * scale - 0.5;
    const weights: Weight[] = [];
    for (let source = Math.ceil(centre - reach); source <= Math.floor(centre + reach); source++) {
      const weight = 1 - Math.abs(source - centre) / reach;
      if (weight > 0 && source >= 0 && source < from) weights.push({ source, weight });
    }
    const total = weights.reduce((sum, { weight }) => sum + weight, 0);
    return weights.map(({ source, weight }) => ({ source, weight: weight / total }));
  });
}

function stretchRows({ data, width: from, height }: Picture, width: number): Picture {
  const target = new Uint8ClampedArray(width * height * 4);
  const weights = weightsOf(from, width);
  for (let y = 0; y < height; y++) {
    blendLine(data, y * from * 4, 4, target, y * width * 4, 4, weights);
  }
  return { width, height, data: target };
}

function stretchColumns({ data, width }: Picture, height: number): Picture {
  const target = new Uint8ClampedArray(width * height * 4);
  const weights = weightsOf(data.length / (width * 4), height);
  for (let x = 0; x < width; x++) {
    blendLine(data, x * 4, width * 4, target, x * 4, width * 4, weights);
  }
  return { width, height, data: target };
}

function blendLine(
  source: Uint8ClampedArray,
  sourceStart: number,
  sourceStep: number,
  target: Uint8ClampedArray,
  targetStart: number,
  targetStep: number,
  weights: Weight[][],
): void {
  weights.forEach((parts, index) => {
    for (let channel = 0; channel < 4; channel++) {
      let sum = 0;
      for (const { source: at, weight } of parts) {
        sum += weight * source[sourceStart + at * sourceStep + channel]!;
      }
      target[targetStart + index * targetStep + channel] = sum;
    }
  });
}
