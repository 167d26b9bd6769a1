/** `npm start`: serves the panel and opens it, in Node. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { startServer } from "./serve.ts";

const FIRST_PORT = 4173;

const USAGE = "Usage: npm start -- [--port NUMBER] [--no-open]";

async function main(): Promise<number> {
  const options = readOptions();
  if (!options) {
    console.error(USAGE);
    return 2;
  }
  const root = fileURLToPath(new URL("../panel", import.meta.url));
  const server = await startServer(root, options.port);
  if (options.port !== 0 && server.port !== options.port)
    console.log(`Port ${options.port} is in use; Masklet took the next free one.`);
  console.log(`Masklet is at ${server.url}\nStop it with Ctrl+C.`);
  if (options.open) openBrowser(server.url);
  await new Promise<void>((resolve) => {
    process.once("SIGINT", resolve);
    process.once("SIGTERM", resolve);
  });
  await server.close();
  return 0;
}

function readOptions(): { port: number; open: boolean } | null {
  try {
    const { values } = parseArgs({
      options: { port: { type: "string" }, "no-open": { type: "boolean" }, open: { type: "boolean" } },
    });
    const port = values.port === undefined ? FIRST_PORT : Number(values.port);
    return Number.isInteger(port) && port >= 0 && port < 65_536 ? { port, open: !values["no-open"] } : null;
  } catch {
    return null;
  }
}

/** The address is printed, so a machine without a desktop loses nothing. */
function openBrowser(url: string): void {
  const [command, ...args] =
    process.platform === "darwin"
      ? ["open", url]
      : process.platform === "win32"
        ? ["cmd", "/c", "start", "", url]
        : ["xdg-open", url];
  spawn(command!, args, { stdio: "ignore", detached: true })
    .on("error", () => undefined)
    .unref();
}

process.exitCode = await main();
