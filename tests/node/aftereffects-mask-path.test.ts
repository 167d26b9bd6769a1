/** From masks to the layer: what After Effects' mask shows on each frame of the comp, however the layer is timed. */
import { describe, expect, it } from "vitest";
import type { HostClip } from "../../panel/host/host-matte.ts";
import { pathOrder, planPaths } from "../../panel/host/host-paths.ts";
import { type FrameRecord, newObject, type SessionDocument } from "../../panel/session/document.ts";
import { timelineFrames } from "../../plugin/timeline-map.ts";
import { exportMatte } from "../../worker/export-matte.ts";
import { arrayFrameSource } from "../../worker/frames/array-frame-source.ts";
import { encodeMask } from "../../worker/mask-rle.ts";
import type { PathsDocument } from "../../worker/matte/path-types.ts";
import type { ClipInfo } from "../../worker/protocol.ts";
import {
  answerOf,
  keysOf,
  type Layer,
  makeScene,
  masksOf,
  type Scene,
} from "../support/aftereffects/scenario.ts";
import { maskFrom } from "../support/mask-arbitraries.ts";
import { FAKE_CLIP } from "../support/panel-fake-tracker.ts";

const [W, H] = [160, 90];
/** Five seconds at 24 frames a second. */
const COUNT = 120;
const HIDDEN = { from: 50, to: 59 };

/** A disk that crosses the frame, hidden on ten frames in between. */
const centre = (frame: number) => 20 + frame;
const isHidden = (frame: number) => frame >= HIDDEN.from && frame <= HIDDEN.to;
const masks = Array.from({ length: COUNT }, (_, frameIndex) => {
  const { data } = maskFrom(
    W,
    H,
    (x, y) => !isHidden(frameIndex) && Math.hypot(x - centre(frameIndex), y - 45) < 14,
  );
  return { frameIndex, mask: encodeMask(data, W, H) };
});

const info: ClipInfo = {
  ...FAKE_CLIP,
  width: W,
  height: H,
  frameCount: COUNT,
  timestamps: masks.map((_, frame) => frame / 24),
  framesPerSecond: 24,
  rate: { numerator: 24, denominator: 1 },
};

const record = ({ frameIndex, mask }: (typeof masks)[number]): FrameRecord => ({
  objectId: 1,
  frameIndex,
  mask,
  objectScore: isHidden(frameIndex) ? -8 : 8,
  predictedIou: 0.95,
  area: isHidden(frameIndex) ? 0 : 615,
  origin: "tracked",
  milliseconds: 1,
  direction: 1,
  agreement: null,
  staleSince: null,
});

const object = {
  ...newObject(1),
  name: "ball",
  records: new Map(masks.map((one) => [one.frameIndex, record(one)])),
};
const document = { objects: [object] } as unknown as SessionDocument;

async function trace(order: readonly number[] | null): Promise<PathsDocument> {
  const pictures = masks.map(() => ({ width: W, height: H, data: new Uint8ClampedArray(W * H * 4) }));
  let text = "";
  await exportMatte(
    {
      frames: arrayFrameSource(pictures, "clip"),
      request: {
        layers: [{ objectId: 1, name: "ball", operation: "add", masks }],
        from: 0,
        to: COUNT - 1,
        format: "paths",
        content: "matte",
        grouping: "merged",
        ...(order && { order }),
      },
      maskSide: 64,
      signal: new AbortController().signal,
      onFile: async ({ bytes }) => {
        text = await bytes.text();
      },
      onProgress: () => undefined,
    },
    async () => undefined,
  );
  return JSON.parse(text) as PathsDocument;
}

/** Middle of the mask that is on at a time, as After Effects draws it; null where none is. */
function middleAt(layer: Layer, time: number): number | null {
  const on = masksOf(layer).filter((mask) => {
    const keys = keysOf(mask, "ADBE Mask Opacity");
    return keys.length === 0 || (keys.findLast((key) => key.time <= time + 1e-6)?.value ?? 0) === 100;
  });
  const [mask] = on;
  if (!mask) return null;
  expect(on).toHaveLength(1);
  const xs = verticesAt(keysOf(mask, "ADBE Mask Shape"), time);
  return (Math.min(...xs) + Math.max(...xs)) / 2;
}

/** Each vertex moves evenly from key to key. */
function verticesAt(keys: { time: number; value: unknown }[], time: number): number[] {
  const xs = (index: number) =>
    (keys[index]!.value as { vertices: [number, number][] }).vertices.map(([x]) => x);
  const next = keys.findIndex((key) => key.time > time);
  if (next === 0) return xs(0);
  if (next < 0) return xs(keys.length - 1);
  const [a, b] = [keys[next - 1]!.time, keys[next]!.time];
  const share = (time - a) / (b - a);
  return xs(next - 1).map((x, vertex) => x + (xs(next)[vertex]! - x) * share);
}

const remapped = (layer: Layer) => {
  Object.assign(layer, { timeRemapEnabled: true, startTime: 0, inPoint: 0, outPoint: 4 });
  // There and back again.
  (layer.property("ADBE Time Remapping") as unknown as { value: unknown }).value = (time: number) =>
    2.5 - Math.abs(time - 2);
};

const CASES: Record<string, { arrange: (layer: Layer) => void; shown: (n: number) => number }> = {
  "plays at normal speed, trimmed": { arrange: () => {}, shown: (n) => 12 + n },
  "is stretched to 300 %": {
    arrange: (layer) => Object.assign(layer, { stretch: 300, startTime: 0, inPoint: 2, outPoint: 5 }),
    shown: (n) => Math.floor((48 + n) / 3),
  },
  "runs back": {
    arrange: (layer) => Object.assign(layer, { stretch: -100, startTime: 5, inPoint: 5, outPoint: 0 }),
    shown: (n) => 119 - n,
  },
  "is time-remapped, there and back": {
    arrange: remapped,
    shown: (n) => Math.floor((2.5 - Math.abs(n / 24 - 2)) * 24 + 1e-6),
  },
  "lies in a comp of half the rate": {
    arrange: (layer) => {
      layer.containingComp.frameRate = 12;
    },
    shown: (n) => 12 + 2 * n,
  },
};

async function write(scene: Scene): Promise<{ clip: HostClip; count: number; first: number }> {
  const selection = answerOf(await scene.host.readSelection());
  const clip: HostClip = { selection, route: "media" };
  const order = pathOrder(clip, info);
  const plan = planPaths(clip, info, document, await trace(order), order);
  expect(answerOf(await scene.host.carryOut(plan)).notDone).toEqual([]);
  return { clip, ...timelineFrames(selection) };
}

describe.each(Object.entries(CASES))("a layer that %s", (_, { arrange, shown }) => {
  it("has a mask over the object on each frame of the comp, and none while it is hidden", async () => {
    const scene = await makeScene({ arrange });
    const { clip, first, count } = await write(scene);
    const rate = clip.selection.timeline!.rate.numerator;
    const scale = clip.selection.width / W;
    expect(count).toBeGreaterThan(20);
    for (let n = 0; n < count; n++) {
      const middle = middleAt(scene.layer, (first + n) / rate);
      if (isHidden(shown(n))) expect(middle).toBeNull();
      else expect(Math.abs(middle! / scale - centre(shown(n)) - 0.5)).toBeLessThan(3);
    }
  });
});

describe("a mask path on the layer", () => {
  it("has a mask for each visible stretch, and no path across the hidden one", async () => {
    const scene = await makeScene();
    await write(scene);
    const ends = masksOf(scene.layer).map((mask) => {
      const times = keysOf(mask, "ADBE Mask Shape").map(({ time }) => time);
      return [times[0]!, times.at(-1)!].map((time) => Math.round((time - 1) * 24));
    });
    expect(ends).toHaveLength(2);
    expect(ends[0]![1]).toBeLessThan(HIDDEN.from);
    expect(ends[1]![0]).toBeGreaterThan(HIDDEN.to);
    expect(masksOf(scene.layer).map(({ name }) => name.replace(/ \[.*/, ""))).toEqual(["ball 1", "ball 2"]);
  });

  it("keeps what was handed over when it is stopped, changes nothing, and goes on from there", async () => {
    const scene = await makeScene();
    const selection = answerOf(await scene.host.readSelection());
    const clip: HostClip = { selection, route: "media" };
    const document: PathsDocument = longPath(400);
    const plan = planPaths(
      clip,
      { ...info, frameCount: 400 },
      { objects: [object] } as never,
      document,
      null,
    );
    const seen: number[] = [];
    const stopped = await scene.host.carryOut(plan, {
      progress: (done) => seen.push(done),
      isStopped: () => (seen.at(-1) ?? 0) > 100,
    });
    expect(stopped).toMatchObject({ ok: false, error: { code: "cancelled" } });
    expect(masksOf(scene.layer)).toEqual([]);
    expect([...scene.script.app.undoSteps]).toEqual([]);
    const [before, pieces] = [seen.at(-1)!, scene.scripts.length];
    const resumed: number[] = [];
    answerOf(
      await scene.host.carryOut(plan, { progress: (done) => resumed.push(done), isStopped: () => false }),
    );
    expect(resumed[0]).toBe(before);
    expect(scene.scripts.length).toBeGreaterThan(pieces);
    expect(keysOf(masksOf(scene.layer)[0]!, "ADBE Mask Shape")).toHaveLength(400);
    expect(masksOf(scene.layer)).toHaveLength(1);
  });
});

function longPath(keys: number): PathsDocument {
  const vertex = { x: 1, y: 1, inX: 0, inY: 0, outX: 0, outY: 0 };
  const path = [vertex, { ...vertex, x: 9 }, { ...vertex, y: 9 }];
  return {
    format: "masklet-paths",
    version: 1,
    width: W,
    height: H,
    rate: { numerator: 24, denominator: 1 },
    tracks: [
      {
        mode: "add",
        from: 12,
        to: 11 + keys,
        keys: Array.from({ length: keys }, (_, n) => ({ frameIndex: 12 + n, path })),
      },
    ],
    quality: {} as PathsDocument["quality"],
  };
}
