/** Test support, in Node: the tracker's own way from a clip's bytes to matte files, with "what is bright" as its model. */
import { exportMatte } from "../../worker/export-matte.ts";
import type { FrameSource, Picture } from "../../worker/frames/frame-source.ts";
import { openMediaRanges } from "../../worker/frames/media-blob.ts";
import { openStillClip } from "../../worker/frames/still-frame-source.ts";
import { encodeMask } from "../../worker/mask-rle.ts";
import { decodeJpeg } from "../../worker/node/jpeg.ts";
import { prepareMediaCodecs } from "../../worker/node/media-codecs.ts";
import type { ClipSource, FrameResult, TrackerApi, TrackRequest } from "../../worker/protocol.ts";
import { Tracker } from "../../worker/tracker.ts";
import { FakeTracker } from "./panel-fake-tracker.ts";
import { miniRealm } from "./tracker-realm.ts";

/** Clips and mattes are the real tracker's; an object is what is bright in each picture as it was decoded. */
export function brightTracker(): TrackerApi {
  let frames: FrameSource;
  const real = new Tracker(
    miniRealm({
      openClip: async (source, clipId) => {
        frames = await openClip(source, clipId);
        return frames;
      },
      exportMatte: (job) => exportMatte(job, prepareMediaCodecs),
    }),
  );
  const own: Partial<TrackerApi> = {
    openClip: (source) => real.openClip(source),
    closeClip: (clipId) => real.closeClip(clipId),
    exportMatte: (...request) => real.exportMatte(...request),
    setPrompts: async (_clip, objectId, frame) => {
      return { ok: true, value: resultOf(objectId, frame, await frames.frame(frame)) };
    },
    track: (_clip, request, onProgress) => trackBright(frames, request, onProgress),
  };
  return Object.assign(new FakeTracker(), own);
}

async function trackBright(
  frames: FrameSource,
  { from, to, objectIds = [] }: TrackRequest,
  onProgress: Parameters<TrackerApi["track"]>[2],
): ReturnType<TrackerApi["track"]> {
  const totalFrames = Math.abs(to - from) + 1;
  let doneFrames = 0;
  for await (const { frameIndex, picture } of frames.frames(from, to)) {
    const results = objectIds.map((id) => resultOf(id, frameIndex, picture));
    const progress = { frameIndex, doneFrames: ++doneFrames, totalFrames };
    await onProgress({ results, ...progress, secondsLeft: null, framesPerSecond: 10 });
  }
  return { ok: true, value: { ended: "complete", doneFrames, resumeAt: null } };
}

async function openClip(source: ClipSource, clipId: string): Promise<FrameSource> {
  const { name } = source;
  if (source.kind === "ranges") {
    const { port, bytes } = source;
    return openMediaRanges({ port, bytes, name, clipId, prepareCodec: prepareMediaCodecs });
  }
  if (source.kind !== "stills") throw new Error(`hosts give ranges or stills, not ${source.kind}`);
  const files = source.blobs.map((blob, index) => ({
    name: `frame ${index}`,
    read: async () => new Uint8Array(await blob.arrayBuffer()),
  }));
  return openStillClip({ files, name, clipId, framesPerSecond: source.framesPerSecond, decodeJpeg });
}

const BRIGHT = 128;

function resultOf(objectId: number, frameIndex: number, { width, height, data }: Picture): FrameResult {
  const pixels = Uint8Array.from({ length: width * height }, (_, at) => (data[at * 4]! > BRIGHT ? 1 : 0));
  return {
    objectId,
    frameIndex,
    mask: encodeMask(pixels, width, height),
    objectScore: 8,
    predictedIou: 0.9,
    area: pixels.reduce((sum, each) => sum + each, 0),
    origin: "tracked",
    milliseconds: 1,
  };
}
