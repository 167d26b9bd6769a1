/** Test support, in a Web Worker of a real browser: frames, matte files and storage as the product uses them there. */
import type { FrameSource, Picture } from "../../worker/frames/frame-source.ts";
import { openMediaBlob } from "../../worker/frames/media-blob.ts";
import { type FrameFormat, openMatteWriter } from "../../worker/matte/matte-writer.ts";
import { blobSink } from "../../worker/matte/write/blob-sink.ts";
import type { MatteFile } from "../../worker/protocol.ts";
import { type Download, download } from "../../worker/storage/download.ts";
import { opfsStore } from "../../worker/storage/opfs-store.ts";
import { failureOf } from "../../worker/tracker-error.ts";

export interface MediaJob {
  frames: number[];
  backward: [from: number, to: number];
  download: Download;
}

export interface MediaReport {
  frameCount: number;
  /** base64 of RGBA, per wanted frame. */
  frames: string[];
  backward: number[];
  /** By format: the first file in base64, or why there is none. */
  mattes: Record<string, { path: string; files: number; base64: string } | { code: string }>;
  storage: { listed: unknown; head: number[]; wrongHash: string; partial: unknown; removed: unknown };
}

self.onmessage = async ({ data }: MessageEvent<{ jobUrl: string }>) => {
  try {
    self.postMessage(await play((await (await fetch(data.jobUrl)).json()) as MediaJob));
  } catch (error) {
    self.postMessage({ error: error instanceof Error ? `${error.message}\n${error.stack}` : String(error) });
  }
};

const noCodec = async () => {};

async function play(job: MediaJob): Promise<MediaReport> {
  const blob = await (await fetch("/demo/demo.mp4")).blob();
  const clip = await openMediaBlob({ blob, name: "demo.mp4", clipId: "demo", prepareCodec: noCodec });
  const frames: string[] = [];
  for (const index of job.frames) frames.push(await base64((await clip.frame(index)).data));
  const backward: number[] = [];
  for await (const { frameIndex } of clip.frames(...job.backward)) backward.push(frameIndex);
  const mattes: MediaReport["mattes"] = {};
  for (const format of ["png", "vp9-alpha", "h264", "prores4444"] as const) {
    mattes[format] = await matteOf(clip, format);
  }
  const { frameCount } = clip.info;
  clip.close();
  return { frameCount, frames, backward, mattes, storage: await tryStorage(job.download) };
}

/** Three frames of cut-outs (of mattes, where the format has no alpha); the left half is inside. */
async function matteOf(clip: FrameSource, format: FrameFormat): Promise<MediaReport["mattes"][string]> {
  const files: MatteFile[] = [];
  try {
    const writer = await openMatteWriter({
      format,
      content: format === "h264" ? "matte" : "cutout",
      info: clip.info,
      from: 0,
      sink: blobSink((file) => void files.push(file)),
      path: "matte",
      prepareCodec: noCodec,
    });
    for await (const { frameIndex, picture } of clip.frames(0, 2)) {
      await writer.add({ frameIndex, alpha: leftHalf(picture), picture });
    }
    await writer.finish();
    const first = files[0]!;
    const bytes = new Uint8Array(await first.bytes.arrayBuffer());
    return { path: first.path, files: files.length, base64: await base64(bytes) };
  } catch (error) {
    return { code: failureOf(error).code };
  }
}

function leftHalf({ width, height }: Picture): Uint8Array {
  return Uint8Array.from({ length: width * height }, (_, pixel) => (pixel % width < width / 2 ? 255 : 0));
}

async function tryStorage(wanted: Download): Promise<MediaReport["storage"]> {
  const store = opfsStore();
  const half = wanted.bytes >> 1;
  const begun = await store.openPartial(wanted.fileName);
  const bytes = new Uint8Array(await (await fetch(wanted.url)).arrayBuffer());
  await begun.append(bytes.subarray(0, half));
  await begun.close();
  const partial = { listed: await store.list(), open: await store.open(wanted.fileName) };
  await download(wanted, store);
  const listed = await store.list();
  const head = [...(await (await store.open(wanted.fileName))!.read(4, 4))];
  await store.remove(wanted.fileName);
  const removed = await store.list();
  const wrong = { ...wanted, sha256: "0".repeat(64) };
  const wrongHash = await download(wrong, store).then(
    () => "accepted",
    (error: unknown) => failureOf(error).code,
  );
  return { listed, head, wrongHash, partial, removed };
}

async function base64(bytes: Uint8Array | Uint8ClampedArray): Promise<string> {
  const text: string[] = [];
  const block = 0x8000;
  for (let at = 0; at < bytes.length; at += block) {
    text.push(String.fromCharCode(...bytes.subarray(at, at + block)));
  }
  return btoa(text.join(""));
}
