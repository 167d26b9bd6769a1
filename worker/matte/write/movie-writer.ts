/** Runs in a worker or in Node: a matte as a movie whose frames have the clip's own times. */
import {
  canEncodeVideo,
  MovOutputFormat,
  Mp4OutputFormat,
  Output,
  type OutputFormat,
  Quality,
  StreamTarget,
  type StreamTargetChunk,
  type VideoCodec,
  VideoSample,
  type VideoSamplePixelFormat,
  VideoSampleSource,
  WebMOutputFormat,
} from "mediabunny";
import type { Picture } from "../../frames/frame-source.ts";
import type { ClipInfo, MatteFormat } from "../../protocol.ts";
import { TrackerError } from "../../tracker-error.ts";
import type { MatteFrame, MatteWriter, MatteWriterRequest } from "../matte-writer.ts";
import { rgbaToI420, rgbaToI420A, rgbaToI444A10 } from "../rgba-to-yuv.ts";
import { cutOut, matteAsPicture } from "./matte-pixels.ts";
import type { MatteStream } from "./matte-sink.ts";

interface MovieKind {
  codec: VideoCodec;
  extension: string;
  container: () => OutputFormat;
  alpha: boolean;
  /** Width and height have to be even: chroma is stored once for four pixels. */
  even: boolean;
  pixels: VideoSamplePixelFormat;
  planes: (picture: Picture) => Uint8Array;
  fullCodecString?: string;
}

/** The index lies at the end: what is long need not be in memory. */
const INDEX_AT_END = { fastStart: false } as const;

const KINDS: Record<"prores4444" | "h264" | "vp9-alpha", MovieKind> = {
  prores4444: {
    codec: "prores",
    fullCodecString: "ap4h",
    extension: "mov",
    container: () => new MovOutputFormat(INDEX_AT_END),
    alpha: true,
    even: false,
    pixels: "I444AP10",
    planes: rgbaToI444A10,
  },
  h264: {
    codec: "avc",
    extension: "mp4",
    container: () => new Mp4OutputFormat(INDEX_AT_END),
    alpha: false,
    even: true,
    pixels: "I420",
    planes: rgbaToI420,
  },
  "vp9-alpha": {
    codec: "vp9",
    extension: "webm",
    container: () => new WebMOutputFormat(),
    alpha: true,
    even: true,
    pixels: "I420A",
    planes: rgbaToI420A,
  },
};

const USE_PNG = "Choose the PNG sequence, which every program reads.";

/** @throws TrackerError `unsupported-codec`, also for a cut-out in a format without alpha. */
export async function openMovieWriter(request: MatteWriterRequest): Promise<MatteWriter> {
  const kind = KINDS[request.format as keyof typeof KINDS];
  if (request.content === "cutout" && !kind.alpha) {
    throw new TrackerError(
      "unsupported-codec",
      `A cut-out needs transparency, which ${request.format} does not have.`,
      "Choose ProRes 4444, VP9 with alpha or PNG.",
    );
  }
  await assertMovieFormat(request.format, request.info, request.prepareCodec);
  const path = `${request.path || "matte"}.${kind.extension}`;
  const stream = await request.sink.createFile(path);
  return MovieWriter.start(kind, request, path, stream);
}

/**
 * Whether this realm can write movies of this format and size.
 *
 * @throws TrackerError `unsupported-codec`
 */
export async function assertMovieFormat(
  format: MatteFormat,
  info: ClipInfo,
  prepareCodec: MatteWriterRequest["prepareCodec"],
): Promise<void> {
  const kind = KINDS[format as keyof typeof KINDS];
  await prepareCodec(kind.codec);
  const { width, height } = codedSize(kind, info);
  if (await canEncodeVideo(kind.codec, { width, height })) return;
  throw new TrackerError(
    "unsupported-codec",
    `${format} can't be encoded here at ${width} x ${height}.`,
    USE_PNG,
  );
}

function codedSize({ even }: MovieKind, { width, height }: ClipInfo): { width: number; height: number } {
  return even ? { width: width + (width % 2), height: height + (height % 2) } : { width, height };
}

class MovieWriter implements MatteWriter {
  readonly #kind: MovieKind;
  readonly #request: MatteWriterRequest;
  readonly #path: string;
  readonly #stream: MatteStream;
  readonly #output: Output;
  readonly #source: VideoSampleSource;
  #frames = 0;

  private constructor(kind: MovieKind, request: MatteWriterRequest, path: string, stream: MatteStream) {
    this.#kind = kind;
    this.#request = request;
    this.#path = path;
    this.#stream = stream;
    const target = new StreamTarget(writableOf(stream), { chunked: true });
    this.#output = new Output({ format: kind.container(), target });
    this.#source = new VideoSampleSource({
      codec: kind.codec,
      quality: new Quality("very-high"),
      keyFrameInterval: 1,
      alpha: kind.alpha ? "keep" : "discard",
      hardwareAcceleration: "prefer-software",
      ...(kind.fullCodecString && { fullCodecString: kind.fullCodecString }),
    });
  }

  static async start(
    kind: MovieKind,
    request: MatteWriterRequest,
    path: string,
    stream: MatteStream,
  ): Promise<MovieWriter> {
    const writer = new MovieWriter(kind, request, path, stream);
    const { variableFrameRate, framesPerSecond } = request.info;
    writer.#output.addVideoTrack(writer.#source, {
      ...(!variableFrameRate && { frameRate: framesPerSecond }),
      ...(kind.alpha && { canBeTransparent: true }),
    });
    await writer.#output.start();
    return writer;
  }

  async add(frame: MatteFrame): Promise<void> {
    const sample = this.#sampleOf(frame);
    try {
      await this.#source.add(sample);
      this.#frames += 1;
    } finally {
      sample.close();
    }
  }

  #sampleOf(frame: MatteFrame): VideoSample {
    const { info, content, from } = this.#request;
    const { width, height } = codedSize(this.#kind, info);
    const picture =
      content === "cutout" ? cutOutPicture(frame, info) : matteAsPicture(frame, info.width, info.height);
    const { timestamps, durationSeconds } = info;
    const start = timestamps[frame.frameIndex]!;
    const end = timestamps[frame.frameIndex + 1] ?? durationSeconds;
    return new VideoSample(this.#kind.planes(extended(picture, width, height)), {
      format: this.#kind.pixels,
      codedWidth: width,
      codedHeight: height,
      timestamp: start - timestamps[from]!,
      duration: end - start,
    });
  }

  async finish(): Promise<string[]> {
    if (this.#frames === 0) {
      await this.discard();
      return [];
    }
    await this.#output.finalize();
    await this.#stream.finish();
    return [this.#path];
  }

  async discard(): Promise<void> {
    await this.#output.cancel().catch(() => undefined);
    await this.#stream.discard();
  }
}

function cutOutPicture(frame: MatteFrame, { width, height }: ClipInfo): Picture {
  const rgba = cutOut(frame, false);
  return { width, height, data: new Uint8ClampedArray(rgba.buffer as ArrayBuffer) };
}

function writableOf(stream: MatteStream): WritableStream<StreamTargetChunk> {
  return new WritableStream({ write: ({ data, position }) => stream.write(position, data) });
}

/** The last column and row once more where the codec wants even sizes. */
function extended(picture: Picture, width: number, height: number): Picture {
  if (picture.width === width && picture.height === height) return picture;
  const source = new Uint32Array(picture.data.buffer, picture.data.byteOffset, picture.data.length / 4);
  const target = new Uint32Array(width * height);
  for (let y = 0; y < height; y++) {
    const row = Math.min(y, picture.height - 1) * picture.width;
    for (let x = 0; x < width; x++) target[y * width + x] = source[row + Math.min(x, picture.width - 1)]!;
  }
  return { width, height, data: new Uint8ClampedArray(target.buffer) };
}
