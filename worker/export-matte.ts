/**
 * Runs in a worker or in Node: masks of a clip become matte files.
 *
 * layers ─▶ one mask per frame ─▶ treatment (with the picture, where it asks for one) ─▶ writer ─▶ sink
 */
import { exportPaths } from "./export-paths.ts";
import type { FrameSource, Picture } from "./frames/frame-source.ts";
import { decodeMask, emptyMask, subtractMasks, unionMasks } from "./mask-rle.ts";
import { type AlphaRegion, frameBytes } from "./matte/alpha-region.ts";
import { isNeutral, type MatteSettings, readSettings } from "./matte/matte-settings.ts";
import { type MatteWriter, openMatteWriter } from "./matte/matte-writer.ts";
import { type MaskedFrame, type TreatedFrame, treatClip } from "./matte/treat-clip.ts";
import { blobSink } from "./matte/write/blob-sink.ts";
import type { MatteSink } from "./matte/write/matte-sink.ts";
import { maskOfLogits } from "./postprocess.ts";
import type { ExportProgress, Mask, MatteLayer, MatteRequest } from "./protocol.ts";
import { TrackerError } from "./tracker-error.ts";
import type { ExportJob } from "./tracker-realm.ts";
import { isWithin } from "./visibility-overrides.ts";

/** Makes encoders for a codec available in this realm. */
type PrepareCodec = (codec: string) => Promise<void>;

/**
 * One output, or one per layer. What is finished when the signal comes stays readable. `openFolder`: where this realm
 * has the disk.
 * @throws TrackerError, or what `signal` throws.
 */
export async function exportMatte(
  job: ExportJob,
  prepareCodec: PrepareCodec,
  openFolder?: (folder: string) => MatteSink,
): Promise<{ files: number }> {
  const sink = sinkOf(job, openFolder);
  const outputs = outputsOf(job.request.layers, job.request.grouping);
  const progress = progressOf(job, outputs.length);
  let files = 0;
  const { format, content, from, alpha, range } = job.request;
  for (const { path, layers } of outputs) {
    if (format === "paths" || format === "svg") {
      const treated = () => treatedFrames(job, layers, settingsOf(job.request));
      files += (await exportPaths(job, { path, layers, format }, treated, sink)).length;
      continue;
    }
    const { info } = job.frames;
    const writer = await openMatteWriter({
      format,
      content,
      alpha,
      range,
      from,
      info,
      sink,
      path,
      prepareCodec,
    });
    files += (await writeOutput(job, layers, writer, progress)).length;
  }
  return { files };
}

function sinkOf({ request, onFile }: ExportJob, openFolder?: (folder: string) => MatteSink): MatteSink {
  if (request.folder === undefined) return blobSink(onFile);
  if (openFolder) return openFolder(request.folder);
  throw new TrackerError(
    "write-failed",
    "The tracker in this page can't write files by itself.",
    "Choose the PNG sequence, which the panel writes.",
  );
}

interface Output {
  /** "" is the sink's root. */
  path: string;
  layers: MatteLayer[];
}

function outputsOf(layers: MatteLayer[], grouping: "merged" | "per-object"): Output[] {
  if (grouping === "merged") return [{ path: "", layers }];
  const taken = new Set<string>();
  return layers.map((layer) => ({
    path: uniqueName(layer, taken),
    // On its own an object is what it is, whatever it does to the others.
    layers: [{ ...layer, operation: "add" as const }],
  }));
}

/** A file name that every system takes; the object's number where names collide. */
function uniqueName({ name, objectId }: MatteLayer, taken: Set<string>): string {
  const safe =
    name.replace(/[^\p{L}\p{N} _.-]+/gu, "_").replace(/^[. ]+|[. ]+$/g, "") || `object ${objectId}`;
  const unique = taken.has(safe.toLowerCase()) ? `${safe} ${objectId}` : safe;
  taken.add(unique.toLowerCase());
  return unique;
}

async function writeOutput(
  job: ExportJob,
  layers: MatteLayer[],
  writer: MatteWriter,
  progress: () => void,
): Promise<string[]> {
  const { request, signal } = job;
  const settings = settingsOf(request);
  try {
    for await (const treated of treatedFrames(job, layers, settings)) {
      signal.throwIfAborted();
      await writer.add(toMatteFrame(treated, request.format === "png16"));
      progress();
    }
  } catch (error) {
    if (signal.aborted) await writer.finish();
    else await writer.discard();
    throw error;
  }
  return writer.finish();
}

function treatedFrames(
  job: ExportJob,
  layers: MatteLayer[],
  settings: MatteSettings,
): AsyncIterable<TreatedFrame> {
  const needsPictures = job.request.content === "cutout" || !isNeutral(settings);
  return treatClip(maskedFrames(job, layers, settings, needsPictures), settings, job.maskSide);
}

function settingsOf({ settings }: MatteRequest): MatteSettings {
  try {
    return readSettings(settings);
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw new TrackerError("bad-config", said, "Correct the matte's settings and export again.", error);
  }
}

function toMatteFrame({ frameIndex, matte, picture }: TreatedFrame, deep: boolean) {
  const alpha = deep ? frameWords(matte) : frameBytes(matte);
  return picture ? { frameIndex, alpha, picture } : { frameIndex, alpha };
}

/** The whole frame in 16 bits: 0 is 0 and 1 is 65535, rounded. */
function frameWords({ x, y, width, height, frame, alpha }: AlphaRegion): Uint16Array {
  const words = new Uint16Array(frame.width * frame.height);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const value = alpha[row * width + column] as number;
      words[(y + row) * frame.width + x + column] = Math.round(value * 65535);
    }
  }
  return words;
}

// ---------------------------------------------------------------- masks of a frame

async function* maskedFrames(
  job: ExportJob,
  layers: MatteLayer[],
  { refine }: MatteSettings,
  needsPictures: boolean,
): AsyncGenerator<MaskedFrame> {
  const { frames, signal } = job;
  const { from, to } = job.request;
  const { width, height } = frames.info;
  const byFrame = layers.map(({ operation, masks, hidden = [] }) => ({
    operation,
    masks: new Map(
      masks
        .filter(({ frameIndex }) => !isWithin(hidden, frameIndex))
        .map(({ frameIndex, mask }) => [frameIndex, mask]),
    ),
  }));
  for await (const { frameIndex, picture } of numbered(frames, from, to, needsPictures, signal)) {
    const mask = mergeLayers(byFrame, frameIndex, width, height);
    const data = decodeMask(mask);
    const logits = refine > 0 ? await logitsBehind(job, layers, mask, frameIndex) : null;
    const shown = data.includes(1);
    yield { frameIndex, mask: { width, height, data }, picture, shown, ...(logits && { logits }) };
  }
}

/** Those of the one object that the mask is; null where a person, another pass or another object changed it. */
async function logitsBehind(
  { logitsOf, maskSide }: ExportJob,
  layers: MatteLayer[],
  mask: Mask,
  frameIndex: number,
): Promise<Float32Array | null> {
  for (const { objectId, operation } of layers) {
    const logits = operation === "add" ? ((await logitsOf?.(objectId, frameIndex)) ?? null) : null;
    if (!logits) continue;
    if (maskOfLogits(logits, maskSide, mask.width, mask.height).counts === mask.counts) return logits;
  }
  return null;
}

async function* numbered(
  frames: FrameSource,
  from: number,
  to: number,
  needsPictures: boolean,
  signal: AbortSignal,
): AsyncGenerator<{ frameIndex: number; picture: Picture | null }> {
  if (needsPictures) {
    yield* frames.frames(from, to, signal);
    return;
  }
  for (let frameIndex = from; frameIndex <= to; frameIndex++) yield { frameIndex, picture: null };
}

function mergeLayers(
  layers: { operation: "add" | "subtract"; masks: Map<number, Mask> }[],
  frameIndex: number,
  width: number,
  height: number,
): Mask {
  return layers.reduce(
    (merged, { operation, masks }) => {
      const mask = masks.get(frameIndex);
      if (!mask) return merged;
      return operation === "add" ? unionMasks(merged, mask) : subtractMasks(merged, mask);
    },
    emptyMask(width, height),
  );
}

// ---------------------------------------------------------------- progress

function progressOf({ request, onProgress }: ExportJob, outputs: number): () => void {
  const totalFrames = (request.to - request.from + 1) * outputs;
  const started = performance.now();
  let doneFrames = 0;
  return () => {
    doneFrames++;
    const secondsPerFrame = (performance.now() - started) / 1000 / doneFrames;
    const secondsLeft = doneFrames > 1 ? secondsPerFrame * (totalFrames - doneFrames) : null;
    const progress: ExportProgress = { doneFrames, totalFrames, secondsLeft };
    onProgress(progress);
  };
}
