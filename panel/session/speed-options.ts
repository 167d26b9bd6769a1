/** Ways to be faster than the model as it was trained, as data. Pure. */
import type { Backend, ModelListing, TrackerEnvironment } from "../../worker/protocol.ts";

export type SpeedName = "exact" | "half-precision" | "pooled" | "three-quarters" | "half";

export interface SpeedOption {
  name: SpeedName;
  label: string;
  /** What it costs, in words. */
  cost: string;
  /** Operations of a frame as a share of the exact ones: counted for tiny, see tests/PERFORMANCE.md. */
  ofOperations: number;
  /** The predictor's options for a model whose input is a square of `inputSize` pixels. */
  options(inputSize: number): Record<string, number | boolean>;
}

export const SPEED_OPTIONS: readonly SpeedOption[] = [
  {
    name: "exact",
    label: "Exact",
    cost: "The model as it was trained.",
    ofOperations: 1,
    options: () => ({}),
  },
  {
    name: "half-precision",
    label: "Half precision",
    cost: "Computes in 16 bits where most of the work is: edges may shift a little.",
    ofOperations: 1,
    options: () => ({ half_precision: true }),
  },
  {
    name: "pooled",
    label: "Coarser memory",
    cost: "Remembers earlier frames at half the detail; a click on a fresh frame gives the same mask.",
    ofOperations: 0.68,
    options: () => ({ memory_pooling: 2 }),
  },
  {
    name: "three-quarters",
    label: "¾ input size",
    cost: "Sees a smaller picture: small objects and fine edges suffer.",
    ofOperations: 0.41,
    options: (inputSize) => ({ input_size: (inputSize * 3) / 4 }),
  },
  {
    name: "half",
    label: "½ input size",
    cost: "Sees a picture of half the size: small objects may be missed.",
    ofOperations: 0.13,
    options: (inputSize) => ({ input_size: inputSize / 2 }),
  },
];

export const speedOption = (name: SpeedName): SpeedOption =>
  SPEED_OPTIONS.find((option) => option.name === name) ?? SPEED_OPTIONS[0]!;

/** Three quarters of a small input are no whole number of the model's windows. */
const LEAST_FOR_THREE_QUARTERS = 1024;

/**
 * What a model can be asked for; without a listing (an own checkpoint) its input size is not known. `half`: it runs
 * on a graphics card that computes in 16 bits.
 */
export const speedsOf = (listing: ModelListing | undefined, half: boolean): readonly SpeedOption[] =>
  SPEED_OPTIONS.filter(({ name }) => {
    if (name === "half-precision") return half;
    if (name === "half") return listing !== undefined;
    if (name === "three-quarters") return (listing?.inputSize ?? 0) >= LEAST_FOR_THREE_QUARTERS;
    return true;
  });

/** Whether a model loaded for this backend (absent: the best one) will run where 16 bits pay. */
export function computesInHalf(environment: TrackerEnvironment | null, backend?: Backend): boolean {
  const best = environment?.backends.find(({ available }) => available);
  return best?.half === true && (backend ?? best.backend) === best.backend;
}

/** Under which a time is kept: milliseconds a frame with this model, backend and option. */
export const speedKey = (modelId: string, backend: string, speed: SpeedName) =>
  `${modelId}/${backend}${speed === "exact" ? "" : `/${speed}`}`;
