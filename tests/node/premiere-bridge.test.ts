import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Bridge, type Methods } from "../../plugin/bridge/calls.ts";
import { RemoteHost, serveHost } from "../../plugin/bridge/host-bridge.ts";
import { makeScene, planFor } from "../support/premiere/scenario.ts";
import {
  CALM,
  randomOf,
  SimulatedTime,
  UnreliableChannel,
  type Weather,
} from "../support/premiere/unreliable-channel.ts";

const PACKET = 64;
const quiet = { connected: () => {}, silent: () => {} };

/** A page and a host with a channel each way. */
class Pair {
  readonly time = new SimulatedTime();
  readonly random: () => number;
  readonly toHost: UnreliableChannel;
  readonly toPage: UnreliableChannel;
  readonly log: string[] = [];
  host: Bridge;
  page: Bridge;

  constructor(methods: Methods, weather: Weather = CALM, seed = 1) {
    this.random = randomOf(seed);
    this.toHost = new UnreliableChannel(this.time, this.random, weather, (message) =>
      this.host.receive(message),
    );
    this.toPage = new UnreliableChannel(this.time, this.random, weather, (message) =>
      this.page.receive(message),
    );
    this.host = new Bridge(this.toPage.post, this.time.timers, methods, quiet, PACKET);
    this.page = this.loadPage();
  }

  loadPage(): Bridge {
    const events = {
      connected: () => void this.log.push("connected"),
      silent: (isSilent: boolean) => void this.log.push(isSilent ? "silent" : "heard"),
    };
    this.page = new Bridge(this.toHost.post, this.time.timers, {}, events, PACKET);
    return this.page;
  }

  async until<T>(promise: Promise<T>, milliseconds = 3_600_000): Promise<T> {
    let isDone = false;
    const watched = promise.finally(() => {
      isDone = true;
    });
    watched.catch(() => {});
    await this.time.run(milliseconds, () => isDone);
    if (!isDone) throw new Error(`no answer within ${milliseconds} ms of simulated time`);
    return watched;
  }
}

const storms: fc.Arbitrary<Weather> = fc.record({
  lost: fc.double({ min: 0, max: 0.5, noNaN: true }),
  doubled: fc.double({ min: 0, max: 0.5, noNaN: true }),
  delay: fc.integer({ min: 1, max: 4000 }),
});

/** Text whose every part is different, so that a part in the wrong place shows. */
const textOf = (length: number, salt: number) =>
  Array.from({ length }, (_, index) => ((index * 31 + salt * 17) % 64).toString(36))
    .join("")
    .slice(0, length);

describe("the bridge", () => {
  test("answers every call exactly once and whole, whatever is lost, doubled, late or out of order", async () => {
    await fc.assert(
      fc.asyncProperty(
        storms,
        fc.integer(),
        fc.array(fc.integer({ min: 0, max: 3000 }), { minLength: 1, maxLength: 8 }),
        async (weather, seed, lengths) => {
          const served: number[] = [];
          const echo = async (id: number, text: string) => {
            served.push(id);
            return text + text;
          };
          const pair = new Pair({ echo }, weather, seed);
          const texts = lengths.map((length, id) => textOf(length, id));
          const calls = texts.map((text, id) => pair.page.call("echo", [id, text]));
          const answers = await pair.until(Promise.all(calls));
          expect(answers).toEqual(texts.map((text) => text + text));
          expect(served.sort((a, b) => a - b)).toEqual(texts.map((_, id) => id));
          pair.host.close();
          pair.page.close();
        },
      ),
      { numRuns: 60 },
    );
  }, 120_000);

  test("never sends a packet longer than asked, whatever the message", async () => {
    const pair = new Pair({ big: async () => textOf(50_000, 1) });
    expect(await pair.until(pair.page.call("big", []))).toBe(textOf(50_000, 1));
    expect(pair.toPage.longest).toBeLessThan(PACKET + 250);
  });

  test("keeps at most a window of packets on their way when nobody acknowledges", async () => {
    const pair = new Pair({ big: async () => textOf(50_000, 1) });
    const call = pair.page.call("big", []);
    call.catch(() => {});
    await pair.time.run(50);
    pair.toHost.isCut = true;
    const before = pair.toPage.sent;
    await pair.time.run(900);
    expect(pair.toPage.sent - before).toBeLessThanOrEqual(8);
  });

  test("lets a short call pass while a long one is under way", async () => {
    const pair = new Pair({ big: async () => textOf(100_000, 1), small: async () => 1 });
    let bigIsDone = false;
    const big = pair.page.call("big", []).then(() => {
      bigIsDone = true;
    });
    await pair.time.run(20);
    expect(await pair.until(pair.page.call("small", []))).toBe(1);
    expect(bigIsDone).toBe(false);
    await pair.until(big);
  });

  test("stops sending what was cancelled, and goes on with the rest", async () => {
    const pair = new Pair({ big: async () => textOf(100_000, 1), small: async () => 2 });
    const controller = new AbortController();
    const big = pair.page.call("big", [], controller.signal);
    const isCancelled = expect(big).rejects.toMatchObject({ kind: "cancelled" });
    await pair.time.run(20);
    controller.abort();
    await isCancelled;
    await pair.time.run(30);
    const sent = pair.toPage.sent;
    await pair.time.run(1000);
    expect(pair.toPage.sent - sent).toBeLessThan(5);
    expect(await pair.until(pair.page.call("small", []))).toBe(2);
  });

  test("a call cancelled before it starts never reaches the host", async () => {
    let served = 0;
    const pair = new Pair({ count: async () => ++served });
    await expect(pair.page.call("count", [], AbortSignal.abort())).rejects.toMatchObject({
      kind: "cancelled",
    });
    await pair.time.run(5000);
    expect(served).toBe(0);
  });

  test("fails what was under way when the host is loaded anew, and works again", async () => {
    const pair = new Pair({ slow: () => new Promise(() => {}), fast: async () => 3 });
    await pair.time.run(1000);
    const slow = pair.page.call("slow", []);
    const isLost = expect(slow).rejects.toMatchObject({ kind: "lost" });
    await pair.time.run(1000);
    pair.host.close();
    pair.host = new Bridge(pair.toPage.post, pair.time.timers, { fast: async () => 4 }, quiet, PACKET);
    await pair.time.run(5000);
    await isLost;
    expect(await pair.until(pair.page.call("fast", []))).toBe(4);
  });

  test("serves a page that was loaded anew, and never sends it its predecessor's answers", async () => {
    const answers: ((value: string) => void)[] = [];
    const pair = new Pair({ ask: () => new Promise((resolve) => answers.push(resolve)) });
    pair.page.call("ask", []).catch(() => {});
    await pair.time.run(1000);
    pair.page.close();
    await pair.time.run(10);
    pair.loadPage();
    const again = pair.page.call("ask", []);
    await pair.time.run(2000);
    answers[0]!("for the first page");
    answers[1]!("for the second page");
    expect(await pair.until(again)).toBe("for the second page");
  });

  test("isn't torn down by a late hello of an earlier page", async () => {
    const pair = new Pair({ ask: async () => 5 });
    const hello = {
      masklet: 1,
      kind: "hello",
      from: { startedAt: pair.time.time - 9999, random: "old" },
      to: null,
    };
    await pair.time.run(2000);
    pair.host.receive(hello);
    expect(await pair.until(pair.page.call("ask", []))).toBe(5);
    expect(pair.log).toEqual(["connected"]);
  });

  test("says when the other side falls silent and when it is back, and loses nothing", async () => {
    const pair = new Pair({ ask: async () => 6 });
    await pair.time.run(1000);
    pair.toPage.isCut = true;
    pair.toHost.isCut = true;
    const call = pair.page.call("ask", []);
    await pair.time.run(20_000);
    expect(pair.log).toEqual(["connected", "silent"]);
    pair.toPage.isCut = false;
    pair.toHost.isCut = false;
    expect(await pair.until(call)).toBe(6);
    expect(pair.log).toEqual(["connected", "silent", "heard"]);
  });

  test("is quiet when idle: a beat now and then", async () => {
    const pair = new Pair({});
    await pair.time.run(10_000);
    const before = pair.toPage.sent;
    await pair.time.run(60_000);
    expect(pair.toPage.sent - before).toBeLessThanOrEqual(31);
    expect(pair.log).toEqual(["connected"]);
  });

  test("passes an error on in words and refuses methods that aren't offered", async () => {
    const pair = new Pair({
      fail: async () => {
        throw new Error("the drive is gone");
      },
    });
    const fails = expect(pair.page.call("fail", [])).rejects.toMatchObject({
      kind: "faulted",
      message: "the drive is gone",
    });
    const unknown = expect(pair.page.call("toString", [])).rejects.toMatchObject({ kind: "faulted" });
    await pair.time.run(1000);
    await Promise.all([fails, unknown]);
  });

  test("leaves the messages of others alone", async () => {
    const pair = new Pair({ ask: async () => 7 });
    await pair.time.run(100);
    const from = { startedAt: 1, random: "x" };
    const strangers = [
      null,
      1,
      "hello",
      {},
      { masklet: 1 },
      { masklet: 1, kind: "data", from, to: from, n: -1 },
      { masklet: 1, kind: "data", from, to: from, n: 0, message: 0, part: "{}", state: "last" },
    ];
    for (const message of strangers) {
      pair.host.receive(message);
      pair.page.receive(message);
    }
    expect(await pair.until(pair.page.call("ask", []))).toBe(7);
  });

  test("a message beyond the limit is refused instead of filling the host's memory", async () => {
    const pair = new Pair({ ask: async () => 8 });
    await expect(pair.page.call("ask", ["x".repeat(97 * 1024 * 1024)])).rejects.toMatchObject({
      kind: "lost",
    });
  });
});

describe("a host behind the bridge", () => {
  function bridged(weather: Weather) {
    const scene = makeScene({ staleObjects: true, actionsOnlyInLock: true, importLate: 2 });
    const time = new SimulatedTime();
    const random = randomOf(3);
    const toHost = new UnreliableChannel(time, random, weather, (message) => server.receive(message));
    const toPage = new UnreliableChannel(time, random, weather, (message) => remote.bridge.receive(message));
    const server = serveHost(scene.host, toPage.post, time.timers);
    const remote = new RemoteHost(toHost.post, time.timers, quiet, 512);
    return { scene, time, remote };
  }

  test("is used like one that is here, through a storm: select, read, write, carry out", async () => {
    const { scene, time, remote } = bridged({ lost: 0.3, doubled: 0.3, delay: 2000 });
    const wait = async <T>(promise: Promise<T>): Promise<T> => {
      let isDone = false;
      const watched = promise.finally(() => {
        isDone = true;
      });
      // The fake host's own waits take real turns of the event loop.
      for (let turn = 0; turn < 20_000 && !isDone; turn++) {
        await time.run(500, () => isDone);
        await new Promise((resolve) => setImmediate(resolve));
      }
      return watched;
    };
    const selection = await wait(remote.readSelection());
    expect(selection).toMatchObject({ ok: true, value: { name: "street.mov" } });
    const clipId = selection.ok ? selection.value.clipId : "";
    const here = await scene.host.readMedia(clipId, 0, 5000);
    expect(await wait(remote.readMedia(clipId, 0, 5000))).toEqual(here);
    expect(await wait(remote.writeFile("a/0.png", "AAAA", false))).toMatchObject({ ok: true });
    const report = await wait(remote.carryOut(await planFor(scene)));
    expect(report).toMatchObject({ ok: true, value: { notDone: [] } });
    expect(await wait(remote.storeSession("k", "{}"))).toEqual({ ok: true, value: null });
    expect(await wait(remote.loadSession("k"))).toEqual({ ok: true, value: "{}" });
    expect(await wait(remote.describe())).toMatchObject({ name: "premiere" });
  });

  test("gives a lost bridge back as a failure in words, not as an exception", async () => {
    const { time, remote } = bridged(CALM);
    const asked = remote.readSelection();
    remote.bridge.close();
    await time.run(10);
    expect(await asked).toMatchObject({ ok: false, error: { code: "timeout" } });
  });
});
