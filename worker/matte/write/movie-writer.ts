/** Runs in a worker or in Node: a matte as a movie whose frames have the clip's own times. */
import {
  canEncodeVideo,
  type IsobmffOutputFormatOptions,
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
import {
  type ColourName,
  colourFor,
  greyToI422P10,
  rgbaToI420,
  rgbaToI420A,
  rgbaToI444A10,
  type VideoRange,
} from "../rgba-to-yuv.ts";
import { cutOut, matteAsPicture } from "./matte-pixels.ts";
import type { MatteStream } from "./matte-sink.ts";
import { withTimecodeTrack } from "./timecode-track.ts";

interface MovieKind {
  codec: VideoCodec;
  extension: string;
  container: (options: IsobmffOutputFormatOptions) => OutputFormat;
  alpha: boolean;
  /** Width and height are made even: chroma is stored once for two or four pixels. */
  even: boolean;
  pixels: VideoSamplePixelFormat;
  planes: (picture: Picture, range: VideoRange) => Uint8Array;
  /** What the planes are made with. */
  colour: (height: number) => ColourName;
  quality: Quality;
  fullCodecString?: string;
}

const ALWAYS_BT709 = () => "bt709" as const;
const VERY_HIGH = new Quality("very-high");
/** VP9 without loss, so that alpha is exact; where an encoder has no quantizers, as good as it gets. */
const LOSSLESS = new Quality({ quantizer: 0, bitrate: 50_000_000 });
/** Nothing that is wider than a level of 8 bits is lost; the bit rate where an encoder has no quantizers. */
const NEARLY_LOSSLESS = new Quality({ quantizer: 8, bitrate: 30_000_000 });

const KINDS: Record<"prores4444" | "prores422hq" | "h264" | "vp9-alpha", MovieKind> = {
  prores4444: {
    codec: "prores",
    fullCodecString: "ap4h",
    extension: "mov",
    container: (options) => new MovOutputFormat(options),
    alpha: true,
    even: false,
    pixels: "I444AP10",
    planes: rgbaToI444A10,
    colour: ALWAYS_BT709,
    quality: VERY_HIGH,
  },
  prores422hq: {
    codec: "prores",
    fullCodecString: "apch",
    extension: "mov",
    container: (options) => new MovOutputFormat(options),
    alpha: false,
    even: true,
    pixels: "I422P10",
    planes: greyToI422P10,
    colour: ALWAYS_BT709,
    quality: VERY_HIGH,
  },
  h264: {
    codec: "avc",
    extension: "mp4",
    container: (options) => new Mp4OutputFormat(options),
    alpha: false,
    even: true,
    pixels: "I420",
    planes: rgbaToI420,
    colour: colourFor,
    quality: NEARLY_LOSSLESS,
  },
  "vp9-alpha": {
    codec: "vp9",
    extension: "webm",
    container: () => new WebMOutputFormat(),
    alpha: true,
    even: true,
    pixels: "I420A",
    planes: (picture) => rgbaToI420A(picture),
    colour: colourFor,
    quality: LOSSLESS,
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
  /** The movie's index and where it lies, once it is finished. */
  #index: { moov: Uint8Array; position: number } | null = null;
  #frames = 0;

  private constructor(kind: MovieKind, request: MatteWriterRequest, path: string, stream: MatteStream) {
    this.#kind = kind;
    this.#request = request;
    this.#path = path;
    this.#stream = stream;
    const target = new StreamTarget(writableOf(stream), { chunked: true });
    const format = kind.container({
      fastStart: false, // the index lies at the end: what is long need not be in memory
      onMoov: (moov, position) => {
        this.#index = { moov: moov.slice(), position };
      },
    });
    this.#output = new Output({ format, target });
    this.#source = new VideoSampleSource({
      codec: kind.codec,
      quality: kind.quality,
      keyFrameInterval: 1,
      alpha: kind.alpha ? "keep" : "discard",
      hardwareAcceleration: "prefer-software",
      ...(kind.fullCodecString && { fullCodecString: kind.fullCodecString }),
      onEncodedPacket: (_packet, metadata) => {
        // Encoders say nothing, or what they guess; what the planes were made with goes into the container.
        if (metadata?.decoderConfig) metadata.decoderConfig.colorSpace = this.#colourSpace();
      },
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

  #colourSpace(): VideoColorSpaceInit {
    const name = this.#kind.colour(codedSize(this.#kind, this.#request.info).height);
    return { primaries: name, transfer: name, matrix: name, fullRange: this.#range === "full" };
  }

  get #range(): VideoRange {
    return this.#kind.codec === "avc" ? (this.#request.range ?? "limited") : "limited";
  }

  #sampleOf(frame: MatteFrame): VideoSample {
    const { info, content, from, alpha } = this.#request;
    const { width, height } = codedSize(this.#kind, info);
    const picture =
      content === "cutout"
        ? cutOutPicture(frame, info, alpha === "premultiplied")
        : matteAsPicture(frame, info.width, info.height);
    const { timestamps, durationSeconds } = info;
    const start = timestamps[frame.frameIndex]!;
    const end = timestamps[frame.frameIndex + 1] ?? durationSeconds;
    return new VideoSample(this.#kind.planes(extended(picture, width, height), this.#range), {
      format: this.#kind.pixels,
      codedWidth: width,
      codedHeight: height,
      timestamp: start - timestamps[from]!,
      duration: end - start,
      colorSpace: this.#colourSpace(),
    });
  }

  async finish(): Promise<string[]> {
    if (this.#frames === 0) {
      await this.discard();
      return [];
    }
    await this.#output.finalize();
    await this.#writeTimecode();
    await this.#stream.finish();
    return [this.#path];
  }

  /** The matte's first frame counts as the clip's frame that it is, from the clip's own start. Only QuickTime files, at a steady rate. */
  async #writeTimecode(): Promise<void> {
    const { info, from } = this.#request;
    if (this.#kind.extension !== "mov" || !this.#index || info.variableFrameRate) return;
    const { moov, position } = this.#index;
    const { startFrame, dropFrame } = info.timecode ?? { startFrame: 0, dropFrame: false };
    const timecode = { startFrame: startFrame + from, rate: info.rate, dropFrame };
    await this.#stream.write(position, withTimecodeTrack(moov, position, timecode));
  }

  async discard(): Promise<void> {
    await this.#output.cancel().catch(() => undefined);
    await this.#stream.discard();
  }
}

function cutOutPicture(frame: MatteFrame, { width, height }: ClipInfo, premultiplied: boolean): Picture {
  const rgba = cutOut(frame, false, premultiplied);
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
