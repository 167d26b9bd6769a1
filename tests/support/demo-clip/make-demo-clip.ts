/** Runs in Node, by hand: renders the demo clip and its masks into tests/fixtures/demo. */
import { mkdirSync, writeFileSync } from "node:fs";
import { registerMediabunnyServer } from "@mediabunny/server";
import { BufferTarget, Mp4OutputFormat, Output, Quality, VideoSample, VideoSampleSource } from "mediabunny";
import { encodeMask } from "../../../worker/mask-rle.ts";
import { rgbaToI420 } from "../../../worker/matte/rgba-to-yuv.ts";
import { renderFrame } from "./render.ts";
import { DEMO, OBJECT_NAMES } from "./scene.ts";

const FOLDER = "tests/fixtures/demo";
const BITS_A_SECOND = 2_300_000; // 5 s make 1.4 MB

async function makeDemoClip(): Promise<void> {
  registerMediabunnyServer({ hardwareContext: null });
  const target = new BufferTarget();
  const output = new Output({ format: new Mp4OutputFormat({ fastStart: "in-memory" }), target });
  const source = new VideoSampleSource({
    codec: "avc",
    quality: new Quality({ bitrate: BITS_A_SECOND }),
    keyFrameInterval: 1,
  });
  output.addVideoTrack(source, { frameRate: DEMO.framesPerSecond });
  await output.start();
  const counts = OBJECT_NAMES.map((): string[] => []);
  for (let frameIndex = 0; frameIndex < DEMO.frameCount; frameIndex++) {
    const { rgba, masks } = renderFrame(frameIndex);
    await addFrame(source, rgba, frameIndex);
    masks.forEach((mask, index) => {
      counts[index]!.push(encodeMask(mask, DEMO.width, DEMO.height).counts);
    });
  }
  await output.finalize();
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(`${FOLDER}/demo.mp4`, new Uint8Array(target.buffer!));
  writeFileSync(`${FOLDER}/demo-masks.json`, masksDocument(counts));
}

async function addFrame(
  source: VideoSampleSource,
  rgba: Uint8ClampedArray,
  frameIndex: number,
): Promise<void> {
  const { width, height, framesPerSecond } = DEMO;
  using sample = new VideoSample(rgbaToI420({ width, height, data: rgba }), {
    format: "I420",
    codedWidth: width,
    codedHeight: height,
    timestamp: frameIndex / framesPerSecond,
    duration: 1 / framesPerSecond,
  });
  await source.add(sample);
}

function masksDocument(counts: string[][]): string {
  const objects = OBJECT_NAMES.map((name, index) => ({ id: index + 1, name, counts: counts[index] }));
  return `${JSON.stringify({ ...DEMO, objects })}\n`;
}

await makeDemoClip();
