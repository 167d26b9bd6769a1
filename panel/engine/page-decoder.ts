/** In the page: decodes clips for an engine that has no codec for them, with what the browser can. */
import type { DecodedClip } from "../../worker/engine/contract.ts";
import { PixelBitmap } from "../../worker/engine/values.ts";
import type { ClipSource, Outcome, TrackerApi } from "../../worker/protocol.ts";

export interface PageDecoder {
  /** The same clip for the same source, as long as it is open: an engine that is started again asks again. */
  open(source: ClipSource): Promise<Outcome<DecodedClip>>;
  readFrame(clip: DecodedClip, frameIndex: number, maxWidth?: number): Promise<Outcome<ImageBitmap>>;
}

/** `tracker`: the worker in the page, which opens and reads clips, and tracks nothing here. */
export function pageDecoder(tracker: () => Promise<TrackerApi>): PageDecoder {
  const opened = new Map<ClipSource, DecodedClip>();
  return {
    open: async (source) => {
      const before = opened.get(source);
      if (before) return { ok: true, value: before };
      const api = await tracker();
      const outcome = await api.openClip(source);
      if (!outcome.ok) return outcome;
      const clip = decodedClip(api, source, outcome.value, () => opened.delete(source));
      opened.set(source, clip);
      return { ok: true, value: clip };
    },
    readFrame: async (clip, frameIndex, maxWidth) =>
      (await tracker()).readFrame(clip.info.clipId, frameIndex, maxWidth),
  };
}

function decodedClip(
  api: TrackerApi,
  { name }: ClipSource,
  info: DecodedClip["info"],
  closed: () => void,
): DecodedClip {
  return {
    kind: "decoded",
    name,
    info,
    frame: async (frameIndex) => {
      const outcome = await api.readFrame(info.clipId, frameIndex);
      if (!outcome.ok) throw new Error(outcome.error.message);
      return pixelsOf(outcome.value);
    },
    close: () => {
      closed();
      return api.closeClip(info.clipId);
    },
  };
}

function pixelsOf(bitmap: ImageBitmap): PixelBitmap {
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("This page gives no canvas to read a frame from.");
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return new PixelBitmap(width, height, context.getImageData(0, 0, width, height).data);
}
