/** Runs in a worker or in Node: masks as COCO run lengths in one JSON file. */
import { encodeMask } from "../../mask-rle.ts";
import type { ClipInfo, Mask } from "../../protocol.ts";
import type { MatteWriter, MatteWriterRequest } from "../matte-writer.ts";
import { to8Bits } from "./matte-pixels.ts";

/** Masks of one object; frames without one are absent. */
export interface RleObject {
  name: string;
  masks: { frameIndex: number; mask: Mask }[];
}

/**
 * The file's text. Each mask is what pycocotools reads: `size` is [height, width], `counts` the compressed
 * string.
 */
export function rleDocument(info: ClipInfo, objects: readonly RleObject[]): string {
  const { name, width, height, frameCount, rate } = info;
  return `${JSON.stringify({
    format: "masklet-rle-1",
    clip: { name, width, height, frameCount, rate },
    objects: objects.map((object) => ({
      name: object.name,
      masks: object.masks.map(({ frameIndex, mask }) => ({
        frame: frameIndex,
        size: [mask.height, mask.width],
        counts: mask.counts,
      })),
    })),
  })}\n`;
}

/** From one half up, a pixel belongs to the mask. */
const HALF = 128;

export async function openRleWriter({ info, path, sink }: MatteWriterRequest): Promise<MatteWriter> {
  const object: RleObject = { name: path.slice(path.lastIndexOf("/") + 1), masks: [] };
  return {
    add: async ({ frameIndex, alpha }) => {
      const pixels = to8Bits(alpha).map((value) => (value >= HALF ? 1 : 0));
      object.masks.push({ frameIndex, mask: encodeMask(pixels, info.width, info.height) });
    },
    finish: async () => {
      const file = `${path || "masks"}.json`;
      await sink.writeFile(file, new TextEncoder().encode(rleDocument(info, [object])));
      return [file];
    },
    discard: async () => undefined,
  };
}
