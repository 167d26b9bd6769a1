/** Runs in the tracking worker: a media file from the page. Apart, so that the media library loads on demand. */
import { BlobSource, CustomSource } from "mediabunny";
import type { FrameSource } from "./frame-source.ts";
import { openMediaClip, type PrepareCodec } from "./media-frame-source.ts";
import { RangeReader } from "./range-reader.ts";
import type { ReadRange } from "./source-timecode.ts";

interface PageMedia {
  name: string;
  clipId: string;
  prepareCodec: PrepareCodec;
}

export interface MediaBlobRequest extends PageMedia {
  blob: Blob;
}

/** @throws TrackerError as `openMediaClip`. */
export const openMediaBlob = ({ blob, ...request }: MediaBlobRequest): Promise<FrameSource> =>
  openMediaClip({
    ...request,
    source: new BlobSource(blob),
    read: async (start, end) => new Uint8Array(await blob.slice(start, end).arrayBuffer()),
  });

export interface MediaRangesRequest extends PageMedia {
  /** Answers with ranges of the file; see `RangeRequest`. */
  port: MessagePort;
  bytes: number;
}

/** Each range crosses two realms and a bridge of text: fewer and larger ones, and what was read is kept. */
const RANGE_CACHE_BYTES = 64 * 1024 * 1024;

/** @throws TrackerError as `openMediaClip`. */
export function openMediaRanges({ port, bytes, ...request }: MediaRangesRequest): Promise<FrameSource> {
  const reader = new RangeReader(port);
  const read: ReadRange = (start, end) => reader.read(start, end);
  const source = new CustomSource({
    getSize: () => bytes,
    read,
    dispose: () => reader.close(),
    maxCacheSize: RANGE_CACHE_BYTES,
    prefetchProfile: "network",
  });
  return openMediaClip({ ...request, source, read });
}
