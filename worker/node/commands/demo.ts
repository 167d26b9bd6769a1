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
/** Around the koi on frame 0: the built-in model is small, and a box tells it more than a click. */
const BOX = "0,258,210,347";

export const demoCommand: Command = async (args, context) => {
  const out = single(parseArguments(args, { out: "text" }), "out") ?? "masklet-out/demo";
  const clip = projectFile(CLIP);
  context.say(`Tracking the fish in the box ${BOX} of frame 0 through ${clip}.\n`);
  const result = await trackClip(parseTrackOptions([clip, "--box", BOX, "--out", out]), context);
  context.say(`The mattes are ${resolve(out)}/00000.png to 00119.png: white is the fish.\n`);
  return result;
};
