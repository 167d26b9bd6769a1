/** Test support, types only: what a browser test asks of its worker, and what comes back. */
import type { GoldenDtype, GoldenScenario } from "./golden.ts";

export interface BrowserJob {
  backend: "webgpu" | "wasm";
  /** "mini/mini21" */
  model: string;
  scenario: GoldenScenario;
  tensors: Record<string, EncodedTensor>;
}

export interface EncodedTensor {
  dtype: GoldenDtype;
  shape: number[];
  /** Bytes for U8, else float32. */
  base64: string;
}

export interface BrowserReport {
  threads: number;
  /** Memories that attention read where the memory encoder had left them. */
  joined: number;
  seconds: number;
  worst: Record<string, number>;
  compared: number;
  wrongPixels: number;
  differences: string[];
}
