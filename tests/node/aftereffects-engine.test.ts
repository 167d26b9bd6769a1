/** The engine: a real process with native ONNX Runtime, ended at every stage; `npm run build` makes it. */
import { spawn } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { trackWithEngine } from "../../panel/engine/engine-state.ts";
import type { ConnectedTracker } from "../../panel/engine/engine-tracker.ts";
import { RecoveringTracker } from "../../panel/engine/recovering-tracker.ts";
import { findNode, NODE_SETTING } from "../../plugin/aftereffects/engine/find-node.ts";
import type { FrameResult, MatteFile, MatteRequest, Outcome, TrackerApi } from "../../worker/protocol.ts";
import {
  discCentre,
  discClip,
  enginePlaces,
  isGone,
  lives,
  miniModelRequest,
  openEngine,
  type RunningEngine,
  thisNode,
} from "../support/aftereffects/engine.ts";

const BUILT = "dist/engine/engine.mjs";
/** Machines that build are slow and shared. */
const LONG = 600_000;
const opened: { close(): void }[] = [];

afterEach(() => {
  for (const each of opened.splice(0)) each.close();
});

async function engine(...given: Parameters<typeof openEngine>): Promise<RunningEngine> {
  const started = await openEngine(...given);
  opened.push(started);
  return started;
}

function value<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw new Error(outcome.error.message);
  return outcome.value;
}

async function prepared(api: TrackerApi, frames: number): Promise<string> {
  value(await api.loadModel(miniModelRequest(), () => {}));
  const { clipId } = value(await api.openClip(discClip(frames)));
  const prompts = { points: [{ ...discCentre(0), label: 1 as const }] };
  value(await api.setPrompts(clipId, 1, 0, prompts));
  return clipId;
}

async function tracked(
  api: TrackerApi,
  clipId: string,
  to: number,
  at: (frame: number) => void = () => {},
): Promise<FrameResult[]> {
  const results: FrameResult[] = [];
  value(
    await api.track(clipId, { from: 0, to }, (progress) => {
      results.push(...progress.results);
      at(progress.frameIndex);
    }),
  );
  return results;
}

const masks = (results: readonly FrameResult[]) =>
  results.map(({ frameIndex, mask }) => [frameIndex, mask.counts]);

function matteOf(results: readonly FrameResult[]): MatteRequest {
  const layer = { objectId: 1, name: "disc", operation: "add" as const, masks: [...results] };
  return {
    layers: [layer],
    from: 0,
    to: results.length - 1,
    format: "png",
    content: "cutout",
    grouping: "merged",
  };
}

describe.skipIf(!existsSync(BUILT))("the engine", () => {
  it("tracks and writes as the tracker does, with the model's and the clip's bytes left in the panel", async () => {
    const { api, greeting } = await engine();
    expect(greeting).toMatchObject({ protocol: 1, nativeProblem: "", nodeVersion: process.versions.node });
    // Where the data folder has no codecs, those that the engine can find by itself are taken.
    const hasCodecs = existsSync("node_modules/@mediabunny/server");
    expect(greeting?.codecsProblem === "").toBe(hasCodecs);
    const clipId = await prepared(api, 6);
    const results = await tracked(api, clipId, 5);
    expect(results.map(({ frameIndex }) => frameIndex)).toEqual([0, 1, 2, 3, 4, 5]);
    const files: MatteFile[] = [];
    value(
      await api.exportMatte(
        clipId,
        matteOf(results),
        (file) => void files.push(file),
        () => {},
      ),
    );
    expect(files.map(({ path }) => path)).toEqual([0, 1, 2, 3, 4, 5].map((n) => `0000${n}.png`));
    expect((await files[0]!.bytes.arrayBuffer()).byteLength).toBeGreaterThan(60);
    const state = value(await api.exportState(clipId));
    expect(value(await api.importState(clipId, state))).toBeNull();
    expect(await api.openClip({ kind: "media", blob: new Blob(["no clip"]), name: "x.mp4" })).toMatchObject({
      ok: false,
      error: { code: "bad-clip" },
    });
  });

  it.skipIf(!existsSync("node_modules/@mediabunny/server"))(
    "writes a movie to its folder itself, which reads back frame by frame",
    async () => {
      const { api } = await engine();
      const clipId = await prepared(api, 6);
      const results = await tracked(api, clipId, 5);
      const folder = join(mkdtempSync(join(tmpdir(), "masklet-movie-")), "new");
      const refuse = () => expect.unreachable("no file is handed over");
      const request = { ...matteOf(results), format: "prores4444" as const, folder };
      expect(value(await api.exportMatte(clipId, request, refuse, () => {}))).toEqual({ files: 1 });
      expect(readdirSync(folder)).toEqual(["matte.mov"]);
      const movie = {
        port: new MessageChannel().port1,
        bytes: 0,
        name: "m",
        path: join(folder, "matte.mov"),
      };
      expect(value(await api.openClip({ kind: "ranges", ...movie }))).toMatchObject({
        frameCount: 6,
        width: 48,
      });
    },
  );

  it("answers nothing before the right secret, and ends at a wrong one", async () => {
    await expect(engine({ said: "another" })).rejects.toThrow("The secret is another one.");
    await expect(engine({ secret: "" })).rejects.toThrow("code 3");
  });

  it("ends when something else than its panel speaks to it", async () => {
    const child = spawn(process.execPath, [BUILT], {
      env: { ...process.env, MASKLET_ENGINE_SECRET: "s" },
      stdio: ["pipe", "ignore", "ignore", "pipe"],
    });
    const code = new Promise((resolve) => child.on("exit", resolve));
    child.stdin!.write("GET / HTTP/1.1\r\n\r\n");
    expect(await code).toBe(3);
  });

  it.skipIf(process.platform !== "linux")(
    "listens nowhere: no port that could be taken, and no pipe with a name",
    async () => {
      const { processId } = await engine();
      const sockets = socketsOf(processId);
      expect(sockets.size).toBeGreaterThanOrEqual(4);
      const tables = ["tcp", "tcp6", "udp", "udp6"].map((name) => readFileSync(`/proc/net/${name}`, "utf8"));
      const used = tables.flatMap((table) =>
        table.split("\n").map((line) => line.trim().split(/\s+/)[9] ?? ""),
      );
      expect(used.filter((inode) => sockets.has(inode))).toEqual([]);
      const named = readFileSync("/proc/net/unix", "utf8")
        .split("\n")
        .map((line) => line.trim().split(/\s+/))
        .filter(([, , , , , , inode, path]) => sockets.has(inode ?? "") && path !== undefined);
      expect(named).toEqual([]);
    },
  );

  it("ends when the descriptor that it answers on is not there, or is something else", async () => {
    for (const answers of ["none", "file"] as const) {
      const file = openSync("/dev/null", "r");
      const child = spawn(process.execPath, [BUILT], {
        env: { ...process.env, MASKLET_ENGINE_SECRET: "s" },
        stdio: ["pipe", "ignore", "pipe", ...(answers === "file" ? [file] : [])],
      });
      const code = new Promise((resolve) => child.on("exit", resolve));
      expect(await code, answers).toBe(3);
      closeSync(file);
    }
  });

  it("ends when its panel does, without a word from it", async () => {
    const { process: started, processId } = await engine();
    expect(lives(processId)).toBe(true);
    // What the kernel does to the pipes of a panel that was killed.
    const script = `
      const { spawn } = require("node:child_process");
      const child = spawn(process.execPath, [${JSON.stringify(BUILT)}], {
        env: { ...process.env, MASKLET_ENGINE_SECRET: "s" }, stdio: ["pipe", "ignore", "ignore", "pipe"] });
      console.log(child.pid);
      setInterval(() => {}, 1000);`;
    const panel = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "ignore"] });
    const engineId = Number(await new Promise((resolve) => panel.stdout!.once("data", resolve)));
    expect(lives(engineId)).toBe(true);
    panel.kill("SIGKILL");
    expect(await isGone(engineId)).toBe(true);
    started.kill();
    expect(await isGone(processId)).toBe(true);
  });

  it("runs twice at once, each with its own panel", async () => {
    const [one, two] = await Promise.all([engine(), engine()]);
    expect(one.processId).not.toBe(two.processId);
    const clips = await Promise.all([prepared(one.api, 3), prepared(two.api, 3)]);
    const [a, b] = await Promise.all([tracked(one.api, clips[0], 2), tracked(two.api, clips[1], 2)]);
    expect(masks(a)).toEqual(masks(b));
    one.close();
    expect(await isGone(one.processId)).toBe(true);
    expect(value(await two.api.openClip(discClip(2))).frameCount).toBe(2);
  });

  it("says in words that the disk is full, and goes on", async () => {
    const { api } = await engine({ env: { TMPDIR: "/dev/null/nowhere", MASKLET_HOME: "/dev/full/cache" } });
    const failed = await api.loadModel({ source: { kind: "listed", id: "sam2.1-tiny" } }, () => {});
    expect(failed).toMatchObject({ ok: false, error: { code: "write-failed" } });
    const clipId = await prepared(api, 3);
    expect(await tracked(api, clipId, 2)).toHaveLength(3);
  });

  it(
    "tracks 1,000 frames with flat memory",
    async () => {
      const memory: number[] = [];
      const { api } = await engine({}, ({ residentBytes }) => memory.push(residentBytes));
      const clipId = await prepared(api, 1000);
      const results = await tracked(api, clipId, 999);
      expect(results).toHaveLength(1000);
      const half = Math.floor(memory.length / 2);
      // A miniature frame keeps some tens of kilobytes; a leak of pictures or tensors would be hundreds of megabytes.
      expect(Math.max(...memory.slice(half)) - Math.max(...memory.slice(0, half))).toBeLessThan(96e6);
    },
    LONG,
  );
});

/** Inodes of a process's sockets. */
function socketsOf(processId: number): Set<string> {
  const folder = `/proc/${processId}/fd`;
  const links = readdirSync(folder).map((name) => readlinkSync(join(folder, name)));
  return new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []));
}

describe.skipIf(!existsSync(BUILT))("a tracker whose engine is ended", () => {
  interface Watched {
    tracker: RecoveringTracker;
    engines: RunningEngine[];
    told: string[];
    endEngine(): void;
  }

  /** `worker`: what is taken where no engine lasts. */
  function watched(
    worker: () => Promise<ConnectedTracker> = () => engine(),
    onStart?: (n: number) => void,
  ): Watched {
    const engines: RunningEngine[] = [];
    const told: string[] = [];
    let starts = 0;
    const supply = {
      engine: async () => {
        const started = engine();
        onStart?.(++starts);
        const running = await started;
        engines.push(running);
        return running;
      },
      worker,
    };
    const tracker = new RecoveringTracker(supply, {
      connected: () => told.push("connected"),
      lost: (why) => told.push(`lost: ${why}`),
      recovered: () => told.push("recovered"),
      noEngine: (why) => told.push(`none: ${why}`),
    });
    const endEngine = () => process.kill(engines[engines.length - 1]!.processId, "SIGKILL");
    return { tracker, engines, told, endEngine };
  }

  async function undisturbed(frames: number): Promise<FrameResult[]> {
    const { api } = await engine();
    return tracked(api, await prepared(api, frames), frames - 1);
  }

  it("goes on with the same masks after an end in the middle of tracking", async () => {
    const expected = await undisturbed(8);
    const { tracker, told, endEngine } = watched();
    const clipId = await prepared(tracker, 8);
    let ended = false;
    const results = await tracked(tracker, clipId, 7, (frame) => {
      if (frame === 4 && !ended) endEngine();
      ended ||= frame === 4;
    });
    expect(masks(results)).toEqual(masks(expected));
    expect(told).toEqual(["connected", expect.stringContaining("SIGKILL"), "connected", "recovered"]);
  });

  /** How the panel saves, and how it exports a session: both must be enough to go on from. */
  const ways = {
    whole: async (tracker: RecoveringTracker, clipId: string, stateId?: string) =>
      void value(await tracker.exportState(clipId, stateId)),
    "in parts": async (tracker: RecoveringTracker, clipId: string, stateId?: string) => {
      const onPart = () => undefined;
      // Twice: the second time no part comes again, and what it needs must be there all the same.
      const { parts } = value(await tracker.exportStateParts(clipId, stateId ?? null, [], onPart));
      value(await tracker.exportStateParts(clipId, stateId ?? null, parts, onPart));
    },
  };

  it.each(Object.entries(ways))(
    "goes on from the last saved state, %s, and what came after it",
    async (_, save) => {
      const expected = await undisturbed(9);
      const { tracker, endEngine } = watched();
      const clipId = await prepared(tracker, 9);
      const first = await tracked(tracker, clipId, 3);
      await save(tracker, clipId);
      const results: FrameResult[] = [];
      const collect = ({ results: found }: { results: FrameResult[] }) => void results.push(...found);
      value(await tracker.track(clipId, { from: 4, to: 6 }, collect));
      endEngine();
      value(await tracker.track(clipId, { from: 7, to: 8 }, collect));
      expect(masks([...first, ...results])).toEqual(masks(expected));
    },
  );

  it.each(Object.entries(ways))(
    "goes on from a state that was saved, %s, while the track went on",
    async (_, save) => {
      const expected = await undisturbed(12);
      const { tracker, engines, endEngine } = watched();
      const clipId = await prepared(tracker, 12);
      const results: FrameResult[] = [];
      let saved: Promise<unknown> = Promise.resolve();
      const outcome = await tracker.track(clipId, { from: 0, to: 11 }, async (progress) => {
        results.push(...progress.results);
        if (progress.frameIndex === 4) {
          const state = await tracker.keepState(clipId);
          saved = save(tracker, clipId, state);
        }
        if (progress.frameIndex === 8) await saved.then(endEngine);
      });
      expect(outcome).toEqual({ ok: true, value: { ended: "complete", doneFrames: 12, resumeAt: null } });
      expect(engines).toHaveLength(2);
      expect(masks(results)).toEqual(masks(expected));
    },
  );

  it("loads the model that was being loaded", async () => {
    const { tracker, endEngine } = watched();
    let ended = false;
    const loaded = await tracker.loadModel(miniModelRequest(), () => {
      if (!ended) endEngine();
      ended = true;
    });
    expect(loaded).toMatchObject({ ok: true, value: { id: "mini", backend: "native" } });
  });

  it("answers the click during whose encoding it ended", async () => {
    const expected = await undisturbed(3);
    const { tracker, told, endEngine } = watched();
    value(await tracker.loadModel(miniModelRequest(), () => {}));
    const { clipId } = value(await tracker.openClip(discClip(3)));
    const warming = tracker.warmFrame(clipId, 0);
    const clicking = tracker.setPrompts(clipId, 1, 0, { points: [{ ...discCentre(0), label: 1 }] });
    endEngine();
    expect(await warming).toMatchObject({ ok: true });
    expect(value(await clicking)).toMatchObject({ frameIndex: 0, mask: { counts: masks(expected)[0]![1] } });
    expect(told).toContain("recovered");
    expect(masks(await tracked(tracker, clipId, 2))).toEqual(masks(expected));
  });

  it("writes every file once when it ends while exporting", async () => {
    const { tracker, endEngine } = watched();
    const clipId = await prepared(tracker, 6);
    const results = await tracked(tracker, clipId, 5);
    const paths: string[] = [];
    const onFile = ({ path }: MatteFile) => {
      paths.push(path);
      if (paths.length === 3) endEngine();
    };
    value(await tracker.exportMatte(clipId, matteOf(results), onFile, () => {}));
    expect(paths).toEqual([0, 1, 2, 3, 4, 5].map((n) => `0000${n}.png`));
  });

  it("says which steps can't be taken back any more", async () => {
    const { tracker, endEngine } = watched();
    const clipId = await prepared(tracker, 3);
    const state = await tracker.keepState(clipId);
    endEngine();
    expect(await tracker.warmFrame(clipId, 1)).toMatchObject({ ok: true });
    expect(await tracker.returnToState(clipId, state)).toMatchObject({
      ok: false,
      error: { code: "not-found" },
    });
  });

  it("is started once more when it ends while starting", async () => {
    let first: Promise<RunningEngine> | null = null;
    const failing = {
      engine: () => {
        if (first) return engine();
        // The time limit ends it before it can answer.
        first = engine({ timeout: 1 });
        return first;
      },
      worker: () => Promise.reject(new Error("not asked for")),
    };
    const { tracker, state } = trackWithEngine(failing, () => {});
    expect(await tracker.environment()).toMatchObject({ backends: [{ backend: "native", available: true }] });
    expect(state.value).toMatchObject({ phase: "running" });
  });

  it(
    "hands over to the worker when the engine can't last, with everything that was said",
    async () => {
      const expected = await undisturbed(5);
      // Any other tracker does: what is handed over is the same.
      const { tracker, told, endEngine } = watched();
      const clipId = await prepared(tracker, 5);
      for (let end = 0; end < 4; end++) {
        endEngine();
        value(await tracker.warmFrame(clipId, 0));
      }
      expect(told.filter((words) => words.startsWith("none: The engine ended 4 times"))).toHaveLength(1);
      expect(masks(await tracked(tracker, clipId, 4))).toEqual(masks(expected));
    },
    LONG,
  );
});

describe("finding Node", () => {
  it("takes the setting first and says what was wrong with it", async () => {
    const places = enginePlaces();
    const fake = join(mkdtempSync(join(tmpdir(), "masklet-node-")), "node");
    writeFileSync(fake, "#!/bin/sh\necho v17.7.1\n", { mode: 0o755 });
    writeFileSync(join(places.dataFolder, NODE_SETTING), `${fake}\n`);
    const lonely = {
      ...thisNode(),
      env: { HOME: "/nowhere" },
      existsSync: (path: string) => path.startsWith(tmpdir()),
    };
    await expect(findNode(lonely, places)).rejects.toThrow(`${fake} (the setting): version 17.7.1`);
    writeFileSync(join(places.dataFolder, NODE_SETTING), process.execPath);
    expect(await findNode(thisNode(), places)).toMatchObject({ path: process.execPath });
  });

  it("prefers the one that came with the extension to the one on the PATH", async () => {
    const places = enginePlaces();
    const folder = join(places.extensionFolder, `engine/bin/${process.platform}-${process.arch}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "node"), "#!/bin/sh\necho v22.1.0\n", { mode: 0o755 });
    const { MASKLET_NODE: _, ...env } = thisNode().env;
    expect(await findNode({ ...thisNode(), env }, places)).toEqual({
      path: join(folder, "node"),
      version: "22.1.0",
    });
  });

  it("names the version it needs and where to write a path when there is none", async () => {
    const places = enginePlaces();
    const bare = { ...thisNode(), env: {}, existsSync: () => false };
    await expect(findNode(bare, places)).rejects.toThrow(/needs Node 20\.19 .*nodejs\.org.*node-path\.txt/);
  });
});
