/** Runs in Node: `masklet demo`, which tracks the demo clip and says where the matte is. */
import { resolve } from "node:path";
import { projectFile } from "../node-library.ts";
import { parseArguments, single } from "../terminal/arguments.ts";
import type { Command } from "../terminal/command.ts";
import { trackClip } from "../track/track-clip.ts";
import { parseTrackOptions } from "../track/track-options.ts";

export const DEMO_USAGE = `demo [--out DIR]
  Tracks a koi through the clip that comes with Masklet; the mattes go to DIR, else to masklet-out/demo.`;

const CLIP = "tests/fixtures/demo/demo.mp4";
/** On the koi's back, frame 0. */
const CLICK = "140,271";

export const demoCommand: Command = async (args, context) => {
  const out = single(parseArguments(args, { out: "text" }), "out") ?? "masklet-out/demo";
  const clip = projectFile(CLIP);
  context.say(`Tracking the fish at ${CLICK} through ${clip}.\n`);
  const result = await trackClip(parseTrackOptions([clip, "--point", CLICK, "--out", out]), context);
  context.say(`The mattes are ${resolve(out)}/00000.png to 00119.png: white is the fish.\n`);
  return result;
};
