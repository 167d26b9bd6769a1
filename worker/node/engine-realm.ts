/** Runs in the engine process: what the tracker needs, out of what Node has. */
import type { DecodedClip } from "../engine/contract.ts";
import { PixelBitmap } from "../engine/values.ts";
import { exportMatte } from "../export-matte.ts";
import type { FrameSource, Picture } from "../frames/frame-source.ts";
import { openMediaBlob } from "../frames/media-blob.ts";
import { openStillClip } from "../frames/still-frame-source.ts";
import type { ClipSource } from "../protocol.ts";
import { TrackerError } from "../tracker-error.ts";
import type { TrackerRealm } from "../tracker-realm.ts";
import { openFileSpill } from "./file-spill.ts";
import { folderSink } from "./folder-sink.ts";
import { decodeJpeg } from "./jpeg.ts";
import { prepareMediaCodecs } from "./media-codecs.ts";
import { nativeProvider } from "./native-inference.ts";
import { nodeLibrary } from "./node-library.ts";
import { openClipAt } from "./open-clip.ts";

/** WebAssembly is the page's own way, so there is none here: an engine without native code is no gain. */
export function engineRealm(): TrackerRealm {
  return {
    providers: [nativeProvider()],
    models: nodeLibrary({ mayDownload: true }),
    openClip,
    openSpill: openFileSpill,
    toBitmap: async (picture, maxWidth) => reduced(picture, maxWidth ?? picture.width),
    exportMatte: (job) => exportMatte(job, prepareMediaCodecs, folderSink),
  };
}

async function openClip(source: ClipSource | DecodedClip, clipId: string): Promise<FrameSource> {
  switch (source.kind) {
    case "decoded":
      return decodedByPage(source, clipId);
    case "ranges":
      return openPath(source, clipId);
    case "media":
      return openMediaBlob({ ...source, clipId, prepareCodec: prepareMediaCodecs });
    case "stills": {
      const { name, framesPerSecond, blobs } = source;
      const files = blobs.map((blob, index) => ({
        name: `frame ${index}`,
        read: async () => new Uint8Array(await blob.arrayBuffer()),
      }));
      return openStillClip({ files, name, clipId, framesPerSecond, decodeJpeg });
    }
  }
}

async function openPath(
  { path, name }: ClipSource & { kind: "ranges" },
  clipId: string,
): Promise<FrameSource> {
  if (path === undefined) {
    throw new TrackerError(
      "not-found",
      `${name} can only be read by the panel.`,
      "Open the file itself in the panel.",
    );
  }
  const frames = await openClipAt(path);
  return { ...ofFrames(frames), info: { ...frames.info, clipId, name } };
}

function decodedByPage(clip: DecodedClip, clipId: string): FrameSource {
  const frame = async (frameIndex: number) => {
    try {
      return await clip.frame(frameIndex);
    } catch (error) {
      const said = error instanceof Error ? error.message : String(error);
      throw new TrackerError("bad-clip", said, "Open the clip again.", error);
    }
  };
  return {
    info: { ...clip.info, clipId, name: clip.name },
    frame,
    frames: (from, to, signal) => oneAhead(frame, from, to, signal),
    close: () => void clip.close().catch(() => {}),
  };
}

/** The next frame comes while the one before is worked on. */
async function* oneAhead(
  frame: (frameIndex: number) => Promise<Picture>,
  from: number,
  to: number,
  signal?: AbortSignal,
): ReturnType<FrameSource["frames"]> {
  const step = to < from ? -1 : 1;
  let coming = frame(from);
  for (let frameIndex = from; ; frameIndex += step) {
    signal?.throwIfAborted();
    const picture = await coming;
    if (frameIndex !== to) coming = frame(frameIndex + step);
    // Whoever asks for no more leaves it unheard.
    coming.catch(() => {});
    yield { frameIndex, picture };
    if (frameIndex === to) return;
  }
}

/** A source's methods may live on its class, where spreading doesn't find them. */
const ofFrames = (frames: FrameSource): Omit<FrameSource, "info"> => ({
  frame: (index, signal) => frames.frame(index, signal),
  frames: (from, to, signal) => frames.frames(from, to, signal),
  close: () => frames.close(),
});

/** Averaged over whole squares of pixels, down to at least `maxWidth`: the page scales the rest of the way. */
function reduced({ width, height, data }: Picture, maxWidth: number): PixelBitmap {
  const side = Math.max(1, Math.floor(width / Math.max(1, maxWidth)));
  if (side === 1) return new PixelBitmap(width, height, data);
  const [columns, rows] = [Math.floor(width / side), Math.max(1, Math.floor(height / side))];
  const small = new Uint8ClampedArray(columns * rows * 4);
  for (let at = 0; at < small.length; at++) {
    const [channel, pixel] = [at & 3, at >> 2];
    const [left, top] = [(pixel % columns) * side, Math.floor(pixel / columns) * side];
    let sum = 0;
    for (let y = top; y < top + side; y++) {
      for (let x = left; x < left + side; x++) sum += data[(y * width + x) * 4 + channel] as number;
    }
    small[at] = sum / (side * side);
  }
  return new PixelBitmap(columns, rows, small);
}
