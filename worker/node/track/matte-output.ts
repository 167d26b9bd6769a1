/** Runs in Node: the tracker's masks become files, the last result of each frame. */
import { basename, dirname } from "node:path";
import { decodeMask } from "../../mask-rle.ts";
import {
  type FrameFormat,
  MATTE_EXTENSION,
  type MatteWriter,
  openMatteWriter,
} from "../../matte/matte-writer.ts";
import type { VideoRange } from "../../matte/rgba-to-yuv.ts";
import { assertMovieFormat } from "../../matte/write/movie-writer.ts";
import { rleDocument } from "../../matte/write/rle-writer.ts";
import type { ClipInfo, Mask } from "../../protocol.ts";
import { folderSink } from "../folder-sink.ts";
import { prepareMediaCodecs } from "../media-codecs.ts";

export interface OutputRequest {
  out: string;
  format: FrameFormat;
  /** Of H.264. */
  range: VideoRange;
  info: ClipInfo;
  /** Each object has a folder or file of its own below `out`; else `out` itself is the one object's. */
  perObject: boolean;
  nameOf: (objectId: number) => string;
}

/** Masks of those objects that have one on this frame. */
export interface FrameMasks {
  frameIndex: number;
  objects: { objectId: number; mask: Mask }[];
}

export interface MatteOutput {
  /** A later result of a frame takes the place of an earlier one. */
  add(masks: FrameMasks): Promise<void>;
  /** Also after a cancellation. Resolves with the number of files. */
  finish(): Promise<number>;
}

/** @throws TrackerError `unsupported-codec` before anything is tracked. */
export async function openMatteOutput(request: OutputRequest): Promise<MatteOutput> {
  const { format, info } = request;
  if (format === "png") return new StillOutput(request);
  if (format !== "rle") await assertMovieFormat(format, info, prepareMediaCodecs);
  return new WholeOutput(request);
}

/** Writes each frame at once, over an earlier result of it: whatever happens, what is there is whole. */
class StillOutput implements MatteOutput {
  readonly #request: OutputRequest;
  readonly #writers = new Map<number, MatteWriter>();

  constructor(request: OutputRequest) {
    this.#request = request;
  }

  async add({ frameIndex, objects }: FrameMasks): Promise<void> {
    for (const { objectId, mask } of objects) {
      const writer = this.#writers.get(objectId) ?? (await this.#open(objectId));
      await writer.add({ frameIndex, alpha: hardAlpha(mask) });
    }
  }

  async #open(objectId: number): Promise<MatteWriter> {
    const { out, info, perObject, nameOf } = this.#request;
    const writer = await openMatteWriter({
      format: "png",
      content: "matte",
      info,
      from: 0,
      sink: folderSink(out),
      path: perObject ? nameOf(objectId) : "",
      prepareCodec: prepareMediaCodecs,
    });
    this.#writers.set(objectId, writer);
    return writer;
  }

  async finish(): Promise<number> {
    let files = 0;
    for (const writer of this.#writers.values()) files += new Set(await writer.finish()).size;
    return files;
  }
}

/** Keeps the masks, compressed, for files that are written at the end; a frame's last result counts. */
export abstract class KeepingOutput implements MatteOutput {
  /** By object, then by frame. */
  protected readonly masks = new Map<number, Map<number, Mask>>();

  async add({ frameIndex, objects }: FrameMasks): Promise<void> {
    for (const { objectId, mask } of objects) {
      const frames = this.masks.get(objectId) ?? new Map<number, Mask>();
      this.masks.set(objectId, frames.set(frameIndex, mask));
    }
  }

  abstract finish(): Promise<number>;
}

class WholeOutput extends KeepingOutput {
  readonly #request: OutputRequest;

  constructor(request: OutputRequest) {
    super();
    this.#request = request;
  }

  async finish(): Promise<number> {
    if (this.masks.size === 0) return 0;
    return this.#request.format === "rle" ? this.#writeRle() : this.#writeMovies();
  }

  async #writeRle(): Promise<number> {
    const { out, info, nameOf } = this.#request;
    const objects = [...this.masks].map(([id, frames]) => ({
      name: nameOf(id),
      masks: [...frames].sort(([a], [b]) => a - b).map(([frameIndex, mask]) => ({ frameIndex, mask })),
    }));
    const path = withExtension(out, "json");
    const bytes = new TextEncoder().encode(rleDocument(info, objects));
    await folderSink(dirname(path)).writeFile(basename(path), bytes);
    return 1;
  }

  /** A movie has all frames of the clip, so that its frame n is the clip's; black where nothing was tracked. */
  async #writeMovies(): Promise<number> {
    const { out, format, range, info, perObject, nameOf } = this.#request;
    const file = withoutExtension(out, MATTE_EXTENSION[format]);
    for (const [id, frames] of this.masks) {
      const writer = await openMatteWriter({
        format,
        content: "matte",
        range,
        info,
        from: 0,
        sink: folderSink(perObject ? out : dirname(file)),
        path: perObject ? nameOf(id) : basename(file),
        prepareCodec: prepareMediaCodecs,
      });
      await writeFrames(writer, frames, info);
    }
    return this.masks.size;
  }
}

async function writeFrames(
  writer: MatteWriter,
  masks: ReadonlyMap<number, Mask>,
  info: ClipInfo,
): Promise<void> {
  try {
    for (let frameIndex = 0; frameIndex < info.frameCount; frameIndex++) {
      const mask = masks.get(frameIndex);
      await writer.add({
        frameIndex,
        alpha: mask ? hardAlpha(mask) : new Uint8Array(info.width * info.height),
      });
    }
    await writer.finish();
  } catch (error) {
    await writer.discard();
    throw error;
  }
}

function hardAlpha(mask: Mask): Uint8Array {
  return decodeMask(mask).map((inside) => (inside ? 255 : 0));
}

/** "matte" and "matte.mov" both name matte.mov. */
function withExtension(path: string, extension: string): string {
  return path.toLowerCase().endsWith(`.${extension}`) ? path : `${path}.${extension}`;
}

export function withoutExtension(path: string, extension: string): string {
  return path.toLowerCase().endsWith(`.${extension}`) ? path.slice(0, -extension.length - 1) : path;
}
