/** Runs in Node: `masklet models`, which lists, downloads and removes models. */
import { MODELS } from "../../../models/registry.ts";
import { download } from "../../storage/download.ts";
import { requireModel } from "../../storage/model-library.ts";
import { TrackerError } from "../../tracker-error.ts";
import { cacheFolder } from "../folder-store.ts";
import { checkpointStore, nodeLibrary } from "../node-library.ts";
import { didYouMean, parseArguments } from "../terminal/arguments.ts";
import { type Command, type CommandContext, type CommandResult, UsageError } from "../terminal/command.ts";
import { progress } from "../terminal/progress.ts";

export const MODELS_USAGE = `models [get ID | remove ID]
  Lists the models; "get" downloads one (it goes on where it stopped), "remove" deletes its file.
  MASKLET_HOME is the folder of downloads, MASKLET_CHECKPOINTS one that holds official checkpoints already.`;

export const modelsCommand: Command = async (args, context) => {
  const { positionals } = parseArguments(args, {});
  const [action, id, ...rest] = positionals;
  if (action === undefined) return listModels(context);
  if (action !== "get" && action !== "remove") {
    throw new UsageError(`Expected get or remove, got "${action}"${didYouMean(action, ["get", "remove"])}.`);
  }
  if (id === undefined || rest.length > 0) {
    const known = MODELS.map((model) => model.id).join(", ");
    throw new UsageError(`Expected one model after "${action}": ${known}.`);
  }
  return action === "get" ? getModel(id, context) : removeModel(id, context);
};

const STATES = { builtin: "built in", stored: "on this machine", remote: "to be downloaded" } as const;

async function listModels({ say }: CommandContext): Promise<CommandResult> {
  const models = await nodeLibrary().list();
  for (const { id, title, bytes, inputSize, state } of models) {
    const size = `${(bytes / 1e6).toFixed(0)} MB`;
    say(`${id.padEnd(18)} ${title.padEnd(24)} ${size.padStart(7)}  ${inputSize} px  ${STATES[state]}\n`);
  }
  return { exitCode: 0, summary: { command: "models", folder: cacheFolder(), models } };
}

async function getModel(id: string, context: CommandContext): Promise<CommandResult> {
  const { source, title } = requireModel(id);
  if (source.kind === "embedded") {
    throw new TrackerError(
      "no-model",
      `${title} is part of Masklet: there is nothing to download.`,
      "Use it as it is.",
    );
  }
  const shown = progress(context, `Downloading ${source.fileName}:`, "MB");
  const onProgress = (done: number, total: number) =>
    shown.at(Math.floor(done / 1e6), Math.floor(total / 1e6));
  try {
    await download(source, checkpointStore(), { signal: context.signal, onProgress });
  } catch (error) {
    if (!context.signal.aborted) throw error;
    context.say(`\nCancelled; what came so far is kept, and the next "models get ${id}" goes on there.\n`);
    return { exitCode: 130, summary: { command: "models get", id, cancelled: true } };
  } finally {
    shown.end();
  }
  return {
    exitCode: 0,
    summary: { command: "models get", id, fileName: source.fileName, bytes: source.bytes },
  };
}

async function removeModel(id: string, { say }: CommandContext): Promise<CommandResult> {
  await nodeLibrary().delete(id);
  say(`Removed ${id}.\n`);
  return { exitCode: 0, summary: { command: "models remove", id } };
}
