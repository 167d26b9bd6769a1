/** Every way of writing and of reading against every trap alone: as intended, or a truthful report, or no trace. */
import { describe, expect, test } from "vitest";
import type { HostOutcome, PlanReport } from "../../plugin/protocol.ts";
import { describeTimeline, makeScene, planFor, type Scene, select } from "../support/premiere/scenario.ts";
import { NO_TRAPS, type Traps } from "../support/premiere/traps.ts";

type Flow = (scene: Scene) => Promise<HostOutcome<PlanReport>>;

const write =
  (kind: "track-matte" | "cut-out" | "import-only", folder?: string): Flow =>
  async (scene) =>
    scene.host.carryOut(await planFor(scene, { kind, ...(folder ? { folder } : {}) }));

const FLOWS: Record<string, Flow> = {
  "a track matte": write("track-matte"),
  "a cut-out": write("cut-out"),
  "only importing": write("import-only"),
  "a track matte in place of an earlier one": async (scene) => {
    const first = await write("track-matte")(scene);
    return first.ok ? write("track-matte", "/projects/Masklet/run 2")(scene) : first;
  },
  "a cut-out in place of an earlier one": async (scene) => {
    const first = await write("cut-out")(scene);
    return first.ok ? write("cut-out", "/projects/Masklet/run 2")(scene) : first;
  },
};

/** Every switch turned on; those that count get a number that a patient plugin survives, and one that none does. */
const TRAPS: Partial<Traps>[] = Object.entries(NO_TRAPS).flatMap(([name, off]) => {
  const values = typeof off === "number" ? [4, 100_000] : [true];
  return values.map((value) => ({ [name]: value }));
});

const places = (scene: Scene) =>
  describeTimeline(scene.world.model).map((track) => track.map(({ from, name }) => ({ from, name })));

describe.each(Object.entries(FLOWS))("%s", (_, flow) => {
  test.each(TRAPS)("with %j is as intended, or says what is missing, or leaves no trace", async (trap) => {
    const intended = makeScene();
    expect((await flow(intended)).ok).toBe(true);
    const scene = makeScene(trap);
    const before = structuredClone(scene.world.model);
    const outcome = await flow(scene);

    if (!outcome.ok) {
      expect(outcome.error.remedy).not.toBe("");
      expect(scene.world.model.tracks).toEqual(before.tracks);
      expect(scene.world.model.markers).toEqual(before.markers);
    } else if (outcome.value.notDone.length > 0) {
      for (const { why, remedy } of outcome.value.notDone) expect(why && remedy).not.toBe("");
      expect(places(scene)).toEqual(places(intended));
    } else {
      expect(describeTimeline(scene.world.model)).toEqual(describeTimeline(intended.world.model));
      expect(scene.world.model.markers).toEqual(intended.world.model.markers);
    }
  });
});

type Reading = (scene: Scene) => Promise<HostOutcome<unknown>>;

/** A second time too: the first one may have left something stale. */
const twice =
  (reading: Reading): Reading =>
  async (scene) => {
    const first = await reading(scene);
    return first.ok ? reading(scene) : first;
  };

const READINGS: Record<string, Reading> = {
  "reading the selection": async ({ host }) => host.readSelection(),
  "reading the media": async ({ host }) => host.readMedia((await select(host)).clipId, 100, 5000),
  "rendering a still": async ({ host }) => host.renderStill((await select(host)).clipId, 7, 96),
  "rendering after a write": async (scene) => {
    const { clipId } = await select(scene.host);
    const written = await write("import-only")(scene);
    return written.ok ? scene.host.renderStill(clipId, 7, 96) : written;
  },
};

describe.each(Object.entries(READINGS))("%s", (name, reading) => {
  test.each(TRAPS)(
    "with %j gives what is there, or says why not, and leaves nothing behind",
    async (trap) => {
      const asDocumented = await reading(makeScene());
      expect(asDocumented.ok).toBe(true);
      const scene = makeScene(trap);
      const before = structuredClone(scene.world.model.tracks);
      const outcome = await twice(reading)(scene);
      await scene.host.recover();

      if (!outcome.ok) expect(outcome.error.message && outcome.error.remedy).not.toBe("");
      else if (trap.emptyMediaPath && name === "reading the selection")
        expect(outcome.value).toMatchObject({ mediaPath: null, notes: [expect.stringMatching(/./)] });
      else expect(outcome).toEqual(asDocumented);
      expect(scene.world.model.tracks).toEqual(before);
      expect(scene.world.files.paths().filter((path) => /^\/(temp|data)/.test(path))).toEqual([]);
    },
  );
});
