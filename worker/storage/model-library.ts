/** Runs in a worker or in Node: models by their listed name or from a file of one's own. */
import { type ByteSource, blobSource, memorySource } from "../../models/byte-source.ts";
import { openCheckpoint } from "../../models/checkpoint/open-checkpoint.ts";
import type { StateDict } from "../../models/checkpoint/state-dict.ts";
import { ModelError } from "../../models/model-error.ts";
import {
  type DownloadSource,
  type EmbeddedSource,
  findModel,
  MODELS,
  type ModelEntry,
} from "../../models/registry.ts";
import { parseSam2Config, type Sam2Config } from "../../models/sam2/config.ts";
import { buildConfigFor } from "../../models/sam2/official-configs.ts";
import type { LoadProgress, ModelListing, ModelSource } from "../protocol.ts";
import { TrackerError } from "../tracker-error.ts";
import type { ModelLibrary, OpenedCheckpoint } from "../tracker-realm.ts";
import type { CheckpointStore } from "./checkpoint-store.ts";
import { download } from "./download.ts";

export interface LibraryPlaces {
  store: CheckpointStore;
  /** A file beside `models/registry.ts`, by its relative path. */
  embedded(path: string): Promise<Uint8Array>;
  /** Whether opening a listed model may download it. A command line wants to be asked first. */
  mayDownload: boolean;
}

export function modelLibrary(places: LibraryPlaces): ModelLibrary {
  return {
    list: () => listModels(places),
    open: (source, onProgress, signal) => {
      if (source.kind === "file") return openFile(source);
      return openListed(requireModel(source.id), places, onProgress, signal);
    },
    delete: async (id) => {
      const { source, title } = requireModel(id);
      if (source.kind === "download") return places.store.remove(source.fileName);
      throw new TrackerError("no-model", `${title} is part of Masklet and can't be removed.`, "Leave it.");
    },
  };
}

/** @throws TrackerError `no-model`, with the names that there are. */
export function requireModel(id: string): ModelEntry {
  const entry = findModel(id);
  if (entry) return entry;
  const known = MODELS.map((model) => model.id).join(", ");
  throw new TrackerError("no-model", `There is no model "${id}".`, `Choose one of ${known}, or give a file.`);
}

async function listModels({ store, embedded }: LibraryPlaces): Promise<ModelListing[]> {
  const stored = new Map((await store.list()).map(({ fileName, bytes }) => [fileName, bytes]));
  return Promise.all(
    MODELS.map(async ({ source, id, title, licence, inputSize }): Promise<ModelListing> => {
      const common = { id, title, licence, inputSize };
      if (source.kind === "embedded") {
        return { ...common, bytes: (await embedded(source.checkpoint)).length, state: "builtin" };
      }
      const isHere = stored.get(source.fileName) === source.bytes;
      return { ...common, bytes: source.bytes, state: isHere ? "stored" : "remote" };
    }),
  );
}

async function openListed(
  { id, source }: ModelEntry,
  places: LibraryPlaces,
  onProgress: (progress: LoadProgress) => void,
  signal: AbortSignal,
): Promise<OpenedCheckpoint> {
  if (source.kind === "embedded") return openEmbedded(id, source, places);
  const bytes = await storedBytes(id, source, places, onProgress, signal);
  const checkpoint = await openNamed(source.fileName, bytes);
  return { id, checkpoint, config: source.config, close: () => {} };
}

async function openEmbedded(id: string, source: EmbeddedSource, { embedded }: LibraryPlaces) {
  const checkpoint = await openCheckpoint(memorySource(await embedded(source.checkpoint)));
  const config = parseSam2Config(new TextDecoder().decode(await embedded(source.config)));
  return { id, checkpoint, config, close: () => {} };
}

async function storedBytes(
  id: string,
  source: DownloadSource,
  { store, mayDownload }: LibraryPlaces,
  onProgress: (progress: LoadProgress) => void,
  signal: AbortSignal,
): Promise<ByteSource> {
  const stored = await store.open(source.fileName);
  if (stored?.size === source.bytes) return stored;
  if (!mayDownload) {
    const megabytes = Math.round(source.bytes / 1e6);
    throw new TrackerError(
      "no-model",
      `The model ${id} is not on this machine (${megabytes} MB).`,
      `Download it with "masklet models get ${id}".`,
    );
  }
  await download(source, store, {
    signal,
    onProgress: (doneBytes, totalBytes) => onProgress({ phase: "download", doneBytes, totalBytes }),
  });
  const arrived = await store.open(source.fileName);
  if (arrived) return arrived;
  throw new TrackerError(
    "write-failed",
    `${source.fileName} vanished after its download.`,
    "Download it again.",
  );
}

async function openFile(source: Extract<ModelSource, { kind: "file" }>): Promise<OpenedCheckpoint> {
  return openCheckpointOf(source.name, blobSource(source.checkpoint), source.configYaml);
}

/** Without a configuration the official sizes are recognised by their tensors. */
export async function openCheckpointOf(
  id: string,
  bytes: ByteSource,
  configYaml: string | undefined,
): Promise<OpenedCheckpoint> {
  const checkpoint = await openNamed(id, bytes);
  const config: Sam2Config =
    configYaml === undefined ? buildConfigFor(checkpoint) : parseSam2Config(configYaml);
  return { id, checkpoint, config, close: () => {} };
}

/** A refusal names the file: whoever reads it may have several. */
async function openNamed(name: string, bytes: ByteSource): Promise<StateDict> {
  try {
    return await openCheckpoint(bytes);
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    throw new ModelError(error.code, `${name} can't be used. ${error.message}`, error.remedy);
  }
}
