/** Test support, in Node: engines of the miniature models and clips as frame sources. */
import { readFileSync } from "node:fs";
import { blobSource } from "../../models/byte-source.ts";
import { openCheckpoint } from "../../models/checkpoint/open-checkpoint.ts";
import { openSam2 } from "../../models/sam2/build-sam2.ts";
import { parseSam2Config } from "../../models/sam2/config.ts";
import type { FrameSource, Picture } from "../../worker/frames/frame-source.ts";
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

/** RGB frames as a frame source, forward and backward. */
export function framesOf(clip: {
  frameCount: number;
  width: number;
  height: number;
  frame(index: number): Uint8Array;
}): FrameSource {
  const { frameCount, width, height } = clip;
  const frame = async (frameIndex: number) => withAlpha(clip.frame(frameIndex), width, height);
  return {
    info: {
      clipId: "clip",
      name: "clip",
      width,
      height,
      frameCount,
      timestamps: Array.from({ length: frameCount }, (_, index) => index / 25),
      framesPerSecond: 25,
      rate: { numerator: 25, denominator: 1 },
      variableFrameRate: false,
      durationSeconds: frameCount / 25,
      codec: "none",
      rotation: 0,
      pixelAspect: { numerator: 1, denominator: 1 },
    },
    frame,
    async *frames(from, to) {
      const step = from <= to ? 1 : -1;
      for (let index = from; index !== to + step; index += step) {
        yield { frameIndex: index, picture: await frame(index) };
      }
    },
    close: () => {},
  };
}

function withAlpha(rgb: Uint8Array, width: number, height: number): Picture {
  const data = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let pixel = 0; pixel < width * height; pixel++) {
    data[pixel * 4] = rgb[pixel * 3] ?? 0;
    data[pixel * 4 + 1] = rgb[pixel * 3 + 1] ?? 0;
    data[pixel * 4 + 2] = rgb[pixel * 3 + 2] ?? 0;
  }
  return { width, height, data };
}
