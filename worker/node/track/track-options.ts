/** Pure: the arguments of `masklet track`. */
import {
  isNeutral,
  type MatteSettings,
  matteSettings,
  productSettings,
  readSettings,
} from "../../matte/matte-settings.ts";
import type { FrameFormat } from "../../matte/matte-writer.ts";
import type { VideoRange } from "../../matte/rgba-to-yuv.ts";
import { parseOptionValue } from "../../predictor-options.ts";
import type { Backend, MatteRequest, Semantics } from "../../protocol.ts";
import type { VisibilityRule } from "../../visibility-overrides.ts";
import {
  choice,
  hasFlag,
  type OptionKinds,
  type ParsedArguments,
  parseArguments,
  single,
  wholeNumber,
} from "../terminal/arguments.ts";
import { UsageError } from "../terminal/command.ts";
import { type PromptText, parseBox, parseMask, parsePoint } from "./prompt-text.ts";
import { isObjectName } from "./script.ts";

/** Of all controls, in their order of treatment, indented for the usage. */
function matteNames(): string {
  const indent = " ".repeat(29);
  return matteSettings
    .map((setting) => {
      const range =
        setting.kind === "switch" ? "true" : `${setting.minimum} to ${setting.maximum} ${setting.unit}`;
      return `${indent}${setting.name} (${range})`;
    })
    .join("\n");
}

export const TRACK_USAGE = `track CLIP --out PATH [prompts] [options]
  CLIP                       a video file, or a folder of PNG or JPEG frames

Prompts, in source pixels from the top left; FRAME counts from 0 and is --from (else 0) where it is absent:
  --point X,Y[,-][@FRAME]    belongs to the object; with ",-" it does not. Where the mask is only a part, or
                             too much: X,Y,2nd or X,Y,3rd takes the next mask that the click can mean
  --box X0,Y0,X1,Y1[@FRAME]  around the object
  --mask FILE[@FRAME]        a PNG of the clip's size
  --object NAME              the prompts that follow are of this object
  --script FILE.json         operations instead of prompts: points, box, mask, propagate, clear_frame,
                             remove_object, reset, as the official predictor has them (points may have
                             "alternative": 1 or 2, as 2nd and 3rd above); and visibility (obj, from, to,
                             state: hidden, visible or model), which the mattes follow

Options:
  --model ID|FILE            "masklet models" lists them; default builtin
  --config FILE              the configuration (.yaml) of a checkpoint of your own
  --from N, --to N           first and last frame, both included
  --direction forward|backward|both     default forward, from the earliest prompt
  --at-cuts go-on|stop       stop: a pass ends before the first frame of another shot; default go-on, as
                             the official predictor
  --visibility said|followed|masks      which mattes are left empty. said (default): where the script says
                             hidden, else as the official predictor; followed: also where the object's
                             scores do, without flicker; masks: none, whatever the script says
  --small-objects zoom|as-is  zoom: in the end, small objects are tracked a second time through a window that
                             follows them, for finer masks; default as-is, as the official predictor
  --backend native|wasm      default: the fastest that works
  --threads N                processor threads of the native backend
  --semantics upstream|sticky           default upstream; sticky keeps corrected frames
  --set NAME=VALUE           a flag of the official predictor, e.g. --set non_overlap_masks=true
  --out PATH                 where the mattes go
  --format png|prores|prores422|h264|rle default png: OUT/00000.png …, or OUT/OBJECT/00000.png …
  --content matte|cutout     white on black (default), or the picture with the matte as alpha (png, prores)
  --matte NAME=VALUE         treats the edge as the panel does, e.g. --matte refine=100 --matte featherOut=2;
                             "--matte recommended" is what the panel begins with. Without: hard masks. Names:
${matteNames()}
  --range limited|full       levels of h264: 16 to 235 (default, what players expect) or 0 to 255
  --fps N                    rate of a folder of frames; default 24
  --report FILE.json         scores, areas, boxes and times of every operation, frame and object
  --dataset DIR              adds the track to a dataset for training; stays on this machine
  --quiet                    nothing but the summary`;

const KINDS: OptionKinds = {
  point: "text",
  box: "text",
  mask: "text",
  object: "text",
  script: "text",
  model: "text",
  config: "text",
  from: "text",
  to: "text",
  direction: "text",
  "at-cuts": "text",
  "small-objects": "text",
  visibility: "text",
  backend: "text",
  threads: "text",
  semantics: "text",
  set: "text",
  out: "text",
  format: "text",
  range: "text",
  content: "text",
  matte: "text",
  fps: "text",
  report: "text",
  dataset: "text",
};

type AtCuts = "go-on" | "stop";
type SmallObjects = "zoom" | "as-is";
type Direction = "forward" | "backward" | "both";

export interface ObjectPrompt {
  object: string;
  prompt: PromptText;
}

export interface TrackOptions {
  clip: string;
  model: string;
  config: string | undefined;
  backend: Extract<Backend, "native" | "wasm"> | undefined;
  threads: number | undefined;
  semantics: Semantics;
  flags: Record<string, number | boolean>;
  /** In the order in which they were given; empty with a script. */
  prompts: ObjectPrompt[];
  script: string | undefined;
  from: number | undefined;
  to: number | undefined;
  direction: Direction;
  atCuts: AtCuts;
  smallObjects: SmallObjects;
  visibility: VisibilityRule;
  out: string;
  format: FrameFormat;
  range: VideoRange;
  content: MatteRequest["content"];
  /** All at zero: hard masks, exactly. */
  matte: MatteSettings;
  framesPerSecond: number | undefined;
  report: string | undefined;
  dataset: string | undefined;
}

const FORMATS = {
  png: "png",
  prores: "prores4444",
  prores422: "prores422hq",
  h264: "h264",
  rle: "rle",
} as const;

/** @throws UsageError */
export function parseTrackOptions(args: readonly string[]): TrackOptions {
  const parsed = parseArguments(args, KINDS);
  const from = optionalNumber(parsed, "from");
  const to = optionalNumber(parsed, "to");
  if (from !== undefined && to !== undefined && from > to) {
    throw new UsageError(`--from ${from} comes after --to ${to}; --direction backward tracks from the end.`);
  }
  const backend = single(parsed, "backend") && choice(parsed, "backend", ["native", "wasm"], "native");
  return {
    clip: onlyClip(parsed),
    model: single(parsed, "model") ?? "builtin",
    config: single(parsed, "config"),
    backend: backend || undefined,
    threads: optionalNumber(parsed, "threads") || undefined,
    semantics: choice(parsed, "semantics", ["upstream", "sticky"], "upstream"),
    flags: flagsOf(parsed),
    ...promptsOrScript(parsed),
    from,
    to,
    direction: choice(parsed, "direction", ["forward", "backward", "both"], "forward"),
    atCuts: choice(parsed, "at-cuts", ["go-on", "stop"], "go-on"),
    visibility: choice(parsed, "visibility", ["said", "followed", "masks"], "said"),
    smallObjects: choice(parsed, "small-objects", ["zoom", "as-is"], "as-is"),
    out: requiredOut(parsed),
    format: FORMATS[choice(parsed, "format", Object.keys(FORMATS) as (keyof typeof FORMATS)[], "png")],
    range: choice(parsed, "range", ["limited", "full"], "limited"),
    ...treatmentOf(parsed),
    framesPerSecond: rateOf(parsed),
    report: single(parsed, "report"),
    dataset: single(parsed, "dataset"),
  };
}

function onlyClip({ positionals }: ParsedArguments): string {
  if (positionals.length === 1) return positionals[0]!;
  if (positionals.length === 0) throw new UsageError("Expected a clip: a video file or a folder of frames.");
  throw new UsageError(`Expected one clip, got ${positionals.length}: ${positionals.join(", ")}.`);
}

function requiredOut(parsed: ParsedArguments): string {
  const out = single(parsed, "out");
  if (out) return out;
  throw new UsageError("Expected --out PATH, where the mattes go.");
}

function optionalNumber(parsed: ParsedArguments, name: string): number | undefined {
  const text = single(parsed, name);
  return text === undefined ? undefined : wholeNumber(text, `--${name}`);
}

function rateOf(parsed: ParsedArguments): number | undefined {
  const text = single(parsed, "fps");
  if (text === undefined) return undefined;
  const rate = Number(text);
  if (rate > 0 && Number.isFinite(rate)) return rate;
  throw new UsageError(`--fps is a number above 0, got "${text}".`);
}

/** Names are checked once the model is known; here only the form. */
function flagsOf({ options }: ParsedArguments): Record<string, number | boolean> {
  const flags: Record<string, number | boolean> = {};
  for (const { name, value } of options) {
    if (name !== "set") continue;
    const [flag = "", ...rest] = value.split("=");
    if (flag === "" || rest.length === 0) throw new UsageError(`--set is NAME=VALUE, got "${value}".`);
    try {
      flags[flag] = parseOptionValue(rest.join("="));
    } catch (error) {
      throw new UsageError(`--set ${flag}: ${(error as Error).message}`);
    }
  }
  return flags;
}

const TREATABLE: readonly string[] = ["png", "prores"];

function treatmentOf(parsed: ParsedArguments): Pick<TrackOptions, "content" | "matte"> {
  const content = choice(parsed, "content", ["matte", "cutout"], "matte");
  const matte = matteOf(parsed);
  const format = single(parsed, "format") ?? "png";
  if (content === "cutout" && !TREATABLE.includes(format)) {
    throw new UsageError(`A cut-out needs alpha, which ${format} has not: take --format png or prores.`);
  }
  if (format === "rle" && !isNeutral(matte)) {
    throw new UsageError("--format rle holds hard masks: leave --matte away, or take another format.");
  }
  return { content, matte };
}

function matteOf({ options }: ParsedArguments): MatteSettings {
  let loose: Record<string, number | boolean> = {};
  for (const { name, value } of options) {
    if (name !== "matte") continue;
    const [setting = "", text] = value.split("=");
    if (text === undefined && setting !== "recommended") {
      throw new UsageError(`--matte is NAME=VALUE or "recommended", got "${value}".`);
    }
    loose =
      text === undefined ? { ...loose, ...productSettings() } : { ...loose, [setting]: looseValue(text) };
  }
  try {
    return readSettings(loose);
  } catch (error) {
    throw new UsageError(`--matte: ${(error as Error).message}`);
  }
}

/** What is no number stays one that no range holds, so that the setting's own words refuse it. */
function looseValue(text: string): number | boolean {
  if (text === "true" || text === "false") return text === "true";
  return text.trim() === "" ? Number.NaN : Number(text);
}

function promptsOrScript(parsed: ParsedArguments): Pick<TrackOptions, "prompts" | "script"> {
  const prompts = promptsOf(parsed);
  const script = single(parsed, "script");
  if (script === undefined && prompts.length === 0) {
    throw new UsageError("Nothing says what to track: give --point, --box, --mask or --script.");
  }
  const clashing = ["from", "to", "direction"].find((name) => single(parsed, name) !== undefined);
  if (script !== undefined && (prompts.length > 0 || clashing)) {
    const what = prompts.length > 0 ? "prompts" : `--${clashing}`;
    throw new UsageError(
      `A script holds everything that is to be done: leave the ${what} away, or the --script.`,
    );
  }
  return { prompts, script };
}

const PARSERS: Record<string, (text: string) => PromptText> = {
  point: parsePoint,
  box: parseBox,
  mask: parseMask,
};

function promptsOf(parsed: ParsedArguments): ObjectPrompt[] {
  const prompts: ObjectPrompt[] = [];
  let object = "object";
  for (const { name, value } of parsed.options) {
    if (name === "object") object = checkedName(value);
    const parse = PARSERS[name];
    if (parse) prompts.push({ object, prompt: parse(value) });
  }
  if (hasFlag(parsed, "object") && !prompts.some((prompt) => prompt.object === object)) {
    throw new UsageError(`--object ${object} has no prompts: they follow the name.`);
  }
  return prompts;
}

function checkedName(name: string): string {
  if (isObjectName(name)) return name;
  throw new UsageError(`--object becomes a folder's name; "${name}" can't be one.`);
}
