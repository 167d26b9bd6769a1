/** Test support, in Node: the command line in this process, with a folder of its own and a miniature model. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encode } from "fast-png";
import { parseSam2Config } from "../../models/sam2/config.ts";
import { COMMANDS } from "../../worker/node/commands/table.ts";
import { type ExitCode, runCommandLine } from "../../worker/node/terminal/run.ts";
import { MINI_MODEL_YAML, seededCheckpoint } from "./mini-model.ts";

export interface Run {
  code: ExitCode;
  /** The one line on standard output. */
  summary: Record<string, unknown> & { error?: { code: string; message: string; remedy?: string } };
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  /** Called with each piece of standard error; `cancel` is Ctrl-C. */
  onError?: (text: string, cancel: () => void) => void;
}

export async function run(args: readonly string[], { onError }: RunOptions = {}): Promise<Run> {
  const cancellation = new AbortController();
  let stdout = "";
  let stderr = "";
  const code = await runCommandLine(args, COMMANDS, {
    out: (text) => {
      stdout += text;
    },
    error: (text) => {
      stderr += text;
      onError?.(text, () => cancellation.abort());
    },
    isLive: false,
    signal: cancellation.signal,
  });
  const summary = stdout.startsWith("{") ? (JSON.parse(stdout) as Run["summary"]) : {};
  return { code, summary, stdout, stderr };
}

export interface Workplace {
  folder: string;
  path(...parts: string[]): string;
  /** "--model" and "--config" with the miniature model's files. */
  model: string[];
  remove(): void;
}

export function makeWorkplace(): Workplace {
  const folder = mkdtempSync(join(tmpdir(), "masklet-cli-"));
  const path = (...parts: string[]) => join(folder, ...parts);
  writeFileSync(path("mini.safetensors"), seededCheckpoint(parseSam2Config(MINI_MODEL_YAML)));
  writeFileSync(path("mini.yaml"), MINI_MODEL_YAML);
  return {
    folder,
    path,
    model: ["--model", path("mini.safetensors"), "--config", path("mini.yaml"), "--threads", "1"],
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** White where `inside` says so, else black. */
export function maskPng(
  width: number,
  height: number,
  inside: (x: number, y: number) => boolean,
): Uint8Array {
  const data = Uint8Array.from({ length: width * height }, (_, pixel) =>
    inside(pixel % width, Math.floor(pixel / width)) ? 255 : 0,
  );
  return encode({ width, height, data, channels: 1, depth: 8 });
}

/** A bright disc that moves to the right over a dark ground. */
export function discPng(width: number, height: number, frameIndex: number): Uint8Array {
  const data = new Uint8Array(width * height * 3);
  for (let pixel = 0; pixel < width * height; pixel++) {
    const dx = (pixel % width) - 20 - 3 * frameIndex;
    const dy = Math.floor(pixel / width) - height / 2;
    data.fill(dx * dx + dy * dy < 100 ? 220 : 30 + (pixel % 7), pixel * 3, pixel * 3 + 3);
  }
  return encode({ width, height, data, channels: 3, depth: 8 });
}
