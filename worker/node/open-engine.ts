/** Node: a model from its file, ready to run. */
import { openAsBlob } from "node:fs";
import { readFile } from "node:fs/promises";
import { blobSource } from "../../models/byte-source.ts";
import { openCheckpoint } from "../../models/checkpoint/open-checkpoint.ts";
import { openSam2 } from "../../models/sam2/build-sam2.ts";
import { parseSam2Config } from "../../models/sam2/config.ts";
import { Sam2Engine } from "../sam2-engine.ts";
import { nativeProvider } from "./native-inference.ts";

export async function openEngine(checkpoint: string, config: string, threads?: number): Promise<Sam2Engine> {
  const model = await openSam2(
    await openCheckpoint(blobSource(await openAsBlob(checkpoint))),
    parseSam2Config(await readFile(config, "utf8")),
  );
  return Sam2Engine.load(model, await nativeProvider(threads === undefined ? {} : { threads }).open());
}
