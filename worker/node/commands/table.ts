/** The commands of the command line. Data. */
import type { CommandEntry } from "../terminal/run.ts";
import { TRACK_USAGE } from "../track/track-options.ts";
import { CONVERT_USAGE, convertCommand } from "./convert.ts";
import { DATASET_USAGE, datasetCommand } from "./dataset.ts";
import { DEMO_USAGE, demoCommand } from "./demo.ts";
import { EVAL_USAGE, evalCommand } from "./eval.ts";
import { INFO_USAGE, infoCommand } from "./info.ts";
import { MODELS_USAGE, modelsCommand } from "./models.ts";
import { trackCommand } from "./track.ts";

export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  track: { run: trackCommand, usage: TRACK_USAGE },
  models: { run: modelsCommand, usage: MODELS_USAGE },
  convert: { run: convertCommand, usage: CONVERT_USAGE },
  info: { run: infoCommand, usage: INFO_USAGE },
  eval: { run: evalCommand, usage: EVAL_USAGE },
  dataset: { run: datasetCommand, usage: DATASET_USAGE },
  demo: { run: demoCommand, usage: DEMO_USAGE },
};
