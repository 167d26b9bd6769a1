import { describe, expect, test } from "vitest";
import type { HostOutcome, PlanReport } from "../../plugin/protocol.ts";
import { at, describeTimeline, FILES, makeScene, planFor, type Scene } from "../support/premiere/scenario.ts";
import type { Traps } from "../support/premiere/traps.ts";

const KEY = "AE.ADBE Legacy Key Track Matte";
const HOLD = 4;

function reportOf(outcome: HostOutcome<PlanReport>): PlanReport {
  if (!outcome.ok) throw new Error(`${outcome.error.code}: ${outcome.error.message}`);
  return outcome.value;
}

function failureOf(outcome: HostOutcome<PlanReport>) {
  if (outcome.ok) throw new Error(`expected a failure, got ${JSON.stringify(outcome.value)}`);
  return outcome.error;
}

const clipLine = (effects: unknown[] = []) => ({
  from: 100,
  to: 200,
  name: "street.mov",
  effects,
  opacity: [],
});
const keyOn = (trackId: number) => ({ effect: KEY, values: [trackId, 1, false] });
const matteLine = (name: string, changes = {}) => ({
  from: 100,
  to: 200,
  name,
  effects: [],
  opacity: [
    [0, 100, HOLD],
    [20, 0, HOLD],
    [40, 100, HOLD],
  ],
  ...changes,
});

/** The timeline as it should be after a track matte of "car" on Video 2. */
async function writeTrackMatte(scene: Scene) {
  const plan = await planFor(scene);
  const report = reportOf(await scene.host.carryOut(plan));
  return { plan, report, name: `street.mov - car [${plan.signature}]` };
}

describe("a track matte on the timeline", () => {
  test("lies on the track above, over exactly the clip, and the clip's key uses its luma", async () => {
    const scene = makeScene();
    const { report, name } = await writeTrackMatte(scene);
    expect(report.notDone).toEqual([]);
    expect(describeTimeline(scene.world.model)).toEqual([[clipLine([keyOn(2)])], [matteLine(name)]]);
  });

  test("is timed to the tick", async () => {
    const scene = makeScene();
    await writeTrackMatte(scene);
    const matte = scene.world.model.tracks[1]!.items[0]!;
    expect([matte.start, matte.end, matte.inPoint]).toEqual([at(100), at(200), 0n]);
    expect(scene.world.projectItem(matte.itemId!).frameRate).toBe(25);
  });

  test("comes with a marker where Masklet is unsure", async () => {
    const scene = makeScene();
    const { plan } = await writeTrackMatte(scene);
    expect(scene.world.model.markers).toEqual([
      {
        name: "Masklet: check car",
        time: at(118),
        duration: at(3),
        comments: `The object score is near zero. [${plan.signature}]`,
      },
    ]);
  });

  test("takes two steps to undo on the timeline, says so, and then the timeline is as it was", async () => {
    const scene = makeScene();
    const before = structuredClone(scene.world.model);
    const { plan, report } = await writeTrackMatte(scene);
    expect(report.done).toContainEqual(expect.stringContaining("undo twice in Premiere"));
    expect([scene.world.undo(), scene.world.undo()]).toEqual([plan.label, plan.label]);
    expect(scene.world.model.tracks).toEqual(before.tracks);
    expect(scene.world.model.markers).toEqual(before.markers);
  });

  test.each([
    ["interpolationLost", "three times"],
    ["interpolationNeedsKey", "four times"],
    ["matteIgnoresValue", "twice"],
    ["keysRefused", "three times"],
  ] as const)("says truly how often to undo with the trap %s", async (trap, times) => {
    const scene = makeScene({ [trap]: true });
    const tracks = structuredClone(scene.world.model.tracks);
    const { plan, report } = await writeTrackMatte(scene);
    expect(report.done).toContainEqual(expect.stringContaining(`undo ${times} in Premiere`));
    const steps = scene.world.undoSteps.filter(({ label }) => label === plan.label).length;
    for (let step = 0; step < steps; step++) scene.world.undo();
    expect(["", "once", "twice", "three times", "four times"][steps]).toBe(times);
    expect(scene.world.model.tracks).toEqual(tracks);
  });

  test("an object that is never hidden gets no keyframes", async () => {
    const scene = makeScene();
    const plan = await planFor(scene, { visibility: [], review: [] });
    reportOf(await scene.host.carryOut(plan));
    expect(describeTimeline(scene.world.model)[1]![0]!.opacity).toEqual([]);
    expect(scene.world.model.tracks[1]!.items[0]!.components[0]!.params[0]!.timeVarying).toBe(false);
  });

  test("written again replaces the earlier one, its key and its markers instead of piling up", async () => {
    const scene = makeScene();
    await writeTrackMatte(scene);
    const second = await planFor(scene, { folder: "/projects/Masklet/run 2", visibility: [], review: [] });
    const report = reportOf(await scene.host.carryOut(second));
    expect(report.done[0]).toContain("Replaced the earlier matte");
    const name = `street.mov - car [${second.signature}]`;
    expect(describeTimeline(scene.world.model)).toEqual([
      [clipLine([keyOn(2)])],
      [matteLine(name, { opacity: [] })],
    ]);
    expect(scene.world.model.markers).toEqual([]);
    expect(scene.world.projectItem(scene.world.model.tracks[1]!.items[0]!.itemId!).mediaPath).toContain(
      "run 2",
    );
  });

  test("of a renamed object replaces the one that the key used, so that no bare matte is left to see", async () => {
    const scene = makeScene();
    await writeTrackMatte(scene);
    const renamed = await planFor(scene, { objectName: "red car", folder: "/projects/Masklet/run 2" });
    reportOf(await scene.host.carryOut(renamed));
    expect(scene.world.model.tracks.map((track) => track.items.length)).toEqual([1, 1]);
  });

  test("leaves a Track Matte Key of the person's own alone and adds another", async () => {
    const scene = makeScene();
    const own = {
      matchName: KEY,
      params: [1, 0, true].map((value) => ({ name: "p", value, timeVarying: false, keys: [] })),
    };
    scene.clip.components.push(own);
    await writeTrackMatte(scene);
    expect(describeTimeline(scene.world.model)[0]![0]!.effects).toEqual([
      { effect: KEY, values: [1, 0, true] },
      keyOn(2),
    ]);
  });

  test("goes to the lowest track that is free over the whole clip", async () => {
    const scene = makeScene();
    scene.world.addTrack();
    scene.world.place(1, { itemId: null, name: "title", start: at(190), end: at(300) });
    const { name } = await writeTrackMatte(scene);
    const timeline = describeTimeline(scene.world.model);
    expect(timeline[2]).toEqual([matteLine(name)]);
    expect(timeline[1]!.map((item) => item.name)).toEqual(["title"]);
    expect(timeline[0]![0]!.effects).toEqual([keyOn(3)]);
  });

  test("points at the track's lasting id where tracks were deleted, not at its place", async () => {
    const scene = makeScene();
    scene.world.model.tracks[1]!.id = 7;
    await writeTrackMatte(scene);
    expect(describeTimeline(scene.world.model)[0]![0]!.effects).toEqual([keyOn(7)]);
  });

  test("makes a track where none is free, without moving anything", async () => {
    const scene = makeScene();
    scene.world.place(1, { itemId: null, name: "title", start: at(50), end: at(300) });
    const { name, report } = await writeTrackMatte(scene);
    expect(report.notDone).toEqual([]);
    const timeline = describeTimeline(scene.world.model);
    expect(timeline).toHaveLength(3);
    expect(timeline[1]!.map(({ from, to }) => [from, to])).toEqual([[50, 300]]);
    expect(timeline[2]).toEqual([matteLine(name)]);
  });

  test("made of smaller stills of the whole frame is scaled to the frame, any other one is left as it is", async () => {
    for (const fitToFrame of [true, false]) {
      const scene = makeScene();
      const files = {
        kind: "stills" as const,
        firstFile: `${FILES}/00000.png`,
        width: 1024,
        height: 576,
        fitToFrame,
      };
      reportOf(await scene.host.carryOut(await planFor(scene, { files })));
      const { itemId } = scene.world.model.tracks[1]!.items[0]!;
      expect(scene.world.projectItem(itemId!).scaledToFrame).toBe(fitToFrame);
    }
  });

  test("whose last frame would outlast the clip is cut to the clip's end", async () => {
    const scene = makeScene();
    scene.world.settings = { ...scene.world.settings, ticksPerFrame: 254_016_000_000n / 30n };
    const frame = scene.world.settings.ticksPerFrame;
    Object.assign(scene.clip, { start: frame * 10n, end: frame * 17n, inPoint: 0n, outPoint: frame * 7n });
    reportOf(await scene.host.carryOut(await planFor(scene, { visibility: [], review: [] })));
    const matte = scene.world.model.tracks[1]!.items[0]!;
    expect([matte.start, matte.end]).toEqual([frame * 10n, frame * 17n]);
    expect(scene.world.projectItem(matte.itemId!).stills).toBe(6);
  });
});

describe("the other ways of writing", () => {
  test("a cut-out lies above the clip and leaves it without a key", async () => {
    const scene = makeScene();
    const plan = await planFor(scene, { kind: "cut-out" });
    expect(reportOf(await scene.host.carryOut(plan)).notDone).toEqual([]);
    const name = `street.mov - car [${plan.signature}]`;
    expect(describeTimeline(scene.world.model)).toEqual([[clipLine()], [matteLine(name)]]);
  });

  test("only importing leaves the timeline alone", async () => {
    const scene = makeScene();
    const plan = await planFor(scene, { kind: "import-only" });
    reportOf(await scene.host.carryOut(plan));
    expect(describeTimeline(scene.world.model)).toEqual([[clipLine()], []]);
    const imported = scene.world.model.items.find((item) => item.name.includes(plan.signature))!;
    expect([imported.frameRate, imported.stills, imported.binId]).toEqual([25, 100, "bin-Masklet"]);
  });

  test("mask paths are refused with what to do instead", async () => {
    const scene = makeScene();
    const plan = { ...(await planFor(scene)), write: { kind: "mask-paths" as const, paths: [] } };
    const failure = failureOf(await scene.host.carryOut(plan));
    expect([failure.code, failure.remedy]).toEqual(["not-supported", expect.stringContaining("track matte")]);
  });

  const misfits: [string, (scene: Scene) => void, string][] = [
    ["of another size than the sequence", resize, "3840 x 1080"],
    ["with pixels of another shape", stretchPixels, "1.0940"],
    ["that was scaled", (scene) => setMotion(scene, 1, 120), "Scale was changed"],
    ["that was moved", (scene) => setMotion(scene, 0, { x: 0.4, y: 0.5 }), "Position was changed"],
    ["whose rotation is keyed", keyRotation, "Rotation has keyframes"],
  ];

  test.each(misfits)(
    "a clip %s gets no misplaced track matte but the reason and the way out",
    async (_, change, reason) => {
      const scene = makeScene();
      change(scene);
      const plan = await planFor(scene);
      const before = structuredClone(scene.world.model);
      const failure = failureOf(await scene.host.carryOut(plan));
      expect(failure.message).toContain(reason);
      expect(failure.remedy).toContain("cut-out");
      expect(scene.world.model).toEqual(before);
      expect(reportOf(await scene.host.carryOut(await planFor(scene, { kind: "cut-out" }))).notDone).toEqual(
        [],
      );
    },
  );
});

function resize(scene: Scene): void {
  scene.world.projectItem("street.mov").width = 3840;
}

function stretchPixels(scene: Scene): void {
  scene.world.projectItem("street.mov").pixelAspect = 1.094;
}

function setMotion(scene: Scene, param: number, value: unknown): void {
  scene.clip.components[1]!.params[param]!.value = value;
}

function keyRotation(scene: Scene): void {
  scene.clip.components[1]!.params[4]!.timeVarying = true;
}

/** Traps behind which the result is the intended one, to the last value. */
const HARMLESS: Partial<Traps>[] = [
  { staleObjects: true },
  { actionsOnlyInLock: true },
  { staleObjects: true, actionsOnlyInLock: true },
  { importLate: 9 },
  { importIgnoresBin: true },
  { importLate: 5, importIgnoresBin: true, staleObjects: true },
  { overwriteIgnoresOut: true },
  { interpolationNeedsKey: true },
  { interpolationLost: true },
  { interpolationNeedsKey: true, staleObjects: true, actionsOnlyInLock: true },
  { emptyMediaPath: true },
  { doubledExtension: true, exportAnswersEarly: true, exportsLost: 2 },
];

/** Traps behind which something must be done by hand: how the report says so, and what is there all the same. */
const REPORTED: [Partial<Traps>, string, (scene: Scene) => void][] = [
  [{ matteIgnoresValue: true }, 'set Matte to "Video 2"', expectMatteAndEffect],
  [{ matteRefusesValue: true }, 'set Matte to "Video 2"', expectMatteAndEffect],
  [{ compositeIgnoresValue: true }, 'Composite Using to "Matte Luma"', expectMatteAndEffect],
  [{ matteUnreadable: true }, 'set Matte to "Video 2"', expectMatteAndEffect],
  [{ effectUnknown: true }, "add it from Effects > Video Effects", expectMatteOnly],
  [{ appendRefused: true }, "add it from Effects > Video Effects", expectMatteOnly],
  [{ keysRefused: true }, "key its Opacity by hand", (scene) => expectKeyAt(scene, 2)],
  [{ rateIgnored: true }, "Interpret Footage", () => {}],
];

function expectMatteAndEffect(scene: Scene): void {
  const [clip, matte] = describeTimeline(scene.world.model);
  expect(clip![0]!.effects.map((effect) => effect.effect)).toEqual([KEY]);
  expect(matte![0]!.opacity).toHaveLength(3);
}

function expectMatteOnly(scene: Scene): void {
  const [clip, matte] = describeTimeline(scene.world.model);
  expect(clip![0]!.effects).toEqual([]);
  expect(matte![0]!.opacity).toHaveLength(3);
}

function expectKeyAt(scene: Scene, track: number): void {
  expect(describeTimeline(scene.world.model)[0]![0]!.effects).toEqual([keyOn(track)]);
}

/** Traps behind which nothing can be written: the failure, and a timeline as it was. */
const FATAL: [Partial<Traps>, string][] = [
  [{ importRefused: true }, "refused to import"],
  [{ importLate: 100_000 }, "didn't show"],
  [{ overwriteLost: true }, "isn't on video track 2"],
];

describe("traps of real hosts", () => {
  test.each(HARMLESS)("%j changes nothing about the result", async (traps) => {
    const scene = makeScene(traps);
    const { report, name } = await writeTrackMatte(scene);
    expect(report.notDone).toEqual([]);
    expect(describeTimeline(scene.world.model)).toEqual([[clipLine([keyOn(2)])], [matteLine(name)]]);
  });

  test.each(REPORTED)(
    "%j is reported with what to do by hand, and the rest is done",
    async (traps, remedy, check) => {
      for (const extra of [{}, { staleObjects: true, actionsOnlyInLock: true }]) {
        const scene = makeScene({ ...traps, ...extra });
        const { report } = await writeTrackMatte(scene);
        expect(report.notDone.map((each) => each.remedy).join("\n")).toContain(remedy);
        check(scene);
      }
    },
  );

  test.each(FATAL)(
    "%j fails with a reason and leaves nothing on the timeline or in the bin",
    async (traps, reason) => {
      const scene = makeScene({ ...traps, staleObjects: true, actionsOnlyInLock: true });
      const plan = await planFor(scene);
      const before = structuredClone(scene.world.model);
      const failure = failureOf(await scene.host.carryOut(plan));
      expect(failure.message).toContain(reason);
      expect(failure.remedy).not.toBe("");
      expect(scene.world.model.tracks).toEqual(before.tracks);
      expect(scene.world.model.markers).toEqual(before.markers);
      expect(scene.world.visibleItems("bin-Masklet")).toEqual([]);
    },
  );

  test("an insert that makes no track pushes nothing, and says how to add one", async () => {
    const scene = makeScene({ insertMakesNoTrack: true, staleObjects: true, actionsOnlyInLock: true });
    scene.world.place(1, { itemId: null, name: "title", start: at(50), end: at(300) });
    const plan = await planFor(scene);
    const before = structuredClone(scene.world.model);
    const failure = failureOf(await scene.host.carryOut(plan));
    expect(failure.remedy).toContain("Sequence > Add Tracks");
    expect(scene.world.model.tracks).toEqual(before.tracks);
  });

  test("files that are missing are noticed before anything is touched", async () => {
    const scene = makeScene();
    const plan = await planFor(scene);
    scene.world.files.contents.delete(`${FILES}/00099.png`);
    expect(failureOf(await scene.host.carryOut(plan)).message).toContain("00099.png");
    expect(scene.world.undoSteps).toEqual([]);
  });

  test("a clip that was moved in the meantime is not guessed at", async () => {
    const scene = makeScene();
    const plan = await planFor(scene);
    scene.clip.start += at(1);
    const failure = failureOf(await scene.host.carryOut(plan));
    expect(failure.code).toBe("no-selection");
    expect(describeTimeline(scene.world.model)[1]).toEqual([]);
  });

  test("two plans at once are carried out one after the other", async () => {
    const scene = makeScene({ staleObjects: true, importLate: 3 });
    const [first, second] = [
      await planFor(scene),
      await planFor(scene, { folder: "/projects/Masklet/run 2" }),
    ];
    await Promise.all([scene.host.carryOut(first), scene.host.carryOut(second)]);
    expect(scene.world.model.tracks.map((track) => track.items.length)).toEqual([1, 1]);
  });
});
