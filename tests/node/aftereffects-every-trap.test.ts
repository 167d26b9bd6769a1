/** Every way of writing and of rendering against every trap alone: the intended project, or a truthful report, or no trace. */
import { readdirSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import type { HostOutcome, PlanReport } from "../../plugin/protocol.ts";
import { completeStillType } from "../../plugin/still-file.ts";
import { EVERY_TRAP, type Traps } from "../support/aftereffects/fake-traps.ts";
import {
  describeProject,
  expectOwnGroupsClosed,
  type Layer,
  makeScene,
  maskPlan,
  mattePlan,
  type Scene,
} from "../support/aftereffects/scenario.ts";

type Flow = (scene: Scene, run?: string) => Promise<HostOutcome<PlanReport>>;

const maskPaths: Flow = (scene) => scene.host.carryOut(maskPlan(scene.clipId));
const matte =
  (kind: "track-matte" | "cut-out" | "import-only", files: "stills" | "movie" = "stills"): Flow =>
  (scene, run) =>
    scene.host.carryOut(mattePlan(scene, kind, run, { kind: files }));

/** What is written, and what an earlier run has left by then. */
const FLOWS: Record<string, { before?: Flow; write: Flow }> = {
  "mask paths": { write: maskPaths },
  "mask paths in place of earlier ones": { before: maskPaths, write: maskPaths },
  "a track matte": { write: matte("track-matte") },
  "a track matte in place of an earlier one": {
    before: matte("track-matte"),
    write: matte("track-matte"),
  },
  "a track matte as a movie in place of one of pictures": {
    before: matte("track-matte"),
    write: matte("track-matte", "movie"),
  },
  "a track matte in place of a cut-out": { before: matte("cut-out"), write: matte("track-matte") },
  "a cut-out": { write: matte("cut-out") },
  "a cut-out in place of an earlier one": { before: matte("cut-out"), write: matte("cut-out") },
  "a cut-out in place of a track matte": { before: matte("track-matte"), write: matte("cut-out") },
  "only importing": { write: matte("import-only") },
  "only importing in place of an earlier matte": {
    before: matte("import-only"),
    write: matte("import-only"),
  },
};

const WAYS = [
  { version: "26.0x1", locked: false },
  { version: "26.0x1", locked: true },
  { version: "22.6", locked: false },
];

describe.each(Object.entries(FLOWS))("%s", (_, { before, write }) => {
  describe.each(WAYS)("in After Effects $version, layer locked: $locked", ({ version, locked }) => {
    async function open(): Promise<Scene> {
      const scene = await makeScene({ version, arrange: (layer) => Object.assign(layer, { locked }) });
      if (before) expect((await before(scene, "run 1")).ok).toBe(true);
      return scene;
    }

    let intended: unknown;
    beforeAll(async () => {
      const scene = await open();
      expect(await write(scene, "run 2")).toMatchObject({ ok: true, value: { notDone: [] } });
      intended = describeProject(scene);
    });

    test.each([{}, ...EVERY_TRAP])(
      "with %j is as intended, or says what is missing, or leaves no trace",
      async (trap) => {
        const scene = await open();
        const untouched = describeProject(scene);
        const steps = scene.script.app.undoSteps.length;
        Object.assign(scene.script.traps, trap);
        const outcome = await write(scene, "run 2");

        expectOwnGroupsClosed(scene);
        if (!outcome.ok) {
          expect(outcome.error.message && outcome.error.remedy).not.toBe("");
          expect(describeProject(scene)).toEqual(untouched);
          return;
        }
        expect(scene.script.app.undoSteps.length).toBe(steps + 1);
        if (outcome.value.notDone.length === 0) expect(describeProject(scene)).toEqual(intended);
        for (const { what, why, remedy } of outcome.value.notDone) expect(what && why && remedy).not.toBe("");
      },
    );
  });
});

/** Layers whose frames After Effects renders. */
const READS: Record<string, (layer: Layer) => void> = {
  "a composition's frames": (layer) => {
    layer.source = layer.containingComp.project.items.addComp("Inner", 640, 360, 1, 5, 24);
  },
  "a time-remapped layer's frames": (layer) => {
    layer.timeRemapEnabled = true;
    (layer.property("ADBE Time Remapping") as unknown as { value: unknown }).value = (time: number) => time;
  },
};

describe.each(Object.entries(READS))("%s", (_, arrange) => {
  test.each<Partial<Traps>>([{}, ...EVERY_TRAP])(
    "with %j come whole, or it is said why not; nothing stays",
    async (trap) => {
      const scene = await makeScene({ arrange });
      const untouched = describeProject(scene);
      Object.assign(scene.script.traps, trap);
      const still = await scene.host.renderStill(scene.clipId, 3, 1024);
      if (still.ok) expect(completeStillType(Buffer.from(still.value.base64, "base64"))).toBe("image/png");
      else expect(still.error.message && still.error.remedy).not.toBe("");
      expect(still.ok).toBe(trap.stills !== "none" && trap.stills !== "truncated" && !trap.noFileAccess);
      await scene.host.releaseStills();
      expect(describeProject(scene)).toEqual(untouched);
      expectOwnGroupsClosed(scene);
      expect(readdirSync(scene.folder).filter((name) => name.startsWith("still"))).toEqual([]);
    },
  );
});
