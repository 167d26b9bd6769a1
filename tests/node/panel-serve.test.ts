/** The server of `npm start`: for this machine alone, isolated, and nothing outside of its folder. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningServer, startServer } from "../../worker/node/serve.ts";

let folder: string;
let server: RunningServer;

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

/** Not fetch: it would tidy the path and forbid a Host of one's own. */
const get = (path: string, headers: Record<string, string> = {}, method = "GET") =>
  new Promise<Answer>((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port: server.port, path, headers, method }, (response) => {
      let body = "";
      response.on("data", (chunk) => (body += chunk));
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
      );
    });
    sent.on("error", reject).end();
  });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "masklet-serve-"));
  await writeFile(join(folder, "index.html"), "<p>page</p>");
  await writeFile(join(folder, "clip.mp4"), "0123456789");
  await writeFile(join(folder, "ort.wasm"), "");
  server = await startServer(folder, 0);
});

afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

describe("the server", () => {
  it("serves the page, isolated and with a policy that allows nothing else", async () => {
    const { status, headers, body } = await get("/");
    expect([status, body]).toEqual([200, "<p>page</p>"]);
    expect(headers["cross-origin-opener-policy"]).toBe("same-origin");
    expect(headers["cross-origin-embedder-policy"]).toBe("require-corp");
    expect(headers["content-security-policy"]).toContain("default-src 'none'");
  });

  it("names the types that browsers insist on", async () => {
    expect((await get("/ort.wasm")).headers["content-type"]).toBe("application/wasm");
  });

  it("gives parts of a file", async () => {
    const middle = await get("/clip.mp4", { range: "bytes=2-4" });
    expect([middle.status, middle.body, middle.headers["content-range"]]).toEqual([
      206,
      "234",
      "bytes 2-4/10",
    ]);
    expect((await get("/clip.mp4", { range: "bytes=-3" })).body).toBe("789");
    expect((await get("/clip.mp4", { range: "bytes=8-" })).body).toBe("89");
    expect((await get("/clip.mp4", { range: "bytes=20-" })).status).toBe(416);
  });

  it("gives nothing outside of its folder", async () => {
    for (const path of ["/../secret", "/..%2f..%2fetc/passwd", "/%00", "/nothing", "//etc/passwd"])
      expect((await get(path)).status, path).toBe(404);
  });

  it("answers no other name than its own, and no other method than reading", async () => {
    expect((await get("/", { host: "evil.example" })).status).toBe(403);
    expect((await get("/", {}, "POST")).status).toBe(405);
  });

  it("takes the next free port where the wanted one is in use", async () => {
    const second = await startServer(folder, server.port);
    expect(second.port).toBeGreaterThan(server.port);
    await second.close();
  });
});
