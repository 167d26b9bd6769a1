import { describe, expect, test } from "vitest";
import { checkHost } from "../../plugin/premiere/self-check.ts";
import { fakeHost } from "../support/premiere/fake-premiere.ts";
import { at, describeTimeline, makeScene, planFor, type Scene } from "../support/premiere/scenario.ts";
import type { Traps } from "../support/premiere/traps.ts";

async function check(traps: Partial<Traps> = {}, change: (scene: Scene) => void = () => {}) {
  const scene = makeScene({ staleObjects: true, actionsOnlyInLock: true, ...traps });
  scene.clip.inPoint = at(90);
  change(scene);
  const before = structuredClone(scene.world.model.tracks);
  const report = await checkHost(fakeHost(scene.world).environment);
  const findings = Object.fromEntries(report.lines.map((line) => [line.name, line.finding]));
  return { scene, before, report, findings };
}

describe("the self-check", () => {
  test("finds out what documentation doesn't say, and takes everything back but an empty track", async () => {
    const { scene, before, findings } = await check();
    expect(findings).toMatchObject({
      "The Matte parameter takes a track's id": true,
      "Inserting above the last track makes a track": true,
      "Keyframes count the time of the source": true,
    });
    const { tracks } = scene.world.model;
    expect(tracks[2]).toMatchObject({ items: [], muted: false });
    expect(describeTimeline({ ...scene.world.model, tracks: tracks.slice(0, 2) })).toEqual(
      describeTimeline({ ...scene.world.model, tracks: before }).map((track) =>
        track.map((item) => ({ ...item, opacity: expect.anything() })),
      ),
    );
    expect(tracks[0]!.items[0]!.components[0]!.params[0]).toMatchObject({ value: 100, timeVarying: false });
  });

  test.each([
    [{ matteIgnoresValue: true }, "The Matte parameter takes a track's id", false],
    [{ insertMakesNoTrack: true }, "Inserting above the last track makes a track", false],
    [{ keysOnClipClock: true }, "Keyframes count the time of the source", false],
    [{ effectUnknown: true }, "The Matte parameter takes a track's id", null],
    [{ exportRefused: true }, "Rendering a frame", null],
    [{ emptyMediaPath: true }, "Reading the media file", null],
  ] as const)("with %j says so and leaves the clips as they were", async (traps, name, finding) => {
    const { scene, findings, report } = await check(traps);
    expect(findings[name]).toBe(finding);
    expect(report.lines.every((line) => line.detail !== "")).toBe(true);
    const places = scene.world.model.tracks.flatMap((track) =>
      track.items.map((item) => [item.start, item.end]),
    );
    expect(places).toEqual([[at(100), at(200)]]);
    expect(scene.world.model.tracks.every((track) => !track.muted)).toBe(true);
  });

  test("says what it needs where the selected clip can't show something", async () => {
    const { report } = await check({}, ({ clip }) => {
      clip.inPoint = 0n;
    });
    expect(report.lines[4]).toMatchObject({ finding: null, detail: expect.stringContaining("trimmed") });
  });

  test("decides later runs: keys on the clip's clock, no attempt at a track, a word about the matte", async () => {
    const { scene } = await check({
      keysOnClipClock: true,
      insertMakesNoTrack: true,
      matteIgnoresValue: true,
    });
    const described = await scene.host.describe();
    expect(described.abilities.find((each) => each.ability === "track-matte")?.reason).toContain("by hand");
    scene.world.place(1, { itemId: null, name: "title", start: at(50), end: at(300) });
    const steps = scene.world.undoSteps.length;
    expect(await scene.host.carryOut(await planFor(scene))).toMatchObject({ ok: false });
    expect(scene.world.undoSteps.slice(steps).map((step) => step.label)).not.toContain(
      "Masklet: new video track",
    );
  });

  test("is there for the panel, and waits for a write that is under way", async () => {
    const scene = makeScene({ staleObjects: true, actionsOnlyInLock: true, importLate: 4 });
    scene.clip.inPoint = at(90);
    const writing = scene.host.carryOut(await planFor(scene));
    const checked = await scene.host.selfCheck();
    expect(await writing).toMatchObject({ ok: true, value: { notDone: [] } });
    expect(checked).toMatchObject({ ok: true, value: { hostVersion: "26.3.0" } });
    if (!checked.ok) return;
    // The clip is keyed by then: what a matte would be tracked through is not rendered.
    expect(checked.value.lines[1]).toMatchObject({
      finding: null,
      detail: expect.stringContaining("Track Matte Key"),
    });
    expect(checked.value.lines[2]).toMatchObject({ finding: true });
    expect(describeTimeline(scene.world.model)[0]![0]!.effects).toHaveLength(1);
  });

  test("of another version of Premiere decides nothing", async () => {
    const { scene } = await check({ matteIgnoresValue: true });
    const { environment } = fakeHost(scene.world, "26.4.0");
    const { PremiereHost } = await import("../../plugin/premiere/premiere-host.ts");
    const described = await new PremiereHost(environment).describe();
    expect(described.abilities.find((each) => each.ability === "track-matte")?.reason).toBe("");
  });
});
