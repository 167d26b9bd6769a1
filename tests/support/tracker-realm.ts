/** Test support, in Node: a tracker on the miniature model, over frames that a script draws. */

import { memorySource } from "../../models/byte-source.ts";
import { openCheckpoint } from "../../models/checkpoint/open-checkpoint.ts";
import { parseSam2Config } from "../../models/sam2/config.ts";
import { exportMatte } from "../../worker/export-matte.ts";
import { arrayFrameSource } from "../../worker/frames/array-frame-source.ts";
import type { FrameSource, Picture } from "../../worker/frames/frame-source.ts";
import type { InferenceRuntime } from "../../worker/inference/inference-session.ts";
import { nativeProvider } from "../../worker/node/native-inference.ts";
import { predictorOptionsFor, withOptions } from "../../worker/predictor-options.ts";
import { Sam2Engine } from "../../worker/sam2-engine.ts";
import { Tracker } from "../../worker/tracker.ts";
import type { TrackerRealm } from "../../worker/tracker-realm.ts";
import { type SessionInit, TrackingSession } from "../../worker/tracking-session.ts";
import { MINI_MODEL_YAML, miniModel, seededCheckpoint } from "./mini-model.ts";

const FRAME = { width: 96, height: 64 };

/** A bright disc over stripes that moves two pixels a frame. */
function movingDisc(frameCount: number, cutAt = frameCount): FrameSource {
  const pictures = Array.from({ length: frameCount }, (_, index) =>
    index < cutAt ? drawFrame(index) : negativeOf(drawFrame(index)),
  );
  return arrayFrameSource(pictures, "moving disc");
}

/** Another shot, as far as a cut detector is concerned. */
function negativeOf({ data, ...size }: Picture): Picture {
  return { ...size, data: data.map((value, i) => (i % 4 === 3 ? value : 255 - value)) };
}

function drawFrame(index: number): Picture {
  const { width, height } = FRAME;
  const data = new Uint8ClampedArray(width * height * 4);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const inside = Math.hypot(x - 20 - 2 * index, y - 32) < 12;
      const stripe = ((x >> 2) + y + index) % 7;
      data.set(inside ? [230, 180, 60, 255] : [stripe * 12, 70, 40 + stripe * 9, 255], (y * width + x) * 4);
    }
  }
  return { width, height, data };
}

export async function miniEngine(runtime?: InferenceRuntime): Promise<Sam2Engine> {
  return Sam2Engine.load(await miniModel(), runtime ?? (await nativeProvider({ threads: 1 }).open()));
}

export function miniSession(
  engine: Sam2Engine,
  frameCount: number,
  init: Partial<SessionInit> & { flags?: Record<string, number | boolean> } = {},
): TrackingSession {
  const options = withOptions(predictorOptionsFor(engine.config), init.flags ?? {});
  return new TrackingSession({ engine, frames: movingDisc(frameCount), options, ...init });
}

/** Clips are drawn, whatever the source says: its name is the number of frames, "8 cut 5" cuts before frame 5. */
export function miniRealm(changes: Partial<TrackerRealm> = {}): TrackerRealm {
  return {
    providers: [nativeProvider({ threads: 1 })],
    models: {
      list: async () => [],
      open: async (source) => {
        const config = parseSam2Config(MINI_MODEL_YAML);
        const checkpoint = await openCheckpoint(memorySource(seededCheckpoint(config)));
        return {
          id: source.kind === "listed" ? source.id : source.name,
          checkpoint,
          config,
          close: () => {},
        };
      },
      delete: async () => {},
    },
    openClip: async (source, clipId) => {
      const [count, cutAt] = source.name.split(" cut ").map(Number);
      const frames = movingDisc(count as number, cutAt);
      return { ...frames, info: { ...frames.info, clipId } };
    },
    toBitmap: async () => {
      throw new Error("Node has no bitmaps.");
    },
    exportMatte: (job) => exportMatte(job, async () => {}),
    ...changes,
  };
}

/** A tracker with its model loaded and a clip of `frameCount` frames open. */
export async function openMiniTracker(
  clipName: number | string,
  semantics: "upstream" | "sticky" = "sticky",
  changes: Partial<TrackerRealm> = {},
): Promise<{ tracker: Tracker; clipId: string }> {
  const tracker = new Tracker(miniRealm(changes));
  const loaded = await tracker.loadModel({ source: { kind: "listed", id: "mini" }, semantics }, () => {});
  if (!loaded.ok) throw new Error(loaded.error.message);
  const opened = await tracker.openClip({ kind: "media", blob: new Blob(), name: String(clipName) });
  if (!opened.ok) throw new Error(opened.error.message);
  return { tracker, clipId: opened.value.clipId };
}
