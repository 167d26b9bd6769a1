/** Runs in Node: makes the optional media package's decoders and encoders available, once. */
import { Logging, LogLevel } from "mediabunny";
import { TrackerError } from "../tracker-error.ts";
import { useCodecsOf } from "./codecs-folder.ts";

let registration: Promise<void> | null = null;

/**
 * Loads `@mediabunny/server`, whose FFmpeg build is under the GPL: it is optional and never part of a
 * package of ours.
 *
 * @throws TrackerError `unsupported-codec` where it isn't installed or doesn't fit this machine.
 */
export function prepareMediaCodecs(): Promise<void> {
  registration ??= register();
  return registration;
}

async function register(): Promise<void> {
  Logging.level = LogLevel.Errors;
  const folder = process.env.MASKLET_CODECS;
  try {
    if (folder) useCodecsOf(folder);
    const { registerMediabunnyServer } = await import("@mediabunny/server");
    // Software decoding gives the same pixels on every machine, and asks no driver first.
    registerMediabunnyServer({ hardwareContext: null });
  } catch (error) {
    throw new TrackerError(
      "unsupported-codec",
      "Reading or writing video needs the optional package @mediabunny/server, which can't be loaded here.",
      `Install it with "npm install ${folder ? `--prefix '${folder}' ` : ""}@mediabunny/server", or use a folder of PNG or JPEG frames.`,
      error,
    );
  }
}

/** In words why not every video can be read here; empty when it can. */
export async function mediaCodecsProblem(): Promise<string> {
  try {
    await prepareMediaCodecs();
    return "";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
