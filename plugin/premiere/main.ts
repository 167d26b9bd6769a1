/** Entry of the Premiere plugin: joins the host, the bridge and the webview. Runs in the UXP script context. */
import { serveHost } from "../bridge/host-bridge.ts";
import type { Timers } from "../bridge/reliable-link.ts";
import type { HostEnvironment } from "./host-environment.ts";
import { PremiereHost } from "./premiere-host.ts";
import { selfCheckMethods } from "./self-check.ts";

const timers: Timers = {
  now: () => Date.now(),
  after(milliseconds, run) {
    const timer = setTimeout(run, milliseconds);
    return () => clearTimeout(timer);
  },
};

async function readEnvironment(): Promise<HostEnvironment> {
  const { host, storage } = require("uxp");
  const { localFileSystem } = storage;
  return {
    premiere: require("premierepro"),
    // biome-ignore lint/style/useNodejsImportProtocol: UXP's own module, not Node's.
    files: require("fs"),
    hostVersion: host.version,
    dataFolder: (await localFileSystem.getDataFolder()).nativePath,
    temporaryFolder: (await localFileSystem.getTemporaryFolder()).nativePath,
    askForFolder: async () => (await localFileSystem.getFolder())?.nativePath ?? null,
    wait: (milliseconds) => new Promise((resolve) => void setTimeout(resolve, milliseconds)),
    now: () => Date.now(),
  };
}

async function start(): Promise<void> {
  const environment = await readEnvironment();
  const host = new PremiereHost(environment);
  const recovered = await host.recover();
  if (!recovered.ok) console.error(`Masklet: ${recovered.error.message}`);
  // The element is UXP's own; the types of `document` know the HTML ones only.
  const webview = document.getElementById("panel") as unknown as UxpWebView;
  const bridge = serveHost(
    host,
    (packet) => webview.postMessage(packet),
    timers,
    selfCheckMethods(environment),
  );
  const receive = (event: { data: unknown }) => bridge.receive(event.data);
  // Adobe's reference says the window, its manifest page the element. Twice does no harm: see `ReliableLink`.
  window.addEventListener("message", receive);
  webview.addEventListener?.("message", receive);
}

void start().catch((error) => console.error(`Masklet didn't start: ${error}`));
