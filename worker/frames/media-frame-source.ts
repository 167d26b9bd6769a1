/** Runs in a worker or in Node: frames of a video file, decoded as they are asked for. */
import {
  EncodedPacketSink,
  Input,
  type InputVideoTrack,
  MATROSKA,
  MP4,
  MPEG_TS,
  QTFF,
  type Source,
  VideoSampleSink,
  WEBM,
} from "mediabunny";
import type { ClipInfo } from "../protocol.ts";
import { TrackerError } from "../tracker-error.ts";
import {
  type ClipTiming,
  clipTiming,
  frameRate,
  nearestFrame,
  type PacketTiming,
  presentedFrames,
} from "./clip-timing.ts";
import { assertInClip } from "./frame-range.ts";
import type { FrameSource, Picture } from "./frame-source.ts";
import { type Display, pictureFromSample } from "./picture-from-sample.ts";
import { assertPictureSize } from "./picture-limits.ts";
import { type ReadRange, readTimecode } from "./source-timecode.ts";

/** Makes decoders for a codec available in this realm (loads what is loaded on demand). */
export type PrepareCodec = (codec: string) => Promise<void>;

export interface MediaClipRequest {
  source: Source;
  /** The same file for what the media library doesn't read. */
  read: ReadRange;
  name: string;
  clipId: string;
  prepareCodec: PrepareCodec;
}

/** Video files. Not the sound-only formats, and no playlists: they would fetch what they name. */
const FILE_FORMATS = [MP4, QTFF, MATROSKA, WEBM, MPEG_TS];

const CONVERT =
  "Convert it to H.264 (.mp4) or ProRes (.mov), or export a folder of PNG frames, and use that.";

const HDR = "has a high dynamic range: its colours are read as they are, without tone mapping.";

/** Bytes of the pictures handed out last: while a track runs, the one on screen is asked for once more. */
const RECENT_BYTES = 96 * 1024 * 1024;
const MOST_RECENT = 3;

/** Bytes of decoded pictures that streaming backward may hold at a time. */
const BACKWARD_BYTES = 256 * 1024 * 1024;
const FEWEST_BACKWARD_FRAMES = 4;

/**
 * Reads the index of the file, decodes nothing.
 *
 * @throws TrackerError `bad-clip` (no video in it, not a media file, index missing) or `unsupported-codec`.
 */
export async function openMediaClip(request: MediaClipRequest): Promise<FrameSource> {
  const input = new Input({ source: request.source, formats: FILE_FORMATS });
  try {
    const track = await videoTrack(input, request.name);
    await assertDecodable(track, request);
    const { frames, warnings } = await readableFrames(track, request.name);
    const timing = clipTiming(frames);
    if (await track.hasHighDynamicRange()) warnings.push(`${request.name} ${HDR}`);
    const described = await describeClip(track, timing);
    const timecode = await readTimecode(request.read, await input.source.getSize(), described.rate);
    const info: ClipInfo = {
      ...described,
      ...(timecode && { timecode }),
      clipId: request.clipId,
      name: request.name,
      ...(warnings.length > 0 && { warnings }),
    };
    const { width, height } = info;
    assertPictureSize(request.name, width, height);
    const display: Display = { width, height, colour: await track.getColorSpace() };
    return new MediaFrameSource(input, track, timing, info, display);
  } catch (error) {
    input.dispose();
    throw error;
  }
}

async function videoTrack(input: Input, name: string): Promise<InputVideoTrack> {
  if ((await input.source.getSizeOrNull()) === 0) {
    throw badClip(
      `${name} is empty: expected MP4, MOV, WebM, MKV or MPEG-TS, got a file of 0 bytes.`,
      "Copy or download it again.",
    );
  }
  if ((await isTooShort(input)) || !(await input.canRead())) {
    throw badClip(
      `${name} is not a video file: expected MP4, MOV, WebM, MKV or MPEG-TS, but its first bytes are none of these.`,
      "Check that the file is the one you meant and that its copy or download is complete.",
    );
  }
  const track = await input.getPrimaryVideoTrack();
  if (track) return track;
  const others = await input.getTracks();
  if (others.length > 0) {
    const kinds = [...new Set(others.map((other) => other.type))].join(" and ");
    throw badClip(`${name} holds no video: its only content is ${kinds}.`, "Choose a file with a picture.");
  }
  throw badClip(
    `${name} has no index of its frames: the file was cut off before its end.`,
    "Copy or download it again; a recording that was interrupted needs a repair tool first.",
  );
}

/** Bytes of the shortest header; mediabunny fails on files that are shorter than what it looks at. */
const SHORTEST_HEADER = 16;

async function isTooShort(input: Input): Promise<boolean> {
  const size = await input.source.getSizeOrNull();
  return size !== null && size < SHORTEST_HEADER;
}

async function assertDecodable(
  track: InputVideoTrack,
  { name, prepareCodec }: MediaClipRequest,
): Promise<void> {
  const codec = await track.getCodec();
  if (!codec) {
    const internal = await track.getInternalCodecId();
    throw new TrackerError(
      "unsupported-codec",
      `${name} is coded as "${internal}", which Masklet can't decode.`,
      CONVERT,
    );
  }
  await prepareCodec(codec);
  if (await track.canDecode()) return;
  throw new TrackerError(
    "unsupported-codec",
    `${name} is coded as ${codec}, which can't be decoded here.`,
    CONVERT,
  );
}

/** Frames in presentation order whose bytes are in the file, with a warning where some are not. */
async function readableFrames(
  track: InputVideoTrack,
  name: string,
): Promise<{ frames: PacketTiming[]; warnings: string[] }> {
  const packets: PacketTiming[] = [];
  const sink = new EncodedPacketSink(track);
  for await (const packet of sink.packets(undefined, undefined, { metadataOnly: true })) {
    packets.push({
      timestamp: packet.timestamp,
      duration: packet.duration,
      isKey: packet.type === "key",
    });
  }
  const listed = presentedFrames(packets);
  const missing = new Set(packets.slice(await readablePackets(sink, packets)));
  const firstMissing = listed.findIndex((frame) => missing.has(frame));
  const frames = firstMissing < 0 ? listed : listed.slice(0, firstMissing);
  if (frames.length === 0) {
    const what =
      listed.length === 0 ? "lists no frames" : `lists ${listed.length} frames but holds none of them`;
    throw badClip(`${name} ${what}.`, "Copy or download it again.");
  }
  if (frames.length === listed.length) return { frames, warnings: [] };
  return {
    frames,
    warnings: [
      `${name} is cut off: it lists ${listed.length} frames, the first ${frames.length} are readable and are used.`,
    ],
  };
}

/** How many packets, in decoding order, have their bytes; a file is cut at its end, so halving finds it. */
async function readablePackets(sink: EncodedPacketSink, packets: readonly PacketTiming[]): Promise<number> {
  let readable = 0;
  let missing = packets.length + 1;
  let probe = packets.length;
  while (readable + 1 < missing) {
    if (await hasBytes(sink, packets[probe - 1]!.timestamp)) readable = probe;
    else missing = probe;
    probe = (readable + missing) >> 1;
  }
  return readable;
}

async function hasBytes(sink: EncodedPacketSink, timestamp: number): Promise<boolean> {
  try {
    return (await sink.getPacket(timestamp)) !== null;
  } catch {
    return false;
  }
}

async function describeClip(
  track: InputVideoTrack,
  timing: ClipTiming,
): Promise<Omit<ClipInfo, "clipId" | "name" | "warnings">> {
  const rate = frameRate(timing, await track.getTimeResolution());
  const aspect = await track.getPixelAspectRatio();
  return {
    width: await track.getDisplayWidth(),
    height: await track.getDisplayHeight(),
    frameCount: timing.timestamps.length,
    timestamps: timing.timestamps,
    framesPerSecond: rate.numerator / rate.denominator,
    rate: { numerator: rate.numerator, denominator: rate.denominator },
    variableFrameRate: rate.variable,
    durationSeconds: timing.durationSeconds,
    codec: (await track.getCodecParameterString()) ?? (await track.getCodec()) ?? "",
    rotation: await track.getRotation(),
    pixelAspect: { numerator: aspect.num, denominator: aspect.den },
  };
}

function badClip(message: string, remedy: string): TrackerError {
  return new TrackerError("bad-clip", message, remedy);
}

interface IndexedPicture {
  frameIndex: number;
  picture: Picture;
}

class MediaFrameSource implements FrameSource {
  readonly info: ClipInfo;
  readonly #input: Input;
  readonly #track: InputVideoTrack;
  readonly #timing: ClipTiming;
  readonly #display: Display;
  /** Where random access stands: going on from here is cheaper than going back to the key frame. */
  #cursor: { next: number; stream: AsyncGenerator<IndexedPicture> } | null = null;
  readonly #recent = new Map<number, Picture>();
  /** One random access at a time; each waits for the one before it. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(input: Input, track: InputVideoTrack, timing: ClipTiming, info: ClipInfo, display: Display) {
    this.#input = input;
    this.#display = display;
    this.#track = track;
    this.#timing = timing;
    this.info = info;
  }

  frame(frameIndex: number, signal?: AbortSignal): Promise<Picture> {
    assertInClip(this.info, frameIndex);
    const recent = this.#recent.get(frameIndex);
    if (recent) return Promise.resolve(recent);
    const turn = this.#queue.then(() => this.#seek(frameIndex, signal));
    this.#queue = turn.catch(() => undefined);
    return turn;
  }

  async *frames(from: number, to: number, signal?: AbortSignal): AsyncGenerator<IndexedPicture> {
    assertInClip(this.info, from);
    assertInClip(this.info, to);
    const stream = from <= to ? this.#forward(from, to, signal) : this.#backward(from, to, signal);
    for await (const indexed of stream) yield this.#remember(indexed);
  }

  close(): void {
    this.#recent.clear();
    this.#dropCursor();
    this.#input.dispose();
  }

  #remember(indexed: IndexedPicture): IndexedPicture {
    const { frameIndex, picture } = indexed;
    this.#recent.delete(frameIndex);
    this.#recent.set(frameIndex, picture);
    const most = Math.min(MOST_RECENT, Math.max(1, Math.floor(RECENT_BYTES / picture.data.byteLength)));
    for (const oldest of this.#recent.keys()) {
      if (this.#recent.size <= most) break;
      this.#recent.delete(oldest);
    }
    return indexed;
  }

  async #seek(frameIndex: number, signal?: AbortSignal): Promise<Picture> {
    const reused = this.#reaches(frameIndex);
    try {
      return await this.#advanceTo(frameIndex, signal);
    } catch (error) {
      this.#dropCursor();
      // A browser takes back a decoder that was idle for long; a new one is as good.
      if (reused && !signal?.aborted) return this.#advanceTo(frameIndex, signal);
      throw error;
    }
  }

  #reaches(frameIndex: number): boolean {
    const next = this.#cursor?.next;
    return next !== undefined && next <= frameIndex && this.#timing.keyFrames[frameIndex]! <= next;
  }

  async #advanceTo(frameIndex: number, signal?: AbortSignal): Promise<Picture> {
    if (!this.#reaches(frameIndex)) {
      this.#dropCursor();
      const stream = this.#forward(frameIndex, this.info.frameCount - 1);
      this.#cursor = { next: frameIndex, stream };
    }
    const cursor = this.#cursor!;
    for (;;) {
      signal?.throwIfAborted();
      const { value, done } = await cursor.stream.next();
      if (done) throw undecodable(this.info, frameIndex);
      cursor.next = value.frameIndex + 1;
      if (value.frameIndex === frameIndex) return this.#remember(value).picture;
    }
  }

  #dropCursor(): void {
    const stream = this.#cursor?.stream;
    this.#cursor = null;
    stream?.return(undefined).catch(() => undefined);
  }

  /** A frame that the decoder drops (a damaged one) is shown as players do: the one before it stays. */
  async *#forward(from: number, to: number, signal?: AbortSignal): AsyncGenerator<IndexedPicture> {
    const { timestamps, firstTimestamp } = this.#timing;
    const sink = new VideoSampleSink(this.#track);
    let next = from;
    let picture: Picture | null = null;
    for await (const sample of sink.samples(firstTimestamp + timestamps[from]!)) {
      try {
        signal?.throwIfAborted();
        const frameIndex = nearestFrame(timestamps, sample.timestamp - firstTimestamp);
        while (picture && next < frameIndex && next <= to) yield { frameIndex: next++, picture };
        if (next > to) return;
        picture = await pictureFromSample(sample, this.#display);
        while (next <= frameIndex && next <= to) yield { frameIndex: next++, picture };
        if (next > to) return;
      } finally {
        sample.close();
      }
    }
    signal?.throwIfAborted();
    if (!picture) throw undecodable(this.info, from);
    while (next <= to) yield { frameIndex: next++, picture };
  }

  /** In stretches that fit in memory, each decoded forward from its key frame. */
  async *#backward(from: number, to: number, signal?: AbortSignal): AsyncGenerator<IndexedPicture> {
    const frameBytes = this.info.width * this.info.height * 4;
    const most = Math.max(FEWEST_BACKWARD_FRAMES, Math.floor(BACKWARD_BYTES / frameBytes));
    let last = from;
    while (last >= to) {
      const first = Math.max(to, this.#timing.keyFrames[last]!, last - most + 1);
      const stretch: IndexedPicture[] = [];
      for await (const frame of this.#forward(first, last, signal)) stretch.push(frame);
      for (let frame = stretch.pop(); frame; frame = stretch.pop()) yield frame;
      last = first - 1;
    }
  }
}

function undecodable(info: ClipInfo, frameIndex: number): TrackerError {
  return badClip(
    `Frame ${frameIndex} of ${info.name} can't be decoded: its data is damaged.`,
    "Copy the file again, or export the clip anew.",
  );
}
