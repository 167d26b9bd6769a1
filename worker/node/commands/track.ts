/** Runs in Node: `masklet track`. */
import type { Command } from "../terminal/command.ts";
import { trackClip } from "../track/track-clip.ts";
import { parseTrackOptions } from "../track/track-options.ts";

export const trackCommand: Command = (args, context) => trackClip(parseTrackOptions(args), context);
