/** Test support, in Node: engines of the miniature models and clips as frame sources. */
import { readFileSync } from "node:fs";
import { blobSource } from "../../models/byte-source.ts";
import { openCheckpoint } from "../../models/checkpoint/open-checkpoint.ts";
import { openSam2 } from "../../models/sam2/build-sam2.ts";
import { parseSam2Config } from "../../models/sam2/config.ts";
import type { InferenceRuntime } from "../../worker/inference/inference-session.ts";
import { wasmProvider } from "../../worker/inference/web-inference.ts";
import { nativeProvider } from "../../worker/node/native-inference.ts";
import { Sam2Engine } from "../../worker/sam2-engine.ts";
import { goldenPath } from "./golden.ts";

export const NODE_BACKENDS = ["native", "wasm"] as const;
export type NodeBackend = (typeof NODE_BACKENDS)[number];

export function openRuntime(backend: NodeBackend): Promise<InferenceRuntime> {
  return backend === "native" ? nativeProvider({ threads: 1 }).open() : wasmProvider().open();
}

/** "mini/mini21": checkpoint and configuration of the recordings. */
export async function openGoldenEngine(name: string, backend: NodeBackend): Promise<Sam2Engine> {
  const config = parseSam2Config(readFileSync(goldenPath(`${name}.yaml`), "utf8"));
  const checkpoint = await openCheckpoint(blobSource(new Blob([readFileSync(goldenPath(`${name}.pt`))])));
  return Sam2Engine.load(await openSam2(checkpoint, config), await openRuntime(backend));
}
