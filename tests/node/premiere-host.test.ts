import fc from "fast-check";
import { decode } from "fast-png";
import { describe, expect, test } from "vitest";
import { decodeBase64, encodeBase64 } from "../../plugin/bridge/base64.ts";
import { matteFolderName, safeNamePart, stillName } from "../../plugin/matte-names.ts";
import { readClipClock } from "../../plugin/premiere/clip-clock.ts";
import { joinPath, parentFolder, samePath } from "../../plugin/premiere/paths.ts";
import { PremiereHost } from "../../plugin/premiere/premiere-host.ts";
import { isAtLeast } from "../../plugin/premiere/versions.ts";
import type { HostOutcome } from "../../plugin/protocol.ts";
import { completeStillType } from "../../plugin/still-file.ts";
import { frameToTicks } from "../../plugin/timecode.ts";
import { fakeHost } from "../support/premiere/fake-premiere.ts";
import { at, makeScene, planFor, type Scene, select } from "../support/premiere/scenario.ts";
import { TICKS } from "../support/premiere/timeline-model.ts";
import type { Traps } from "../support/premiere/traps.ts";

function unwrap<T>(outcome: HostOutcome<T>): T {
  if (!outcome.ok) throw new Error(`${outcome.error.code}: ${outcome.error.message}`);
  return outcome.value;
}

function failureOf<T>(outcome: HostOutcome<T>) {
  if (outcome.ok) throw new Error("expected a failure");
  return outcome.error;
}

describe("reading the selection", () => {
  test("says where the clip lies, what it shows and what surrounds it", async () => {
    const { host } = makeScene();
    expect(await select(host)).toEqual({
      clipId: expect.stringContaining("sequence-1|1|"),
      name: "street.mov",
      mediaPath: "/media/street.mov",
      mediaBytes: 5000,
      width: 1920,
      height: 1080,
      pixelAspect: { numerator: 1, denominator: 1 },
      rate: { numerator: 25, denominator: 1 },
      sourceIn: at(40).toString(),
      sourceOut: at(140).toString(),
      start: at(100).toString(),
      end: at(200).toString(),
      speed: 1,
      playhead: "0",
      timeline: {
        name: "Sequence 01",
        rate: { numerator: 25, denominator: 1 },
        width: 1920,
        height: 1080,
        pixelAspect: { numerator: 1, denominator: 1 },
        zeroPoint: "0",
        dropFrame: false,
      },
      notes: [],
    });
  });

  test("takes the topmost clip under the player when nothing is selected, but no disabled one and no matte", async () => {
    const scene = makeScene();
    await scene.host.carryOut(await planFor(scene));
    scene.world.selection = [];
    scene.world.player = at(150);
    scene.world.addTrack();
    scene.world.place(2, { itemId: null, name: "off", start: at(0), end: at(300), disabled: true });
    expect((await select(scene.host)).name).toBe("street.mov");
    scene.world.player = at(250);
    expect(failureOf(await scene.host.readSelection())).toMatchObject({ code: "no-selection" });
  });

  test("gives a clip the same id until it moves", async () => {
    const scene = makeScene({ staleObjects: true });
    const first = await select(scene.host);
    await scene.host.carryOut(await planFor(scene));
    expect((await select(scene.host)).clipId).toBe(first.clipId);
    scene.clip.start += at(1);
    expect((await select(scene.host)).clipId).not.toBe(first.clipId);
  });

  const fileless: [string, Partial<Traps>, (scene: Scene) => void, string][] = [
    [
      "a nest",
      {},
      (scene) => void Object.assign(scene.world.projectItem("street.mov"), { kind: "sequence" }),
      "nested sequence",
    ],
    [
      "a multicam clip",
      {},
      (scene) => void Object.assign(scene.world.projectItem("street.mov"), { multicam: true }),
      "multicam",
    ],
    ["a title", { emptyMediaPath: true }, () => {}, "no media file"],
    ["a file that can't be read", {}, (scene) => void scene.world.files.contents.clear(), "can't be read"],
  ];
  test.each(fileless)("of %s gives no media path and says why", async (_, traps, change, note) => {
    const scene = makeScene(traps);
    change(scene);
    const selection = await select(scene.host);
    expect(selection.mediaPath).toBeNull();
    expect(selection.notes.join(" ")).toContain(note);
  });

  test("of offline media fails and says how to link it again", async () => {
    const scene = makeScene();
    scene.world.projectItem("street.mov").offline = true;
    const failure = failureOf(await scene.host.readSelection());
    expect([failure.code, failure.remedy]).toEqual(["offline-media", expect.stringContaining("Link Media")]);
  });

  test("knows 29.97 drop frame and the start timecode", async () => {
    const scene = makeScene();
    const hour = frameToTicks(107_892, { numerator: 30000, denominator: 1001 });
    const ticksPerFrame = frameToTicks(1, { numerator: 30000, denominator: 1001 });
    scene.world.settings = { ...scene.world.settings, ticksPerFrame, dropFrame: true, zeroPoint: hour };
    const { timeline } = await select(scene.host);
    expect(timeline).toMatchObject({
      rate: { numerator: 30000, denominator: 1001 },
      dropFrame: true,
      zeroPoint: hour.toString(),
    });
  });

  test("warns before tracking that a track matte would not fit", async () => {
    const scene = makeScene();
    scene.world.projectItem("street.mov").width = 1280;
    expect((await select(scene.host)).notes.join()).toContain("1280 x 1080");
  });
});

describe("speed and in-point, however the host counts them", () => {
  const numbers = {
    inPoint: 40n * TICKS,
    outPoint: 60n * TICKS,
    start: 0n,
    end: 10n * TICKS,
    reversed: false,
  };
  test.each([
    ["a factor on the source clock", { ...numbers, speed: 2 }],
    ["per cent on the source clock", { ...numbers, speed: 200 }],
    ["a factor on the played clock", { ...numbers, inPoint: 20n * TICKS, outPoint: 30n * TICKS, speed: 2 }],
    ["per cent on the played clock", { ...numbers, inPoint: 20n * TICKS, outPoint: 30n * TICKS, speed: 200 }],
  ])("double speed given as %s is read alike", (_, given) => {
    expect(readClipClock(given)).toEqual({
      sourceIn: (40n * TICKS).toString(),
      sourceOut: (60n * TICKS).toString(),
      speed: 2,
      notes: [],
    });
  });

  test("normal speed is 1 whether it is given as 1 or as 100", () => {
    for (const speed of [1, 100]) {
      const clock = readClipClock({ ...numbers, outPoint: 50n * TICKS, speed });
      expect([clock.speed, clock.sourceIn]).toEqual([1, (40n * TICKS).toString()]);
    }
  });

  test("a reversed clip has negative speed and a word of caution", () => {
    const clock = readClipClock({ ...numbers, outPoint: 50n * TICKS, speed: 1, reversed: true });
    expect(clock.speed).toBe(-1);
    expect(clock.notes.join()).toContain("reverse");
  });
});

describe("media bytes", () => {
  test("are read in ranges, also when the host reads less than asked, and end with the file", async () => {
    const scene = makeScene();
    scene.world.files.readLimit = 700;
    const { clipId } = await select(scene.host);
    const wanted = scene.world.files.contents.get("/media/street.mov")!;
    const read = async (offset: number, length: number) =>
      decodeBase64(unwrap(await scene.host.readMedia(clipId, offset, length)));
    expect(await read(100, 3000)).toEqual(wanted.slice(100, 3100));
    expect(await read(4900, 3000)).toEqual(wanted.slice(4900));
    expect(await read(9000, 10)).toEqual(new Uint8Array());
    expect(scene.world.files.opened.size).toBe(1);
  });

  test("of an unplugged drive end in a failure that says what to do, and no file stays open", async () => {
    const scene = makeScene();
    const { clipId } = await select(scene.host);
    unwrap(await scene.host.readMedia(clipId, 0, 10));
    scene.world.files.contents.delete("/media/street.mov");
    expect(failureOf(await scene.host.readMedia(clipId, 0, 10)).remedy).toContain("drive");
    expect(scene.world.files.opened.size).toBe(0);
  });

  test("a nonsensical range is refused", async () => {
    const scene = makeScene();
    const { clipId } = await select(scene.host);
    for (const [offset, length] of [
      [-1, 5],
      [0, 0],
      [0.5, 5],
    ] as const) {
      expect((await scene.host.readMedia(clipId, offset, length)).ok).toBe(false);
    }
  });
});

describe("stills that Premiere renders", () => {
  /** The fake host paints the source frame's number into the first pixel. */
  async function frameShown(scene: Scene, frame: number): Promise<number> {
    const { clipId } = await select(scene.host);
    const still = unwrap(await scene.host.renderStill(clipId, frame, 96));
    const { data, width, height } = decode(decodeBase64(still.base64));
    expect([width, height, still.mimeType]).toEqual([96, 54, "image/png"]);
    return data[0]! * 256 + data[1]!;
  }

  const ways: Partial<Traps>[] = [
    {},
    { exportAnswersEarly: true },
    { exportsLost: 2 },
    { doubledExtension: true },
    { exportsLost: 1, exportAnswersEarly: true, doubledExtension: true, staleObjects: true },
  ];
  test.each(ways)("show the clip's own frames and leave no file behind, with %j", async (traps) => {
    const scene = makeScene(traps, "26.0.0");
    scene.world.place(1, { itemId: null, name: "title", start: at(0), end: at(300) });
    expect(await frameShown(scene, 0)).toBe(40);
    expect(await frameShown(scene, 99)).toBe(139);
    expect(scene.world.files.paths().filter((path) => path.startsWith("/temp"))).toEqual([]);
  });

  test("mute the other tracks only while frames are made", async () => {
    const scene = makeScene();
    scene.world.addTrack().muted = true;
    const muted = () => scene.world.model.tracks.map((track) => track.muted);
    await frameShown(scene, 0);
    expect(muted()).toEqual([false, true, true]);
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(muted()).toEqual([false, false, true]);
    expect(scene.world.files.contents.has("/data/muted-tracks.json")).toBe(false);
  });

  test("leave no track muted after a crash: the next start restores them", async () => {
    const scene = makeScene();
    const neverBack = { ...fakeHost(scene.world).environment, wait: () => new Promise<void>(() => {}) };
    const crashed = new PremiereHost(neverBack);
    const { clipId } = await select(crashed);
    unwrap(await crashed.renderStill(clipId, 0, 96));
    expect(scene.world.model.tracks[1]!.muted).toBe(true);
    scene.world.files.put("/temp/masklet-late-1.png", new Uint8Array(3));
    unwrap(await scene.host.recover());
    expect(scene.world.model.tracks[1]!.muted).toBe(false);
    expect(scene.world.files.paths().filter((path) => /^\/(temp|data)/.test(path))).toEqual([]);
  });

  test("forget tracks of a sequence that was deleted meanwhile", async () => {
    const scene = makeScene();
    const muted = JSON.stringify({ sequenceId: "gone", trackIds: [1, 2] });
    scene.world.files.put("/data/muted-tracks.json", new TextEncoder().encode(muted));
    unwrap(await scene.host.recover());
    expect(scene.world.files.contents.has("/data/muted-tracks.json")).toBe(false);
  });

  test("come back before a plan is carried out, so that no track stays muted in it", async () => {
    const scene = makeScene();
    await frameShown(scene, 3);
    unwrap(await scene.host.carryOut(await planFor(scene)));
    expect(scene.world.model.tracks.map((track) => track.muted)).toEqual([false, false]);
  });

  test("that never come end in a failure in words, with the tracks restored", async () => {
    for (const traps of [{ exportRefused: true }, { exportsLost: 99 }]) {
      const scene = makeScene(traps);
      const { clipId } = await select(scene.host);
      expect(failureOf(await scene.host.renderStill(clipId, 0, 96))).toMatchObject({ code: "timeout" });
      await scene.host.recover();
      expect(scene.world.model.tracks.map((track) => track.muted)).toEqual([false, false]);
    }
  });

  test("are not made of a clip that an earlier matte cuts out already", async () => {
    const scene = makeScene();
    await scene.host.carryOut(await planFor(scene));
    const { clipId } = await select(scene.host);
    expect(failureOf(await scene.host.renderStill(clipId, 0, 96)).remedy).toContain("Track Matte Key off");
  });

  test("exist for the clip's frames only", async () => {
    const scene = makeScene();
    const { clipId } = await select(scene.host);
    for (const frame of [-1, 100, 0.5]) {
      expect(failureOf(await scene.host.renderStill(clipId, frame, 96)).message).toContain("0 to 99");
    }
  });
});

describe("files and sessions", () => {
  test("mattes go beside the project, or where the person chose, which is remembered", async () => {
    const scene = makeScene();
    const write = async (host: PremiereHost) =>
      unwrap(await host.writeFile("car/00000.png", encodeBase64(new Uint8Array([1, 2])), false)).absolutePath;
    expect(await write(scene.host)).toBe("/projects/Masklet/car/00000.png");
    expect(unwrap(await scene.host.chooseMatteFolder())).toBe("/chosen");
    expect(await write(new PremiereHost(fakeHost(scene.world).environment))).toBe("/chosen/car/00000.png");
  });

  test("a large file arrives in parts, each appended", async () => {
    const { host, world } = makeScene();
    unwrap(await host.writeFile("a.mov", encodeBase64(new Uint8Array([1, 2])), false));
    unwrap(await host.writeFile("a.mov", encodeBase64(new Uint8Array([3])), true));
    expect([...world.files.contents.get("/projects/Masklet/a.mov")!]).toEqual([1, 2, 3]);
  });

  test("nothing is written outside of the matte folder", async () => {
    const { host, world } = makeScene();
    const before = world.files.paths();
    for (const path of ["../x.png", "/etc/x.png", "a/../../x.png", "C:\\x.png", "a\\..\\x.png", ""]) {
      expect(failureOf(await host.writeFile(path, "AAAA", false)).code).toBe("internal");
    }
    expect(world.files.paths()).toEqual(before);
  });

  test("a full disk is a failure with a way out", async () => {
    const { host, world } = makeScene();
    world.files.full = true;
    expect(failureOf(await host.writeFile("a.png", "AAAA", false))).toMatchObject({ code: "storage" });
    expect(failureOf(await host.storeSession("a", "{}"))).toMatchObject({ code: "storage" });
  });

  test("sessions come back under their own key, whatever it holds", async () => {
    const { host } = makeScene();
    const keys = ["a", "a/b", "a%2Fb", "C:\\x*y", "自行车", "..", "A'()!"];
    for (const [index, key] of keys.entries()) unwrap(await host.storeSession(key, `{"n":${index}}`));
    for (const [index, key] of keys.entries())
      expect(unwrap(await host.loadSession(key))).toBe(`{"n":${index}}`);
    expect(unwrap(await host.loadSession("never stored"))).toBeNull();
  });

  test("names of folders suit every file system", () => {
    const time = new Date(2026, 10, 22, 21, 3, 9);
    expect(matteFolderName("street.mov", "car", time)).toBe("street - car 2026-11-22 210309");
    expect(matteFolderName('A/B:"x".mp4', "con", time)).toBe("A B x - object con 2026-11-22 210309");
    expect([safeNamePart(""), safeNamePart("..."), stillName(7)]).toEqual(["object", "object", "00007.png"]);
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (name) => {
        expect(safeNamePart(name)).toMatch(/^[^<>:"/\\|?*%]*[^<>:"/\\|?*% .]$/u);
      }),
    );
  });
});

describe("small parts", () => {
  test("base64 agrees with the platform's and refuses what isn't base64", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(encodeBase64(bytes)).toBe(Buffer.from(bytes).toString("base64"));
        expect(decodeBase64(encodeBase64(bytes))).toEqual(new Uint8Array(bytes));
      }),
    );
    for (const bad of ["A", "AA*A", "A=AA", "AAAé"]) expect(() => decodeBase64(bad)).toThrow(RangeError);
  });

  test("paths of both systems are joined and compared", () => {
    expect(joinPath("C:\\Film\\", "Masklet/a.png")).toBe("C:\\Film\\Masklet\\a.png");
    expect(parentFolder("/projects/Film.prproj")).toBe("/projects");
    expect(samePath("C:\\Film\\A.png", "c:/film/a.png")).toBe(true);
  });

  test("versions compare by number", () => {
    expect(isAtLeast("26.10.0", [26, 2, 2])).toBe(true);
    expect(isAtLeast("26.2", [26, 2, 2])).toBe(false);
    expect(isAtLeast("25.6.0", [25, 6, 0])).toBe(true);
  });

  test("a still counts as complete only with its last byte", async () => {
    const scene = makeScene();
    const { clipId } = await select(scene.host);
    const png = decodeBase64(unwrap(await scene.host.renderStill(clipId, 0, 96)).base64);
    expect(completeStillType(png)).toBe("image/png");
    for (let length = 0; length < png.length; length += 7)
      expect(completeStillType(png.subarray(0, length))).toBeNull();
    expect(completeStillType(new Uint8Array([0xff, 0xd8, 1, 2, 0xff, 0xd9]))).toBe("image/jpeg");
    expect(completeStillType(new Uint8Array([0xff, 0xd8, 1, 2]))).toBeNull();
  });

  test("a host that is too old says so for every ability", async () => {
    const { world } = makeScene();
    const old = await new PremiereHost(fakeHost(world, "25.3.0").environment).describe();
    expect(old.abilities.every((ability) => !ability.available && ability.reason !== "")).toBe(true);
  });
});
