/** Runs in a worker or in Node: frames that lie as PNG or JPEG stills, one file a frame. */
import type { ClipInfo } from "../protocol.ts";
import { TrackerError } from "../tracker-error.ts";
import { decodePng } from "./decode-png.ts";
import { assertInClip } from "./frame-range.ts";
import type { FrameSource, Picture } from "./frame-source.ts";

/** One still; read when its frame is asked for. */
interface StillFile {
  name: string;
  read(): Promise<Uint8Array>;
}

export interface StillClipRequest {
  /** In presentation order, at least one. */
  files: readonly StillFile[];
  name: string;
  clipId: string;
  framesPerSecond: number;
  /** This realm's JPEG decoder: upright as stored, no colour management. */
  decodeJpeg: (bytes: Uint8Array) => Promise<Picture>;
}

type StillKind = "png" | "jpeg";

/**
 * Reads the first still for the clip's size.
 *
 * @throws TrackerError `bad-clip` where there is no still, or the first one can't be read.
 */
export async function openStillClip(request: StillClipRequest): Promise<FrameSource> {
  const { files, name, framesPerSecond } = request;
  const first = files[0];
  if (!first) {
    throw badClip(
      `${name} holds no frames: expected PNG or JPEG files.`,
      "Choose a folder with numbered stills.",
    );
  }
  const bytes = await first.read();
  const picture = await decodeStill(bytes, first.name, request.decodeJpeg);
  const rate = rationalRate(framesPerSecond);
  return new StillFrameSource(request, {
    clipId: request.clipId,
    name,
    width: picture.width,
    height: picture.height,
    frameCount: files.length,
    timestamps: files.map((_, index) => (index * rate.denominator) / rate.numerator),
    framesPerSecond: rate.numerator / rate.denominator,
    rate,
    variableFrameRate: false,
    durationSeconds: (files.length * rate.denominator) / rate.numerator,
    codec: stillKind(bytes, first.name),
    rotation: 0,
    pixelAspect: { numerator: 1, denominator: 1 },
  });
}

/** 29.97 and its kin are thousandths of 1001; the rest is taken to three decimals. */
function rationalRate(framesPerSecond: number): ClipInfo["rate"] {
  const whole = Math.round(framesPerSecond);
  if (Math.abs(framesPerSecond - whole) < 1e-6) return { numerator: whole, denominator: 1 };
  if (Math.abs(framesPerSecond - (whole * 1000) / 1001) < 5e-3)
    return { numerator: whole * 1000, denominator: 1001 };
  return { numerator: Math.round(framesPerSecond * 1000), denominator: 1000 };
}

class StillFrameSource implements FrameSource {
  readonly info: ClipInfo;
  readonly #request: StillClipRequest;

  constructor(request: StillClipRequest, info: ClipInfo) {
    this.#request = request;
    this.info = info;
  }

  async frame(frameIndex: number, signal?: AbortSignal): Promise<Picture> {
    assertInClip(this.info, frameIndex);
    signal?.throwIfAborted();
    const file = this.#request.files[frameIndex]!;
    const picture = await decodeStill(await file.read(), file.name, this.#request.decodeJpeg);
    const { width, height } = this.info;
    if (picture.width === width && picture.height === height) return picture;
    throw badClip(
      `${file.name} is ${picture.width} x ${picture.height}, but the clip's first frame is ${width} x ${height}.`,
      "Give all frames of a clip the same size.",
    );
  }

  async *frames(
    from: number,
    to: number,
    signal?: AbortSignal,
  ): AsyncGenerator<{ frameIndex: number; picture: Picture }> {
    assertInClip(this.info, to);
    const step = from <= to ? 1 : -1;
    let ahead = this.frame(from, signal);
    for (let frameIndex = from; ; frameIndex += step) {
      const picture = await ahead;
      signal?.throwIfAborted();
      if (frameIndex === to) {
        yield { frameIndex, picture };
        return;
      }
      ahead = this.frame(frameIndex + step, signal);
      ahead.catch(() => undefined); // reported when its turn comes
      yield { frameIndex, picture };
    }
  }

  close(): void {
    // Stills are read one at a time; nothing stays open.
  }
}

async function decodeStill(
  bytes: Uint8Array,
  name: string,
  decodeJpeg: StillClipRequest["decodeJpeg"],
): Promise<Picture> {
  const kind = stillKind(bytes, name);
  try {
    return kind === "png" ? decodePng(bytes) : await decodeJpeg(bytes);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw badClip(
      `${name} is a damaged ${kind.toUpperCase()} file: ${reason}.`,
      "Export or copy this frame again.",
    );
  }
}

/** By the first bytes; file names lie. */
function stillKind(bytes: Uint8Array, name: string): StillKind {
  if (bytes[0] === 0x89 && bytes[1] === 0x50 && bytes[2] === 0x4e && bytes[3] === 0x47) return "png";
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return "jpeg";
  const found = bytes.length === 0 ? "it is empty" : "its first bytes are neither";
  throw badClip(
    `${name} is not a frame: expected PNG or JPEG, but ${found}.`,
    "Remove the file or export it again.",
  );
}

function badClip(message: string, remedy: string): TrackerError {
  return new TrackerError("bad-clip", message, remedy);
}
