/**
 * Test support, in Node: SAM 2.1 tiny at its full size, with the seeded weights that the recordings in
 * `../shared/golden/tiny` were made with. They are computed, 156 MB that need no download.
 */
import { readFileSync } from "node:fs";
import type { StateDict } from "../../models/checkpoint/state-dict.ts";
import { openSam2 } from "../../models/sam2/build-sam2.ts";
import { officialConfig } from "../../models/sam2/official-configs.ts";
import type { Sam2Model } from "../../models/sam2/sam2-model.ts";
import { goldenPath, readGoldenTensors } from "./golden.ts";

interface TensorRule {
  shape: number[];
  mean: number;
  std: number;
}

export async function tinyModel(): Promise<Sam2Model> {
  return openSam2(tinyStateDict(), officialConfig("2.1", "tiny"));
}

function tinyStateDict(): StateDict {
  const { rules } = JSON.parse(readFileSync(goldenPath("tiny/init.json"), "utf8")) as {
    rules: Record<string, TensorRule>;
  };
  const overrides = readGoldenTensors("tiny/overrides.safetensors");
  return {
    format: "pt",
    tensors: new Map(Object.entries(rules).map(([name, { shape }]) => [name, { dtype: "f32", shape }])),
    read: async (name) => {
      const override = overrides.get(name);
      return override ? (override.data as Float32Array).slice() : uniformValues(name, rules[name]!);
    },
  };
}

/** mean + std * sqrt(3) * (2u - 1), u from splitmix64 of the name's hash and the element's number. */
function uniformValues(name: string, { shape, mean, std }: TensorRule): Float32Array {
  const values = new Float32Array(shape.reduce((product, dimension) => product * dimension, 1));
  const half = std * Math.sqrt(3);
  const state = fnv1a64(name);
  for (let i = 0; i < values.length; i++) {
    addWide(state, GOLDEN_RATIO);
    const mixed = splitmix(state);
    const u = (mixed.high * 2 ** 21 + (mixed.low >>> 11)) * 2 ** -53;
    values[i] = mean + half * (2 * u - 1);
  }
  return values;
}

/** 64 bits as two unsigned halves: BigInt would take minutes for 39 million values. */
interface Wide {
  high: number;
  low: number;
}

const GOLDEN_RATIO: Wide = { high: 0x9e3779b9, low: 0x7f4a7c15 };

function fnv1a64(text: string): Wide {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(text)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  }
  return { high: Number(hash >> 32n), low: Number(hash & 0xffffffffn) };
}

function addWide(target: Wide, addend: Wide): void {
  const low = target.low + addend.low;
  target.high = (target.high + addend.high + (low > 0xffffffff ? 1 : 0)) >>> 0;
  target.low = low >>> 0;
}

function splitmix({ high, low }: Wide): Wide {
  const first = multiply(xorShift(high, low, 30), 0xbf58476d, 0x1ce4e5b9);
  const second = multiply(xorShift(first.high, first.low, 27), 0x94d049bb, 0x133111eb);
  return xorShift(second.high, second.low, 31);
}

function xorShift(high: number, low: number, bits: number): Wide {
  return {
    high: (high ^ (high >>> bits)) >>> 0,
    low: (low ^ ((low >>> bits) | (high << (32 - bits)))) >>> 0,
  };
}

function multiply({ high, low }: Wide, otherHigh: number, otherLow: number): Wide {
  // Four 16-bit steps give the high half of low * otherLow.
  const a = low & 0xffff;
  const b = low >>> 16;
  const c = otherLow & 0xffff;
  const d = otherLow >>> 16;
  const middle = b * c + Math.floor((a * c) / 65536);
  const carried = (middle & 0xffff) + a * d;
  const top = b * d + Math.floor(middle / 65536) + Math.floor(carried / 65536);
  return {
    high: (top + Math.imul(low, otherHigh) + Math.imul(high, otherLow)) >>> 0,
    low: Math.imul(low, otherLow) >>> 0,
  };
}
