/** Benchmark support: what to measure, from the command line. */
import { parseArgs } from "node:util";
import { parseOptionValue } from "../../../worker/predictor-options.ts";
import type { BenchBackend } from "./subject.ts";

export interface SpeedOptions {
  models: string[];
  sizes: (number | null)[];
  backends: BenchBackend[];
  threads: number;
  frames: number;
  repeats: number;
  objects: number[];
  memory: boolean;
  /** Of the predictor, by name: what an option gains. */
  flags: Record<string, number | boolean>;
  json: string | null;
  markdown: string | null;
  /** Reports that are there already. */
  from: string[];
}

export const USAGE = `npm run bench -- [options]
  --models LIST     builtin, tiny, small, base-plus, large        (builtin,tiny)
  --sizes LIST      input sides in pixels; own is the model's own  (own)
  --backends LIST   native, wasm, webgpu (needs a GPU)             (native)
  --threads N       processor threads                              (2)
  --frames N        timed frames after the bank is full            (6)
  --repeats N       runs of each stage, the best counts            (3)
  --objects LIST    tracked at once                                (1,2,5)
  --set NAME=VALUE  an option of the predictor, e.g. memory_pooling=2
  --memory          also resident memory at frames 50 and 500
  --json FILE       all numbers
  --from FILE       tables of an earlier --json, instead of measuring; may be given more than once
  --markdown FILE   writes the tables into this file, between its markers, in place of older ones of the same name`;

export function readOptions(args: string[]): SpeedOptions {
  const { values } = parseArgs({
    args,
    options: {
      models: { type: "string", default: "builtin,tiny" },
      sizes: { type: "string", default: "own" },
      backends: { type: "string", default: "native" },
      threads: { type: "string", default: "2" },
      frames: { type: "string", default: "6" },
      repeats: { type: "string", default: "3" },
      objects: { type: "string", default: "1,2,5" },
      memory: { type: "boolean", default: false },
      set: { type: "string", multiple: true, default: [] },
      from: { type: "string", multiple: true, default: [] },
      json: { type: "string" },
      markdown: { type: "string" },
    },
  });
  return {
    models: values.models.split(","),
    sizes: values.sizes.split(",").map((size) => (size === "own" ? null : Number(size))),
    backends: values.backends.split(",") as BenchBackend[],
    threads: Number(values.threads),
    frames: Number(values.frames),
    repeats: Number(values.repeats),
    objects: values.objects === "" ? [] : values.objects.split(",").map(Number),
    memory: values.memory,
    flags: Object.fromEntries(values.set.map(flagOf)),
    json: values.json ?? null,
    markdown: values.markdown ?? null,
    from: values.from,
  };
}

/** `NAME=VALUE` of `--set`. */
export function flagOf(text: string): [string, number | boolean] {
  const [name = "", value = ""] = text.split("=");
  return [name, parseOptionValue(value)];
}
