/** Runs in Node: `masklet info`, which says what a clip or a checkpoint is. */
import { open, stat } from "node:fs/promises";
import { findModel } from "../../../models/registry.ts";
import { openSam2 } from "../../../models/sam2/build-sam2.ts";
import type { ClipInfo } from "../../protocol.ts";
import { openWantedModel } from "../node-library.ts";
import { openClipAt } from "../open-clip.ts";
import { hasFlag, parseArguments, single } from "../terminal/arguments.ts";
import { type Command, type CommandContext, type CommandResult, UsageError } from "../terminal/command.ts";

export const INFO_USAGE = `info CLIP|CHECKPOINT [--config FILE] [--timestamps]
  CLIP is a video file or a folder of frames, CHECKPOINT a .pt or .safetensors file or a model's ID.
  --timestamps adds the time of every frame, in seconds.`;

export const infoCommand: Command = async (args, context) => {
  const parsed = parseArguments(args, { config: "text", timestamps: "flag" });
  const [path, ...rest] = parsed.positionals;
  if (path === undefined || rest.length > 0) throw new UsageError("Expected one clip or checkpoint.");
  const config = single(parsed, "config");
  if (config !== undefined || (await isCheckpoint(path))) return describeCheckpoint(path, config, context);
  return describeClip(path, hasFlag(parsed, "timestamps"), context);
};

/** By name, or by the first bytes: a zip archive, or safetensors' length and brace. */
async function isCheckpoint(path: string): Promise<boolean> {
  if (/\.(pt|pth|safetensors)$/i.test(path)) return true;
  const found = await stat(path).catch(() => null);
  if (!found) return findModel(path) !== undefined;
  if (!found.isFile()) return false;
  const file = await open(path, "r");
  try {
    const { buffer } = await file.read(Buffer.alloc(10), 0, 10, 0);
    return buffer.subarray(0, 4).toString("latin1") === "PK\u0003\u0004" || buffer[8] === 0x7b;
  } finally {
    await file.close();
  }
}

async function describeClip(
  path: string,
  withTimes: boolean,
  { say }: CommandContext,
): Promise<CommandResult> {
  const frames = await openClipAt(path);
  try {
    const { timestamps, clipId: _, ...info } = frames.info;
    for (const line of clipLines(frames.info)) say(`${line}\n`);
    const summary = { command: "info", kind: "clip", ...info, ...(withTimes && { timestamps }) };
    return { exitCode: 0, summary };
  } finally {
    frames.close();
  }
}

function clipLines(info: ClipInfo): string[] {
  const { numerator, denominator } = info.rate;
  const rate =
    denominator === 1 ? `${numerator}` : `${info.framesPerSecond.toFixed(3)} (${numerator}/${denominator})`;
  const aspect =
    info.pixelAspect.numerator === info.pixelAspect.denominator ? "" : ", stretched to square pixels";
  return [
    `${info.name}: ${info.width} x ${info.height}${info.rotation ? `, turned by ${info.rotation} degrees` : ""}${aspect}`,
    `${info.frameCount} frames, ${info.durationSeconds.toFixed(3)} s, ${rate} frames a second${info.variableFrameRate ? " on average (variable)" : ""}`,
    `codec ${info.codec}`,
    ...(info.warnings ?? []),
  ];
}

async function describeCheckpoint(
  path: string,
  configFile: string | undefined,
  { say }: CommandContext,
): Promise<CommandResult> {
  const { id, checkpoint, config, close } = await openWantedModel({ model: path, config: configFile });
  try {
    const sizes = [...checkpoint.tensors.values()].map(({ shape }) => shape.reduce((a, b) => a * b, 1));
    const parameters = sizes.reduce((a, b) => a + b, 0);
    await openSam2(checkpoint, config); // every tensor is there, of the right shape, and known
    const tensors = checkpoint.tensors.size;
    say(`${id}: ${tensors} tensors, ${(parameters / 1e6).toFixed(2)} million parameters\n`);
    say(`input ${config.imageSize} x ${config.imageSize}, fits its configuration\n`);
    return { exitCode: 0, summary: { command: "info", kind: "checkpoint", id, tensors, parameters, config } };
  } finally {
    close();
  }
}
