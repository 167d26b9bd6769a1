/**
 * A layer whose frames say their numbers goes all the way: the fake After Effects' file, the panel, the decoder, and
 * back as matte pictures or mask paths. Whatever frame After Effects shows, what lies on it must say its number.
 */
import { describe, expect, test } from "vitest";
import { HostTimeline } from "../../panel/host/host-timeline.ts";
import { MaskPaths } from "../../panel/output/mask-paths.ts";
import { Session } from "../../panel/session/session.ts";
import type { Fraction } from "../../plugin/protocol.ts";
import { neutralSettings } from "../../worker/matte/matte-settings.ts";
import {
  frameShown,
  numberedScene,
  numberOfMatte,
  numberOfPaths,
  type Shape,
  shapeOf,
} from "../support/aftereffects/numbered-layer.ts";
import type { Scene } from "../support/aftereffects/scenario.ts";
import { brightTracker } from "../support/bright-tracker.ts";
import { MemoryStore } from "../support/panel-memory-store.ts";

const rate = (numerator: number, denominator = 1): Fraction => ({ numerator, denominator });
const FILM = rate(24000, 1001);
const NTSC = rate(30000, 1001);
const NTSC_60 = rate(60000, 1001);
const RATES = [FILM, rate(24), rate(25), NTSC, rate(30), rate(50), NTSC_60, rate(60)];

interface Panel {
  session: Session;
  timeline: HostTimeline;
}

/** As a person does it: open the selected layer, click, track. */
async function tracked(scene: Scene): Promise<Panel> {
  const session = new Session(brightTracker(), new MemoryStore());
  const timeline = new HostTimeline(scene.host, session);
  const { document, notice } = session.state;
  await session.models.load({ kind: "listed", id: "nano" });
  expect(await timeline.openSelection(), notice.value?.message).toBe(true);
  document.value = { ...document.value, matte: neutralSettings() };
  session.goTo(document.value.inFrame);
  await session.prompts.addPoint({ x: 8, y: 8, label: 1 });
  await session.track("forward");
  return { session, timeline };
}

async function writeMatte({ session, timeline }: Panel): Promise<void> {
  expect(await timeline.write("track-matte"), session.state.notice.value?.message).toBe(true);
  expect(timeline.state.value).toMatchObject({ report: { notDone: [] } });
  await session.tracker.closeClip("clip-1");
}

async function writePaths({ session, timeline }: Panel): Promise<void> {
  const paths = new MaskPaths(session, () => timeline.pathOrder);
  paths.sparsity.value = 0;
  await paths.trace();
  expect(await timeline.writePaths(paths.document!), session.state.notice.value?.message).toBe(true);
  expect(timeline.state.value).toMatchObject({ report: { notDone: [] } });
  await session.tracker.closeClip("clip-1");
}

function expectNumbers(shape: Shape, numberAt: (compFrame: number) => number): void {
  const frames = Array.from({ length: shape.to - shape.from }, (_, n) => shape.from + n);
  expect(frames.map(numberAt)).toEqual(frames.map((frame) => frameShown(shape, frame)));
}

const said = ({ numerator, denominator }: Fraction) => Number((numerator / denominator).toFixed(3));
const named = (shapes: Shape[]) =>
  shapes.map((shape) => {
    const way = shape.remap ? "remapped" : `stretched to ${shape.stretch} %`;
    return [`${said(shape.source)} in ${said(shape.comp)}, ${way}`, shape] as const;
  });

const SHAPES = [
  ...RATES.map((source) => shapeOf(source)),
  shapeOf(FILM, { comp: NTSC }),
  shapeOf(rate(60), { comp: rate(25) }),
  shapeOf(rate(24), { stretch: 200 }),
  shapeOf(rate(25), { stretch: 50 }),
  shapeOf(NTSC, { stretch: 67, comp: rate(25) }),
  shapeOf(rate(25), { stretch: -100, start: 30 }),
  shapeOf(NTSC_60, { stretch: -250, start: 30, comp: FILM }),
  shapeOf(rate(24), { remap: (frame) => [8, 8, 20, 3, 2, 39, 0, 5][frame % 8]! }),
  shapeOf(FILM, { comp: NTSC, remap: (frame) => 35 - frame }),
];

test.each(named(SHAPES))("the matte over frame n says n: %s", async (_, shape) => {
  const scene = await numberedScene(shape);
  const panel = await tracked(scene);
  expect(panel.timeline.clip.value?.route).toBe("media");
  await writeMatte(panel);
  const { layer } = scene;
  const { inPoint, outPoint } = layer.trackMatteLayer!;
  expect([inPoint, outPoint]).toEqual([expect.closeTo(layer.inPoint, 9), expect.closeTo(layer.outPoint, 9)]);
  expectNumbers(shape, (frame) => numberOfMatte(scene, shape, frame));
});

/** Tracing takes its time, and doesn't know of rates. */
const PATH_SHAPES = SHAPES.filter(
  ({ source, comp, remap, stretch }) => source !== comp || remap || stretch !== 100,
);

test.each(named([shapeOf(NTSC), ...PATH_SHAPES]))("the mask paths on frame n say n: %s", async (_, shape) => {
  const scene = await numberedScene(shape);
  await writePaths(await tracked(scene));
  expectNumbers(shape, (frame) => numberOfPaths(scene, shape, frame));
});

describe("frames that After Effects renders", () => {
  test.each(named(SHAPES.slice(-4)))("the matte over frame n says n: %s", async (_, shape) => {
    const scene = await numberedScene(shape, true);
    const panel = await tracked(scene);
    expect(panel.timeline.clip.value?.route).toBe("stills");
    await writeMatte(panel);
    expectNumbers(shape, (frame) => numberOfMatte(scene, shape, frame));
  });
});
