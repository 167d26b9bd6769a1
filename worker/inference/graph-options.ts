/** Pure: how a model's graphs are to be built for the backend that will run them. */
import type { BuildOptions } from "../../models/sam2/sam2-model.ts";
import type { Backend } from "../protocol.ts";

/** Measured on a server's core: 12, 16 and 25 MiB are equally fast, 4 is slower, whole maps take 300 MB more. */
const CACHE_BYTES = 16 * 2 ** 20;

const OPTIONS: Record<Backend, BuildOptions> = {
  native: { fusedAttention: true, cacheBytes: CACHE_BYTES },
  wasm: { cacheBytes: CACHE_BYTES },
  webgpu: {},
};

export function graphOptionsFor(backend: Backend): BuildOptions {
  return OPTIONS[backend];
}
