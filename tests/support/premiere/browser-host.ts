/**
 * Premiere's side of a browser test: the fake host behind the real bridge, and the panel in a frame that
 * stands for the webview. Bundled into a page; whatever crosses does so as JSON, as in UXP.
 */

import { encode } from "fast-png";
import { ALL_FORMATS, BufferSource, CanvasSink, Input } from "mediabunny";
import { serveHost } from "../../../plugin/bridge/host-bridge.ts";
import { timersOf } from "../../../plugin/bridge/page-host.ts";
import { PremiereHost } from "../../../plugin/premiere/premiere-host.ts";
import { selfCheckMethods } from "../../../plugin/premiere/self-check.ts";
import { fakeHost, type Painter } from "./fake-premiere.ts";
import { FakeWorld } from "./fake-world.ts";
import { TICKS } from "./timeline-model.ts";
import type { Traps } from "./traps.ts";

/** What a test asks of this page; everything is JSON. */
export interface BrowserHost {
  start(setup: {
    traps: Partial<Traps>;
    /** Which page stands in the webview. */
    page: string;
    startFrame: number;
    frames: number;
    sourceFrame: number;
  }): Promise<void>;
  /** Tracks with their items, times in frames of the sequence. */
  timeline(): unknown;
  undoLabels(): string[];
  /** Names of the files below the matte folder. */
  matteFiles(): string[];
  matteFile(path: string): number[];
  mutedTracks(): boolean[];
}

const RATE = 24n;
const FRAME = TICKS / RATE;
let world = new FakeWorld();

// Only Node has it; the fake host's waiting is written for both.
Object.assign(globalThis, { setImmediate: (run: () => void) => setTimeout(run, 0) });

async function start(setup: Parameters<BrowserHost["start"]>[0]): Promise<void> {
  const media = new Uint8Array(await (await fetch("demo.mp4")).arrayBuffer());
  world = makeWorld(setup, media);
  const paint = await videoPainter(media, setup.sourceFrame + setup.frames);
  const { environment } = fakeHost(world, "26.3.0", paint);
  const frame = document.querySelector("iframe")!;
  const post = (packet: unknown) => frame.contentWindow?.postMessage(JSON.parse(JSON.stringify(packet)), "*");
  const timers = timersOf({
    setTimeout: (run, milliseconds) => window.setTimeout(run, milliseconds),
    clearTimeout: (timer) => window.clearTimeout(timer),
  });
  const host = new PremiereHost({ ...environment, wait: realWait });
  const bridge = serveHost(host, post, timers, selfCheckMethods(environment));
  window.addEventListener("message", (event) => bridge.receive(JSON.parse(String(event.data))));
  frame.src = setup.page;
}

async function realWait(milliseconds: number): Promise<void> {
  world.clock += milliseconds;
  await new Promise((resolve) => setTimeout(resolve, Math.min(milliseconds, 5)));
}

function makeWorld(
  { traps, startFrame, frames, sourceFrame }: Parameters<BrowserHost["start"]>[0],
  media: Uint8Array,
) {
  const made = new FakeWorld({ staleObjects: true, actionsOnlyInLock: true, ...traps });
  made.settings = { ...made.settings, width: 640, height: 360, ticksPerFrame: FRAME };
  made.addTrack();
  made.addTrack();
  made.addItem({ id: "demo.mp4", width: 640, height: 360, frameRate: Number(RATE) });
  const inPoint = BigInt(sourceFrame) * FRAME;
  const [from, to] = [BigInt(startFrame) * FRAME, BigInt(startFrame + frames) * FRAME];
  const clip = made.place(0, {
    itemId: "demo.mp4",
    start: from,
    end: to,
    inPoint,
    outPoint: inPoint + to - from,
  });
  made.selection = [clip.uid];
  made.files.put("/media/demo.mp4", media);
  return made;
}

/** Renders the clip's frame at a time, scaled to what is asked for. */
async function videoPainter(media: Uint8Array, frames: number): Promise<Painter> {
  const input = new Input({ source: new BufferSource(media), formats: ALL_FORMATS });
  const track = await input.getPrimaryVideoTrack();
  if (!track) throw new Error("the demo clip has no picture");
  const pictures: HTMLCanvasElement[] = [];
  for await (const { canvas } of new CanvasSink(track).canvases()) {
    pictures.push(canvas as HTMLCanvasElement);
    if (pictures.length === frames) break;
  }
  return (painted, time, width, height) => {
    const [clip] = painted.model.tracks[0]!.items;
    const frame = Number((clip!.inPoint + time - clip!.start) / FRAME);
    const context = new OffscreenCanvas(width, height).getContext("2d")!;
    context.drawImage(pictures[frame]!, 0, 0, width, height);
    const { data } = context.getImageData(0, 0, width, height);
    return encode({ width, height, data: new Uint8Array(data), channels: 4, depth: 8 });
  };
}

const frameOf = (ticks: bigint) => Number(ticks) / Number(FRAME);

const browserHost: BrowserHost = {
  start,
  timeline: () =>
    world.model.tracks.map((track) =>
      track.items.map((item) => ({
        item: world.projectItem(item.itemId!).name.replace(/mk-[0-9a-f]{8}/, "mk"),
        from: frameOf(item.start),
        to: frameOf(item.end),
        inPoint: frameOf(item.inPoint),
        rate: world.projectItem(item.itemId!).frameRate,
        scaledToFrame: world.projectItem(item.itemId!).scaledToFrame,
        opacity: item.components[0]!.params[0]!.keys.map(({ time, value }) => [
          frameOf(time - item.inPoint),
          value,
        ]),
        effects: item.components
          .slice(2)
          .map(({ matchName, params }) => [matchName, ...params.map(({ value }) => value)]),
      })),
    ),
  undoLabels: () => world.undoSteps.map((step) => step.label),
  matteFiles: () => world.files.paths().filter((path) => path.startsWith("/projects/Masklet/")),
  matteFile: (path) => [...world.files.contents.get(path)!],
  mutedTracks: () => world.model.tracks.map((track) => track.muted),
};

Object.assign(window, { browserHost });
