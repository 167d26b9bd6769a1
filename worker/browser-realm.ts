/** Runs in the tracking worker of a page: what the tracker needs, out of what a browser has. */
import { exportMatte } from "./export-matte.ts";
import type { FrameSource, Picture } from "./frames/frame-source.ts";
import { openStillClip } from "./frames/still-frame-source.ts";
import type { ExecutionProvider } from "./inference/execution-provider.ts";
import { openedEarly } from "./inference/opened-early.ts";
import { wasmProvider, webgpuProvider } from "./inference/web-inference.ts";
import type { ClipSource, WorkerAssets } from "./protocol.ts";
import { modelLibrary } from "./storage/model-library.ts";
import { openOpfsSpill } from "./storage/opfs-spill.ts";
import { opfsStore } from "./storage/opfs-store.ts";
import { TrackerError } from "./tracker-error.ts";
import type { ModelLibrary, TrackerRealm } from "./tracker-realm.ts";

/** `handed`: parts that came with the page itself; null where they are fetched from beside the worker. */
export function browserRealm(handed: Promise<WorkerAssets | null>): TrackerRealm {
  return {
    providers: openedEarly(providersFor(handed)),
    models: libraryFor(handed),
    openClip,
    toBitmap,
    openSpill: openOpfsSpill,
    exportMatte: (job) => exportMatte(job, prepareCodec),
  };
}

/** An address beside the worker's own file; same origin, always. */
const beside = (path: string) => new URL(path, self.location.href).href;

// ---------------------------------------------------------------- parts of the page

/** A page of one file carries one WebAssembly binary, which serves WebGPU and the processor alike. */
function providersFor(handed: Promise<WorkerAssets | null>): ExecutionProvider[] {
  const assets = async () => {
    const given = await handed;
    return given ? { bytes: given.wasm, onlyBinary: true } : { baseUrl: beside("ort/") };
  };
  return [webgpuProvider(assets), wasmProvider(assets)];
}

function libraryFor(handed: Promise<WorkerAssets | null>): ModelLibrary {
  return modelLibrary({
    store: opfsStore(),
    mayDownload: true,
    embedded: async (path) => {
      const given = await handed;
      if (!given) return asset(`models/${path.slice(path.lastIndexOf("/") + 1)}`);
      return path.endsWith(".yaml") ? new TextEncoder().encode(given.configYaml) : given.checkpoint;
    },
  });
}

const assets = new Map<string, Promise<Uint8Array>>();

/** Listing the models asks for the checkpoint's size, loading for the checkpoint: fetched once, unless it failed. */
function asset(path: string): Promise<Uint8Array> {
  const bytes = assets.get(path) ?? fetchAsset(path);
  assets.set(path, bytes);
  bytes.catch(() => assets.delete(path));
  return bytes;
}

async function fetchAsset(path: string): Promise<Uint8Array> {
  const response = await fetch(beside(path));
  if (response.ok) return new Uint8Array(await response.arrayBuffer());
  throw new TrackerError(
    "not-found",
    `The page lacks its file ${path} (${response.status} ${response.statusText}).`,
    "Build the page again, or install Masklet anew.",
  );
}

// ---------------------------------------------------------------- clips and pictures

/** The media library is a file of its own, loaded while the model is being prepared. */
async function openClip(source: ClipSource, clipId: string): Promise<FrameSource> {
  const { name } = source;
  if (source.kind === "media") {
    const { openMediaBlob } = await import("./frames/media-blob.ts");
    return openMediaBlob({ blob: source.blob, name, clipId, prepareCodec });
  }
  if (source.kind === "ranges") {
    const { openMediaRanges } = await import("./frames/media-blob.ts");
    return openMediaRanges({ port: source.port, bytes: source.bytes, name, clipId, prepareCodec });
  }
  const files = source.blobs.map((blob, index) => ({
    name: blob instanceof File ? blob.name : `frame ${index}`,
    read: async () => new Uint8Array(await blob.arrayBuffer()),
  }));
  return openStillClip({ files, name, clipId, framesPerSecond: source.framesPerSecond, decodeJpeg });
}

/** Browsers lack ProRes; its decoder is loaded when a clip asks for it. Encoding it needs the command line. */
async function prepareCodec(codec: string): Promise<void> {
  if (codec !== "prores") return;
  const { registerProresDecoder } = await import("@mediabunny/prores");
  registerProresDecoder();
}

async function decodeJpeg(bytes: Uint8Array): Promise<Picture> {
  const bitmap = await createImageBitmap(new Blob([bytes.slice()]), { colorSpaceConversion: "none" });
  try {
    const { width, height } = bitmap;
    const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
    if (!context) throw new Error("this browser gives no canvas to decode it on");
    context.drawImage(bitmap, 0, 0);
    return { width, height, data: context.getImageData(0, 0, width, height).data };
  } finally {
    bitmap.close();
  }
}

function toBitmap({ width, height, data }: Picture, maxWidth: number | undefined): Promise<ImageBitmap> {
  const image = new ImageData(new Uint8ClampedArray(data), width, height);
  if (maxWidth === undefined || maxWidth >= width) return createImageBitmap(image);
  const resizeHeight = Math.max(1, Math.round((height * maxWidth) / width));
  return createImageBitmap(image, { resizeWidth: maxWidth, resizeHeight, resizeQuality: "medium" });
}
