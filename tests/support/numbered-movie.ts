/** Test support, in Node: a movie each of whose frames says its number, by the product's own writer. */
import { openMatteWriter } from "../../worker/matte/matte-writer.ts";
import { blobSink } from "../../worker/matte/write/blob-sink.ts";
import { prepareMediaCodecs } from "../../worker/node/media-codecs.ts";
import type { ClipInfo } from "../../worker/protocol.ts";
import { NUMBERED_SIZE, numberedLevels } from "./numbered-picture.ts";

export interface NumberedMovie {
  rate: ClipInfo["rate"];
  frameCount: number;
  /** What the timecode track says of the first frame, as a count of frames; H.264 has no such track. */
  startFrame?: number;
  /** H.264 where absent: its frames are coded in another order than they are shown in. */
  format?: "h264" | "prores422hq";
}

const made = new Map<string, Promise<Uint8Array>>();

/** The same movie is made once. */
export function numberedMovie(movie: NumberedMovie): Promise<Uint8Array> {
  const key = JSON.stringify(movie);
  const bytes = made.get(key) ?? writeMovie(movie);
  made.set(key, bytes);
  return bytes;
}

/** The writer counts timecode from where a matte begins in its clip, so this one begins at `startFrame`. */
async function writeMovie(movie: NumberedMovie): Promise<Uint8Array> {
  const { rate, frameCount, startFrame = 0, format = "h264" } = movie;
  const files: Blob[] = [];
  const writer = await openMatteWriter({
    format,
    content: "matte",
    info: infoOf(rate, startFrame + frameCount),
    from: startFrame,
    sink: blobSink(({ bytes }) => void files.push(bytes)),
    path: "numbers",
    prepareCodec: prepareMediaCodecs,
  });
  for (let number = 0; number < frameCount; number++) {
    await writer.add({ frameIndex: startFrame + number, alpha: numberedLevels(number) });
  }
  await writer.finish();
  return new Uint8Array(await files[0]!.arrayBuffer());
}

function infoOf(rate: ClipInfo["rate"], frameCount: number): ClipInfo {
  const seconds = (frame: number) => (frame * rate.denominator) / rate.numerator;
  return {
    clipId: "numbers",
    name: "numbers",
    ...NUMBERED_SIZE,
    frameCount,
    timestamps: Array.from({ length: frameCount }, (_, frame) => seconds(frame)),
    framesPerSecond: rate.numerator / rate.denominator,
    rate,
    variableFrameRate: false,
    durationSeconds: seconds(frameCount),
    codec: "",
    rotation: 0,
    pixelAspect: { numerator: 1, denominator: 1 },
  };
}
