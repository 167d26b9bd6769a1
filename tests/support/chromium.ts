/** Test support, in Node: a real Chromium for browser tests, found, or installed where that is one command. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";
import { browserPath } from "./browser-path.ts";

export interface LaunchOptions {
  /** WebGPU on the processor (SwiftShader): the same on every machine, slow. */
  webgpu?: boolean;
}

const WEBGPU_FLAGS = [
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--use-vulkan=swiftshader",
  "--enable-features=Vulkan",
  "--ignore-gpu-blocklist",
];

/** Debian's own browser, without its recommended packages. */
const INSTALL = [
  ["apt-get", "update"],
  ["apt-get", "install", "--yes", "--no-install-recommends", "chromium"],
] as const;

export async function launchChromium({ webgpu = false }: LaunchOptions = {}): Promise<Browser> {
  return chromium.launch({
    executablePath: findOrInstall(),
    // Containers give browsers no sandbox and little shared memory.
    args: ["--no-sandbox", "--disable-dev-shm-usage", ...(webgpu ? WEBGPU_FLAGS : [])],
  });
}

function findOrInstall(): string {
  try {
    return browserPath();
  } catch (error) {
    if (!mayInstall()) throw error;
    for (const [command, ...words] of INSTALL) execFileSync(command, words, { stdio: "ignore" });
    return browserPath();
  }
}

function mayInstall(): boolean {
  return process.platform === "linux" && process.getuid?.() === 0 && existsSync("/etc/debian_version");
}
