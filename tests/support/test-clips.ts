/** Test support, in Node: small movies made on the spot, whose frames can be told apart. */
import {
  AudioSample,
  AudioSampleSource,
  BufferTarget,
  MovOutputFormat,
  Mp4OutputFormat,
  Output,
  Quality,
  type Rotation,
  type VideoCodec,
  VideoSample,
  VideoSampleSource,
} from "mediabunny";
import type { Picture } from "../../worker/frames/frame-source.ts";
import { rgbaToI420 } from "../../worker/matte/rgba-to-yuv.ts";
import { prepareMediaCodecs } from "../../worker/node/media-codecs.ts";

export interface MovieRequest {
  width: number;
  height: number;
  /** Seconds; one per frame. */
  timestamps: number[];
  codec?: VideoCodec;
  rotation?: Rotation;
  /** The index before the frames, as files for the web have it. */
  indexFirst?: boolean;
  /** Of a frame; a number's bars where absent. */
  draw?: (frameIndex: number) => Picture;
}

/** A movie in memory. H.264 has B-frames, so that coded and shown order differ. */
export async function makeMovie(request: MovieRequest): Promise<Uint8Array> {
  const { width, height, timestamps, codec = "avc", rotation = 0, indexFirst = false } = request;
  await prepareMediaCodecs();
  const target = new BufferTarget();
  const options = { fastStart: indexFirst ? ("in-memory" as const) : (false as const) };
  const format = codec === "prores" ? new MovOutputFormat(options) : new Mp4OutputFormat(options);
  const output = new Output({ format, target });
  const source = new VideoSampleSource({ codec, quality: new Quality("very-high"), keyFrameInterval: 0.5 });
  output.addVideoTrack(source, { rotation });
  await output.start();
  for (const [frameIndex, timestamp] of timestamps.entries()) {
    const picture = request.draw?.(frameIndex) ?? numberBars(frameIndex, width, height);
    const sample = new VideoSample(rgbaToI420(picture), {
      format: "I420",
      codedWidth: width,
      codedHeight: height,
      timestamp,
      duration: (timestamps[frameIndex + 1] ?? timestamp + 0.04) - timestamp,
    });
    await source.add(sample);
    sample.close();
  }
  await output.finalize();
  return new Uint8Array(target.buffer!);
}

/** A tenth of a second of silence, and no picture. */
export async function makeSound(): Promise<Uint8Array> {
  const target = new BufferTarget();
  const output = new Output({ format: new MovOutputFormat(), target });
  const source = new AudioSampleSource({ codec: "pcm-s16" });
  output.addAudioTrack(source);
  await output.start();
  const data = new Int16Array(800);
  const sample = new AudioSample({
    data,
    format: "s16",
    numberOfChannels: 1,
    sampleRate: 8000,
    timestamp: 0,
  });
  await source.add(sample);
  sample.close();
  await output.finalize();
  return new Uint8Array(target.buffer!);
}

const BITS = 8;

/** The frame's number in binary, as white and black bars from left to right. */
function numberBars(frameIndex: number, width: number, height: number): Picture {
  const data = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let pixel = 0; pixel < width * height; pixel++) {
    const bit = Math.floor(((pixel % width) * BITS) / width);
    data.fill((frameIndex >> bit) & 1 ? 230 : 25, pixel * 4, pixel * 4 + 3);
  }
  return { width, height, data };
}

/** The number that `numberBars` drew. */
export function readNumber({ width, height, data }: Picture): number {
  let number = 0;
  for (let bit = 0; bit < BITS; bit++) {
    const x = Math.floor(((bit + 0.5) * width) / BITS);
    if (data[(Math.floor(height / 2) * width + x) * 4]! > 128) number |= 1 << bit;
  }
  return number;
}
