/** In Node: the reader of the recordings reads what is there. */
import { describe, expect, it } from "vitest";
import {
  GOLDEN_SCENARIOS,
  hasGolden,
  readGoldenScenario,
  readGoldenTensors,
  readScenarioClip,
} from "../support/golden.ts";

describe.skipIf(!hasGolden)("the recordings of the official implementation", () => {
  it.each(GOLDEN_SCENARIOS)("%s has a clip of the size it names and finite tensors", (name) => {
    const scenario = readGoldenScenario(name);
    const clip = readScenarioClip(scenario);
    expect([clip.height, clip.width]).toEqual(scenario.video_hw);
    expect(clip.frame(scenario.num_frames - 1)).toHaveLength(clip.height * clip.width * 3);
    for (const [key, tensor] of readGoldenTensors(`mini/${name}.safetensors`)) {
      const size = tensor.shape.reduce((product, dimension) => product * dimension, 1);
      expect(tensor.data, key).toHaveLength(size);
      expect(tensor.data.some(Number.isNaN), key).toBe(false);
    }
  });
});
