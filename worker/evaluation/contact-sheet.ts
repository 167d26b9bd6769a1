/** Runs anywhere: the worst frames on one picture, what was found in red over the true outline in green. */
import { encode } from "fast-png";
import type { FrameSource, Picture } from "../frames/frame-source.ts";
import { decodeMask } from "../mask-rle.ts";
import type { BinaryMask } from "./binary-mask.ts";
import type { DatasetClip } from "./dataset-clip.ts";
import type { ClipReport, Surroundings, WorstFrame } from "./evaluate-clip.ts";
import { boundaryPixels } from "./jaccard-and-boundary.ts";
import { drawText, TEXT_HEIGHT } from "./sheet-text.ts";

/** Pixels; four tiles side by side fit a common screen. */
const TILE_WIDTH = 420;
const TILE_HEIGHT = 300;
const COLUMNS = 4;
const MOST_TILES = 24;
const CAPTION = TEXT_HEIGHT + 6;
const FOUND = [255, 40, 40] as const;
const TRUE_OUTLINE = [60, 255, 60] as const;

interface Tile {
  clip: string;
  objectId: number;
  objectName: string;
  frame: WorstFrame;
}

/** PNG bytes; null when no frame was scored. */
export async function contactSheet(
  reports: ClipReport[],
  clips: DatasetClip[],
  surroundings: Surroundings,
): Promise<Uint8Array | null> {
  const drawn: Picture[] = [];
  for (const tile of worstTiles(reports)) {
    const clip = clips.find(({ name }) => name === tile.clip);
    if (!clip) continue;
    const frames = await surroundings.openFrames(clip);
    try {
      drawn.push(await drawTile(tile, clip, frames));
    } finally {
      frames.close();
    }
  }
  return drawn.length === 0 ? null : encodeSheet(drawn);
}

function worstTiles(reports: ClipReport[]): Tile[] {
  const tiles = reports.flatMap(({ clip, objects }) =>
    objects.flatMap(({ id, name, worst }) =>
      worst.map((frame) => ({ clip, objectId: id, objectName: name, frame })),
    ),
  );
  return tiles.sort((a, b) => a.frame.J + a.frame.F - (b.frame.J + b.frame.F)).slice(0, MOST_TILES);
}

async function drawTile(tile: Tile, clip: DatasetClip, frames: FrameSource): Promise<Picture> {
  const { frameIndex, J, F, mask } = tile.frame;
  const picture = await frames.frame(frameIndex);
  const truth = (await clip.truth(frameIndex)).get(tile.objectId);
  const full = overlay(picture, { ...mask, data: decodeMask(mask) }, truth ?? null);
  const scale = tileScale(picture);
  const small = shrink(full, Math.round(picture.width * scale), Math.round(picture.height * scale));
  const caption = `${tile.clip} ${tile.objectName} #${frameIndex} J ${(J * 100).toFixed(1)} F ${(F * 100).toFixed(1)}`;
  return withCaption(small, caption);
}

function overlay(picture: Picture, found: BinaryMask, truth: BinaryMask | null): Picture {
  const data = new Uint8ClampedArray(picture.data);
  for (let i = 0; i < found.data.length; i++) if (found.data[i]) tint(data, i, FOUND, 0.5);
  for (const pixel of truth ? thickened(boundaryPixels(truth), truth) : []) {
    tint(data, pixel, TRUE_OUTLINE, 1);
  }
  return { ...picture, data };
}

/** `share` 0 leaves the pixel, 1 replaces it. */
function tint(data: Uint8ClampedArray, pixel: number, colour: readonly number[], share: number): void {
  for (const [channel, level] of colour.entries()) {
    const at = pixel * 4 + channel;
    data[at] = data[at]! + share * (level - data[at]!);
  }
}

/** Into the tile, its shape kept. */
function tileScale({ width, height }: { width: number; height: number }): number {
  return Math.min(TILE_WIDTH / width, TILE_HEIGHT / height);
}

/** Wide enough to survive being shrunk. */
function thickened(pixels: Int32Array, { width, height }: BinaryMask): Set<number> {
  const reach = Math.floor(1 / tileScale({ width, height }) / 2);
  const area = new Set<number>();
  for (const pixel of pixels) {
    const x = pixel % width;
    const y = (pixel - x) / width;
    for (let oy = -reach; oy <= reach; oy++) {
      for (let ox = -reach; ox <= reach; ox++) {
        if (x + ox >= 0 && x + ox < width && y + oy >= 0 && y + oy < height) {
          area.add(pixel + oy * width + ox);
        }
      }
    }
  }
  return area;
}

/** Mean of the source pixels that fall on each target pixel. */
function shrink(source: Picture, width: number, height: number): Picture {
  const data = new Uint8ClampedArray(width * height * 4);
  const range = (i: number, from: number, to: number) => {
    const start = Math.floor((i * from) / to);
    return { start, end: Math.max(start + 1, Math.floor(((i + 1) * from) / to)) };
  };
  for (let y = 0; y < height; y++) {
    const rows = range(y, source.height, height);
    for (let x = 0; x < width; x++) {
      const columns = range(x, source.width, width);
      averageInto(data, (y * width + x) * 4, source, rows, columns);
    }
  }
  return { width, height, data };
}

interface Range {
  start: number;
  /** One past the last. */
  end: number;
}

function averageInto(target: Uint8ClampedArray, at: number, source: Picture, rows: Range, columns: Range) {
  const count = (rows.end - rows.start) * (columns.end - columns.start);
  for (let channel = 0; channel < 4; channel++) {
    let sum = 0;
    for (let y = rows.start; y < rows.end; y++) {
      for (let x = columns.start; x < columns.end; x++)
        sum += source.data[(y * source.width + x) * 4 + channel]!;
    }
    target[at + channel] = sum / count;
  }
}

function withCaption(picture: Picture, caption: string): Picture {
  const canvas = blank(TILE_WIDTH, picture.height + CAPTION);
  paste(canvas, picture, Math.floor((TILE_WIDTH - picture.width) / 2), CAPTION);
  drawText(canvas, 3, 3, caption);
  return canvas;
}

function encodeSheet(tiles: Picture[]): Uint8Array {
  const rowHeight = Math.max(...tiles.map((tile) => tile.height));
  const columns = Math.min(COLUMNS, tiles.length);
  const sheet = blank(columns * TILE_WIDTH, Math.ceil(tiles.length / columns) * rowHeight);
  for (const [i, tile] of tiles.entries()) {
    paste(sheet, tile, (i % columns) * TILE_WIDTH, Math.floor(i / columns) * rowHeight);
  }
  return encode({ ...sheet, channels: 4, depth: 8 });
}

/** Black, opaque. */
function blank(width: number, height: number): Picture {
  const data = new Uint8ClampedArray(width * height * 4);
  for (let i = 3; i < data.length; i += 4) data[i] = 255;
  return { width, height, data };
}

function paste(target: Picture, source: Picture, left: number, top: number): void {
  for (let y = 0; y < source.height; y++) {
    const row = source.data.subarray(y * source.width * 4, (y + 1) * source.width * 4);
    target.data.set(row, ((top + y) * target.width + left) * 4);
  }
}
