import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { folderStore } from "../../worker/node/folder-store.ts";
import { download } from "../../worker/storage/download.ts";
import { Sha256 } from "../../worker/storage/sha256.ts";

const CONTENT = Uint8Array.from({ length: 300_000 }, (_, index) => (index * 31 + (index >> 8)) & 255);
const SHA256 = createHash("sha256").update(CONTENT).digest("hex");

type Answer = (request: IncomingMessage, response: ServerResponse, start: number) => void;

let folder: string;
let server: Server;
let answers: Answer[];
let ranges: (string | undefined)[];

/** The whole file, or what the range asks for. */
const serve: Answer = (_request, response, start) => {
  if (start > 0) {
    response.writeHead(206, { "content-range": `bytes ${start}-${CONTENT.length - 1}/${CONTENT.length}` });
  }
  response.end(CONTENT.subarray(start));
};

/** Sends some bytes and breaks the connection. */
const breakAfter =
  (bytes: number): Answer =>
  (_request, response, start) => {
    if (start > 0) response.statusCode = 206;
    if (start > 0)
      response.setHeader("content-range", `bytes ${start}-${CONTENT.length - 1}/${CONTENT.length}`);
    response.setHeader("content-length", CONTENT.length - start);
    response.write(CONTENT.subarray(start, start + bytes), () => setTimeout(() => response.destroy(), 20));
  };

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "masklet-store-"));
  answers = [];
  ranges = [];
  server = createServer((request, response) => {
    ranges.push(request.headers.range);
    const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
    (answers.shift() ?? serve)(request, response, start);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

function wanted(changes: Partial<{ bytes: number; sha256: string }> = {}) {
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/model.pt`;
  return { url, fileName: "model.pt", bytes: CONTENT.length, sha256: SHA256, ...changes };
}

const noPause = async () => {};

function fetchModel(changes: Parameters<typeof wanted>[0] = {}, signal?: AbortSignal) {
  return download(wanted(changes), folderStore(folder), { pause: noPause, ...(signal && { signal }) });
}

describe("downloading a checkpoint", () => {
  test("the file arrives whole, and a second download asks for nothing", async () => {
    const done: number[] = [];
    const onProgress = (bytes: number) => done.push(bytes);
    await download(wanted(), folderStore(folder), { onProgress });
    await fetchModel();
    expect(readFileSync(join(folder, "model.pt")).equals(CONTENT)).toBe(true);
    expect(done.at(-1)).toBe(CONTENT.length);
    expect(ranges).toEqual([undefined]);
  });

  test("a connection that breaks is taken up where it stopped", async () => {
    answers = [breakAfter(100_000), breakAfter(50_000)];
    await fetchModel();
    expect(readFileSync(join(folder, "model.pt")).equals(CONTENT)).toBe(true);
    const starts = ranges.slice(1).map((range) => Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1]));
    expect(ranges.length).toBe(3);
    expect(starts.every((start) => start > 0)).toBe(true);
    expect(starts[1]).toBeGreaterThan(starts[0]!);
  });

  test("what an earlier, cancelled run brought is used by the next one", async () => {
    const cancel = new AbortController();
    const onProgress = () => cancel.abort();
    const cancelled = download(wanted(), folderStore(folder), { signal: cancel.signal, onProgress });
    await expect(cancelled).rejects.toMatchObject({ name: "AbortError" });
    expect(readdirSync(folder)).toEqual(["model.pt.partial"]);
    await fetchModel();
    expect(ranges[1]).toMatch(/^bytes=\d+-$/);
    expect(readFileSync(join(folder, "model.pt")).equals(CONTENT)).toBe(true);
  });

  test("a server without ranges is read from the start", async () => {
    writeFileSync(join(folder, "model.pt.partial"), CONTENT.subarray(0, 1000));
    answers = [(_request, response) => void response.end(CONTENT)];
    await fetchModel();
    expect(readFileSync(join(folder, "model.pt")).equals(CONTENT)).toBe(true);
  });

  test("a wrong hash says both, and nothing is kept of the file", async () => {
    const wrong = "0".repeat(64);
    await expect(fetchModel({ sha256: wrong })).rejects.toMatchObject({
      code: "network",
      message: `model.pt came damaged: expected SHA-256 ${wrong}, got ${SHA256}.`,
    });
    expect(readFileSync(join(folder, "model.pt.partial")).length).toBe(0);
  });

  test("damaged bytes of an earlier run are noticed and the next run starts anew", async () => {
    writeFileSync(join(folder, "model.pt.partial"), new Uint8Array(1000));
    await expect(fetchModel()).rejects.toMatchObject({ code: "network" });
    await fetchModel();
    expect(readFileSync(join(folder, "model.pt")).equals(CONTENT)).toBe(true);
  });

  test("a page in place of the checkpoint is refused once it is longer", async () => {
    await expect(fetchModel({ bytes: 1000 })).rejects.toThrow("sends more than the 1000 bytes");
  });

  test("an address that isn't there is refused at once, with its answer", async () => {
    answers = [(_request, response) => void response.writeHead(404).end("nothing")];
    await expect(fetchModel()).rejects.toThrow("answered 404 Not Found");
    expect(ranges.length).toBe(1);
  });

  test("a server in trouble is asked a few times, then the error says what is kept", async () => {
    answers = Array.from(
      { length: 9 },
      (): Answer => (_request, response) => {
        response.writeHead(503).end();
      },
    );
    await expect(fetchModel()).rejects.toThrow(/answered 503.*0 of 300000 bytes are kept/);
    expect(ranges.length).toBe(4);
  });

  test("a finished file of another size is not taken for the checkpoint", async () => {
    writeFileSync(join(folder, "model.pt"), "short");
    await fetchModel();
    expect(readFileSync(join(folder, "model.pt")).equals(CONTENT)).toBe(true);
  });

  test("a place that can't be written says why", async () => {
    writeFileSync(join(folder, "file"), "in the way");
    const store = folderStore(join(folder, "file", "checkpoints"));
    await expect(download(wanted(), store, {})).rejects.toMatchObject({
      code: "write-failed",
      message: expect.stringContaining("a file lies where a folder is needed"),
    });
  });
});

describe("the store", () => {
  test("lists finished files only, and removes a file with its unfinished download", async () => {
    const store = folderStore(folder);
    writeFileSync(join(folder, "a.pt"), "12345");
    writeFileSync(join(folder, "b.pt.partial"), "1");
    expect(await store.list()).toEqual([{ fileName: "a.pt", bytes: 5 }]);
    expect(await store.open("b.pt")).toBeNull();
    await store.remove("a.pt");
    await store.remove("b.pt");
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("SHA-256 in pieces", () => {
  test("is that of the whole, however the bytes are cut", () => {
    const pieces = fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 8 });
    fc.assert(
      fc.property(pieces, (parts) => {
        const whole = Buffer.concat(parts);
        const hash = new Sha256();
        for (const part of parts) hash.update(part);
        expect(hash.digest()).toBe(createHash("sha256").update(whole).digest("hex"));
      }),
    );
  });
});
