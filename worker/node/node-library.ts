/** Runs in Node: the models that a command line can name, on this machine's disk. */
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { findModel } from "../../models/registry.ts";
import type { CheckpointStore } from "../storage/checkpoint-store.ts";
import { modelLibrary, openCheckpointOf, requireModel } from "../storage/model-library.ts";
import { TrackerError } from "../tracker-error.ts";
import type { ModelLibrary, OpenedCheckpoint } from "../tracker-realm.ts";
import { fileSource } from "./file-source.ts";
import { folderStore } from "./folder-store.ts";

/** From `worker/node/` and from the bundle in `dist/node/` alike. */
const PROJECT = new URL("../../", import.meta.url);

export function projectFile(path: string): string {
  return fileURLToPath(new URL(path, PROJECT));
}

/** MASKLET_CHECKPOINTS names a folder that holds official checkpoints already. */
export function checkpointStore(): CheckpointStore {
  return folderStore(process.env.MASKLET_CHECKPOINTS);
}

/** `mayDownload`: a panel has asked the person before; a command line has its own command for it. */
export function nodeLibrary({ mayDownload = false, store = checkpointStore() } = {}): ModelLibrary {
  return modelLibrary({
    store,
    embedded: (path) => readFile(projectFile(`models/${path}`)),
    mayDownload,
  });
}

export interface WantedModel {
  /** A listed model's name, a checkpoint file, or a folder that holds the one official checkpoint to use. */
  model: string;
  /** A configuration file with upstream's keys. */
  config?: string | undefined;
}

/** @throws TrackerError or ModelError. A listed name wins over a file of the same name. */
export async function openWantedModel({ model, config }: WantedModel): Promise<OpenedCheckpoint> {
  const signal = new AbortController().signal;
  if (findModel(model) && config === undefined) {
    return nodeLibrary().open({ kind: "listed", id: model }, () => {}, signal);
  }
  const file = await checkpointFile(model);
  return openCheckpointOf(basename(file), await fileSource(file), await configText(config));
}

/** The file itself, or the only checkpoint of a folder. */
async function checkpointFile(model: string): Promise<string> {
  const found = await stat(model).catch(() => null);
  if (!found) requireModel(model);
  if (found?.isFile()) return model;
  const files = (await readdir(model)).filter((name) => /\.(pt|pth|safetensors)$/i.test(name));
  if (files.length === 1) return join(model, files[0]!);
  throw new TrackerError(
    "no-model",
    `${model} is a folder with ${files.length} checkpoints; expected one (.pt or .safetensors).`,
    files.length > 0 ? `Name one of them: ${files.join(", ")}.` : "Name a checkpoint file.",
  );
}

async function configText(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  return readFile(path, "utf8").catch(() => {
    throw new TrackerError(
      "not-found",
      `There is no configuration at ${path}.`,
      "Check the path after --config.",
    );
  });
}
