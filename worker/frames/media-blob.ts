/** Runs in the tracking worker: a media file from the page. Apart, so that the media library loads on demand. */
import { BlobSource } from "mediabunny";
import type { FrameSource } from "./frame-source.ts";
import { openMediaClip, type PrepareCodec } from "./media-frame-source.ts";

export interface MediaBlobRequest {
  blob: Blob;
  name: string;
  clipId: string;
  prepareCodec: PrepareCodec;
}

/** @throws TrackerError as `openMediaClip`. */
export const openMediaBlob = ({ blob, ...request }: MediaBlobRequest): Promise<FrameSource> =>
  openMediaClip({ ...request, source: new BlobSource(blob) });
