/** The self-check: what it finds on an ordinary After Effects and on odd ones, and that it leaves nothing behind. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { decode } from "fast-png";
import { describe, expect, it, test } from "vitest";
import { trialPicture } from "../../plugin/aftereffects/trial-picture.ts";
import type { SelfCheckReport } from "../../plugin/protocol.ts";
import { shownSourceFrames } from "../../plugin/timeline-map.ts";
import { EVERY_TRAP, type Traps } from "../support/aftereffects/fake-traps.ts";
import {
  answerOf,
  describeProject,
  expectOwnGroupsClosed,
  makeScene,
  type Scene,
} from "../support/aftereffects/scenario.ts";

const LONG = 60_000;

async function check(traps: Partial<Traps> = {}): Promise<{ scene: Scene; report: SelfCheckReport }> {
  const scene = await makeScene();
  scene.script.app.project.sequence = { frames: 12, width: 64, height: 36, hasAlpha: false };
  Object.assign(scene.script.traps, traps);
  return { scene, report: answerOf(await scene.host.selfCheck()) };
}

const findingOf = (report: SelfCheckReport, name: string) => {
  const found = report.lines.find((line) => line.name.includes(name));
  expect(found, name).toBeDefined();
  return found!;
};

describe("the self-check", () => {
  it(
    "finds everything as expected where it is",
    async () => {
      const { report } = await check();
      expect(report.hostVersion).toBe("26.0x1");
      const yesOrNo = report.lines.filter(({ finding }) => typeof finding === "boolean");
      expect(yesOrNo.map(({ name }) => name)).toHaveLength(11);
      expect(yesOrNo.filter(({ finding }) => finding !== true)).toEqual([]);
      expect(report.lines.filter(({ finding }) => finding === null)).toEqual([]);
      expect(findingOf(report, "Longest script")).toMatchObject({ finding: 16 * 1024 * 1024 });
    },
    LONG,
  );

  test.each<[Partial<Traps>, string, boolean | null]>([
    [{ noFileAccess: true }, "Scripts may write files", false],
    [{ sequenceIgnored: true }, "Numbered pictures", false],
    [{ conformIgnored: true }, "Numbered pictures", false],
    [{ importThrows: true }, "Numbered pictures", null],
    [{ stills: "truncated" }, "A frame is saved", null],
    [{ stills: "none" }, "A frame is saved", null],
    [{ reversedShowsFrameAt: true }, "A reversed layer", false],
    [{ samplingThrows: true }, "normal speed", null],
    [{ samplingThrows: true }, "A slowed layer", null],
    [{ trackMatteIgnored: true }, "Track mattes", false],
    [{ trackMatteThrows: true }, "Track mattes", null],
    [{ parentIgnored: true }, "Track mattes", false],
    [{ referencesDieOnAdd: true }, "used after another", false],
    [{ keysEase: true }, "move evenly", false],
    [{ masksCountShownPixels: true }, "count the source's pixels", false],
    [{ addMaskThrows: true }, "move evenly", null],
  ])(
    "with %j says of “%s”: %s",
    async (traps, name, finding) => {
      const { report } = await check(traps);
      const line = findingOf(report, name);
      expect(line.finding).toBe(finding);
      if (finding === null) expect(line.detail).not.toBe("");
    },
    LONG,
  );

  test.each([{}, ...EVERY_TRAP])(
    "with %j leaves project and folder as they were",
    async (traps) => {
      const before = describeProject(await makeScene());
      const { scene } = await check(traps);
      expect(describeProject(scene)).toEqual(before);
      expectOwnGroupsClosed(scene);
      expect(readdirSync(join(scene.folder, "self-check"))).toEqual([]);
    },
    LONG,
  );

  it(
    "says how often After Effects answered before a frame was whole",
    async () => {
      const { report } = await check({ stills: "late" });
      expect(findingOf(report, "A frame is saved").detail).toContain("3 of 3");
    },
    LONG,
  );

  it(
    "makes later reads of reversed layers go by what it found, in this version only",
    async () => {
      const { scene } = await check({ reversedShowsFrameAt: true });
      Object.assign(scene.layer, { stretch: -100, startTime: 5, inPoint: 5, outPoint: 0 });
      const first = async () =>
        shownSourceFrames(answerOf(await scene.host.readSelection()), { frameCount: 120 }).slice(0, 3);
      expect(await first()).toEqual([119, 119, 118]);
      scene.script.app.version = "27.0";
      expect(await first()).toEqual([119, 118, 117]);
    },
    LONG,
  );

  it(
    "keeps its report for whoever asks for help",
    async () => {
      const { scene, report } = await check();
      const path = join(scene.folder, "self-check-report.json");
      expect(existsSync(path)).toBe(true);
      expect(JSON.parse(readFileSync(path, "utf8"))).toEqual(report);
    },
    LONG,
  );
});

describe("the trial's pictures", () => {
  it("are PNG files that any reader takes, brighter from one to the next, with a black right half", () => {
    const levels = Array.from({ length: 12 }, (_, n) => {
      const { width, height, channels, data } = decode(trialPicture(n, 12));
      expect({ width, height, channels }).toEqual({ width: 64, height: 36, channels: 1 });
      expect([data[32], data[63], data[35 * 64 + 40]]).toEqual([0, 0, 0]);
      return data[10]!;
    });
    expect(levels.every((level, n) => n === 0 || level > levels[n - 1]!)).toBe(true);
  });
});
