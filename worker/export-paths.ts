/**
 * Runs in a worker or in Node: mattes as keyframed Bézier paths, in one JSON file or as an SVG per frame.
 *
 * Paths need the whole clip: the outlines of all frames are kept until the end, the mattes are not. They are
 * kept beyond it too, for the clip's next export, so that trying other bounds doesn't treat the mattes again.
 */
import type { FrameSource } from "./frames/frame-source.ts";
import { type AlphaRegion, boxOfMask, cropRegion, growBox, maskOfRegion } from "./matte/alpha-region.ts";
import { type OutlinedFrame, outlineFrame } from "./matte/outline-tracks.ts";
import { pathsToJson, pathsToSvg } from "./matte/path-export.ts";
import type { Pace } from "./matte/path-keyframes.ts";
import { tracePaths } from "./matte/trace-paths.ts";
import type { TreatedFrame } from "./matte/treat-clip.ts";
import type { MatteSink } from "./matte/write/matte-sink.ts";
import type { MatteFormat, MatteLayer } from "./protocol.ts";
import type { ExportJob } from "./tracker-realm.ts";

type PathFormat = Extract<MatteFormat, "paths" | "svg">;

/** One output of the job: its layers, and where it goes; "" is the sink's root. */
export interface PathOutput {
  path: string;
  layers: MatteLayer[];
  format: PathFormat;
}

/** Milliseconds of work after which messages are let in, e.g. the one that cancels. */
const BREATH = 40;
/** Half of the progress is for the mattes, half for the paths. */
const STAGES = 2;

/** `treated`: the frames of the matte, asked for only where their outlines are not kept. Returns the files' names. */
export async function exportPaths(
  job: ExportJob,
  { path, layers, format }: PathOutput,
  treated: () => AsyncIterable<TreatedFrame>,
  sink: MatteSink,
): Promise<string[]> {
  const { info } = job.frames;
  const frames = inOrder(await outlinesOf(job, layers, treated), job.request.order);
  const traced = await tracePaths(frames, job.request.paths, paceOf(job));
  const files =
    format === "svg"
      ? frames.map(({ frameIndex }) => ({
          name: `${path ? `${path}/` : ""}${String(frameIndex).padStart(5, "0")}.svg`,
          text: pathsToSvg(traced, frameIndex, info),
        }))
      : [{ name: `${path || "paths"}.json`, text: pathsToJson(traced, info, info.rate) }];
  for (const { name, text } of files) await sink.writeFile(name, new TextEncoder().encode(text));
  return files.map(({ name }) => name);
}

/** Numbered by their place in the list; a frame may be there more than once. */
function inOrder(frames: OutlinedFrame[], order: readonly number[] | undefined): OutlinedFrame[] {
  if (!order) return frames;
  const byFrame = new Map(frames.map((frame) => [frame.frameIndex, frame]));
  return order.flatMap((sourceFrame, frameIndex) => {
    const frame = byFrame.get(sourceFrame);
    return frame ? [{ ...frame, frameIndex }] : [];
  });
}

/** Of the last matte of each open clip. */
const kept = new WeakMap<FrameSource, { key: string; frames: OutlinedFrame[] }>();

async function outlinesOf(
  job: ExportJob,
  layers: MatteLayer[],
  treated: () => AsyncIterable<TreatedFrame>,
): Promise<OutlinedFrame[]> {
  const { from, to, settings } = job.request;
  const key = JSON.stringify([from, to, settings, layers]);
  const before = kept.get(job.frames);
  if (before?.key === key) return before.frames;
  const frames: OutlinedFrame[] = [];
  const report = progressOf(job);
  const pace = paceOf(job);
  for await (const { frameIndex, matte } of treated()) {
    await pace();
    const outlined = outlineOf(frameIndex, matte);
    if (outlined) frames.push(outlined);
    report((frameIndex - from + 1) / (to - from + 1) / STAGES);
  }
  frames.sort((a, b) => a.frameIndex - b.frameIndex);
  kept.set(job.frames, { key, frames });
  return frames;
}

/** Null for an empty matte: the object is hidden, and all paths end. */
function outlineOf(frameIndex: number, matte: AlphaRegion): OutlinedFrame | null {
  const inside = boxOfMask(maskOfRegion(matte));
  // Two pixels more, for the soft edge.
  return inside && outlineFrame(frameIndex, cropRegion(matte, growBox(inside, 2, matte.frame)));
}

function progressOf({ request, onProgress }: ExportJob): (share: number) => void {
  const totalFrames = (request.to - request.from + 1) * STAGES;
  const started = performance.now();
  return (share) => {
    const seconds = (performance.now() - started) / 1000;
    const secondsLeft = share > 0 ? (seconds * (1 - share)) / share : null;
    onProgress({ doneFrames: Math.round(share * totalFrames), totalFrames, secondsLeft });
  };
}

function paceOf(job: ExportJob): Pace {
  const report = progressOf(job);
  let last = performance.now();
  return async (share) => {
    if (share !== undefined) report(1 / STAGES + share * (1 - 1 / STAGES));
    if (performance.now() - last > BREATH) {
      await new Promise((resolve) => setTimeout(resolve));
      last = performance.now();
    }
    job.signal.throwIfAborted();
  };
}
