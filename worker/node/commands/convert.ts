/** Runs in Node: `masklet convert`, which writes a checkpoint's graphs as ONNX files. */
import { resolve } from "node:path";
import type { GraphName } from "../../../models/onnx/onnx-graph.ts";
import { openSam2 } from "../../../models/sam2/build-sam2.ts";
import { folderSink } from "../folder-sink.ts";
import { openWantedModel } from "../node-library.ts";
import { parseArguments, single } from "../terminal/arguments.ts";
import { type Command, UsageError } from "../terminal/command.ts";

export const CONVERT_USAGE = `convert CHECKPOINT --out DIR [--config FILE]
  Writes image-encoder, memory-attention, mask-decoder and memory-encoder as ONNX files, the weights beside
  them. CHECKPOINT is a .pt or .safetensors file, or a model's ID. The official sizes need no --config.`;

const GRAPHS: readonly GraphName[] = ["image-encoder", "memory-attention", "mask-decoder", "memory-encoder"];

export const convertCommand: Command = async (args, { say, signal }) => {
  const parsed = parseArguments(args, { out: "text", config: "text" });
  const [checkpoint, ...rest] = parsed.positionals;
  const out = single(parsed, "out");
  if (checkpoint === undefined || rest.length > 0) throw new UsageError("Expected one checkpoint.");
  if (!out) throw new UsageError("Expected --out DIR, where the ONNX files go.");
  const started = performance.now();
  const opened = await openWantedModel({ model: checkpoint, config: single(parsed, "config") });
  const model = await openSam2(opened.checkpoint, opened.config);
  const graphs: Record<string, unknown>[] = [];
  for (const name of GRAPHS) {
    signal.throwIfAborted();
    const graph = await model.buildGraph(name);
    const sink = folderSink(out);
    await sink.writeFile(`${name}.onnx`, graph.model);
    for (const { path, data } of graph.externalData) await sink.writeFile(path, data);
    const bytes = graph.externalData.reduce((sum, { data }) => sum + data.length, graph.model.length);
    say(`${name}.onnx (${(bytes / 1e6).toFixed(1)} MB with its weights)\n`);
    graphs.push({ name, file: `${name}.onnx`, bytes, inputs: graph.inputs, outputs: graph.outputs });
  }
  const constants = {
    noObjectPointer: model.constants.noObjectPointer && [...model.constants.noObjectPointer],
    maskDownsample: model.constants.maskDownsample && {
      weight: [...model.constants.maskDownsample.weight],
      bias: model.constants.maskDownsample.bias,
    },
  };
  const text = `${JSON.stringify({ config: opened.config, constants, graphs }, null, 1)}\n`;
  await folderSink(out).writeFile("model.json", new TextEncoder().encode(text));
  opened.close();
  const seconds = Math.round(performance.now() - started) / 1000;
  return {
    exitCode: 0,
    summary: {
      command: "convert",
      model: opened.id,
      out: resolve(out),
      seconds,
      graphs: graphs.map(({ name, file, bytes }) => ({ name, file, bytes })),
    },
  };
};
