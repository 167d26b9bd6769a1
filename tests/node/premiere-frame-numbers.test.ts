/**
 * A clip whose frames say their numbers goes all the way: the fake Premiere's file, the panel, the decoder, the matte
 * files, and back onto the timeline. Whatever frame Premiere shows at a time, the matte over it must say its number.
 */
import { describe, expect, test } from "vitest";
import { HostTimeline } from "../../panel/host/host-timeline.ts";
import { Session } from "../../panel/session/session.ts";
import { stillName } from "../../plugin/matte-names.ts";
import { parentFolder } from "../../plugin/premiere/paths.ts";
import { PremiereHost } from "../../plugin/premiere/premiere-host.ts";
import type { Fraction } from "../../plugin/protocol.ts";
import { decodePng } from "../../worker/frames/decode-png.ts";
import { type MatteSettings, neutralSettings, productSettings } from "../../worker/matte/matte-settings.ts";
import { brightTracker } from "../support/bright-tracker.ts";
import { numberIn } from "../support/numbered-picture.ts";
import { MemoryStore } from "../support/panel-memory-store.ts";
import { fakeHost, type Painter } from "../support/premiere/fake-premiere.ts";
import {
  frameShown,
  frameTicks,
  numberedScene,
  numberPainter,
  type Shape,
  shapeOf,
} from "../support/premiere/numbered-clip.ts";
import type { Scene } from "../support/premiere/scenario.ts";
import { type ModelTrackItem, TICKS } from "../support/premiere/timeline-model.ts";

const rate = (numerator: number, denominator = 1): Fraction => ({ numerator, denominator });
const FILM = rate(24000, 1001);
const NTSC = rate(30000, 1001);
const NTSC_60 = rate(60000, 1001);
const RATES = [FILM, rate(24), rate(25), NTSC, rate(30), rate(50), NTSC_60, rate(60)];

const said = ({ numerator, denominator }: Fraction) => Number((numerator / denominator).toFixed(3));
const nameOf = ({ clip, sequence, speed, reversed }: Shape) =>
  `${said(clip)} in ${said(sequence)} at ${said(rate(100 * speed[0], speed[1]))} %${reversed ? " reversed" : ""}`;
const named = (shapes: Shape[]) => shapes.map((shape) => [nameOf(shape), shape] as const);

/** As a person does it in the panel: open the selected clip, click, track, write. */
async function writeMatte(
  scene: Scene,
  settings: MatteSettings = neutralSettings(),
  paint?: Painter,
): Promise<"media" | "stills"> {
  const session = new Session(brightTracker(), new MemoryStore());
  const host = new PremiereHost(fakeHost(scene.world, "26.3.0", paint).environment);
  const timeline = new HostTimeline(host, session);
  const { document, notice } = session.state;
  await session.models.load({ kind: "listed", id: "nano" });
  expect(await timeline.openSelection(), notice.value?.message).toBe(true);
  document.value = { ...document.value, matte: settings };
  session.goTo(document.value.inFrame);
  await session.prompts.addPoint({ x: 8, y: 8, label: 1 });
  await session.track("forward");
  expect(await timeline.write("track-matte"), notice.value?.message).toBe(true);
  expect(timeline.state.value).toMatchObject({ report: { notDone: [] } });
  await session.tracker.closeClip("clip-1");
  return timeline.clip.value!.route;
}

/** What the matte's picture at a time says: stills play from the item's in-point, at the rate of their footage. */
function numberOver({ world }: Scene, matte: ModelTrackItem, time: bigint): number {
  const { mediaPath, frameRate } = world.projectItem(matte.itemId!);
  const seconds = Number(time - matte.start + matte.inPoint) / Number(TICKS);
  const file = `${parentFolder(mediaPath)}/${stillName(Math.floor(seconds * frameRate + 1e-6))}`;
  return numberIn(decodePng(world.files.contents.get(file)!));
}

function expectNumbersToAgree(scene: Scene, shape: Shape): void {
  const [matte, ...others] = scene.world.model.tracks[1]!.items;
  const { clip } = scene;
  expect([matte?.start, matte?.end, others]).toEqual([clip.start, clip.end, []]);
  const times = Array.from(
    { length: shape.length },
    (_, n) => clip.start + frameTicks(shape.sequence) * BigInt(n),
  );
  const shown = times.map((time) => frameShown(shape, clip, time));
  expect(times.map((time) => numberOver(scene, matte!, time))).toEqual(shown);
}

async function expectFile(shape: Shape, settings?: MatteSettings): Promise<void> {
  const scene = await numberedScene(shape);
  expect(await writeMatte(scene, settings)).toBe("media");
  expectNumbersToAgree(scene, shape);
}

describe("a clip's file: the matte over frame n says n", () => {
  const SPEEDS = [
    [1, 2],
    [2, 1],
    [2, 5],
    [3, 2],
    [2, 3],
  ] as const;
  /** Every rate at every speed; every speed in both directions. */
  const shapes = RATES.flatMap((clip, index) => [
    shapeOf(clip),
    shapeOf(clip, { reversed: true }),
    ...SPEEDS.map((speed, turn) => shapeOf(clip, { speed, reversed: (index + turn) % 2 === 0 })),
  ]);
  test.each(named(shapes))("%s", (_, shape) => expectFile(shape));

  const mixed = [
    shapeOf(rate(24), { sequence: rate(30) }),
    shapeOf(rate(60), { sequence: FILM }),
    shapeOf(FILM, { sequence: rate(24) }),
    shapeOf(rate(25), { sequence: NTSC }),
    shapeOf(rate(50), { sequence: rate(25), speed: [2, 5] }),
    shapeOf(NTSC_60, { sequence: NTSC, speed: [3, 2], reversed: true }),
    shapeOf(FILM, { sequence: rate(60), speed: [2, 3], reversed: true }),
    shapeOf(rate(30), { sequence: rate(25), reversed: true }),
  ];
  test.each(named(mixed))("of another rate than the sequence: %s", (_, shape) => expectFile(shape));

  const ins: [string, Shape][] = [
    ["on its first frame", shapeOf(rate(25), { inFrame: 0 })],
    ["far into it", shapeOf(NTSC, { inFrame: 301 })],
    ["one tick before a frame", shapeOf(FILM, { inExtra: frameTicks(FILM) - 1n })],
    ["between two frames", shapeOf(rate(25), { inExtra: TICKS / 50n, sequence: rate(30) })],
    ["between two frames, running back", shapeOf(NTSC, { inExtra: TICKS / 90n, reversed: true })],
  ];
  test.each(ins)("with an in-point %s", (_, shape) => expectFile(shape));

  test("with timecodes that begin elsewhere, drop frames, and pass a minute that drops two numbers", async () => {
    const times = { timecode: 1_790, zeroFrame: 107_892 + 1_790 - 11, dropFrame: true };
    await expectFile(shapeOf(NTSC, times));
    await expectFile(shapeOf(NTSC, { ...times, speed: [2, 1], reversed: true }));
  });

  test("with the panel's own settings for edges and time", async () => {
    await expectFile(shapeOf(rate(25)), productSettings());
    await expectFile(shapeOf(FILM, { sequence: NTSC, speed: [3, 2], reversed: true }), productSettings());
  });
});

describe("frames that Premiere renders: the matte over frame n says n", () => {
  const shapes = [
    shapeOf(rate(25)),
    shapeOf(FILM, { sequence: NTSC, speed: [3, 2], reversed: true }),
    shapeOf(rate(60), { sequence: FILM, speed: [1, 2] }),
    shapeOf(NTSC, { dropFrame: true, zeroFrame: 107_892, inExtra: TICKS / 90n, speed: [2, 3] }),
  ];
  test.each(named(shapes))("%s, under a title", async (_, shape) => {
    const scene = await numberedScene(shape, { width: 384, height: 64 });
    scene.world.traps.emptyMediaPath = true;
    scene.world.addTrack();
    scene.world.place(2, { itemId: null, name: "title", start: 0n, end: scene.clip.end });
    expect(await writeMatte(scene, neutralSettings(), numberPainter(scene.clip, shape))).toBe("stills");
    expectNumbersToAgree(scene, shape);
  });
});
