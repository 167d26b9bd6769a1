/** Test support, in Node: real engine processes, started as the CEP page starts them. */
import { mkdirSync, mkdtempSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { encode } from "fast-png";
import { parseSam2Config } from "../../../models/sam2/config.ts";
import { type ConnectedTracker, connectEngine } from "../../../panel/engine/engine-tracker.ts";
import type { PageDecoder } from "../../../panel/engine/page-decoder.ts";
import { type EngineNode, engineNode } from "../../../plugin/aftereffects/engine/cep-node.ts";
import type { EnginePlaces } from "../../../plugin/aftereffects/engine/find-node.ts";
import { type StartedEngine, startEngine } from "../../../plugin/aftereffects/engine/start-engine.ts";
import { SECRET_VARIABLE } from "../../../worker/engine/contract.ts";
import type { ClipSource, LoadModelRequest } from "../../../worker/protocol.ts";
import { MINI_MODEL_YAML, seededCheckpoint } from "../mini-model.ts";

const BUILT = "dist/engine/engine.mjs";

export function thisNode(env: Record<string, string> = {}): EngineNode {
  const { platform, arch } = process;
  const places = { MASKLET_NODE: process.execPath, ...process.env, ...env };
  return engineNode(createRequire(import.meta.url), { platform, arch, env: places });
}

/** An extension whose engine is the built one, and an empty data folder. */
export function enginePlaces(): EnginePlaces {
  const folder = mkdtempSync(join(tmpdir(), "masklet-engine-"));
  const extensionFolder = join(folder, "extension");
  const dataFolder = join(folder, "data");
  mkdirSync(join(extensionFolder, "engine/node"), { recursive: true });
  mkdirSync(dataFolder);
  symlinkSync(resolve(BUILT), join(extensionFolder, "engine/node/engine.mjs"));
  return { extensionFolder, dataFolder };
}

export interface RunningEngine extends ConnectedTracker {
  process: StartedEngine;
  processId: number;
}

interface EngineWishes {
  env?: Record<string, string>;
  secret?: string;
  /** What the panel says; absent: the secret. */
  said?: string;
  timeout?: number;
  decoder?: PageDecoder;
  places?: EnginePlaces;
}

export async function openEngine(
  {
    env = {},
    secret = "s3cret",
    said = secret,
    timeout = 30_000,
    decoder,
    places = enginePlaces(),
  }: EngineWishes = {},
  onStatus: (status: { residentBytes: number }) => void = () => {},
): Promise<RunningEngine> {
  const process = await startEngine(thisNode(env), places, {
    variable: SECRET_VARIABLE,
    value: secret,
  });
  const connected = await connectEngine(process, said, { onStatus, timeout, ...(decoder && { decoder }) });
  return { ...connected, process, processId: connected.greeting?.processId ?? 0 };
}

/** Whether a process is there; a zombie counts as gone once its parent has heard of it. */
export function lives(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch {
    return false;
  }
}

export async function isGone(processId: number, patience = 8_000): Promise<boolean> {
  const end = Date.now() + patience;
  while (lives(processId) && Date.now() < end) await new Promise((done) => setTimeout(done, 50));
  return !lives(processId);
}

/** The miniature model, from bytes that stay with the panel. */
export function miniModelRequest(): LoadModelRequest {
  const checkpoint = new Blob([seededCheckpoint(parseSam2Config(MINI_MODEL_YAML)).slice()]);
  return { source: { kind: "file", checkpoint, name: "mini", configYaml: MINI_MODEL_YAML } };
}

/** A bright disc that moves over a dark ground, 48 x 32. */
export function discClip(frameCount: number): ClipSource {
  const blobs = Array.from({ length: frameCount }, (_, frame) => new Blob([discStill(frame).slice()]));
  return { kind: "stills", blobs, name: "disc", framesPerSecond: 24 };
}

export const discCentre = (frame: number) => ({ x: 14 + (frame % 20), y: 16 });

function discStill(frame: number): Uint8Array {
  const [width, height] = [48, 32];
  const data = new Uint8Array(width * height * 3);
  const centre = discCentre(frame);
  for (let pixel = 0; pixel < width * height; pixel++) {
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    const inside = Math.hypot(x - centre.x, y - centre.y) < 8;
    data.set(inside ? [230, 200, 60] : [20, 40 + ((x * 7 + y) % 13), 60], pixel * 3);
  }
  return encode({ width, height, channels: 3, data });
}
